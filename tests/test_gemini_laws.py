"""Laws of what Gemini writes, held by hypothesis: streams and JSON agree in all forms, and all validates."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import httpx
import pytest
from google.genai import types
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from llm_intercept import InterceptTransport, Reply, raw, reasoning, refusal, structured, tool_call
from llm_intercept.dialects.google_gemini.accumulate import accumulated
from llm_intercept.dialects.google_gemini.raw import replies
from llm_intercept.dialects.google_gemini.token_counts import read_usage
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model import Citation, Media, Other
from tests.amounts import examples
from tests.support import GEMINI, VERTEX_GEMINI, contents

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
CALLS = st.builds(tool_call, st.sampled_from("fg"), st.dictionaries(TEXT, TEXT | st.integers(-9, 9), max_size=3))
OWN = st.sampled_from(
    [
        Other("executableCode", {"language": "PYTHON", "code": "1 + 1"}),
        Other("codeExecutionResult", {"outcome": "OUTCOME_OK", "output": "2"}),
        Other("groundingMetadata", {"groundingChunks": [{"web": {"uri": "https://a.example", "title": "a"}}]}),
    ]
)
PART = st.one_of(
    TEXT,
    CALLS,
    st.builds(reasoning, TEXT.filter(bool), signature=st.sampled_from(["", "c2lnbmVk"])),
    st.builds(Citation, TEXT, TEXT, st.integers(0, 20), st.integers(0, 60)),
    OWN,
    st.just(Media("image", data="AAAA")),
)
ONE = st.one_of(
    st.lists(PART, max_size=4).map(lambda parts: Reply(*parts)),
    st.builds(lambda deltas: Reply(deltas=deltas), st.lists(TEXT, max_size=5)),
    st.builds(refusal, TEXT.filter(bool)),
    st.builds(structured, st.dictionaries(TEXT, TEXT, max_size=3)),
    st.builds(lambda several: Reply(variants=several), st.lists(TEXT, min_size=1, max_size=3)),
    st.builds(lambda why: Reply("x", finish_reason=why), st.sampled_from(["length", "RECITATION", "content_filter"])),
)
MODELS = st.sampled_from(["gemini-2.0-flash", "gemini-2.5-flash", "gemini-2.5-pro", "gemini-3.5-flash", "own-model"])
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "maxOutputTokens": st.integers(1, 24),
        "stopSequences": st.lists(TEXT.filter(bool), max_size=2),
        "candidateCount": st.integers(1, 3),
        "thinkingConfig": st.sampled_from([{"includeThoughts": True}, {"thinkingBudget": 0}]),
    },
)
TOOLS = st.sampled_from([[], [{"googleSearch": {}}], [{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}]])
LAW = settings(max_examples=examples(90), deadline=None, suppress_health_check=[HealthCheck.too_slow])
OF_THE_SHAPE = ("finishMessage", "avgLogprobs")
"""What only a JSON answer tells of a candidate, or only some."""


def ask(reply: Any, method: str, url: str = GEMINI, **body: Any) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(f"{url}:{method}", json={**contents("hello there"), **body})


def said(body: dict[str, Any]) -> dict[str, Any]:
    """What an answer says in whichever shape."""
    kept = dict(body)
    for candidate in kept.get("candidates", []):
        for name in OF_THE_SHAPE:
            if name == "avgLogprobs" or candidate.get("finishReason") == "STOP":
                candidate.pop(name, None)
    return kept


@LAW
@given(ONE, MODELS, CONFIG, TOOLS, st.sampled_from([GEMINI, VERTEX_GEMINI]))
@example(Reply(reasoning("0:")), "gemini-3.5-flash", {"maxOutputTokens": 1}, [], GEMINI)
def test_streams_and_body_agree_and_validate(reply: Reply, model: str, config: Any, tools: Any, url: str) -> None:
    """Added up, both forms of a stream are the JSON answer; each chunk validates, and so does the body.

    Each chunk has a usage and the answer's id; the id tells the moment that Vertex AI says beside it; the tokens add up.
    """
    where = url.replace("gemini-2.5-flash", model)
    asked = {"generationConfig": config, "tools": tools}
    body = ask(reply, "generateContent", where, **asked).json()
    sent = ask(reply, "streamGenerateContent?alt=sse", where, **asked)
    events, array = stream_data(sent.content), ask(reply, "streamGenerateContent", where, **asked).json()
    assert array == events
    assert said(accumulated(events)) == said(json.loads(json.dumps(body)))
    assert sent.headers["content-type"] == "text/event-stream"
    assert re.fullmatch(rb"(?:data: [^\r\n]*\r\n\r\n)+", sent.content)
    for one in (body, *events):
        validate(one)
        assert (one["responseId"], one["modelVersion"]) == (body["responseId"], model)
        assert one["usageMetadata"]
    assert_counted(body["usageMetadata"])
    if url == VERTEX_GEMINI:
        seconds = int.from_bytes(base64.urlsafe_b64decode(body["responseId"][:8])[:4], "little")
        moment = types.GenerateContentResponse.model_validate(body).create_time
        assert moment is not None
        assert moment.timestamp() // 1 == seconds


def validate(body: dict[str, Any]) -> None:
    """Hold an answer against the SDK's models, which forbid what they do not know, and know no service tier."""
    usage = {name: value for name, value in body["usageMetadata"].items() if name != "serviceTier"}
    types.GenerateContentResponse.model_validate({**body, "usageMetadata": usage})


def assert_counted(usage: dict[str, Any]) -> None:
    parts = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount")
    assert usage["totalTokenCount"] == sum(usage.get(name, 0) for name in parts)
    assert sum(one["tokenCount"] for one in usage["promptTokensDetails"]) == usage["promptTokenCount"]
    read = read_usage([{"usageMetadata": usage}])
    assert read is not None
    assert read.total_tokens == usage["totalTokenCount"]


@LAW
@given(ONE, MODELS)
def test_an_answer_that_is_given_back_is_the_same(reply: Reply, model: str) -> None:
    """Read back into replies and answered with, an answer says what it said."""
    where = GEMINI.replace("gemini-2.5-flash", model)
    asked = {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}
    body = ask(reply, "generateContent", where, **asked).json()
    (read,) = replies([body])
    again = ask(read.replaced(usage=read_usage([body])), "generateContent", where, **asked).json()
    assert again["candidates"] == body["candidates"]


@LAW
@given(ONE, st.sampled_from(["generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent"]), MODELS)
def test_a_ready_answer_comes_in_every_shape(reply: Reply, method: str, model: str) -> None:
    """Given as its JSON, its chunks or its bytes, an answer is given in the shape that is asked for."""
    where = GEMINI.replace("gemini-2.5-flash", model)
    sources = [
        ask(reply, one, where) for one in ("generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent")
    ]
    wanted = said(accumulated(stream_data(sources[1].content)))
    for source in sources:
        forms: list[Any] = [source.content]
        forms += [] if "event" in source.headers["content-type"] else [source.json()]
        for form in forms:
            response = ask(raw(form), method, where)
            if method == "generateContent":
                whole = response.json()
            else:
                whole = accumulated(
                    response.json() if method == "streamGenerateContent" else stream_data(response.content)
                )
            assert said(whole) == wanted


@pytest.mark.parametrize("content", [{"parts": None, "role": "model"}, {"role": "model"}, {"parts": "x"}])
def test_a_body_that_is_none_of_googles_is_added_up_all_the_same(content: Any) -> None:
    """A content without parts, or with none that can be read, says nothing."""
    (told,) = accumulated([{"candidates": [{"content": content}]}])["candidates"]
    assert told["content"].get("parts", []) == []


@pytest.mark.parametrize("text", ["", "word", "two words", "a text of more words than the first chunk has in all"])
def test_a_text_comes_in_some_chunks(text: str) -> None:
    """The first of some tokens, each later one of more; a text is never cut where nothing is."""
    events = stream_data(ask(text, "streamGenerateContent?alt=sse").content)
    told = [one["candidates"][0]["content"]["parts"][0]["text"] for one in events]
    assert "".join(told) == text
    assert len(told) == max(1, -(-(max(len(text.split()), 1) - 4) // 12) + 1)
    assert [one["candidates"][0].get("finishReason") for one in events] == [None] * (len(told) - 1) + ["STOP"]
