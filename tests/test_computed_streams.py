"""Streams that a user's async generator computes: each delta reaches the client when it is yielded."""

from __future__ import annotations

import asyncio
import json
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest
import trio
import trio.lowlevel

from llm_intercept import Pace, Reply, disconnect, intercept
from llm_intercept.errors import ReplyError
from llm_intercept.replies import computed
from tests.support import URL, chat, complete, maybe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

TENANT: ContextVar[str] = ContextVar("tenant", default="nobody")


class Made:
    """Deltas without an end, and what became of them."""

    def __init__(self, ends_after: int | None = None) -> None:
        self.count = 0
        self.is_closed = False
        self.tenants: set[str] = set()
        self._ends_after = ends_after

    async def __call__(self, _: Any) -> AsyncIterator[str]:
        try:
            while self.count != self._ends_after:
                self.count += 1
                self.tenants.add(TENANT.get())
                await asyncio.sleep(0)
                yield f"{self.count} "
        finally:
            await asyncio.sleep(0)
            self.is_closed = True


async def read(
    reply: Callable[[Any], Any],
    *,
    is_async: bool,
    leave: int = -1,
    library: Any = httpx,
    options: Any = None,
    **params: Any,
) -> tuple[list[str], Any]:
    """Read the texts of a stream, as many as wanted, and the call."""
    texts: list[str] = []
    client = library.AsyncClient() if is_async else library.Client()
    with intercept(reply, **(options or {})) as llm:
        request = client.build_request("POST", URL, json=chat(stream=True, **params))
        response = await maybe(client.send(request, stream=True))
        lines = response.aiter_lines() if is_async else response.iter_lines()
        try:
            while len(texts) != leave:
                line = await anext(lines) if is_async else next(lines)
                if '"delta":{"content":"' in line:
                    texts.append(json.loads(line.removeprefix("data: "))["choices"][0]["delta"]["content"])
        except (StopIteration, StopAsyncIteration):
            pass
        finally:
            await maybe(response.aclose() if is_async else response.close())
            await maybe(client.aclose() if is_async else client.close())
    return texts, llm.calls[0]


BOTH = pytest.mark.parametrize("is_async", [True, False], ids=["async", "sync"])


@BOTH
@pytest.mark.parametrize("library", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_each_delta_comes_when_it_is_yielded(is_async: bool, library: Any) -> None:
    """Of a generator without an end as many deltas are made as are read, and it is closed when the client leaves."""
    made = Made()
    texts, call = complete(read(made, is_async=is_async, leave=3, library=library), is_async=is_async)
    assert texts == ["1 ", "2 ", "3 "]
    assert (made.count, made.is_closed) == (3, True)
    assert (call.status, call.complete, call.error) == (200, False, None)


@BOTH
@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, ["1 ", "2 ", "3 "]),
        ({"max_tokens": 2}, ["1 ", "2 "]),
        ({"stop": "3"}, ["1 ", "2 "]),
        ({"logprobs": True}, ["1 ", "2 ", "3 "]),
        ({"n": 2}, ["1 ", "1 ", "2 ", "2 ", "3 ", "3 "]),
    ],
    ids=str,
)
def test_the_request_is_obeyed(is_async: bool, params: dict[str, Any], wanted: list[str]) -> None:
    """A limit, a stop sequence and several choices mean of computed deltas what they mean of others."""
    made = Made(ends_after=3)
    texts, call = complete(read(made, is_async=is_async, **params), is_async=is_async)
    assert texts == wanted
    assert (made.is_closed, call.complete) == (True, True)


@BOTH
def test_the_generator_runs_in_the_clients_context(is_async: bool) -> None:
    """It sees the context variables of the task or thread that reads the stream."""
    made = Made(ends_after=3)
    token = TENANT.set("ada")
    try:
        complete(read(made, is_async=is_async), is_async=is_async)
    finally:
        TENANT.reset(token)
    assert made.tenants == {"ada"}


@BOTH
def test_faults_and_pace_are_woven_in(is_async: bool) -> None:
    """A computed stream breaks off and takes its time as any other."""
    made = Made()
    fault = Reply(deltas=["x"], fault=disconnect(after=3)).faults
    with pytest.raises(httpx.RemoteProtocolError):
        complete(read(lambda _: Reply(deltas=made(_), fault=fault), is_async=is_async), is_async=is_async)
    assert made.is_closed
    slow = {"pace": Pace(ttft=2, tokens_per_second=0.5), "time_scale": 0}
    texts, _ = complete(read(Made(ends_after=2), is_async=is_async, options=slow), is_async=is_async)
    assert texts == ["1 ", "2 "]


@BOTH
@pytest.mark.parametrize("error", [ValueError("boom"), httpx.ReadError("gone")], ids=repr)
def test_what_it_raises_reaches_the_client(is_async: bool, error: Exception) -> None:
    """An exception ends the stream as it is, and the call tells it; one of the network's fails no block."""

    async def reply(_: Any) -> AsyncIterator[str]:
        yield "a"
        raise error

    with pytest.raises(type(error)) as raised:
        complete(read(reply, is_async=is_async), is_async=is_async)
    assert raised.value is error


@BOTH
def test_a_delta_that_is_no_text_is_told(is_async: bool) -> None:
    """The error says which delta, and where the rule was written."""

    async def reply(_: Any) -> AsyncIterator[Any]:
        yield "a"
        yield 5

    with pytest.raises(ReplyError, match=r"Delta 1 of a reply is 5.*test_computed_streams"):
        complete(read(reply, is_async=is_async), is_async=is_async)


def test_a_request_for_json_gets_the_whole() -> None:
    """What is asked for as a whole is collected first, also as the arguments of a forced tool."""
    with intercept(Made(ends_after=2)):
        assert httpx.post(URL, json=chat()).json()["choices"][0]["message"]["content"] == "1 2 "

    async def arguments(_: Any) -> AsyncIterator[str]:
        yield '{"a":'
        yield "1}"

    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    with intercept(arguments):
        body = httpx.post(URL, json=chat(tools=tools, tool_choice="required", stream=True)).text
    assert '"finish_reason":"tool_calls"' in body


def test_a_whole_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endless generator answers no request for JSON: it is stopped, closed, and said why."""
    monkeypatch.setattr(computed, "MOST", 100)
    made = Made()
    with pytest.raises(ReplyError, match="more than 100 deltas"), intercept(made):
        httpx.post(URL, json=chat())
    assert made.is_closed


def test_a_sync_client_in_a_running_loop_is_told() -> None:
    """There a sync client cannot wait for the generator, and the error says what can."""

    async def run() -> None:
        with intercept(Made()):
            httpx.post(URL, json=chat(stream=True))  # noqa: ASYNC210 - which is what is tried

    with pytest.raises(TypeError, match="use a plain function, or an async client"):
        asyncio.run(run())


def test_an_iterator_by_itself_is_refused() -> None:
    """An async iterator belongs to one loop and one answer: the rule takes the function that makes it."""
    for given in (Made()(None), Reply(deltas=Made()(None))):
        with pytest.raises(ReplyError, match="Give the function that makes it"):
            intercept(given).__enter__()  # type: ignore[arg-type]


def test_trio_is_a_loop_too() -> None:
    """A client of trio's awaits the generator in trio."""

    async def reply(_: Any) -> AsyncIterator[str]:
        yield "a"
        await trio.lowlevel.checkpoint()
        yield "b"

    texts, _ = trio.run(lambda: read(reply, is_async=True))
    assert texts == ["a", "b"]
