"""Drives an exchange, sync or async, for a client of any family.

Knows: what an exchange may need. Must not know: what it is about.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NoReturn, assert_never

from llm_intercept.clients.activation import outside_clients
from llm_intercept.clients.family import Family, family_of, is_network_error
from llm_intercept.clients.stream import Timing, raise_if_late, read_timeout
from llm_intercept.clients.tee import observed
from llm_intercept.model.wire import Ask, Forward, Forwarded, OwnHeaders, Pause, ReadBody, WireRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from llm_intercept.model.wire import Exchange, Outcome, SharedHeaders

forwarding: ContextVar[bool] = ContextVar("llm_intercept_forwarding", default=False)
"""Whether a request is on its way to the network because an exchange asked for it: it is not intercepted again."""


def wire_request(request: Any) -> WireRequest:
    """Read the head of a family's request."""
    url, headers = request.url, request.headers
    return WireRequest(request.method, str(url), url.host, url.path, headers.__class__(headers), is_network_error)


def drive(exchange: Exchange, request: Any, forward: Callable[[], Any]) -> Any:
    """Run an exchange for a sync client; return the family's response.

    Args:
        exchange: What to run.
        request: The family's request.
        forward: Sends the request where it was going.

    """
    family = family_of(request)
    sent: list[Any] = []

    def fulfil(need: Ask | Pause | Forward) -> Any:
        match need:
            case Ask(function, arguments):
                with outside_clients():
                    value = function(*arguments)
                    return _run(value) if hasattr(value, "__await__") else value
            case Pause(seconds, timeline):
                waiting = timeline.wait(seconds, read_timeout(request))
                waiting.sleep()
                return raise_if_late(waiting)
            case Forward(observer):
                sent.append(observed(family, _forwarded(forward), observer))
                return sent[0].status_code
            case _:
                assert_never(need)

    try:
        outcome = _steps(exchange, request, fulfil)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
        raise_own(family, error)
    return _response(family, request, outcome, sent)


async def drive_async(exchange: Exchange, request: Any, forward: Callable[[], Awaitable[Any]]) -> Any:
    """Run an exchange for an async client; return the family's response. The arguments are those of `drive`."""
    family = family_of(request)
    sent: list[Any] = []

    async def fulfil(need: Ask | Pause | Forward) -> Any:
        match need:
            case Ask(function, arguments):
                with outside_clients():
                    value = function(*arguments)
                    return await value if hasattr(value, "__await__") else value
            case Pause(seconds, timeline):
                waiting = timeline.wait(seconds, read_timeout(request))
                await waiting.asleep()
                return raise_if_late(waiting)
            case Forward(observer):
                sent.append(observed(family, await _forwarded_async(forward), observer))
                return sent[0].status_code
            case _:
                assert_never(need)

    try:
        outcome = await _async_steps(exchange, request, fulfil)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets it as its own
        raise_own(family, error)
    return _response(family, request, outcome, sent)


def raise_own(family: Family, error: BaseException) -> NoReturn:
    """Raise an error as one of the family's; one that is replaced stays its cause.

    Raises:
        BaseException: Always.

    """
    own = family.adopt(error)
    if own is error:
        raise error
    raise own from error


def _steps(exchange: Exchange, request: Any, fulfil: Callable[[Ask | Pause | Forward], Any]) -> Outcome:
    try:
        need = next(exchange)
        while True:
            try:
                value = request.read() if isinstance(need, ReadBody) else fulfil(need)
            except BaseException as error:  # noqa: BLE001 - the exchange decides what becomes of it
                need = exchange.throw(error)
            else:
                need = exchange.send(value)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


async def _async_steps(
    exchange: Exchange, request: Any, fulfil: Callable[[Ask | Pause | Forward], Awaitable[Any]]
) -> Outcome:
    try:
        need = next(exchange)
        while True:
            try:
                value = await (request.aread() if isinstance(need, ReadBody) else fulfil(need))
            except BaseException as error:  # noqa: BLE001 - the exchange decides what becomes of it
                need = exchange.throw(error)
            else:
                need = exchange.send(value)
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome


def _forwarded(forward: Callable[[], Any]) -> Any:
    token = forwarding.set(True)
    try:
        return forward()
    finally:
        forwarding.reset(token)


async def _forwarded_async(forward: Callable[[], Awaitable[Any]]) -> Any:
    token = forwarding.set(True)
    try:
        return await forward()
    finally:
        forwarding.reset(token)


def _run(awaitable: Awaitable[Any]) -> Any:
    """Await for a sync client, which has no loop; one that runs in this thread cannot be waited for."""
    import asyncio  # noqa: PLC0415 - it is slow to import, and at interpreter start not needed

    async def wait() -> Any:
        return await awaitable

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(wait())
    close: Callable[[], None] = getattr(awaitable, "close", lambda: None)
    close()
    raise TypeError(
        "an async reply function was asked by a sync client inside a running event loop, which cannot wait for it: "
        "use a plain function, or an async client"
    )


def _response(family: Family, request: Any, outcome: Outcome, sent: list[Any]) -> Any:
    if isinstance(outcome, Forwarded):
        return sent[0]
    timing = None if outcome.timeline is None else Timing(outcome.timeline, read_timeout(request))
    headers = family_headers(family.module.Headers, outcome.headers)
    response = family.module.Response(
        outcome.status,
        headers=headers,
        stream=family.stream(outcome.chunks, partial(raise_own, family), timing),
        request=request,
        extensions={"http_version": b"HTTP/1.1"},
    )
    response.headers.encoding = headers.encoding  # else each response finds it out by decoding all of them
    return response


def family_headers(kind: Any, headers: tuple[tuple[str, str], ...]) -> Any:
    """Make a family's headers; what many responses share is made once."""
    if not isinstance(headers, OwnHeaders):
        return kind(list(headers))
    ready = _shared(kind, headers.shared)
    made = kind(ready)
    made.encoding = ready.encoding
    made[headers.shared.name] = headers.value
    return made


@lru_cache(maxsize=64)
def _shared(kind: Any, shared: SharedHeaders) -> Any:
    return kind([*shared.before, (shared.name, ""), *shared.after])
