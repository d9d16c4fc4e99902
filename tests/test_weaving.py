"""Faults and pace woven into bodies, as pure functions: no clock, no client, no network."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import (
    disconnect,
    malformed,
    stall,
)
from llm_intercept.base.framings import SSE
from llm_intercept.dialects.openai_chat import grammar as GRAMMAR  # noqa: N812 - it is used as a value
from llm_intercept.faults import (
    crlf,
    cut_off,
    duplicate_chunk,
    keep_alive,
    missing_done,
    missing_finish,
    out_of_order,
    rechunk,
    stream_error,
    truncated_arguments,
)
from llm_intercept.faults.base import Body
from llm_intercept.faults.weave import events, weave
from llm_intercept.model.wire import Break, Wait
from tests.amounts import amount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.model.wire import Step

ROLE = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
SAID = [
    b'data: {"choices":[{"index":0,"delta":{"content":"%d"},"finish_reason":null}]}\n\n' % number for number in range(4)
]
FINISH = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"total_tokens":5}}\n\n'
DONE = b"data: [DONE]\n\n"
STREAM = [ROLE, *SAID, FINISH, USAGE, DONE]
CALLED = (
    b'data: {"choices":[{"delta":{"role":"assistant","tool_calls":[{"index":0,"function":{"arguments":""}}]}}]}\n\n'
)
ARGUED = [
    b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"%d"}}]}}]}\n\n' % number
    for number in range(3)
]
JSON = b'{"choices": [{"message": {"content": "0123"}}]}\n'


def woven(steps: list[Any], *faults: Any, stream: bool = True, gap: Any = None) -> list[Step]:
    return list(weave(steps, faults, Body(GRAMMAR, SSE if stream else None), gap))


def test_without_faults_the_steps_are_the_same() -> None:
    """Weaving nothing changes nothing, whether the body is a stream or JSON."""
    assert woven(STREAM) == STREAM
    assert woven([JSON], stream=False) == [JSON]


@pytest.mark.parametrize(
    ("fault", "wanted"),
    [
        (missing_done(), STREAM[:-1]),
        (missing_finish(), [ROLE, *SAID, USAGE, DONE]),
        (duplicate_chunk(after=2), [ROLE, SAID[0], SAID[0], *SAID[1:], FINISH, USAGE, DONE]),
        (out_of_order(after=0), [SAID[0], ROLE, *SAID[1:], FINISH, USAGE, DONE]),
        (out_of_order(after=2), [ROLE, SAID[0], SAID[2], SAID[1], SAID[3], FINISH, USAGE, DONE]),
        (out_of_order(after=7), STREAM),
        (out_of_order(after=99), STREAM),
        (cut_off(after=2), STREAM[:2]),
        (cut_off(after=0), []),
        (malformed(after=0), [ROLE[: len(ROLE) // 2] + b"\n\n", *STREAM[1:]]),
        (keep_alive(every=4, text="hi"), [b": hi\n\n", *STREAM[:4], b": hi\n\n", *STREAM[4:]]),
        (crlf(), [step.replace(b"\n", b"\r\n") for step in STREAM]),
    ],
    ids=repr,
)
def test_what_each_fault_makes_of_a_stream(fault: Any, wanted: list[bytes]) -> None:
    """Chunks are left out, doubled, swapped, broken or framed, and nothing else is touched."""
    assert woven(STREAM, fault) == wanted


@pytest.mark.parametrize(
    "fault",
    [
        missing_done(),
        missing_finish(),
        *(make(after=after) for make in (malformed, out_of_order, cut_off) for after in (0, 1, 3)),
        *(duplicate_chunk(after=after) for after in (1, 2, 3)),
        *(stream_error("busy", after=after) for after in (0, 1, 3)),
        *(truncated_arguments(after=after) for after in (0, 1)),
        crlf(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("steps", [STREAM, [CALLED, *ARGUED, FINISH, DONE]], ids=["text", "call"])
def test_a_wait_is_no_chunk(fault: Any, steps: list[bytes]) -> None:
    """A fault makes the same chunks of a stream whether it has waits in it or not."""
    paced = [step for chunk in steps for step in (Wait(1.0), chunk)]
    assert [step for step in woven(paced, fault) if isinstance(step, bytes)] == woven(steps, fault)


@pytest.mark.parametrize("after", [0, 1, 3, 8, 99])
def test_a_disconnect_gives_so_many_chunks_and_breaks(after: int) -> None:
    """At the latest where the body would end."""
    *given_, end = woven(STREAM, disconnect(after=after))
    assert given_ == STREAM[:after]
    assert isinstance(end, Break)
    assert end.kind == "RemoteProtocolError"
    assert woven(STREAM, disconnect(after=after, reset=True))[-1].kind == "ReadError"


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("after", [0, 1, 7, 40, 10_000])
def test_a_disconnect_counts_bytes(after: int, stream: bool) -> None:
    """Exactly so many bytes come, of either shape."""
    body = STREAM if stream else [JSON]
    *given_, end = woven(body, disconnect(after=after, unit="bytes"), stream=stream)
    assert b"".join(given_) == b"".join(body)[:after]
    assert isinstance(end, Break)


def test_a_stall_waits_where_the_chunks_stop() -> None:
    """Longer than any client's patience."""
    *given_, wait, end = woven(STREAM, stall(after=3))
    assert given_ == STREAM[:3]
    assert isinstance(wait, Wait)
    assert wait.seconds >= 3600
    assert isinstance(end, Break)


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("fault", [disconnect, cut_off, stall], ids=lambda one: one.__name__)
def test_a_json_body_counts_as_one_chunk_more(fault: Any, after: int) -> None:
    """So that `after=n` always leaves it incomplete, and the more of it the larger n is."""
    given_ = [step for step in woven([JSON], fault(after=after), stream=False) if isinstance(step, bytes)]
    assert len(given_) == after
    assert b"".join(given_) == JSON[: len(JSON) * after // (after + 1)]


def test_broken_json_of_a_json_body() -> None:
    """Half of it."""
    assert woven([JSON], malformed(after=5), stream=False) == [JSON[: len(JSON) // 2]]


def test_truncated_arguments() -> None:
    """Fragments after the first ones are left out of a stream; half of each call is left in a body."""
    stream = [CALLED, *ARGUED, FINISH, DONE]
    assert woven(stream, truncated_arguments(after=1)) == [CALLED, ARGUED[0], FINISH, DONE]
    body = b'{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{\\"a\\":1}"}}]}}]}'
    (cut,) = woven([body], truncated_arguments(), stream=False)
    assert GRAMMAR.halve_arguments(body) == cut
    assert b'"{\\"a' in cut
    assert b'a\\":1' not in cut


@pytest.mark.parametrize("form", ["data", "event"])
def test_an_error_in_a_stream_ends_it(form: Any) -> None:
    """In both forms that are seen: an object with the key `error`, and an event of that name."""
    *given_, error = woven(STREAM, stream_error("busy", after=2, form=form, code="x"))
    assert given_ == STREAM[:2]
    facts = b'{"message":"busy","type":"server_error","param":null,"code":"x"}'
    assert error == (
        b'data: {"error":' + facts + b"}\n\n" if form == "data" else b"event: error\ndata: " + facts + b"\n\n"
    )


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(st.binary(min_size=1, max_size=60), max_size=12),
    st.integers(),
    st.sampled_from(["mixed", "bytes", "split", "coalesce"]),
)
def test_rechunking_keeps_the_bytes(body: list[bytes], seed: int, how: Any) -> None:
    """Joined they are the same, none is empty, and the same seed cuts them in the same places."""
    once, twice = woven(body, rechunk(seed, how=how), stream=False), woven(body, rechunk(seed, how=how), stream=False)
    assert once == twice
    assert b"".join(once) == b"".join(body)
    assert all(once) or body == []


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, 10_000))
def test_rechunking_cuts_within_events_and_characters(seed: int) -> None:
    """Bytes one by one always do; other cuts do for some seeds; another seed cuts elsewhere."""
    body = [step.replace(b"0", "é".encode()) for step in STREAM]
    assert woven(body, rechunk(seed, how="bytes")) == [bytes([one]) for one in b"".join(body)]
    assert woven(body, rechunk(seed, how="split")) != woven(body, rechunk(seed + 1, how="split"))
    assert max(map(len, woven(body * 20, rechunk(seed, how="coalesce")))) > max(map(len, body))


def test_what_is_held_is_sent_before_a_break() -> None:
    """A disconnect loses nothing that came before it, however it is cut."""
    *given_, end = woven(STREAM, disconnect(after=3), rechunk(1, how="coalesce"))
    assert b"".join(given_) == b"".join(STREAM[:3])
    assert isinstance(end, Break)


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, 2**32), st.booleans())
def test_events_are_found_however_a_stream_comes(seed: int, crs: bool) -> None:
    """Cutting a stream anywhere and dividing it gives its events again, with either line end."""
    faults = [*([crlf()] if crs else []), rechunk(seed)]
    wanted = [step.replace(b"\n", b"\r\n") if crs else step for step in STREAM]
    assert list(events(iter(woven(STREAM, *faults)), SSE)) == wanted


@settings(deadline=None)  # the machine may be busy
@given(st.permutations([missing_done(), crlf(), disconnect(after=2), rechunk(3), duplicate_chunk(after=1)]))
def test_the_order_of_faults_of_different_kinds_is_no_matter(faults: list[Any]) -> None:
    """What changes the content comes first, then what ends the body, then what frames it."""
    usual = [missing_done(), duplicate_chunk(after=1), disconnect(after=2), crlf(), rechunk(3)]
    assert woven(STREAM, *faults) == woven(STREAM, *usual)


def test_chunks_are_swapped_around_the_waits_between_them() -> None:
    """What was between two chunks that change places stays between, before the pair comes."""
    steps = [ROLE, SAID[0], Wait(1.0), SAID[1], Wait(2.0), DONE]
    assert woven(steps, out_of_order(after=1)) == [ROLE, Wait(1.0), SAID[1], SAID[0], Wait(2.0), DONE]


def test_pace_waits_before_tokens_only() -> None:
    """Before each delta with text or arguments; not before the role, the finish, the usage and [DONE]."""
    gaps = itertools.count(1)
    steps = woven(STREAM, gap=lambda _: float(next(gaps)))
    wanted = [ROLE, *itertools.chain(*((Wait(float(n)), one) for n, one in enumerate(SAID, 1))), FINISH, USAGE, DONE]
    assert steps == wanted


def test_a_break_comes_after_the_waits_before_it() -> None:
    """Pace and a disconnect: the waits of the chunks that come are kept."""
    steps = woven(STREAM, disconnect(after=3), crlf(), gap=lambda _: 1.0)
    assert [type(step).__name__ for step in steps] == ["bytes", "Wait", "bytes", "Wait", "bytes", "Wait", "Break"]


def test_faults_that_are_no_business_of_json_leave_it_alone() -> None:
    """What only streams have changes nothing in a JSON body."""
    faults = [missing_done(), missing_finish(), duplicate_chunk(), out_of_order(), stream_error(), keep_alive()]
    assert woven([JSON], *faults, stream=False) == [JSON]


def test_a_hundred_thousand_chunks_take_constant_memory() -> None:
    """All faults that keep the body whole, over a stream that is made as it is read; in `make test` a fifth of it."""
    few = amount(whole=10_000, part=2_000)
    faults = (missing_finish(), out_of_order(after=3 * few), keep_alive(every=10), crlf(), rechunk(1, how="coalesce"))

    def source() -> Iterator[bytes]:
        for number in range(10 * few):
            yield b'data: {"choices":[{"delta":{"content":"%d"}}]}\n\n' % (number % 10)

    steps = weave(source(), faults, Body(GRAMMAR, SSE), lambda _: 0.1)
    tracemalloc.start()
    try:
        for _ in itertools.islice(steps, 2 * few):
            pass
        before, _ = tracemalloc.get_traced_memory()
        for _ in itertools.islice(steps, 5 * few):
            pass
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000


def test_closing_ends_the_making() -> None:
    """The source is closed with the woven steps, also before its end."""
    closed: list[bool] = []

    def source() -> Iterator[bytes]:
        try:
            yield from STREAM
        finally:
            closed.append(True)

    steps = weave(source(), (crlf(), rechunk(1)), Body(GRAMMAR, SSE))
    next(steps)
    steps.close()
    assert closed == [True]
