"""What prompts and answers of OpenAI's APIs cost beside their texts, as docs/wire.md 2.4 counts it."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, Reply, tool_call
from llm_intercept.base.media_sizes import pages, picture_size, sound_seconds
from llm_intercept.dialects.openai.declared import declared
from llm_intercept.dialects.openai.media_tokens import picture_tokens
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.shared.ready import stream_data
from tests.support import URL

RESPONSES = "https://api.openai.com/v1/responses"
TOOL = {
    "name": "get_weather",
    "description": "Weather at a place",
    "parameters": {
        "type": "object",
        "properties": {
            "place": {"type": "string", "description": "where"},
            "days": {"type": "integer"},
            "unit": {"enum": ["c", "f"]},
            "at": {"type": "object", "properties": {"lat": {"type": "number", "description": "unsaid"}}},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["place"],
    },
}

DECLARED = """namespace functions {

// Weather at a place
type get_weather = (_: {
// where
place: string,
days?: number,
unit?: "c" | "f",
at?: {
  lat?: number,
},
tags?: string[],
}) => any;

type now = () => any;

} // namespace functions"""


class Letters:
    """A tokenizer that makes each character a token, so that a test can say what is counted."""

    def split(self, text: str, model: str) -> list[str]:
        del model
        return list(text)


def used(reply: Any, url: str = URL, **asked: Any) -> tuple[int, int]:
    """Return the tokens of the prompt and of the answer."""
    said: dict[str, Any] = {"input": "hi"} if url == RESPONSES else {"messages": [{"role": "user", "content": "hi"}]}
    transport = InterceptTransport(reply, tokenizer=Letters(), validate="off")
    with transport, httpx.Client(transport=transport) as client:
        response = client.post(url, json={"model": "gpt-4o", **said, **asked})
        assert response.status_code == 200, response.text
        usage = transport.calls[-1].usage
    assert usage is not None
    return usage.input_tokens, usage.output_tokens


def offered(url: str) -> list[dict[str, Any]]:
    """Return a tool as an API is offered it."""
    return [{"type": "function", **TOOL}] if url == RESPONSES else [{"type": "function", "function": TOOL}]


def test_functions_are_declared_in_typescript():
    """Described at the top, typed, optional where they are not required."""
    assert declared([TOOL, {"name": "now"}]) == DECLARED


@pytest.mark.parametrize(
    "odd",
    [{}, {"parameters": 3}, {"name": 3, "parameters": {"properties": {"a": 1}}}, {"parameters": {"properties": []}}],
)
def test_any_function_is_declared(odd):
    """A request may hold any JSON."""
    assert declared([odd]).startswith("namespace functions {")


@pytest.mark.parametrize(
    ("url", "model", "system", "tokens"),
    [
        (URL, "gpt-4o", False, 9),
        (URL, "gpt-4o", True, 5),
        (URL, "gpt-5-mini", True, 90),
        (URL, "gpt-5.4", True, 9),
        (RESPONSES, "gpt-4o", False, 3),
        (RESPONSES, "gpt-5.4", False, 9),
        (RESPONSES, "o4-mini", False, 6),
    ],
)
def test_tools_cost_their_declaration(url, model, system, tokens):
    """And what the family adds to it."""
    asked: dict[str, Any] = {"model": model}
    if system:
        asked["messages"] = [{"role": "system", "content": "x"}, {"role": "user", "content": "hi"}]
    without, _ = used("hi", url, **asked)
    with_tools, _ = used("hi", url, tools=offered(url), **asked)
    assert with_tools - without == len(declared([TOOL])) + tokens


def test_a_prompt_of_a_reasoning_model_costs_one_less():
    """Of gpt-5 and the o's (docs/wire.md 2.4)."""
    prompts = {model: used("hi", model=model)[0] for model in ("gpt-4o", "gpt-5-mini", "gpt-5.4", "o3-mini")}
    assert prompts == {"gpt-4o": 9, "gpt-5-mini": 8, "gpt-5.4": 8, "o3-mini": 8}


@pytest.mark.parametrize("url", [URL, RESPONSES])
def test_a_schema_costs_its_compact_json(url):
    """But for what it says of further fields."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
    named = {"type": "json_schema", "name": "A", "schema": schema}
    nested = {"type": "json_schema", "json_schema": {"name": "A", "schema": schema}}
    asked: dict[str, Any] = {"text": {"format": named}} if url == RESPONSES else {"response_format": nested}
    without, with_schema = used("{}", url)[0], used("{}", url, **asked)[0]
    assert with_schema - without == len('{"type":"object","properties":{"a":{"type":"string"}}}') + 1


CALLS = [tool_call("get_weather", place="Oslo"), tool_call("get_weather", place="Rome"), tool_call("now")]
ARGUMENTS = [len(call.arguments) for call in CALLS]
NAMED: dict[str, Any] = {"type": "function", "function": {"name": "get_weather"}}


@pytest.mark.parametrize(
    ("model", "calls", "choice", "beside"),
    [
        ("gpt-4o", 1, None, 11 + 7),
        ("gpt-4-0613", 1, None, 11 + 4),
        ("gpt-5.4", 1, None, 11 + 10),
        ("gpt-5-mini", 1, None, 11 + 16),
        ("o4-mini", 1, None, 11 + 16),
        ("gpt-4o", 1, NAMED, 0),
        ("gpt-4o", 2, None, 22 + 16 + 6 * 2),
        ("gpt-4o", 3, None, 25 + 16 + 6 * 3),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_calls_cost_more_than_they_say(model, calls, choice, beside, stream):
    """Beside the arguments: names and what the family adds; nothing where the request names the tool."""
    tools = [*offered(URL), {"type": "function", "function": {"name": "now"}}]
    asked: dict[str, Any] = {"model": model, "tools": tools, "stream": stream}
    if choice is not None:
        asked["tool_choice"] = choice
    reply = Reply(tool_calls=CALLS[:calls])
    with InterceptTransport(reply, tokenizer=Letters()) as transport, httpx.Client(transport=transport) as client:
        response = client.post(URL, json={"messages": [{"role": "user", "content": "hi"}], **asked})
        usage = transport.calls[-1].usage
    body = accumulated(stream_data(response.content)) if stream else response.json()
    assert usage is not None
    told = [call["function"]["arguments"] for call in body["choices"][0]["message"]["tool_calls"]]
    assert usage.output_tokens == sum(map(len, told)) + beside


@pytest.mark.parametrize(
    ("model", "asked", "beside"),
    [
        ("gpt-4o", {}, 0),
        ("gpt-4o", {"tools": offered(URL)}, 1),
        ("gpt-4o", {"tools": offered(URL), "response_format": {"type": "json_schema", "json_schema": {}}}, 5),
        ("gpt-5-mini", {}, 9),
        ("gpt-5.4", {}, 3),
        ("gpt-5.4", {"response_format": {"type": "json_schema", "json_schema": {}}}, 7),
        ("o4-mini", {}, 12),
        ("o3-mini", {}, 10),
    ],
)
def test_a_text_costs_more_than_it_says(model, asked, beside):
    """By the family, and whether tools are offered or a schema is asked for."""
    assert used("{}", model=model, **asked)[1] == 2 + beside


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        # OpenAI's guide, "Images and vision", has these examples.
        ("gpt-4o", (1024, 1024), 765),
        ("gpt-4o", (2048, 4096), 1105),
        ("gpt-4o-mini", (1024, 1024), 2833 + 4 * 5667),
        ("gpt-5", (1024, 1024), 70 + 4 * 140),
        ("o1", (512, 512), 75 + 150),
        ("gpt-4.1-nano", (1024, 1024), 2520),
        ("gpt-4.1-mini", (1800, 2400), 2353),
        ("o4-mini", (32, 32), 2),
        ("gpt-5-mini", (1024, 1024), 1229),
        ("maker/gpt-4o", (1, 100_000), 85 + 170 * 4),
    ],
)
def test_a_picture_costs_its_tiles_or_patches(model, size, tokens):
    """As the guide counts them."""
    assert picture_tokens(size, model.rpartition("/")[2]) == tokens


def test_low_detail_costs_the_base_alone():
    """Whatever the size; models that count patches do not ask."""
    assert picture_tokens((4000, 4000), "gpt-4o", is_low=True) == 85
    assert picture_tokens((64, 64), "gpt-4.1-mini", is_low=True) == 7


def in_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


PNG = in_base64(b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480) + b"\x08\x02\0\0\0")
JPEG = in_base64(
    b"\xff\xd8\xff\xe0"
    + struct.pack(">H", 16)
    + b"JFIF".ljust(14, b"\0")
    + b"\xff\xc2\0\x11\x08"
    + struct.pack(">HH", 480, 640)
)
PICTURES = {
    "png": PNG,
    "gif": in_base64(b"GIF89a" + struct.pack("<HH", 640, 480)),
    "jpeg": JPEG,
    "webp": in_base64(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 640, 480)),
    "lossless webp": in_base64(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 639 | 479 << 14)),
    "extended webp": in_base64(b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\x7f\x02\0" + b"\xdf\x01\0"),
}


@pytest.mark.parametrize("data", PICTURES.values(), ids=PICTURES)
def test_a_pictures_head_says_its_size(data):
    """Also where the base64 is a URL's, and nothing at all where the head is cut."""
    assert picture_size(data) == (640, 480)
    assert picture_size(data.replace("+", "-").replace("/", "_").rstrip("=")) == (640, 480)
    assert {picture_size(data[:end]) for end in range(len(data))} <= {None, (640, 480)}


@pytest.mark.parametrize("data", ["", "é", "<133852 chars>", "====", "a", in_base64(b"\xff\xd8\xff\xff"), "A" * 50])
def test_what_is_no_picture_has_no_size(data):
    """And no length, and is a page."""
    assert picture_size(data) is None
    assert sound_seconds(data) is None
    assert pages(data) == 1


def wav(seconds: float, rate: int = 16_000) -> str:
    size = int(seconds * rate * 2)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", size + 36, b"WAVE", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16, b"data", size
    )
    return in_base64(head + bytes(size))


def test_a_sound_costs_by_the_second():
    """Ten tokens each (docs/wire.md 2.4), and four for being one."""
    said = {"type": "input_audio", "input_audio": {"data": wav(2.0), "format": "wav"}}
    content: Any = [{"type": "text", "text": "hi"}, said]
    with_sound = used("hi", model="gpt-4o-audio-preview", messages=[{"role": "user", "content": content}])[0]
    assert with_sound - used("hi", model="gpt-4o-audio-preview")[0] == 24
    mp3 = in_base64(b"\xff\xfb\x90\x00" + bytes(16_000 - 4))  # 128 kbit/s
    assert sound_seconds(mp3) == pytest.approx(1.0, abs=0.01)


def test_a_file_costs_its_text_or_its_pages():
    """A text is read; of a PDF each page is looked at."""
    text = {"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64," + in_base64(b"four")}}
    pdf = in_base64(b"%PDF-1.3\n/Type /Pages\n/Type /Page\n/Type/Page " + zlib.compress(b"x"))
    printed = {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64," + pdf}}
    costs = [used("hi", messages=[{"role": "user", "content": [one]}])[0] for one in (text, printed)]
    assert costs == [7 + 12 + 5 + 4, 7 + 12 + 5 + 2 * 765]


@pytest.mark.parametrize(("calls", "tokens"), [(1, 5), (2, 18 + 12), (3, 18 + 18)])
def test_calls_told_in_a_prompt_cost_what_they_cost_when_made(calls, tokens):
    """In company more than alone (docs/wire.md 2.4)."""
    told = [
        {"type": "function", "id": f"c{n}", "function": {"name": call.name, "arguments": call.arguments}}
        for n, call in enumerate(CALLS[:calls])
    ]
    asked = {"role": "user", "content": "hi"}
    without = used("hi", messages=[asked, {"role": "assistant", "content": ""}])[0]
    with_calls = used("hi", messages=[asked, {"role": "assistant", "content": "", "tool_calls": told}])[0]
    assert with_calls - without == sum(ARGUMENTS[:calls]) + sum(len(call.name) for call in CALLS[:calls]) + tokens
