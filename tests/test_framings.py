"""How streams are cut into events: whatever pieces they come in, and what recordings keep of them."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from zlib import crc32

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept.base.amazon_frames import parsed, written
from llm_intercept.base.framings import AMAZON, FRAMINGS, JSON_LINES, SSE, framing_of
from llm_intercept.dialects.no_streams import NoStreams
from llm_intercept.faults import crlf, disconnect, keep_alive, malformed
from llm_intercept.faults.base import Body
from llm_intercept.faults.weave import events, weave
from llm_intercept.recording.bodies import Chunk, content_of, last_event, response_of
from llm_intercept.recording.take import DamagedTakeError, read_take
from tests.amounts import examples

VALUES = [{"a": 1}, {"text": "Grüße\n", "n": [1.5, None]}, {}]
STREAMS = {
    SSE: [f"data: {json.dumps(one, ensure_ascii=False, separators=(',', ':'))}\n\n".encode() for one in VALUES],
    JSON_LINES: [f"{json.dumps(one, ensure_ascii=False, separators=(',', ':'))}\n".encode() for one in VALUES],
    AMAZON: [
        written("messageStart", json.dumps(one, ensure_ascii=False, separators=(",", ":")).encode()) for one in VALUES
    ],
}
each = pytest.mark.parametrize("framing", STREAMS, ids=lambda one: one.media_type)


def pieces(content: bytes, marks: list[int]) -> list[bytes]:
    """Cut bytes at some places."""
    places = sorted({0, len(content), *(mark % len(content) for mark in marks)})
    return [content[begin:end] for begin, end in pairwise(places)]


@each
@settings(max_examples=examples(60))
@given(marks=st.lists(st.integers(0, 10**6), max_size=8))
def test_a_stream_is_cut_into_its_events_however_it_comes(framing, marks):
    wanted = STREAMS[framing]
    content = b"".join(wanted)
    assert list(events(iter(pieces(content, marks)), framing)) == wanted
    assert all(map(framing.is_one, wanted))
    assert framing.cut(content[:-1]) == (wanted[:-1], wanted[-1][:-1])


@each
@settings(max_examples=examples(60))
@given(marks=st.lists(st.integers(0, 10**6), max_size=8))
def test_a_take_has_the_events_as_json_and_the_same_bytes(framing, marks):
    content = b"".join(STREAMS[framing])
    chunks = [Chunk(piece, float(number)) for number, piece in enumerate(pieces(content, marks))]
    kept = response_of(200, {"content-type": framing.media_type}, chunks)
    assert [event.text for event in kept.events] == [None] * 3
    assert [{key: value for key, value in event.data.items() if key[0] != ":"} for event in kept.events] == VALUES
    assert content_of(kept) == content
    assert last_event(chunks, framing).rstrip() == STREAMS[framing][-1].rstrip() or framing is AMAZON


@each
def test_what_is_broken_is_still_one_event(framing):
    """Clients find the next event behind it."""
    woven = list(weave(STREAMS[framing], (malformed(after=1),), Body(NoStreams(), framing)))
    assert [len(woven), woven[0], woven[2]] == [3, STREAMS[framing][0], STREAMS[framing][2]]
    assert woven[1] != STREAMS[framing][1]
    assert framing.cut(b"".join(woven)) == (woven, b"")
    if framing is AMAZON:
        assert parsed(woven[1]).value is None


@each
def test_a_fault_that_a_kind_of_stream_cannot_have_leaves_it_as_it_is(framing):
    """Only server-sent events have comments, and only texts have lines."""
    for fault, having in ((keep_alive(), {SSE}), (crlf(), {SSE, JSON_LINES})):
        woven = list(weave(STREAMS[framing], (fault,), Body(NoStreams(), framing)))
        assert (woven != STREAMS[framing]) is fault.fits(framing) is (framing in having)
    steps = list(weave(STREAMS[framing], (disconnect(after=2),), Body(NoStreams(), framing)))
    assert steps[:2] == STREAMS[framing][:2]
    assert len(steps) == 3


def test_frames_are_those_of_amazons_own_parser():
    """Its parser reads ours, and refuses one whose bytes were changed, as ours does."""
    buffer = EventStreamBuffer()
    buffer.add_data(b"".join(STREAMS[AMAZON]))
    for event, value in zip(buffer, VALUES, strict=True):
        assert event.to_response_dict()["headers"] == {
            ":event-type": "messageStart",
            ":content-type": "application/json",
            ":message-type": "event",
        }
        assert json.loads(event.payload) == value
    frame = bytearray(STREAMS[AMAZON][1])
    frame[-8] ^= 1
    assert parsed(bytes(frame)) is None
    with pytest.raises(ChecksumMismatch):
        list(_read(bytes(frame)))


def _read(content: bytes) -> EventStreamBuffer:
    buffer = EventStreamBuffer()
    buffer.add_data(content)
    return buffer


def test_json_in_base64_is_kept_so_that_it_can_be_read():
    """And is base64 again on the wire; a secret in it is found where it is JSON."""
    inner = base64.b64encode(b'{"type":"message_start"}').decode()
    frame = written("chunk", json.dumps({"bytes": inner, "p": "abc"}, separators=(",", ":")).encode())
    kept = response_of(200, {"content-type": AMAZON.media_type}, [Chunk(frame, 0.0)])
    shown = {":event-type": "chunk", "bytes": {"json in base64": {"type": "message_start"}}, "p": "abc"}
    assert [event.data for event in kept.events] == [shown]
    assert content_of(kept) == frame
    spaced = base64.b64encode(b'{"type": "message_start"}').decode()
    frame = written("chunk", json.dumps({"bytes": spaced}, separators=(",", ":")).encode())
    kept = response_of(200, {"content-type": AMAZON.media_type}, [Chunk(frame, 0.0)])
    assert kept.events[0].data["bytes"] == {"text in base64": '{"type": "message_start"}'}
    assert content_of(kept) == frame


def of_message(message: bytes) -> bytes:
    """Write a frame that says of itself only which message it is."""
    headers = b"\x0d:message-type\x07" + len(message).to_bytes(2, "big") + message
    lengths = (18 + len(headers)).to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    content = lengths + crc32(lengths).to_bytes(4, "big") + headers + b"{}"
    return content + crc32(content).to_bytes(4, "big")


@pytest.mark.parametrize(
    "odd",
    [
        b"\0\0\0\x10",
        b"\xff" * 40,
        written("x", b"no json"),
        STREAMS[AMAZON][0] + b"\0\0\0\x05rest",
        written("x", b"[" * 200_000),
        of_message(b"m" * 300),
    ],
    ids=["a length", "no frames", "no JSON", "a frame and a length", "deep JSON", "a long name"],
)
def test_binary_that_no_json_says_is_kept_as_it_is(odd):
    """Of a stream that broke off, what is no whole event says nothing."""
    kept = response_of(200, {"content-type": AMAZON.media_type}, [Chunk(odd, 0.0)])
    assert content_of(kept) in {odd, STREAMS[AMAZON][0], b""}


def test_a_media_type_says_how_its_body_is_cut():
    assert {kind: framing_of(f" {kind.upper()}; charset=utf-8") for kind in FRAMINGS} == FRAMINGS
    assert {framing.media_type: framing for framing in STREAMS}.items() <= FRAMINGS.items()
    assert framing_of("application/json") is None


@pytest.mark.parametrize("data", [{}, [], "x", None, {"a": "b"}, {":event-type": 1}, {f":{'m' * 300}-type": "x"}])
def test_an_event_that_no_frame_says_damages_its_take(data):
    """An edited take is named, and no request fails for it in words of its own."""
    response = {"status": 200, "headers": {"content-type": AMAZON.media_type}, "events": [{"gap_ms": 0, "data": data}]}
    request = {"method": "POST", "url": "https://h.test/model/m/converse-stream"}
    take = {"version": 1, "fingerprint": "0" * 64, "request": request, "response": response}
    with pytest.raises(DamagedTakeError, match=r"its response is wrong: .*Amazon's"):
        read_take(json.dumps(take).encode(), "001.json")
    response["headers"] = {"content-type": SSE.media_type}
    assert read_take(json.dumps(take).encode(), "001.json").response.events[0].data == data
