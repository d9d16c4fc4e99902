"""Finds the HTTP clients in what is wrapped: the client itself, or those an SDK's client or a framework's model holds.

Knows: what an HTTP client is. Must not know: what is done with it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from llm_intercept.clients.aiohttp_door import is_session
from llm_intercept.clients.family import is_client
from llm_intercept.clients.leaves import is_mocked
from llm_intercept.errors import WrapError

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPTH = 2  # how deep an HTTP client may sit in what is wrapped: in an SDK's client, in a framework's model of one
TO_COME = "aiohttp_session"
"""What is in the name of an attribute for sessions that are made when they are needed, one for each event loop."""


def http_clients(value: Any) -> list[Any]:
    """Find the HTTP clients in `value`; raises `WrapError` if there is none, or if others will be made."""
    found = list(dict.fromkeys(_search(value, DEPTH)))
    to_come = _to_come(value, DEPTH) if "aiohttp" in sys.modules else ""
    if found and to_come:
        raise WrapError(
            f"{type(value).__module__}.{type(value).__qualname__} cannot be wrapped whole: its asynchronous half makes "
            f"sessions of aiohttp when it is asked ({to_come}), and what goes over these would reach the real API. "
            "Answer it by a block, which sees them all: with intercept(…)."
        )
    if not found:
        raise WrapError(
            f"{_named(value)} holds no HTTP client that can be wrapped. wrap() takes an httpx or httpx2 client, "
            "an aiohttp session, or an object that holds one, such as OpenAI() or Anthropic()."
        )
    for one in found:
        if is_client(one) and is_mocked(one):
            raise WrapError(
                f"{type(one).__module__}.{type(one).__qualname__} has a transport that answers by itself (a mock, an "
                "application), which is never touched: nothing would be answered or recorded. Give it the transport "
                "that it has by default, or InterceptTransport(…)."
            )
    return found


def _named(value: object) -> str:
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__} is a class, which is not called here: it"
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _search(value: Any, depth: int) -> Iterator[Any]:
    if is_client(value) or is_session(value):
        yield value
    elif depth:
        for inner in getattr(value, "__dict__", {}).values():
            yield from _search(inner, depth - 1)


def _to_come(value: Any, depth: int) -> str:
    """Name an attribute for sessions that nobody has made yet; empty if there is none."""
    held: dict[str, Any] = getattr(value, "__dict__", {}) if depth else {}
    for name, inner in held.items():
        if TO_COME in name and not is_session(inner):
            return name
        found = "" if is_client(inner) else _to_come(inner, depth - 1)
        if found:
            return found
    return ""
