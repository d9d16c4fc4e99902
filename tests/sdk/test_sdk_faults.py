"""Faults on the openai SDK: its own retries, errors within streams, time that is simulated."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

pytest.importorskip("openai")

import httpx
import openai
from faults_of_openai import TEXT, VERSION
from sdk_support import FAMILY, ask, body, family_of, make, text_of

from llm_intercept import Pace, Reply, api_error, disconnect, intercept, stall, timeout
from llm_intercept.faults import stream_error

MAJOR = int(VERSION.partition(".")[0])


@pytest.mark.usefixtures("only_waits")
def test_a_client_of_the_other_family_gets_its_own_exceptions(is_async: bool) -> None:
    """A legacy `httpx` client gets httpx's ReadTimeout out of a stall in a stream, on either generation."""
    client = make(is_async, max_retries=0, timeout=5, http_client=(httpx.AsyncClient if is_async else httpx.Client)())
    with (
        intercept(Reply(TEXT, fault=stall(after=2)), time_scale=0) as llm,
        pytest.raises((openai.OpenAIError, httpx.ReadTimeout)) as raised,
    ):
        ask(client, stream=True)
    error = raised.value.__cause__ if MAJOR >= 3 else raised.value
    assert type(error) is httpx.ReadTimeout
    assert llm.elapsed == pytest.approx(5)


def test_the_first_attempt_may_time_out_and_the_second_answer(is_async: bool, stream: bool) -> None:
    """A script of faults and replies meets the SDK's own retries; the SDK's own backoff is the program's time."""
    client = make(is_async, max_retries=2)
    client._calculate_retry_timeout = lambda *_: 0
    with intercept(time_scale=0) as llm:
        llm.reply(timeout("connect"), stall(), Reply("there", fault=disconnect()), "there again")
        with pytest.raises(openai.APIConnectionError):
            ask(client, stream=stream)
    assert [call.faults for call in llm.calls] == [(timeout("connect"),), (stall(),), (disconnect(),)]
    assert [family_of(call.error) for call in llm.calls] == ["llm_intercept"] * 3
    assert llm.elapsed >= 600  # the SDK's own read timeout, which it took no time to wait for


def test_an_error_in_a_stream_is_the_apis_error() -> None:
    """Groq's form of an error in a 200 stream raises APIError with its message."""
    with intercept(Reply(TEXT, fault=stream_error("over capacity", after=2, code="busy"))):
        stream = make(is_async=False).chat.completions.create(**body(stream=True))
        got: list[str] = []
        with pytest.raises(openai.APIError, match="over capacity") as raised:
            got.extend(text_of(chunk) for chunk in stream)
    assert got == ["", "One"]
    assert raised.value.code == "busy"


@pytest.mark.usefixtures("only_waits")
def test_sixty_simulated_seconds_are_not_waited_for(is_async: bool) -> None:
    """A suite with a minute of retry-after and latency: the SDK waits as it is told, in virtual time."""
    client = make(is_async)
    begun = time.perf_counter()
    with intercept(time_scale=0, pace=Pace(ttft=5, per_token=0.5)) as llm:
        llm.reply(api_error(429, retry_after=25), api_error(503, retry_after=20), TEXT)
        assert ask(client, stream=True) == TEXT
        assert llm.elapsed >= 60  # waits of 25 and 20 s, three times 5 s to the first byte, five tokens
        assert llm.calls[1].started >= 30
        assert llm.calls[2].started >= 55
    assert time.perf_counter() - begun < 30  # on a machine that is busy, too
    assert [call.retry_after for call in llm.calls] == [25, 20, None]


def test_the_clients_family_is_the_installed_ones() -> None:
    """What a default client raises comes from the SDK's own HTTP library."""
    with intercept(disconnect(after=1)), pytest.raises(openai.APIConnectionError) as raised:
        ask(make(is_async=False, max_retries=0))
    assert family_of(raised.value.__cause__) == FAMILY


@pytest.mark.usefixtures("only_waits")
def test_a_limit_is_told_in_headers_and_kept_by_the_sdk() -> None:
    """The SDK waits for the bucket to fill, and reads the remaining requests."""

    def remaining() -> str:
        got = make(is_async=False).chat.completions.with_raw_response.create(**body())
        return got.headers["x-ratelimit-remaining-requests"]

    with intercept("ok", time_scale=0) as llm:
        limit = llm.rate_limit(requests_per_minute=2)
        assert [remaining() for _ in range(4)] == ["1", "0", "0", "0"]
    assert limit.refused == 2
    assert [call.status for call in llm.calls] == [200, 200, 429, 200, 429, 200]
    assert llm.elapsed >= 60


@pytest.mark.usefixtures("only_waits")
@pytest.mark.parametrize("scale", [0, 0.001])
def test_the_sdk_keeps_what_it_is_told_and_is_found_resilient(scale: float) -> None:
    """The SDK's retries honour retry-after; giving up is named when there is no more."""
    with intercept(time_scale=scale) as llm:
        llm.on("good").reply(api_error(429, retry_after=30), "there")
        llm.on("bad").reply(api_error(500))
        ask(make(is_async=False), "good")
        assert [one.kind for one in llm.resilience().findings] == ["recovered"]
        with pytest.raises(openai.InternalServerError):
            ask(make(is_async=False), "bad")
    assert [one.kind for one in llm.resilience().problems] == ["gave_up"]


@pytest.mark.parametrize("scale", [0, 1], ids=["virtual", "real"])
def test_a_cancelled_task_leaves_nothing_pending(scale: float) -> None:
    """A task that is cancelled in the middle of a wait between two chunks is gone, and so is all it waited for."""
    threads = threading.active_count()

    async def consume(got: list[object], reached: asyncio.Event) -> None:
        async with make(is_async=True) as client:
            async for chunk in await client.chat.completions.create(**body(stream=True)):
                got.append(chunk)
                if len(got) == 3:
                    reached.set()

    async def cancel() -> None:
        got: list[object] = []
        reached = asyncio.Event()
        task = asyncio.create_task(consume(got, reached))
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert len(got) < 1000

    with intercept("a " * 10_000, pace=Pace(per_token=0.001), time_scale=scale) as llm:
        asyncio.run(cancel())
    assert llm.calls[0].complete is False
    assert threading.active_count() == threads
