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

    def preflight(self, method: str, headers: Mapping[str, str]) -> Pairs | None:
        """Return the headers that answer a browser's question before a request; None where it is none."""
        if method != "OPTIONS" or "access-control-request-method" not in headers:
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

    A page whose own name leads to this machine (DNS rebinding) sends no origin, but its name as the host.
    """
    named = [headers["origin"]] if headers.get("origin") else []
    named += [f"//{headers['host']}"] if headers.get("host") else []
    return not all(map(_is_here, named))


def _is_here(url: str) -> bool:
    """Whether a URL names this machine, or an address, which no page has got by a name."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or bool(ipaddress.ip_address(host))
    except ValueError:
        return False
