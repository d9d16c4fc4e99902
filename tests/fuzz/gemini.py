"""Gemini as clients, servers and users write it: requests, ready answers and parts of any kind."""

from __future__ import annotations

import json
from typing import Any

import httpx
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, Reply, auto, raw, tool_call
from llm_intercept.dialects.google_gemini import grammar
from llm_intercept.dialects.google_gemini.openapi_schemas import json_schema
from llm_intercept.dialects.google_gemini.raw import replies
from llm_intercept.dialects.google_gemini.recorded import RECORDED
from llm_intercept.errors import LLMInterceptError
from tests.fuzz.odd import ODD, altered, changed, dumped
from tests.fuzz.requests import told
from tests.fuzz.target import clear, target

HOSTS = (
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash",
    "https://generativelanguage.googleapis.com/v1/models/gemini-3.5-flash",
    "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/google/models/gemini-2.0-flash",
)
METHODS = ("generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent", "countTokens", "embedContent",
           "batchEmbedContents", "predict")  # fmt: skip
SCHEMA: dict[str, Any] = {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": True}, "b": {"type": "ARRAY",
    "items": {"anyOf": [{"type": "INTEGER"}]}, "minItems": "1"}}, "required": ["a"], "propertyOrdering": ["a"]}  # fmt: skip
ASKED: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "s"}]},
    "contents": [
        {"role": "user", "parts": [{"text": "hi"}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]},
        {"role": "model", "parts": [{"text": "t", "thought": True}, {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "id": "1", "response": {"result": "42"}}}]},
    ],
    "tools": [{"functionDeclarations": [{"name": "f", "parameters": SCHEMA}]}, {"googleSearch": {}}],
    "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
    "generationConfig": {"maxOutputTokens": 9, "stopSequences": ["x"], "candidateCount": 2, "responseMimeType": "application/json",
                         "responseSchema": SCHEMA, "thinkingConfig": {"includeThoughts": True, "thinkingBudget": 1}},
    "safetySettings": [],
}  # fmt: skip
PLAIN = {"contents": [{"parts": [{"text": "hi"}]}]}
EMBED = {"content": {"parts": [{"text": "a"}]}, "outputDimensionality": 3}
SEEDS = (PLAIN, ASKED, {**ASKED, "toolConfig": {}}, {"generateContentRequest": PLAIN}, EMBED, {"requests": [EMBED]},
         {"instances": [{"content": "a"}], "parameters": {"outputDimensionality": 3}})  # fmt: skip
CANDIDATE: dict[str, Any] = {
    "content": {"parts": [{"text": "a"}, {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"}], "role": "model"},
    "finishReason": "STOP", "index": 0, "groundingMetadata": {"groundingChunks": [{"web": {"uri": "u"}}]},
    "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}],
}  # fmt: skip
USED = {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1}]}  # fmt: skip
WHOLE: dict[str, Any] = {"candidates": [CANDIDATE], "usageMetadata": USED, "modelVersion": "m", "responseId": "r"}
BLOCKED: dict[str, Any] = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": USED}
OWN: list[Any] = [
    {"type": "executableCode", "language": "PYTHON", "code": "1"}, {"type": "groundingMetadata", "groundingChunks": []},
    {"type": "safetyRatings", "safetyRatings": []}, {"type": "promptFeedback", "blockReason": "OTHER"}, {"type": "usageMetadata", "a": 1},
]  # fmt: skip


def streamed(chunks: list[Any], end: bytes) -> bytes:
    """Write chunks as a stream."""
    return b"".join(b"data: " + dumped(one) + end for one in chunks)


MANY = changed(
    [[WHOLE, {**WHOLE, "candidates": [{"index": 0, "content": {"parts": [{"text": "b"}]}}]}, BLOCKED]]
).filter(lambda one: isinstance(one, list))
BODIES = (
    MANY
    | changed([WHOLE, BLOCKED, CANDIDATE, CANDIDATE["content"]])
    | altered(st.builds(streamed, MANY, st.sampled_from([b"\n\n", b"\r\n\r\n"])))
    | altered(changed([WHOLE, [WHOLE, WHOLE]]).map(dumped))
)
URLS = st.builds(lambda host, method: f"{host}:{method}", st.sampled_from(HOSTS), st.sampled_from(METHODS))
REPLIES = st.sampled_from(["text", "auto", "call"])


@target(st.tuples(URLS, altered(changed(SEEDS).map(dumped)) | changed(SEEDS).map(dumped), REPLIES))
def any_question_is_answered(given: Any) -> None:
    """It is refused in Google's words or in ours, or answered by JSON that is JSON, or by events."""
    url, body, kind = given
    llm = Interceptor(all_used=False)
    llm.on(api="google.gemini").reply(
        {"text": Reply("Some words."), "auto": auto(), "call": tool_call("f", a="b")}[kind]
    )
    with clear():
        inner = httpx.MockTransport(lambda _: httpx.Response(200, json={}))
        with httpx.Client(transport=InterceptTransport(inner=inner, interceptor=llm)) as client:
            answer = client.post(url, content=body)
        if "json" in answer.headers.get("content-type", ""):
            answer.json()
    told(llm)


@target(st.tuples(BODIES, URLS))
def what_is_ready_is_given_in_any_shape(given: Any) -> None:
    """It is refused in words, or answers whole, as events and as an array."""
    body, url = given
    llm = Interceptor(all_used=False)
    with clear():
        llm.on(api="google.gemini").reply(raw(body))
    with clear():
        with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
            answer = client.post(url, json=PLAIN)
        if not isinstance(body, bytes) and "json" in answer.headers["content-type"]:
            answer.json()
    told(llm)


@target(st.tuples(st.lists(changed(OWN), max_size=3), changed([PLAIN, ASKED]), URLS))
def a_part_is_told_whatever_is_in_it(given: Any) -> None:
    """Parts of Google's own are refused in words, or are the same in all shapes."""
    several, body, url = given
    try:
        reply = Reply("x", *several)
    except LLMInterceptError:
        return
    llm = Interceptor(all_used=False)
    llm.on(api="google.gemini").reply(reply)
    with clear(), httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
        assert client.post(url, content=dumped(body)).status_code in range(100, 600)
    told(llm)


@target(st.tuples(BODIES, ODD))
def any_answer_is_read(given: Any) -> None:
    """Whatever an answer or a chunk holds, the grammar says what it is for, and what can be read back is."""
    body, value = given
    content = body if isinstance(body, bytes) else dumped(body)
    for event in (content, *content.split(b"\n\n"), b"data: " + dumped(value) + b"\n\n"):
        assert isinstance(grammar.kind(event), str)
        assert isinstance(grammar.halve_arguments(event), bytes)
    for values in (body if isinstance(body, list) else [value], [value]):
        assert isinstance(replies(values), tuple)
        _ = (
            RECORDED.usage(values),
            RECORDED.last_user(value),
            RECORDED.roles(value),
            json_schema(value),
            json.dumps(value),
        )
