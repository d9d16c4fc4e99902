"""For which URL a request at a server stands: that of an upstream, or of the host where its API is at home.

A rule, a recording and an API's manner depend on it, and so does what a program in Python would have asked.

Knows: ASGI's scope, hosts. Must not know: rules, who answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from llm_intercept.base.hosts import is_llm_host
from llm_intercept.dialects import home_of
from llm_intercept.engine.homes import stand_for
from llm_intercept.model.wire import WireRequest
from llm_intercept.server.shares import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Pairs = tuple[tuple[bytes, bytes], ...]
Key = tuple[str, str, str, bytes, bytes, str, Pairs]
OURS = "x-llm-intercept-"
"""What our own headers begin with: they are no part of what is asked of an API."""
DIGITS = 18
"""So many of a length are read: more than any body has."""
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::\d{1,5})?", re.ASCII)
UNNAMED = "unnamed.invalid"
"""What a request goes to that names no host, or one that can be none."""
SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
KEPT, LARGEST = 256, 4096
"""So many heads are kept, of so many bytes at the most."""
SAFE = "/:@!$&'()*+,;=~-._%"
_kept: dict[Key, Standing] = {}


class Headers(dict[str, str]):
    """Headers, looked up without regard to case; those of one name are joined."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        super().__init__()
        for name, value in pairs:
            key = name.lower()
            super().__setitem__(key, f"{self[key]}, {value}" if key in self else value)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name.lower() if isinstance(name, str) else name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a header."""
        return super().get(name.lower(), default)

    def copy(self) -> Headers:
        """Make others that are the same."""
        made = Headers.__new__(Headers)
        made.update(self)
        return made

    __copy__ = copy


@dataclass(slots=True, eq=False)
class Standing:
    """What a server knows of a request before it reads the body.

    Attributes:
        headers: All headers, which may hold any bytes.
        head: The head, which stands for the URL that is meant, without our own headers.
        test: The id of the test that asks, empty if none is named.
        length: How many bytes the body is said to have; 0 where nothing is said.
        is_of_page: Whether a page in a browser asks.

    """

    headers: Headers
    head: WireRequest
    test: str = ""
    length: int = 0
    is_of_page: bool = False

    def __post_init__(self) -> None:
        said = self.headers.get("content-length", "")
        self.length = int(said[:DIGITS]) if said.isdecimal() else 0
        self.test = self.headers.get(HEADER, "")
        self.is_of_page = "origin" in self.headers


def head_of(scope: Mapping[str, Any], upstream: str = "", method: str = "") -> Standing:
    """Read a request's head.

    Clients send the same head again and again, so those that came last are kept.
    """
    pairs: Pairs = tuple(map(tuple, scope["headers"]))
    key = (
        method or scope["method"],
        SCHEMES[scope["scheme"]],
        scope["path"],
        scope.get("raw_path") or b"",
        scope.get("query_string") or b"",
        upstream,
        pairs,
    )
    return _kept.get(key) or _read_and_kept(key)


def _read_and_kept(key: Key) -> Standing:
    """Read a head, and keep it if it is not too large."""
    found = Standing(*_read(*key))
    if len(key[2]) + len(key[4]) + sum(map(len, chain.from_iterable(key[6]))) <= LARGEST:
        if len(_kept) >= KEPT:
            _kept.clear()
        found.head.beside = {}
        _kept[key] = found
    return found


def _read(
    method: str, scheme: str, path: str, raw_path: bytes, query: bytes, upstream: str, pairs: Pairs
) -> tuple[Headers, WireRequest]:
    headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)
    asked = Headers(one for one in headers.items() if not one[0].startswith(OURS))
    named = asked.get("host", "")
    host = _host(named)
    named = named if host else UNNAMED
    raw = raw_path.decode("latin-1").partition("?")[0] or quote(path, safe=SAFE)
    head = WireRequest(method, f"{scheme}://{named}{raw}", host, path, asked)
    if upstream:
        stand_for(head, upstream, raw)
    elif known := named if is_llm_host(host) else home_of(head):
        stand_for(head, f"https://{known}", raw)
    head.at = "" if not host or is_llm_host(host) else f"{scheme}://{named}{raw}"
    head.url += f"?{query.decode('latin-1')}" if query else ""
    return headers, head


def _host(named: str) -> str:
    """Read the name in a `Host` header; empty where it is none."""
    found = HOST.fullmatch(named)
    return (found[1] or found[2]).lower() if found is not None else ""
