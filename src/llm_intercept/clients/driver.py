"""Drives an exchange, sync or async, for a request at any door.

Knows: what an exchange may need. Must not know: what it is about, whose request it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.clients.activation import on_its_way, outside_clients
from llm_intercept.clients.adapter import R, raise_own
from llm_intercept.clients.awaiting import run
from llm_intercept.clients.stream import raise_if_late
from llm_intercept.model.wire import Ask, Forward, Forwarded, Pause, ReadBody

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llm_intercept.clients.adapter import Adapter, AsyncAdapter, Errors
    from llm_intercept.model.wire import Exchange, Need, Outcome

    Asking = Callable[[Callable[..., Any], tuple[Any, ...]], Awaitable[Any]]


def drive(exchange: Exchange, adapter: Adapter[R]) -> R:
    """Run an exchange for a client that waits; return the door's response."""
    sent: list[R] = []
    try:
        outcome = _outcome(exchange, adapter, sent)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
        raise_own(adapter, error)
    return sent[0] if isinstance(outcome, Forwarded) else adapter.respond(outcome)


async def called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call a user's function, in the loop of the client that awaits, and await what it returns, if that is to be."""
    value = function(*arguments)
    return await value if hasattr(value, "__await__") else value


async def drive_async(exchange: Exchange, adapter: AsyncAdapter[R], ask: Asking = called) -> R:
    """Run an exchange for a client that awaits; return the door's response.

    Args:
        exchange: The exchange.
        adapter: The door.
        ask: Calls a user's function.

    """
    sent: list[R] = []
    try:
        outcome = await _outcome_async(exchange, adapter, sent, ask)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
        raise_own(adapter, error)
    return sent[0] if isinstance(outcome, Forwarded) else adapter.respond(outcome)


def _outcome(exchange: Exchange, adapter: Adapter[R], sent: list[R]) -> Outcome:
    try:
        need = next(exchange)
        while True:
            try:
                value = _fulfilled(need, adapter, sent)
            except BaseException as error:  # noqa: BLE001 - the exchange decides what becomes of it
                need = exchange.throw(_marked(need, adapter, error))
            else:
                need = exchange.send(value)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


async def _outcome_async(exchange: Exchange, adapter: AsyncAdapter[R], sent: list[R], ask: Asking) -> Outcome:
    try:
        need = next(exchange)
        while True:
            try:
                value = await _fulfilled_async(need, adapter, sent, ask)
            except BaseException as error:  # noqa: BLE001 - the exchange decides what becomes of it
                need = exchange.throw(_marked(need, adapter, error))
            else:
                need = exchange.send(value)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def _fulfilled(need: Need, adapter: Adapter[R], sent: list[R]) -> Any:
    """Do what an exchange asks for; a response that came from where the request was going is kept in `sent`."""
    match need:
        case ReadBody():
            return adapter.read()
        case Ask(function, arguments):
            with outside_clients():
                value = function(*arguments)
                return run(value) if hasattr(value, "__await__") else value
        case Pause(seconds, timeline):
            waiting = timeline.wait(seconds, adapter.read_limit(timeline))
            waiting.sleep()
            return raise_if_late(waiting)
        case Forward(observer):
            with on_its_way(adapter.host):
                status, response = adapter.forward(observer)
            sent.append(response)
            return status
        case _:
            assert_never(need)


async def _fulfilled_async(need: Need, adapter: AsyncAdapter[R], sent: list[R], ask: Asking) -> Any:
    """Do what an exchange asks for; a response that came from where the request was going is kept in `sent`."""
    match need:
        case ReadBody():
            return await adapter.read()
        case Ask(function, arguments):
            with outside_clients():
                return await ask(function, arguments)
        case Pause(seconds, timeline):
            waiting = timeline.wait(seconds, adapter.read_limit(timeline))
            await waiting.asleep()
            return raise_if_late(waiting)
        case Forward(observer):
            with on_its_way(adapter.host):
                status, response = await adapter.forward(observer)
            sent.append(response)
            return status
        case _:
            assert_never(need)


def _marked(need: Need, errors: Errors, error: BaseException) -> BaseException:
    """Say of what a user's function raised whether it means to the client that the network failed."""
    return (errors.network_fault(error) or error) if isinstance(need, Ask) else error
