"""A take is one JSON file that people read; its bytes are the answer's, and a damaged one is named."""

from __future__ import annotations

import itertools
import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept.base.framings import SSE as EVENTS
from llm_intercept.dialects import OPAQUE
from llm_intercept.recording.bodies import (
    LAYOUTS,
    Chunk,
    content_of,
    event_bytes,
    last_event,
    lay_out,
    response_of,
)
from llm_intercept.recording.encodings import EncodedError, decode_chunks, decode_stored
from llm_intercept.recording.json_writer import compact, indented, spaced
from llm_intercept.recording.take import (
    DamagedTakeError,
    Take,
    TakeRequest,
    TakeResponse,
    document_of,
    read_take,
    write_take,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)
NUMBERS = st.floats() | st.floats(-1e-3, 1e-3) | st.floats(1e14, 1e18) | st.integers()
FRAME = re.compile(rb".*?(?:\r?\n\r?\n|\r\r)", re.DOTALL)
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
        (b"", "it is empty"),
        (b"[]", "no version"),
        (b'{"version": 2}', "version 2, and this llm-intercept reads version 1"),
        (b'{"version": 1}', "fingerprint is wrong"),
        (write_take(take()).replace(b'"status": 200', b'"status": 20000'), "response.status is wrong"),
        (write_take(take()).replace(b'"status"', b'"stauts"'), "response.status is wrong"),
        (write_take(take()).replace(b'"https://', b'"https://['), "request.url is wrong: Invalid IPv6 URL"),
        (write_take(take()).replace(b'"https://', b'"https://h.test/\\ud800'), "request.url is wrong: 'utf-8' codec"),
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
        (b'data: {"text":"data: [DONE]"}\n\n', False),
        (b"data: {}\n\n", False),
        (b"", False),
    ],
)
def test_a_stream_is_ended_by_an_event_that_says_so(tail, ended):
    chunks = [Chunk(b'data: {"a":1}\n\n', 0.0), *(Chunk(tail[n : n + 3], 1.0) for n in range(0, len(tail), 3))]
    assert OPAQUE.grammar.is_last(last_event(chunks, EVENTS)) is ended


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
    for encoding, why in (("gzip", "is said to be gzip and is not"), ("x-unheard-of", "is not known")):
        with pytest.raises(EncodedError, match=why):
            decode_chunks(encoding, [b"plain"])
    with pytest.raises(EncodedError, match="is said to be gzip and is not"):
        decode_stored(b"\x1f\x8bbroken")


def python_writes(value, **options):
    return json.dumps(value, ensure_ascii=False, **options)


@given(st.lists(VALUES | NUMBERS, max_size=3), st.sampled_from([2, 4]))
def test_json_is_written_as_python_writes_it(values, indent):
    assert compact(values) == [python_writes(value, separators=(",", ":")) for value in values]
    assert spaced(values) == [python_writes(value) for value in values]
    for value in values:
        assert indented(value, indent) == python_writes(value, indent=indent)


def cut_while_it_comes(chunks):
    """Cut a stream into its events, each with the gap before it, chunk by chunk."""
    events, rest, before = [], b"", chunks[0].at_ms if chunks else 0.0
    for chunk in chunks:
        found = [frame.group() for frame in FRAME.finditer(rest + chunk.content)]
        rest = (rest + chunk.content)[sum(map(len, found)) :]
        for frame in found:
            events.append((frame, max(0, round(chunk.at_ms - before))))
            before = chunk.at_ms
    return [*events, (rest, max(0, round(chunks[-1].at_ms - before)))] if rest else events


@given(
    st.lists(st.sampled_from(["data: {}", "data: [DONE]", 'data: {"a":1}', "\n", "\r", "\n\n", "\r\n\r\n", "é"])).map(
        "".join
    ),
    st.lists(st.integers(0, 60), max_size=12),
    st.lists(st.integers(0, 900), min_size=13, max_size=13),
)
def test_a_stream_is_cut_at_its_end_as_it_is_cut_while_it_comes(text, places, times):
    content = text.encode()
    ends = sorted({min(place, len(content)) for place in places} | {0, len(content)})
    pieces = [content[begin:end] for begin, end in pairwise(ends)]
    chunks = [Chunk(piece, float(at)) for piece, at in zip(pieces, sorted(times), strict=False)]
    kept = response_of(200, SSE, chunks).events
    assert [(event_bytes(event, EVENTS), event.gap_ms) for event in kept] == cut_while_it_comes(chunks)


@given(
    st.lists(st.sampled_from(['{"a":[1', '{}]},{"b":2}', '{"a":1}', '{"a": 1}', '{"a":1},{"b":2}', '{"a":1e-7}', "{"]))
)
def test_an_event_is_kept_as_json_just_where_compact_json_says_it_again(said):
    content = "".join(f"data: {one}\n\n" for one in said).encode()
    events = response_of(200, SSE, [Chunk(content, 0.0)] if content else []).events
    assert [event.data for event in events] == [{"a": 1} if one == '{"a":1}' else None for one in said]
    assert b"".join(event_bytes(event, EVENTS) for event in events) == content


@given(VALUES, st.sampled_from(["body", "text", "events"]))
def test_the_document_of_a_take_is_all_that_is_not_by_default(value, field):
    events = [{"gap_ms": 0, "data": {"a": value}}, {"gap_ms": 1, "text": "x"}, {"gap_ms": 2}]
    content = {"body": value, "text": "x", "events": events}[field]
    take = Take.model_validate(
        {
            "fingerprint": "0" * 64,
            "request": {"method": "POST", "url": "https://a.test/x", "body": value},
            "response": {"status": 200, "after_ms": 3, field: content},
        }
    )
    expected = {"version": 1, **take.model_dump(exclude_defaults=True)}
    assert python_writes(document_of(take)) == python_writes(expected)


@pytest.mark.parametrize("value", ["abc", {"type": "array"}, ["a"], [], [{"a": 1}, [2]], 5])
def test_a_field_that_is_named_events_is_kept_whatever_it_is(value):
    body = {"model": "m", "events": value, "tools": [{"properties": {"events": value}}]}
    for response in ({"body": body}, {"events": ({"gap_ms": 1, "data": body},)}):
        made = take(**response)
        made = made.model_copy(update={"request": made.request.model_copy(update={"body": body})})
        assert read_take(write_take(made), "x") == made


TAKE = f'{{"version":1,"fingerprint":"{"0" * 64}","request":{{"method":"POST","url":"u"}},"response":{{"status":200'


@pytest.mark.parametrize("text", ['{"a":1}', '"\\ud83d"', "[" * 320 + "]" * 320, '{"a":1,"a":2}', "NaN", "1e400", "-0"])
def test_a_take_is_read_as_python_reads_json(text):
    content = TAKE + f',"body":{text}}}}}'
    assert repr(read_take(content.encode(), "x").response.body) == repr(json.loads(text))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_take_in_another_unicode_encoding_is_read(encoding):
    assert read_take((TAKE + "}}").encode(encoding), "x").response.status == 200
