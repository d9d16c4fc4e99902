"""Lets pages of a browser ask the server, as browsers want it said.

Knows: the headers of CORS (the Fetch standard). Must not know: what is asked.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Pairs = list[tuple[bytes, bytes]]

METHODS = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
A_DAY = b"86400"
LOCAL = "localhost"


class Cors:
    """Which origins may read answers.

    Args:
        origins: The origins, `*` for all.

    """

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origins)

    def said(self, headers: Mapping[str, str]) -> Pairs:
        """Return the headers that an answer has beside its own; none where no page asks."""
        origin = headers.get("origin", "")
        if not origin or not self._allows(origin):
            return []
        allowed = "*" if "*" in self._origins else origin
        return [
            (b"access-control-allow-origin", allowed.encode("latin-1")),
            (b"access-control-expose-headers", b"*"),
            *([] if allowed == "*" else [(b"vary", b"Origin")]),
        ]

    def preflight(self, headers: Mapping[str, str]) -> Pairs | None:
        """Return the headers that answer a browser's question before a request (`OPTIONS`); None where it is none."""
        if "access-control-request-method" not in headers:
            return None
        said = self.said(headers)
        asked = headers.get("access-control-request-headers", "*").encode("latin-1", "replace")
        if not said:
            return []
        return [
            *said,
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", asked),
            (b"access-control-max-age", A_DAY),
        ]

    def _allows(self, origin: str) -> bool:
        return "*" in self._origins or origin in self._origins


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a page may ask that is not of this machine: it may ask an API, and nothing of the server itself.

    A page whose own name leads to this machine (DNS rebinding) sends no origin, but its name as the host. One that has
    an address for its own is of this machine if that is loopback's, or the one that it asks.
    """
    origin, asked = headers.get("origin", ""), headers.get("host", "")
    if asked and not (_name(f"//{asked}") == LOCAL or _address(f"//{asked}")):
        return True
    if not origin or _name(origin) == LOCAL:
        return False
    address = _address(origin)
    return address is None or not (address.is_loopback or address == _address(f"//{asked}"))


def _name(url: str) -> str:
    """Return the host of a URL; empty where it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _address(url: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address in a URL, which nobody has got by a name; None where there is a name, or nothing."""
    try:
        return ipaddress.ip_address(_name(url))
    except ValueError:
        return None
