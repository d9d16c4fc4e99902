"""For which URL a request at a server stands: that of an upstream, or of the host where its API is at home.

A rule, a recording and an API's manner depend on it, and so does what a program in Python would have asked.

Knows: ASGI's scope, hosts. Must not know: rules, who answers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from llm_intercept.base.hosts import is_llm_host
from llm_intercept.dialects import home_of
from llm_intercept.engine.homes import stand_for
from llm_intercept.model.wire import WireRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OURS = "x-llm-intercept-"
"""What our own headers begin with: they are no part of what is asked of an API."""
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]+))(?::\d{1,5})?", re.ASCII)
UNNAMED = "unnamed.invalid"
"""What a request goes to that names no host, or one that can be none."""
SAFE = "/:@!$&'()*+,;=~-._%"


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


def headers_of(scope: Mapping[str, Any]) -> Headers:
    """Read a scope's headers, which may hold any bytes."""
    return Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])


def head_of(scope: Mapping[str, Any], headers: Headers, upstream: str = "", method: str = "") -> WireRequest:
    """Read the head of a request, and let it stand for the URL that it is meant for."""
    asked = Headers(one for one in headers.items() if not one[0].startswith(OURS))
    named = asked.get("host", "")
    host = _host(named)
    named = named if host else UNNAMED
    sent = scope.get("raw_path") or b""
    raw = sent.decode("latin-1").partition("?")[0] or quote(scope["path"], safe=SAFE)
    head = WireRequest(method or scope["method"], f"{_scheme(scope)}://{named}{raw}", host, scope["path"], asked)
    if upstream:
        stand_for(head, upstream, raw)
    elif known := named if is_llm_host(host) else home_of(head):
        stand_for(head, f"https://{known}", raw)
    head.at = "" if not host or is_llm_host(host) else f"{_scheme(scope)}://{named}{raw}"
    query = scope.get("query_string") or b""
    head.url += f"?{query.decode('latin-1')}" if query else ""
    return head


def _scheme(scope: Mapping[str, Any]) -> str:
    scheme: str = scope["scheme"]
    return {"ws": "http", "wss": "https"}.get(scheme, scheme)


def _host(named: str) -> str:
    """Read the name in a `Host` header; empty where it is none."""
    found = HOST.fullmatch(named)
    return (found[1] or found[2]).lower() if found is not None else ""
