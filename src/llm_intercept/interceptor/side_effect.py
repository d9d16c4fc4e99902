"""Answers requests inside somebody's own mock: a respx route, a pytest-httpx callback.

Knows: engines and drivers. Must not know: rules, and how these mocks work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from llm_intercept.clients.driver import drive, drive_async
from llm_intercept.clients.httpx_door import AsyncHttpxAdapter, HttpxAdapter, head_of
from llm_intercept.errors import WrapError

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.engine.exchange import Engine


def side_effect(engine: Engine) -> Callable[[Any], Any]:
    """Make a function of a request that returns a response, or None for a request that is not one to a model."""

    def answer(request: Any, **_: Any) -> Any:
        exchange = engine.exchange(head_of(request))
        return None if exchange is None else drive(exchange, HttpxAdapter(request, _no_network))

    return answer


def async_side_effect(engine: Engine) -> Callable[[Any], Any]:
    """Make a coroutine function like that of `side_effect`."""

    async def answer(request: Any, **_: Any) -> Any:
        exchange = engine.exchange(head_of(request))
        return None if exchange is None else await drive_async(exchange, AsyncHttpxAdapter(request, _no_network))

    return answer


def _no_network() -> NoReturn:
    raise WrapError(
        "llm.as_side_effect() answers inside another mock, and cannot let a request out to the network. Let that mock "
        "pass it through, or give it a rule."
    )
