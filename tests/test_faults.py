"""Faults on the wire: each family, sync and async, JSON and stream, gets them as its own library's."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from llm_intercept import (
    InterceptTransport,
    Pace,
    Reply,
    auto,
    connection_error,
    custom_tool_call,
    disconnect,
    faults,
    intercept,
    malformed,
    raw,
    stall,
    timeout,
    tool_call,
)
from llm_intercept.errors import ReplyError, SettingsError
from llm_intercept.faults import (
    crlf,
    duplicate_chunk,
    empty_body,
    html_error,
    keep_alive,
    missing_done,
    rechunk,
    stream_error,
    truncated_arguments,
    wrong_content_type,
)
from llm_intercept.timing.pace import normal
from tests.amounts import PATIENCE
from tests.conftest import Case
from tests.support import URL, chat, collecting, nearest_median_gap

if TYPE_CHECKING:
    from collections.abc import Iterator

APIS = ("chat", "responses", "messages")
TEXT = "One two three four."
TIMEOUT = 5.0


def got(case: Case, **options: Any) -> tuple[str, BaseException | None]:
    """Read an answer piece by piece; what came, and the error it ended with."""

    async def run() -> tuple[str, BaseException | None]:
        text = b""
        async with case.client(timeout=TIMEOUT) as client:
            try:
                async with client.stream("POST", case.url, json=case.body(**options)) as response:
                    async for chunk in response.aiter_raw():
                        text += chunk
            except Exception as error:  # noqa: BLE001 - it is what is looked at
                return text.decode(), error
        return text.decode(), None

    return asyncio.run(run()) if case.is_async else got_sync(case, **options)


def got_sync(case: Case, **options: Any) -> tuple[str, BaseException | None]:
    text = b""
    with case.client(timeout=TIMEOUT) as client:
        try:
            with client.stream("POST", case.url, json=case.body(**options)) as response:
                for chunk in response.iter_raw():
                    text += chunk
        except Exception as error:  # noqa: BLE001 - it is what is looked at
            return text.decode(), error
    return text.decode(), None


@pytest.mark.parametrize(
    ("fault", "name", "is_begun"),
    [
        (timeout("connect"), "ConnectTimeout", False),
        (timeout("read"), "ReadTimeout", False),
        (timeout("write"), "WriteTimeout", False),
        (timeout("pool"), "PoolTimeout", False),
        (connection_error(), "ConnectError", False),
        (disconnect(), "RemoteProtocolError", False),
        (disconnect(reset=True), "ReadError", False),
        (disconnect(after=0), "RemoteProtocolError", False),
        (disconnect(after=2), "RemoteProtocolError", True),
        (disconnect(after=2, reset=True), "ReadError", True),
        (disconnect(after=50, unit="bytes"), "RemoteProtocolError", True),
        (stall(), "ReadTimeout", False),
        (stall(after=2), "ReadTimeout", True),
    ],
    ids=repr,
)
def test_network_faults_are_the_familys_own(case: Case, fault: Any, name: str, is_begun: bool) -> None:
    """The exception is the client's own library's; what came before it came; the call says what happened."""
    with intercept(Reply(TEXT, fault=fault), time_scale=0) as llm:
        text, error = got(case)
    assert type(error) is getattr(case.module, name)
    assert bool(text) is is_begun
    call = llm.calls[0]
    assert call.faults == (fault,)
    assert call.error is not None
    assert call.error.kind == name
    assert call.complete in {None, False}
    assert call.duration > 0


@pytest.mark.usefixtures("only_waits")
def test_a_stall_takes_as_long_as_the_client_waits(case: Case) -> None:
    """Its own read timeout, in simulated time."""
    with intercept(Reply(TEXT, fault=stall(after=1)), time_scale=0) as llm:
        got(case)
        assert llm.elapsed == pytest.approx(TIMEOUT)


def test_a_client_without_a_timeout_is_not_left_for_ever(case: Case) -> None:
    """It would wait; here it waits an hour of simulated time, and is told why it ends."""
    with intercept(stall(), time_scale=0), pytest.raises(case.module.ReadError, match="no read timeout"):
        case.post(client=case.client(timeout=None))


def test_a_timeout_shorter_than_a_gap_fires_when_it_would(case: Case) -> None:
    """A gap of the pace that is longer than the client's read timeout is its ReadTimeout; a shorter one is none."""
    with intercept(time_scale=0) as llm:
        llm.on("slow").reply(Reply(TEXT, pace=Pace(ttft=TIMEOUT + 1)))
        llm.on("gap").reply(Reply(TEXT, pace=Pace(ttft=1, per_token=TIMEOUT + 1)))
        llm.on("quick").reply(Reply(TEXT, pace=Pace(ttft=TIMEOUT - 1, per_token=0.1)))
        for user, name in (("slow", "ReadTimeout"), ("gap", "ReadTimeout"), ("quick", "NoneType")):
            text, error = got(case, user=user)
            assert type(error).__name__ == name, user
            assert bool(text) is (user == "quick" or (user == "gap" and case.stream))


@pytest.mark.parametrize("fault", [crlf(), keep_alive(), rechunk(1), rechunk(2, how="bytes"), missing_done()], ids=repr)
def test_framing_faults_leave_the_answer_whole(case: Case, fault: Any) -> None:
    """Nothing of what is said is lost."""
    with intercept(Reply(TEXT, fault=fault)) as llm:
        text, error = got(case)
    assert error is None
    data = [json.loads(line[5:]) for line in text.splitlines() if line.startswith("data:") and "[DONE]" not in line]
    if not case.stream:
        assert f'"{TEXT}"' in text
    elif case.api == "responses":
        assert "".join(one["delta"] for one in data if "delta" in one) == TEXT
    elif case.api == "messages":
        assert "".join(one["delta"].get("text", "") for one in data if "delta" in one) == TEXT
    else:
        assert "".join(choice["delta"].get("content") or "" for one in data for choice in one["choices"]) == TEXT
    assert llm.calls[0].complete is True or (not case.stream and llm.calls[0].faults == ())


def test_answers_that_are_none(case: Case) -> None:
    """A proxy's page, an empty 200, a wrong content type."""
    with intercept() as llm:
        llm.on("page").reply(html_error(502))
        llm.on("empty").reply(Reply(TEXT, fault=empty_body()))
        llm.on("type").reply(Reply(TEXT, fault=wrong_content_type("text/plain")))
        page, empty, typed = (case.post(user) for user in ("page", "empty", "type"))
    assert page.status_code == 502
    assert page.headers["content-type"].startswith("text/html")
    assert "502 Bad Gateway" in page.text
    assert (empty.status_code, empty.content) == (200, b"")
    assert typed.headers["content-type"] == "text/plain"
    assert case.text(typed) == TEXT


def test_content_faults_in_a_stream_and_in_json(case: Case) -> None:
    """Broken JSON, broken arguments, an error among the events."""
    with intercept() as llm:
        llm.on("broken").reply(Reply(TEXT, fault=malformed(after=1)))
        llm.on("call").reply(Reply(tool_call("f", city="Paris"), fault=truncated_arguments(after=1)))
        free = (
            tool_call("f", said="Paris and more") if case.api == "messages" else custom_tool_call("f", "Paris and more")
        )
        llm.on("custom").reply(Reply(free, fault=truncated_arguments(after=0)))
        llm.on("error").reply(Reply(TEXT, fault=(duplicate_chunk(after=2), stream_error("busy", after=2))))
        broken, call, custom, error = (case.post(user).text for user in ("broken", "call", "custom", "error"))
    with pytest.raises(ValueError, match=r"."):
        for line in broken.split("\n\n"):
            json.loads(re.sub(r"(event: .*\n)?data: ", "", line))
    assert "Paris" not in call
    assert "more" not in custom
    assert ('"busy"' in error) is case.stream


def test_every_fault_is_in_the_namespace() -> None:
    """By the name that it shows."""
    assert {one.name(): one for one in faults.Fault.__subclasses__()} == {
        name: getattr(faults, name) for name in faults.__all__ if name != "Fault"
    }


def test_every_fault_is_a_reply_by_itself(case: Case) -> None:
    """Of the smallest valid answer; the call has it where an answer of its shape can."""
    for name in sorted({*faults.__all__} - {"Fault"}):
        fault = getattr(faults, name)()
        with intercept(fault, time_scale=0) as llm:
            got(case)
        assert llm.calls[0].faults == ((fault,) if fault.applies(stream=case.stream) else ()), name


@pytest.mark.parametrize(
    "written",
    [
        *(f"{name}()" for name in faults.__all__ if name != "Fault"),
        "timeout('connect')",
        "disconnect(after=0, unit='bytes', reset=True)",
        "stall(after=3)",
        "html_error(520)",
        "wrong_content_type('text/plain')",
        "stream_error('busy', after=0, form='event', type='overloaded', code='x')",
        "keep_alive(every=2, text='hi')",
        "rechunk(7, how='split')",
    ],
)
def test_a_fault_shows_itself_as_it_was_written(written: str) -> None:
    """By its public name, with what differs from the default."""
    names = {name: getattr(faults, name) for name in faults.__all__}
    assert repr(eval(written, names)) == written


@pytest.mark.parametrize("status", [200, 499, 520, 599])
def test_a_proxys_page_may_have_any_status(case: Case, status: int) -> None:
    """Also one that Python has no phrase for, as Cloudflare's 520."""
    with intercept(html_error(status)):
        response = case.post()
    assert response.status_code == status
    assert f"<title>{status} " in response.text


def test_an_empty_body_is_empty_whatever_else_is_wrong(case: Case) -> None:
    """What changes, ends or frames a body has nothing to do."""
    with intercept(Reply(TEXT, fault=(empty_body(), malformed(), disconnect(after=1), keep_alive(), rechunk(1)))):
        assert got(case) == ("", None)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: timeout("reed"), "one of 'connect', 'read', 'write', 'pool'"),
        (lambda: disconnect(after=-1), "an int, 0 or more"),
        (lambda: disconnect(after=1, unit="kilobytes"), "'chunks', 'bytes'"),
        (lambda: stall(after=1.5), "an int, 0 or more"),
        (lambda: duplicate_chunk(after=0), "an int, 1 or more"),
        (lambda: stream_error(form="other"), "'data', 'event'"),
        (lambda: html_error(700), "an HTTP status"),
        (lambda: keep_alive(text="two\nlines"), "one line"),
        (lambda: rechunk("a"), "an int"),
        (lambda: rechunk(how="fast"), "'mixed', 'bytes', 'split', 'coalesce'"),
        (lambda: Reply("a", fault="timeout"), r"timeout\(…\), disconnect\(…\)"),
        (lambda: Reply("a", fault=(crlf(), 1)), r"timeout\(…\), disconnect\(…\)"),
        (lambda: Reply("a", pace=1), r"a Pace\("),
        (lambda: intercept("a", pace=3), r"a Pace\("),
        (lambda: intercept("a", time_scale="fast"), "1 for real time"),
    ],
)
def test_what_is_no_fault_is_refused(make: Any, words: str) -> None:
    """With what can be used instead."""
    with pytest.raises((SettingsError, ReplyError), match=words):
        make()


def test_what_a_function_returns_may_be_faulty() -> None:
    """Every kind of answer takes `fault=`."""
    with intercept(lambda _: auto("from a function", fault=crlf())) as llm:
        assert "from a function" in Case("httpx", is_async=False, stream=False).post().text
    assert llm.calls[0].faults == (crlf(),)


def test_variants_have_no_faults_of_their_own() -> None:
    """A fault is one of the whole answer."""
    with pytest.raises(ReplyError, match="variant"):
        Reply(variants=("a", Reply("b", fault=crlf())))


def test_faults_add_up(case: Case) -> None:
    """Those of the reply, and those woven around it, in a tuple too."""
    with intercept(Reply(Reply(TEXT, fault=crlf()), fault=(keep_alive(), rechunk(1)))) as llm:
        got(case)
    wanted = (crlf(), keep_alive(), rechunk(1)) if case.stream else (crlf(), rechunk(1))
    assert llm.calls[0].faults == wanted


def test_a_ready_body_can_be_broken(case: Case) -> None:
    """A stream given as bytes is divided into its events first."""
    body = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi"}}]}\r\n\r\ndata: [DONE]\r\n\r\n'
    with intercept(raw(body, fault=disconnect(after=1))):
        text, error = got(case)
    assert type(error) is case.module.RemoteProtocolError
    if case.stream:
        assert text.encode() == body[: body.index(b"data: [DONE]")]


@pytest.mark.usefixtures("only_waits")
def test_every_way_in_takes_time_and_pace(family: str, is_async: bool) -> None:
    """A transport by hand simulates too, with its own clock."""
    case = Case(family, is_async, stream=True)
    transport = InterceptTransport(TEXT, time_scale=0, pace=Pace(ttft=1, per_token=2))
    case.post(client=case.client(transport=transport))
    assert transport.interceptor.elapsed == pytest.approx(11)


@pytest.mark.usefixtures("only_waits")
@pytest.mark.parametrize("stream", [True, False])
def test_a_pace_takes_as_long_for_json_as_for_a_stream(stream: bool) -> None:
    """The first byte, and each of the tokens, the same times drawn."""
    case = Case("httpx", is_async=False, stream=stream)
    pace = Pace(ttft=normal(1, 0.2), per_token=normal(0.5, 0.2), jitter=0.3)
    elapsed = []
    for seed in (0, 0, 1):
        with intercept(TEXT, time_scale=0, pace=pace, seed=seed) as llm:
            begun = llm.elapsed
            case.post()
            elapsed.append(llm.elapsed - begun)
    assert elapsed[0] == pytest.approx(elapsed[1])
    assert elapsed[0] > 1.5
    assert abs(elapsed[2] - elapsed[0]) > 1e-3


@pytest.mark.usefixtures("only_waits")
def test_the_nearest_pace_counts() -> None:
    """The reply's, else its rule's, else the interceptor's."""
    case = Case("httpx", is_async=False, stream=False)
    with intercept(time_scale=0, pace=Pace(ttft=30)) as llm:
        llm.on("reply").reply(Reply(TEXT, pace=Pace(ttft=3))).pace(Pace(ttft=10))
        llm.on("rule").reply(TEXT).pace(Pace(ttft=10))
        llm.reply(TEXT)
        took = {}
        for user in ("reply", "rule", "none"):
            begun = llm.elapsed
            case.post(user, client=case.client(timeout=60))
            took[user] = round(llm.elapsed - begun)
    assert took == {"reply": 3, "rule": 10, "none": 30}


@pytest.mark.usefixtures("only_waits")
def test_the_engine_that_answers_has_the_clock() -> None:
    """An inner block without rules lets the outer one answer, in the outer one's time."""
    case = Case("httpx", is_async=False, stream=False)
    with intercept(TEXT, time_scale=0, pace=Pace(ttft=4)) as outer, intercept() as inner:
        case.post()
        assert outer.elapsed >= 4
        assert inner.elapsed == 0


def test_a_simulated_time_is_noted_with_each_call() -> None:
    """When each request arrived, in simulated seconds."""
    case = Case("httpx", is_async=False, stream=False)
    with intercept(TEXT, time_scale=0, pace=Pace(ttft=4)) as llm:
        for _ in range(3):
            case.post()
    assert [round(call.started) for call in llm.calls] == [0, 4, 8]


# Ends that are not the end: nothing is left behind.


@pytest.fixture
def threads() -> Iterator[None]:
    """No thread is left, and none that only a collection of garbage would end."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before  # one of another test's may have ended meanwhile


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("scale", [0, 1], ids=["virtual", "real"])
@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_wait_leaves_nothing(family: str, backend: str, scale: float) -> None:
    """A task that is cancelled while it waits, for the first byte or between two chunks, is gone; the call says so."""
    case = Case(family, is_async=True, stream=True)
    long = Pace(ttft=0, per_token=0.002) if scale == 0 else Pace(per_token=30)

    async def consume(begun: anyio.Event) -> None:
        async with (
            case.client(timeout=60) as client,
            client.stream("POST", URL, json=chat(stream=True)) as response,
        ):
            async for _ in response.aiter_raw():
                begun.set()

    async def run() -> None:
        async with anyio.create_task_group() as group:
            begun = anyio.Event()
            group.start_soon(consume, begun)
            with anyio.fail_after(PATIENCE):
                await begun.wait()
            group.cancel_scope.cancel()

    with intercept("a " * 100_000, pace=long, time_scale=scale) as llm, collecting():
        anyio.run(run, backend=backend)
    assert llm.calls[0].complete is False


@pytest.mark.usefixtures("threads")
def test_a_cancelled_first_byte_leaves_nothing(family: str) -> None:
    """Cancelled before there are headers: the call ends with the cancellation."""
    case = Case(family, is_async=True, stream=True)
    asked = asyncio.Event()

    def reply(_: Any) -> str:
        asked.set()
        return TEXT

    async def run() -> set[asyncio.Task[Any]]:
        async with case.client(timeout=60) as client:
            task = asyncio.create_task(client.post(URL, json=chat(stream=True)))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return asyncio.all_tasks() - {asyncio.current_task()}

    with collecting(), intercept(reply, pace=Pace(ttft=30)) as llm:
        assert asyncio.run(run()) == set()
    assert isinstance(llm.calls[0].error, asyncio.CancelledError)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("how", ["close", "error"])
def test_a_response_closed_early_or_left_by_an_exception(case: Case, how: str) -> None:
    """Closing in the middle, or an exception in the consumer, ends the making and is no failure of the block."""

    async def run() -> None:
        async with case.client() as client, client.stream("POST", URL, json=chat(stream=True)) as response:
            async for _ in response.aiter_raw():
                if how == "error":
                    raise ZeroDivisionError
                await response.aclose()
                return

    def run_sync() -> None:
        with case.client() as client, client.stream("POST", URL, json=chat(stream=True)) as response:
            for _ in response.iter_raw():
                if how == "error":
                    raise ZeroDivisionError
                response.close()
                return

    with collecting(), intercept("a " * 10_000, pace=Pace(per_token=0.01), time_scale=0) as llm:
        try:
            asyncio.run(run()) if case.is_async else run_sync()
        except ZeroDivisionError:
            assert how == "error"
    assert llm.calls[0].complete is False
    assert llm.calls[0].error is None


def test_real_gaps_are_what_was_asked_for(family: str, is_async: bool) -> None:
    """With `time_scale=1` the gaps between chunks are within 10 % of 20 ms at the median."""
    case = Case(family, is_async, stream=True)

    async def read(moments: list[float]) -> None:
        async with case.client() as client, client.stream("POST", URL, json=chat(stream=True)) as response:
            async for _ in response.aiter_raw():
                moments.append(time.perf_counter())

    def read_sync(moments: list[float]) -> None:
        with case.client() as client, client.stream("POST", URL, json=chat(stream=True)) as response:
            for _ in response.iter_raw():
                moments.append(time.perf_counter())

    def measure() -> list[float]:
        moments: list[float] = []
        asyncio.run(read(moments)) if is_async else read_sync(moments)
        return moments[1:-2]  # the role comes before them; the finish and [DONE] come with the last

    with intercept([f"{number} " for number in range(25)], pace=Pace(per_token=0.02)):
        assert nearest_median_gap(measure, 0.02) == pytest.approx(0.02, rel=0.1)


def test_streams_do_not_wait_for_each_other() -> None:
    """A hundred streams of half a second each, asked for at once, take not much more than one."""
    case = Case("httpx", is_async=True, stream=True)

    async def run() -> None:
        async with case.client(timeout=60) as client:
            await asyncio.gather(*(client.post(URL, json=chat(str(number), stream=True)) for number in range(100)))

    with intercept("one two three four five", pace=Pace(ttft=0.25, per_token=0.05)) as llm:
        begun = time.perf_counter()
        asyncio.run(run())
        took = time.perf_counter() - begun
    assert len(llm.calls) == 100
    assert 0.5 <= took < 40  # one after the other: 50 s


@pytest.mark.usefixtures("only_waits")
def test_virtual_waits_of_concurrent_streams_are_each_their_own() -> None:
    """Fifty at once that take a minute each: no time at all, and a minute on the clock, not fifty."""
    case = Case("httpx", is_async=True, stream=False)

    async def run() -> None:
        async with case.client(timeout=100) as client:
            await asyncio.gather(*(client.post(URL, json=chat(str(number))) for number in range(50)))

    with intercept("ok", pace=Pace(ttft=60), time_scale=0) as llm:
        asyncio.run(run())
        assert llm.elapsed == pytest.approx(60)
