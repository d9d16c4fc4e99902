"""vcrpy's cassettes beside a block: what we answer is no business of theirs, as if they ignored its host.

Knows: where vcrpy (8 and 9) asks a cassette of a request, whichever library makes it, and its stand-ins for
connections. Must not know: who answers. Imports no vcrpy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit
from weakref import WeakValueDictionary

from llm_intercept.clients.activation import active, is_sent_on
from llm_intercept.model.wire import WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    Install = Callable[[Any, str, Callable[..., Any]], None]

MODULES = ("vcr.cassette",)
REAL = "real_connection"
_ours: WeakValueDictionary[int, Any] = WeakValueDictionary()
"""The requests that a cassette was told to leave alone, by their ids: what is loaded from a file is none of these."""


def hook(module: ModuleType, install: Install) -> None:
    """Hook what a cassette is asked of a request: whether it has an answer, whether it minds, and to keep one."""
    install(module.Cassette, "can_play_response_for", _playing)
    install(module.Cassette, "append", _keeping)
    if hasattr(module.Cassette, "filter_request"):
        install(module.Cassette, "filter_request", _keeping)


def real_class(kind: Any) -> Any:
    """Return the class of connections for which one of vcrpy's stands while a cassette is used, or `kind` itself."""
    return kind._baseclass if hasattr(kind, "cassette") and hasattr(kind, "_baseclass") else kind  # noqa: SLF001 - as it has no other way


def real_connection(connection: Any) -> Any:
    """Return the connection that one of vcrpy's stands before, or `connection` itself."""
    return getattr(connection, REAL, connection)


def is_answered(head: WireRequest, body: Any) -> bool:
    """Whether somebody answers a request here and now, and does not let it out."""
    handlers = active()
    if not handlers or is_sent_on(head.host):
        return False
    answers: bool = handlers[0].engine().answers(head, _content(body), handlers[1:])
    return answers


def _playing(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what says whether a cassette has an answer: to what is answered here it has none."""

    def can_play_response_for(cassette: Any, request: Any) -> Any:
        if is_answered(_head(request), request.body):
            _ours[id(request)] = request
            return False
        return original(cassette, request)

    return can_play_response_for


def _keeping(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what keeps an answer, or says whether a request is a cassette's: of what was answered here, nothing."""

    def keep(cassette: Any, request: Any, *answer: Any) -> Any:
        return None if _ours.get(id(request)) is request else original(cassette, request, *answer)

    return keep


def _head(request: Any) -> WireRequest:
    url = str(request.uri)
    parts = urlsplit(url)
    names = cast("Mapping[Any, Any]", request.headers).items()
    headers = {str(name).lower(): value if isinstance(value, str) else str(value) for name, value in names}
    return WireRequest(request.method, url, (parts.hostname or "").lower(), unquote(parts.path), headers)


def _content(body: Any) -> bytes:
    """Return a body as far as it is there as a whole; what aiohttp is given as JSON is a value."""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    if not isinstance(body, dict | list):
        return b""
    try:
        return json.dumps(body, default=str).encode()
    except (TypeError, ValueError, RecursionError):  # it is a form, or what the user's own `json_serialize` writes
        return b""
