"""A take is one JSON file that people read; its bytes are the answer's, and a damaged one is named."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept.recording.bodies import LAYOUTS, Chunk, content_of, is_ended, lay_out, response_of
from llm_intercept.recording.encodings import decode_chunks, decode_stored
from llm_intercept.recording.take import DamagedTakeError, Take, TakeRequest, TakeResponse, read_take, write_take

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
OBJECTS = st.dictionaries(st.text(), VALUES)
SSE = {"content-type": "text/event-stream; charset=utf-8"}


def take(**response: object) -> Take:
    request = TakeRequest(method="POST", url="https://api.openai.com/v1/chat/completions", body={"model": "m"})
    return Take(fingerprint="0" * 64, request=request, response=TakeResponse(status=200, **response))  # type: ignore[arg-type]


@given(OBJECTS, st.sampled_from(LAYOUTS))
def test_a_json_body_in_a_known_layout_is_kept_as_json_and_gives_the_same_bytes(value, layout):
    content = lay_out(value, layout).encode(errors="replace")
    kept = response_of(200, {"content-type": "application/json"}, [Chunk(content, 1.0)])
    assert content_of(kept) == content


@given(st.binary())
def test_any_bytes_are_given_back(content):
    assert content_of(response_of(200, {}, [Chunk(content, 0.0)] if content else [])) == content
    assert content_of(response_of(200, SSE, [Chunk(content, 0.0)] if content else [])) == content


@given(
    st.lists(
        st.sampled_from(['data: {"a":1}\n\n', "event: é\ndata: x\n\n", ": ping\n\n", 'data: {"b": 2}\r\n\r\n', "da"])
    ),
    st.data(),
)
def test_a_stream_cut_anywhere_gives_the_same_bytes_and_an_event_each(parts, data):
    content = "".join(parts).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    edges = [0, *cuts, len(content)]
    chunks = [Chunk(content[a:b], 10.0 * n) for n, (a, b) in enumerate(itertools.pairwise(edges)) if a < b]
    kept = response_of(200, SSE, chunks)
    assert content_of(kept) == content
    whole = response_of(200, SSE, [Chunk(content, 0.0)] if content else [])
    assert [event.text or event.data for event in kept.events or ()] == [
        event.text or event.data for event in whole.events or ()
    ]


def test_an_events_gap_is_the_time_since_the_one_before():
    chunks = [Chunk(b"data: 1\n\nda", 100.0), Chunk(b"ta: 2\n\n", 150.2), Chunk(b"data: 3\n\n", 151.0)]
    kept = response_of(200, SSE, chunks)
    assert kept.after_ms == 100
    assert [event.gap_ms for event in kept.events or ()] == [0, 50, 1]


@given(OBJECTS)
def test_a_take_is_read_as_it_was_written_and_written_as_it_was_read(value):
    one = take(body=value)
    content = write_take(one)
    assert write_take(read_take(content, "x")) == content
    assert json.loads(content)["response"].get("body") == value


def test_events_have_a_line_each_and_the_rest_is_indented():
    one = take(events=({"gap_ms": 0, "data": {"a": [1, 2]}}, {"gap_ms": 50, "text": "data: [DONE]\n\n"}))
    lines = write_take(one).decode().splitlines()
    assert '      {"gap_ms": 0, "data": {"a": [1, 2]}},' in lines
    assert '      {"gap_ms": 50, "text": "data: [DONE]\\n\\n"}' in lines
    assert '  "version": 1,' in lines


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "not JSON"),
        (b"", "not JSON"),
        (b"[]", "no version"),
        (b'{"version": 2}', "version 2, and this llm-intercept reads version 1"),
        (b'{"version": 1}', "fingerprint is wrong"),
        (write_take(take()).replace(b'"status": 200', b'"status": 20000'), "response.status is wrong"),
        (write_take(take()).replace(b'"status"', b'"stauts"'), "response.status is wrong"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_damaged_take_is_named_with_what_is_wrong(content, why):
    with pytest.raises(DamagedTakeError, match=why) as caught:
        read_take(content, "001-hi.json")
    assert str(caught.value).startswith("001-hi.json: ")


def test_a_lone_surrogate_is_kept():
    one = take(body={"text": "\ud800"})
    assert read_take(write_take(one), "x").response.body == {"text": "\ud800"}


@pytest.mark.parametrize(
    ("tail", "ended"),
    [
        (b"data: [DONE]\n\n", True),
        (b"data:[DONE]\r\n\r\n", True),
        (b"event: message_stop\ndata: {}\n\n", True),
        (b'data: {"text":"data: [DONE]"}\n\n', False),
        (b"data: {}\n\n", False),
        (b"", False),
    ],
)
def test_a_stream_is_ended_by_an_event_that_says_so(tail, ended):
    chunks = [Chunk(b'data: {"a":1}\n\n', 0.0), *(Chunk(tail[n : n + 3], 1.0) for n in range(0, len(tail), 3))]
    assert is_ended(chunks) is ended


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "deflate-raw", "gzip, deflate"])
def test_content_encodings_are_undone_chunk_by_chunk(encoding):
    import gzip
    import zlib

    plain = b"data: 1\n\n" * 50
    packed = {
        "gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain),
        "deflate-raw": zlib.compress(plain)[2:-4],
        "gzip, deflate": zlib.compress(gzip.compress(plain)),
    }[encoding]
    found = decode_chunks(encoding.removesuffix("-raw"), [packed[n : n + 7] for n in range(0, len(packed), 7)])
    assert found is not None
    assert b"".join(found) == plain
    assert len(found) == -(-len(packed) // 7)


def test_what_is_not_in_its_encoding_or_in_none_known_is_not_decoded():
    assert decode_chunks("gzip", [b"plain"]) is None
    assert decode_chunks("x-unheard-of", [b"plain"]) is None
    assert decode_stored(b"\x1f\x8bbroken") == b"\x1f\x8bbroken"
