"""Requests that the API would refuse get its 400: its words, `param` and `code` (`validate=`).

Run as a module it prints the figures of the recorded requests: `python -m tests.test_validation`.
"""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import Interceptor, InterceptTransport, intercept
from llm_intercept.server import app
from tests.amounts import amount
from tests.recorded import needs_recordings, recorded_in
from tests.served import ask

if TYPE_CHECKING:
    from llm_intercept.settings import Validation
    from tests.recorded import Exchange

KEYS = {"authorization": "Bearer k", "x-api-key": "k", "x-goog-api-key": "k", "anthropic-version": "2023-06-01"}
CHAT = "https://api.openai.com/v1/chat/completions"
COMPATIBLE = "https://api.groq.com/openai/v1/chat/completions"
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ANSWER = {"role": "tool", "tool_call_id": "call_1", "content": "4"}
USER = {"role": "user", "content": "hi"}
LOOSE = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
PARTIAL = {**LOOSE, "required": [], "additionalProperties": False}
NESTED = {**LOOSE, "properties": {"a": {"type": "array", "items": LOOSE}}, "additionalProperties": False}


def image(url: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}


def formatted(schema: Any) -> dict[str, Any]:
    described = {"name": "answer", "strict": True, "schema": schema}
    return {"response_format": {"type": "json_schema", "json_schema": described}}


def offered(name: str, **more: Any) -> dict[str, Any]:
    return {"tools": [{"type": "function", "function": {"name": name, **more}}]}


IMAGE_URL = "messages[0].content[0].image_url.url"
REFUSED: list[tuple[dict[str, Any], str | None, str | None, str]] = [
    # what is asked, the `param`, the `code`, some of the message
    ({"messages": []}, "messages", "empty_array", "Expected an array with minimum length 1"),
    ({"model": ""}, None, None, "you must provide a model parameter"),
    ({"model": None}, None, None, "you must provide a model parameter"),
    ({"messages": [USER, ANSWER]}, "messages.[1].role", None, "must be a response to a preceeding message"),
    ({"messages": [USER, CALLED]}, "messages", None, "did not have response messages: call_1"),
    ({"messages": [USER, CALLED, USER, ANSWER]}, "messages", None, "did not have response messages: call_1"),
    ({"messages": [CALLED, {**ANSWER, "tool_call_id": "call_2"}]}, "messages", None, "messages: call_1"),
    ({"messages": [{"role": "human", "content": "hi"}]}, "messages[0].role", "invalid_value", "Supported values are"),
    ({"messages": [{"content": "hi"}]}, "messages[0].role", "missing_required_parameter", "messages[0].role"),
    ({"messages": [{"role": "developer"}]}, "messages[0].content", "missing_required_parameter", "content"),
    ({"messages": [{"role": "user"}]}, "messages.[0].content", None, "got null"),
    ({"messages": [USER, {"role": "assistant", "refusal": None}]}, "messages.[1].content", None, "got null"),
    ({"messages": [CALLED, {**ANSWER, "content": None}]}, "messages.[1].content", None, "got null"),
    (
        {"messages": [USER, {"role": "assistant", "content": "hi", "tool_calls": []}]},
        "messages[1].tool_calls",
        "empty_array",
        "minimum length 1",
    ),
    ({"model": "gpt-4o-audio-preview"}, "model", "invalid_value", "either input content or output modality contain"),
    ({"messages": [{"role": "user", "content": None}]}, "messages.[0].content", None, "got null"),
    ({"messages": [{**USER, "name": "Ada Lovelace"}]}, "messages[0].name", "invalid_value", "does not match pattern"),
    (image("cat.png"), "messages[0].content[0].image_url.url", "invalid_value", "Expected a valid URL"),
    (image("data:text/plain;base64,YQ=="), "messages[0].content[0].image_url.url", "invalid_value", "'text/plain'"),
    (image("data:image/png;base64,"), "messages[0].content[0].image_url.url", "invalid_value", "got empty base64-enc"),
    (image("data:image/png,aGk="), "messages[0].content[0].image_url.url", "invalid_value", "the ';base64' separator"),
    (image("data:image/png;base64,data:image/png;base64,aGk="), IMAGE_URL, "invalid_value", "an invalid base64-enc"),
    (
        image("data:image/png;base64,https://x.org/y.png"),
        IMAGE_URL,
        "invalid_value",
        "an invalid base64-encoded value.",
    ),
    (image("data:image/png;base64,aGkh5"), IMAGE_URL, "invalid_value", "an invalid base64-encoded value."),
    ({"temperature": 2.5}, "temperature", "decimal_above_max_value", "<= 2, but got 2.5"),
    ({"temperature": "hot"}, "temperature", "invalid_type", "expected a decimal, but got a string"),
    ({"top_p": -0.5}, "top_p", "decimal_below_min_value", ">= 0"),
    ({"logprobs": 3}, "logprobs", "invalid_type", "expected a boolean"),
    ({"stop": list("abcde")}, "stop", "array_above_max_length", "maximum length 4"),
    ({"model": "o3", "max_tokens": 9}, "max_tokens", "unsupported_parameter", "Use 'max_completion_tokens'"),
    ({"model": "gpt-5-mini-2025-08-07", "max_tokens": 9}, "max_tokens", "unsupported_parameter", "not supported"),
    ({"model": "gpt-5", "temperature": 0}, "temperature", "unsupported_value", "does not support 0 with this model"),
    ({"model": "gpt-4o-search-preview", "temperature": 0}, None, None, "request argument supplied: temperature"),
    (
        {"model": "gpt-4o-mini-search-preview-2025-03-11", "top_p": 1, "presence_penalty": 0},
        None,
        None,
        "request arguments supplied: presence_penalty, top_p",
    ),
    (
        {"model": "o3", "parallel_tool_calls": True, **offered("f")},
        "parallel_tool_calls",
        "unsupported_parameter",
        "'parallel_tool_calls' is not supported with this model.",
    ),
    ({"model": "o1-mini", "n": 2}, "n", "unsupported_value", "'n' does not support 2 with this model."),
    ({"model": "o3-mini", "temperature": 1}, "temperature", "unsupported_parameter", "not supported with this model"),
    ({"parallel_tool_calls": True}, "parallel_tool_calls", None, "only allowed when 'tools'"),
    ({"response_format": {"type": "json_object"}}, "messages", None, "must contain the word 'json'"),
    (formatted(LOOSE), "response_format", None, "In context=(), 'additionalProperties' is required"),
    (formatted(PARTIAL), "response_format", None, "Missing 'a'"),
    (formatted(NESTED), "response_format", None, "In context=('properties', 'a', 'items')"),
    (formatted({"type": "array", "items": LOOSE}), "response_format", None, "got 'type: \"array\"'"),
    (offered("get weather"), "tools[0].function.name", "invalid_value", "pattern '^[a-zA-Z0-9_-]+$'"),
    (offered("f" * 65), "tools[0].function.name", "string_above_max_length", "length 65"),
    (
        offered("f", strict=True, parameters=LOOSE),
        "tools[0].function.parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'f': In context=()",
    ),
]
RESPONSES = "https://api.openai.com/v1/responses"
FUNCTION_CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "4"}
ASKED = {"type": "function", "name": "f", "parameters": LOOSE}
CUSTOM_CALL = {"type": "custom_tool_call", "call_id": "call_1", "name": "f", "input": "4"}
CUSTOM_OUTPUT = {"type": "custom_tool_call_output"}
THOUGHT: dict[str, Any] = {"type": "reasoning", "id": "rs_1", "summary": []}
SHOWN_BADLY = {"type": "input_image", "image_url": "data:image/png;base64,{'url': 3}"}


def in_format(**wanted: Any) -> dict[str, Any]:
    return {"text": {"format": wanted}}


OF_RESPONSES: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({"input": [USER, OUTPUT]}, "input", None, "No tool call found for function call output with call_id call_1."),
    ({"input": [USER, FUNCTION_CALL]}, "input", None, "No tool output found for function call call_1."),
    (
        {"input": [USER, {**OUTPUT, **CUSTOM_OUTPUT}]},
        "input",
        None,
        "call found for custom tool call output with call_",
    ),
    ({"input": [USER, CUSTOM_CALL]}, "input", None, "No tool output found for custom tool call call_1."),
    ({"input": [USER, THOUGHT]}, "input", None, "Item 'rs_1' of type 'reasoning' was provided without its required"),
    ({"input": [USER, THOUGHT, USER]}, "input", None, "Item 'rs_1' of type 'reasoning' was provided without its"),
    (
        {"input": [USER, CUSTOM_CALL, {**OUTPUT, **CUSTOM_OUTPUT, "output": [SHOWN_BADLY]}]},
        "input[2].output[0].image_url",
        "invalid_value",
        "an invalid base64-encoded value.",
    ),
    ({"temperature": 3}, "temperature", "decimal_above_max_value", "<= 2"),
    ({"store": "yes"}, "store", "invalid_type", "expected a boolean"),
    ({"model": "o4-mini", "temperature": 0}, "temperature", None, "not supported with this model"),
    (in_format(type="json_object"), "input", None, "must contain the word 'json'"),
    (
        in_format(type="json_schema", name="a", strict=True, schema=LOOSE),
        "text.format.schema",
        "invalid_json_schema",
        "",
    ),
    ({"tools": [{**ASKED, "name": "f g"}]}, "tools[0].name", "invalid_value", "does not match pattern"),
    (
        {"tools": [{**ASKED, "strict": True, "parameters": PARTIAL}]},
        "tools[0].parameters",
        "invalid_function_parameters",
        "Missing 'a'",
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "cat.png"}]}]},
        "input[0].content[0].image_url",
        "invalid_value",
        "Expected a valid URL",
    ),
]
TAKEN_BY_RESPONSES: list[dict[str, Any]] = [
    {"input": [USER, FUNCTION_CALL, OUTPUT]},
    {"input": [USER, THOUGHT, FUNCTION_CALL, OUTPUT]},
    {"input": [USER, THOUGHT, {"id": "msg_1"}, USER]},
    {"input": [{"id": "fc_1"}, OUTPUT]},
    {"input": [USER, THOUGHT, THOUGHT, {"role": "assistant", "content": "hi"}, USER]},
    {"input": [USER, {**THOUGHT, "encrypted_content": "gAAA"}, USER]},
    {"input": [USER, CUSTOM_CALL, {**OUTPUT, **CUSTOM_OUTPUT}]},
    {"input": [{**USER, "content": [{"type": "input_image", "image_url": "data:image/png;base64,aGk="}]}]},
    {"prompt": {"id": "pmpt_1"}, "tool_choice": "required"},
    {"tools": [{**ASKED, "strict": True}], "temperature": 1, "model": "gpt-5"},
    {"input": "Give JSON", **in_format(type="json_object")},
]
MESSAGES = "https://api.anthropic.com/v1/messages"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCA"


def shown(kind: str = "image", within: str = "", **source: Any) -> dict[str, Any]:
    """Show a picture or a document, in an answer of a tool if there is one."""
    part = {"type": kind, "source": {"type": "base64", "media_type": "image/png", "data": PNG, **source}}
    if not within:
        return {"messages": [{"role": "user", "content": [part]}]}
    call = {"type": "tool_use", "id": within, "name": "f", "input": {}}
    result = {"type": "tool_result", "tool_use_id": within, "content": [part]}
    return {"messages": [USER, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]}


THOUGHT_ALONE = {"role": "assistant", "content": [{"type": "thinking", "thinking": "…", "signature": "c2ln"}]}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096}
OF_ANTHROPIC: list[tuple[dict[str, Any], str]] = [
    ({"temperature": 1.5}, "temperature: range: 0..1"),
    ({"top_p": -1}, "top_p: range: 0..1"),
    ({"temperature": -1}, "`temperature` cannot be set to -1 for this model"),
    ({"temperature": None}, "temperature: Input should be a valid number"),
    ({"model": "claude-opus-4-7", "temperature": 0}, "`temperature` is deprecated for this model."),
    ({"model": "claude-sonnet-5", "top_p": 1}, "`top_p` is deprecated for this model."),
    ({"model": "claude-opus-5@20260701", "top_k": 5}, "`top_k` is deprecated for this model."),
    ({"temperature": "0"}, "temperature: Input should be a valid number"),
    ({"stream": "yes"}, "stream: Input should be a valid boolean"),
    (
        {"model": "claude-sonnet-4-5", "temperature": 1, "top_p": 1},
        "`temperature` and `top_p` cannot both be specified",
    ),
    ({**THINKING, "temperature": 0}, "`temperature` may only be set to 1 when thinking is enabled."),
    (
        shown(media_type="image/bmp"),
        "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg'",
    ),
    (shown("document"), "messages.0.content.0.document.source.base64.media_type: Input should be 'application/pdf'"),
    (
        shown("document", media_type="application/pdf", data=""),
        "messages.0.content.0.document.source.base64: PDF cannot",
    ),
    (shown(data="cat.png"), "messages.0.content.0.image.source.base64: invalid base64 data"),
    (
        shown(within="t1", data=f"data:image/png;base64,{PNG}"),
        "messages.2.content.0.tool_result.content.0.image.source.",
    ),
    (shown(data=None), "messages.0.content.0.image.source.base64.data: Field required"),
    (
        shown(media_type="image/jpeg"),
        "messages.0.content.0.image.source.base64: The image was specified using the image",
    ),
    (shown(type="url", data=None), "messages.0.content.0.image.source.url.url: Field required"),
    (
        shown(type="url", url={"url": "https://x.org/y"}, data=None),
        "messages.0.content.0.image.source.url.url: Input should",
    ),
    ({**THINKING, "model": "claude-opus-4-7"}, '"thinking.type.enabled" is not supported for this model. Use'),
    ({"thinking": {"type": "adaptive"}, "model": "claude-haiku-4-5"}, "adaptive thinking is not supported on this mod"),
    (
        {"model": "claude-opus-4-6", "messages": [USER, {"role": "assistant", "content": "{"}]},
        "This model does not support assistant message prefill.",
    ),
    (
        {"messages": [USER, THOUGHT_ALONE, USER]},
        "messages.1: The final block in an assistant message cannot be `thinking`.",
    ),
    (
        {"model": "claude-fable-5", "messages": [USER, {"role": "assistant", "content": "{"}]},
        "This model does not support assistant message prefill.",
    ),
]
TAKEN_BY_ANTHROPIC: list[dict[str, Any]] = [
    {"temperature": 1, "top_p": 0.9, "model": "claude-3-5-haiku-latest", "stream": False},
    {**THINKING, "temperature": 1},
    {"model": "claude-opus-4-8", "temperature": 1},
    {"messages": [USER, THOUGHT_ALONE, {"role": "assistant", "content": "4"}, USER]},
    *({"model": name, "temperature": 0, "top_k": 5} for name in ("claude-opus-4-6", "claude-sonnet-5-5")),
    {**THINKING, "model": "claude-opus-4-6"},
    *({"thinking": {"type": "adaptive"}, "model": name} for name in ("claude-haiku-4-51", "claude-of-tomorrow-7")),
    *({**THINKING, "model": name} for name in ("claude-opus-5-5", "claude-opus-5-mini", "claude-opus-4-70")),
    {"model": "claude-opus-4-10", "max_tokens": 64_001, "temperature": 1, "top_p": 1},
    {"model": "claude-sonnet-4-5", "messages": [USER, {"role": "assistant", "content": "{"}]},
    shown(),
    shown(within="t1"),
    shown(data="<299424 chars>"),
    shown("document", media_type="application/pdf", data="JVBERi0xLjMK"),
    shown("document", type="text", media_type="text/plain", data="any: text"),
    {
        "messages": [
            {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x.org/y"}}]}
        ]
    },
]
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
SAID = {"role": "user", "parts": [{"text": "hi"}]}
CALLS: dict[str, Any] = {"role": "model", "parts": [{"functionCall": {"name": name, "args": {}}} for name in "fg"]}
RESULTS = [{"functionResponse": {"name": name, "response": {"result": 4}}} for name in "fg"]
OF_GOOGLE: list[tuple[dict[str, Any], str]] = [
    ({"contents": [SAID, {"role": "user", "parts": RESULTS}]}, "function response turn comes immediately after a"),
    ({"contents": [SAID, CALLS, {"role": "user", "parts": RESULTS[:1]}]}, "number of function response parts is equal"),
    ({"tools": [{"functionDeclarations": [{"name": "get weather"}]}]}, "Invalid function name."),
]
TAKEN_BY_GOOGLE: list[dict[str, Any]] = [
    {"contents": [SAID, CALLS, {"role": "user", "parts": RESULTS}]},
    {"contents": [SAID, CALLS, *({"role": "function", "parts": [one]} for one in RESULTS)]},
    {"contents": [SAID, CALLS, {"role": "user", "parts": [*RESULTS, {"text": "and?"}]}]},
    {"contents": [SAID, CALLS, SAID]},
    {"tools": [{"function_declarations": [{"name": "get.weather-2"}]}]},
]
TAKEN: list[dict[str, Any]] = [
    # what is near to what is refused, and is not
    {"messages": [USER, CALLED, ANSWER]},
    {"messages": [{**USER, "name": "ada_lovelace"}, {"role": "assistant", "content": ""}, USER]},
    {"messages": [{"role": "developer", "content": "JSON, please"}], "response_format": {"type": "json_object"}},
    image("https://example.org/cat.png"),
    image("data:image/png;base64,aGk="),
    image("data:image/svg+xml;base64,aGk\r\n="),
    image("DATA:image/png;base64,aG_-"),
    image("data:image/png;base64,<299424 chars>"),
    {"messages": [USER, {"role": "assistant", "content": None, "refusal": "No."}, USER]},
    {"model": "gpt-4o-audio-preview", "modalities": ["text", "audio"], "audio": {"voice": "ash", "format": "wav"}},
    {"model": "o3", "max_completion_tokens": 9, "temperature": 1},
    {"model": "gpt-5.1", "temperature": 0.2},
    {"model": "gpt-5", "parallel_tool_calls": False, **offered("f")},
    {"model": "o3", "n": 2},
    {"model": "gpt-5-chat-latest", "max_tokens": 9, "temperature": 0},
    {"model": "ft:gpt-4o:acme", "max_tokens": 9},
    {"temperature": 0, "top_p": 1, "n": 1, "seed": 3, "a_parameter_of_tomorrow": True},
    offered("get-weather_2", parameters=LOOSE),
    formatted({**LOOSE, "additionalProperties": False}),
    formatted({"$ref": "#/$defs/A", "$defs": {"A": {**LOOSE, "additionalProperties": False}}}),
]


def post(body: dict[str, Any], url: str = CHAT, validate: Validation | None = None) -> httpx.Response:
    usual = {"input": "hi"} if url.endswith("/responses") else {} if url == GEMINI else {"messages": [USER]}
    with httpx.Client(transport=InterceptTransport("never mind", validate=validate), headers=KEYS) as client:
        return client.post(url, json={"model": "gpt-4o", **usual, **body})


@pytest.mark.parametrize(("body", "param", "code", "said"), REFUSED)
def test_what_openai_would_refuse_is_refused(
    body: dict[str, Any], param: str | None, code: str | None, said: str
) -> None:
    """With its words, its `param` and its `code`; a compatible host takes it, and so does everyone who asks for it."""
    response = post(body)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code)
    assert said in error["message"]
    assert post(body, COMPATIBLE).status_code == 200
    assert post(body, validate="off").status_code == 200
    assert post(body, COMPATIBLE, "strict").status_code == 400


@pytest.mark.parametrize(("body", "param", "code", "said"), OF_RESPONSES)
def test_what_responses_would_refuse_is_refused(
    body: dict[str, Any], param: str | None, code: str | None, said: str
) -> None:
    """As chat completions do, in the words and places of Responses."""
    response = post(body, RESPONSES)
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["code"]) == (400, param, code)
    assert said in error["message"]
    assert post(body, "http://localhost:8000/v1/responses").status_code == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("chat/completions", "max_tokens"),
        ("chat/completions", "max_completion_tokens"),
        ("completions", "max_tokens"),
        ("responses", "max_output_tokens"),
    ],
)
def test_an_answer_without_a_limit_is_asked_for_by_minus_one_of_others_alone(path: str, name: str) -> None:
    """As LM Studio's and llama.cpp's own examples do; the whole reply is said, and OpenAI's host refuses it."""
    body: dict[str, Any] = {"model": "m", "prompt": "hi"} if path == "completions" else {}
    for given in (-1, -2):
        response = post({**body, name: given}, f"http://localhost:1234/v1/{path}")
        assert ("never mind" in response.text) == response.is_success == (given == -1)
    assert post({**body, name: -1}, f"https://api.openai.com/v1/{path}").status_code == 400


@pytest.mark.parametrize("body", TAKEN_BY_RESPONSES)
def test_what_responses_take_is_answered(body: dict[str, Any]) -> None:
    """What is near to what is refused."""
    assert post(body, RESPONSES).status_code == 200


@pytest.mark.parametrize(("body", "said"), OF_ANTHROPIC)
def test_what_anthropic_would_refuse_is_refused(body: dict[str, Any], said: str) -> None:
    """In its words; hosts that speak as it does take it."""
    body = {"max_tokens": 9, **body}
    error = post(body, MESSAGES).json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"].startswith(said)
    assert post(body, "https://openrouter.ai/api/v1/messages").status_code == 200
    assert post(body, MESSAGES, "off").status_code == 200


def test_an_image_that_is_too_large_for_anthropic_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the size of the file, which is smaller than its base64."""
    monkeypatch.setattr("llm_intercept.dialects.anthropic_messages.source_rules.LARGEST", 2999)
    for length, status in ((3996, 200), (4000, 400)):
        response = post({"max_tokens": 9, **shown(data="A" * length)}, MESSAGES)
        assert response.status_code == status
    assert response.json()["error"]["message"].endswith("image exceeds 10 MB maximum: 3000 bytes > 2999 bytes")


@pytest.mark.parametrize("body", TAKEN_BY_ANTHROPIC)
def test_what_anthropic_takes_is_answered(body: dict[str, Any]) -> None:
    """What is near to what is refused."""
    assert post({"max_tokens": 9, **body}, MESSAGES).status_code == 200


@pytest.mark.parametrize(("body", "said"), OF_GOOGLE)
def test_what_google_would_refuse_is_refused(body: dict[str, Any], said: str) -> None:
    """In its words."""
    error = post({"contents": [SAID], **body}, GEMINI).json()["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert said in error["message"]
    assert post({"contents": [SAID], **body}, GEMINI, "off").status_code == 200


@pytest.mark.parametrize("body", TAKEN_BY_GOOGLE)
def test_what_google_takes_is_answered(body: dict[str, Any]) -> None:
    """Answers to several calls may come in contents of their own, which are one turn."""
    assert post({"contents": [SAID], **body}, GEMINI).status_code == 200


@pytest.mark.parametrize("body", TAKEN)
def test_what_openai_takes_is_answered(body: dict[str, Any]) -> None:
    """A refused request that is right would be worse than one that is wrong and answered."""
    assert post(body).status_code == 200


def test_what_tests_leave_out_is_refused_strictly_alone() -> None:
    """Options of a stream without one: OpenAI refuses it."""
    body = {"stream_options": {"include_usage": True}}
    assert post(body).status_code == 200
    error = post(body, validate="strict").json()["error"]
    assert error["param"] == next(iter(body))


STUDIO = "https://generativelanguage.googleapis.com"
COHERE = "https://api.cohere.com/v2/chat"
CONVERSE = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"
OTHER_PATHS = [
    ("https://api.openai.com/v1/v1/chat/completions", "Invalid URL (POST /v1/v1/chat/completions)"),
    ("https://api.openai.com/chat/completions", "Invalid URL (POST /chat/completions)"),
    (f"{CHAT}/chat/completions", "Invalid URL (POST /v1/chat/completions/chat/completions)"),
    ("https://eu.api.openai.com/v1/v1/embeddings", "Invalid URL (POST /v1/v1/embeddings)"),
    ("https://a.openai.azure.com/chat/completions", "Resource not found"),
    ("https://a.openai.azure.com/v1/embeddings", "Resource not found"),
    ("https://a.openai.azure.com/openai/chat/completions", "Resource not found"),
    ("https://api.openai.com/v1/v1/responses", "Invalid URL (POST /v1/v1/responses)"),
    ("https://api.anthropic.com/v1/v1/messages", "Not Found"),
    (f"{STUDIO}/v1beta/v1beta/models/gemini-2.5-flash:generateContent", "<code>/v1beta/v1beta/models/"),
]
WITHOUT_KEYS: list[tuple[str, dict[str, Any], int, str]] = [
    (CHAT, {"messages": [USER]}, 401, "You didn't provide an API key."),
    ("https://a.openai.azure.com/openai/v1/responses", {"input": "hi"}, 401, "invalid subscription key"),
    ("https://api.anthropic.com/v1/messages", {"max_tokens": 9, "messages": [USER]}, 401, "x-api-key header is"),
    (f"{STUDIO}/v1/models/m:generateContent", {"contents": [{"parts": [{"text": "hi"}]}]}, 403, "unregistered callers"),
    (COHERE, {"messages": [USER]}, 401, "no api key supplied"),
    (CONVERSE, {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}, 403, "Missing Authentication Token"),
]


@pytest.mark.parametrize(("url", "said"), OTHER_PATHS)
def test_a_path_that_a_maker_does_not_have_is_not_found(url: str, said: str) -> None:
    """As a wrong base_url makes it: at the makers' own hosts; others have what paths they like."""
    body = {"input": "hi", "messages": [USER], "max_tokens": 9, "contents": [{"parts": [{"text": "hi"}]}]}
    response = post(body, url)
    assert (response.status_code, said in response.text) == (404, True)
    assert post(body, url, "off").status_code == 200
    elsewhere = str(httpx.URL(url).copy_with(host="localhost", port=8000))
    assert post(body, elsewhere).status_code == 200


@pytest.mark.parametrize(("url", "body", "status", "said"), WITHOUT_KEYS)
def test_a_request_without_a_key_is_refused_strictly_alone(
    url: str, body: dict[str, Any], status: int, said: str
) -> None:
    """A test that asks without a client of a maker's leaves it out; the dummy that stands in for a key is one."""
    body = {"model": "m", **body}
    for validate, expected in (("auto", 200), ("strict", status)):
        with httpx.Client(transport=InterceptTransport("fine", validate=validate)) as client:
            response = client.post(url, json=body)
        assert response.status_code == expected
    assert said in response.text
    assert post(body, url, "strict").status_code == 200


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/chat/completions", "/v1/v1/chat/completions"])
def test_a_server_of_ours_is_asked_without_a_key_and_by_any_path(path: str) -> None:
    """It stands for the maker's host, and what is wrong with a body is refused there too."""
    served = app(Interceptor("fine", validate="strict"))
    assert ask(served, "POST", path, json={"model": "m", "messages": [USER]}).status_code == 200
    assert ask(served, "POST", path, json={"model": "m", "messages": []}).status_code == 400


@pytest.mark.parametrize(
    ("path", "name"),
    [("chat/completions", "max_tokens"), ("completions", "max_tokens"), ("responses", "max_output_tokens")],
)
def test_a_server_of_ours_holds_openais_laws_against_its_models_alone(path: str, name: str) -> None:
    """A program for LM Studio or llama.cpp asks the server as it would ask these; strictly it is held to OpenAI's."""
    served, strict = (app(Interceptor("never mind", validate=mode)) for mode in ("auto", "strict"))
    body: dict[str, Any] = {"prompt": "hi"} if path == "completions" else {"messages": [USER], "input": "hi"}
    body[name] = -1
    for model, status in (
        ("qwen3-4b", 200),
        ("gpt-oss-20b", 200),
        ("gpt-neox-20b", 200),
        ("gpt-j-6b", 200),
        ("omni-reader", 200),
        ("", 400),
        ("gpt-3.5-turbo-instruct", 400),
        ("ft:gpt-4o:acme", 400),
    ):
        asked = {**body, "model": model} if model else body
        assert ask(served, "POST", f"/v1/{path}", json=asked).status_code == status
        assert ask(strict, "POST", f"/v1/{path}", json=asked).status_code == 400
    there = app(Interceptor("never mind"), upstream="http://localhost:1234")
    assert ask(there, "POST", f"/v1/{path}", json={**body, "model": "gpt-5.2"}).status_code == 200


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (
            CHAT,
            {
                "messages": [
                    USER,
                    {**CALLED, "annotations": [], "tool_calls": [{**CALL, "index": 0}]},
                    {**ANSWER, "name": "f"},
                ]
            },
        ),
        (
            RESPONSES,
            {"input": [USER, {"role": "assistant", "content": [{"type": "output_text", "text": "4"}]}, USER]},
        ),
        (RESPONSES, {"input": [USER, {"type": "function_call_output", "name": "f", "output": "4"}]}),
        (MESSAGES, {"max_tokens": 9, "temperature": 0.5, "top_k": 5}),
    ],
)
def test_what_an_api_takes_and_its_sdk_has_no_type_for_is_taken_strictly_too(url: str, body: dict[str, Any]) -> None:
    """What an answer had and is sent back, as recorded requests did; what anthropic 2 left out of its types."""
    assert post(body, url, "strict").status_code == 200


@pytest.mark.parametrize("calls", ["x", {}, 5])
def test_what_is_sent_back_is_of_its_type(calls: object) -> None:
    """Calls that are no array, beside what strictly is taken too."""
    error = post({"messages": [USER, {**CALLED, "annotations": [], "tool_calls": calls}, USER]}, CHAT, "strict").json()
    assert error["error"]["message"].startswith("Invalid type for 'messages[1].tool_calls': expected an array")


def test_the_version_of_anthropics_api_is_asked_for_strictly() -> None:
    """Its clients send it; who asks without one forgets it."""
    body = {"model": "m", "max_tokens": 9, "messages": [USER]}
    with httpx.Client(transport=InterceptTransport("fine", validate="strict"), headers={"x-api-key": "k"}) as client:
        error = client.post("https://api.anthropic.com/v1/messages", json=body).json()["error"]
    assert (error["type"], error["message"]) == ("invalid_request_error", "anthropic-version: header is required")


def test_the_types_of_the_installed_sdk_say_more() -> None:
    """A single value of the wrong type is refused where the SDK made the request, what it does not know strictly alone."""
    import_module("openai.types.chat.completion_create_params")  # as a client of the SDK's does
    import_module("openai.types.responses.response_create_params")

    wrong = {"seed": "three"}
    assert post(wrong).json()["error"]["message"] == (
        "Invalid type for 'seed': expected an integer, but got a string instead."
    )
    assert post(wrong, COMPATIBLE).status_code == 200
    unknown = {"temprature": 0}
    assert post(unknown).status_code == 200
    error = post(unknown, validate="strict").json()["error"]
    assert (error["message"], error["param"]) == ("Unrecognized request argument supplied: temprature", None)
    assert post(unknown, COMPATIBLE, "strict").status_code == 400
    error = post({"reasoning": {"efort": "low"}}, RESPONSES, "strict").json()["error"]
    assert error["code"] == "unknown_parameter"
    body = {"tool_choice": "sometimes"}
    error = post(body, RESPONSES, "strict").json()["error"]
    assert (error["param"], error["code"]) == ("tool_choice", "invalid_value")


def test_the_types_of_anthropics_sdk_say_more() -> None:
    """In Anthropic's words."""
    import_module("anthropic.types.beta.message_create_params")  # as a client of the SDK's does

    body = {"max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text", "text": "hi", "x": 1}]}]}
    assert post(body, MESSAGES).status_code == 200
    error = post(body, MESSAGES, "strict").json()["error"]
    assert error["message"] == "messages.0.content.0.x: Extra inputs are not permitted"
    error = post({"max_tokens": 9, "inference_geo": 3}, MESSAGES).json()["error"]
    assert error["message"] == "inference_geo: Input should be a valid string"


def test_the_types_of_googles_sdk_say_more() -> None:
    """Names that none of its types has, in the spelling of either; of values nothing is said."""
    taken: dict[str, Any] = {
        "contents": [SAID],
        "generation_config": {"top_k": 3, "temperature": "0.5", "imageConfig": {}},
    }
    assert post(taken, GEMINI, "strict").status_code == 200
    body = {"contents": [SAID], "generationConfig": {"temprature": 0}}
    assert post(body, GEMINI).status_code == 200
    error = post(body, GEMINI, "strict").json()["error"]
    assert "Unknown name \"temprature\" at 'generation_config': Cannot find field." in error["message"]
    error = post({"contents": [{"role": "user", "parts": [{"txt": "hi"}]}]}, GEMINI, "strict").json()["error"]
    assert "Unknown name \"txt\" at 'contents[0].parts[0]'" in error["message"]


def test_the_types_of_embeddings_say_more() -> None:
    """As those of chat completions do."""
    url = "https://api.openai.com/v1/embeddings"
    body = {"input": "hi", "model": "text-embedding-3-small", "messages": None}
    error = post({**body, "dimension": 3}, url, "strict").json()["error"]
    assert error["message"].startswith("Unrecognized request argument supplied: ")


@needs_recordings
def test_nearly_all_recorded_requests_are_of_the_sdks_types() -> None:
    """Nine of 920 are not: they have fields that only other hosts, or older SDKs, know."""
    found = [one for one in exchanges() if one.status == 200][:: amount(1, 6)]
    with httpx.Client(transport=InterceptTransport("fine", validate="strict"), headers=KEYS) as client:
        refused = [one.name for one in found if client.post(one.url, json=one.request).status_code == 400]
    assert len(found) > amount(900, 150)
    assert len(refused) <= 9, refused


def test_a_refusal_is_noted_with_what_to_change() -> None:
    """It is the API's answer: it is among the calls, and no unmatched request; its rule was not used."""
    with intercept("hi") as llm, httpx.Client() as client:
        client.post(CHAT, json={"model": "gpt-5", "messages": [USER], "temperature": 0})
    (call,) = llm.calls
    assert (call.source, call.status, call.rule) == ("refused", 400, None)
    assert "leave it out" in str(call.error)
    assert (call.request.api, call.request.last_user) == ("openai.chat", "hi")
    assert llm.calls.matching(source="refused") == [call]


def test_where_a_tape_or_the_network_may_answer_they_do(tmp_path: Any) -> None:
    """The API itself refuses what it refuses."""
    with intercept(recordings=tmp_path, mode="replay") as llm, httpx.Client() as client:
        llm.reply("recorded, say")
        assert client.post(CHAT, json={"model": "gpt-5", "messages": [USER], "temperature": 0}).status_code == 200


def exchanges() -> list[Exchange]:
    """The recorded requests; of some recordings only the answer is there."""
    found = [one for name in ("recordings.jsonl", "recordings-apis.jsonl") for one in recorded_in(name)]
    return [one for one in found if "_unknown" not in one.request]


@needs_recordings
def test_no_recorded_request_that_was_answered_is_refused() -> None:
    """Of any API, as it was sent."""
    transport = InterceptTransport("fine", unmatched="error")
    with httpx.Client(transport=transport) as client:
        answered = [one for one in exchanges() if one.status == 200]
        refused = [one.name for one in answered if client.post(one.url, json=one.request).status_code == 400]
    assert len(answered) > 900
    assert not refused


@needs_recordings
def test_recorded_refusals_that_follow_from_the_request_alone_are_ours() -> None:
    """The others say that a model or a key is not there."""
    found = [one for one in exchanges() if one.status == 400]
    ours = [one for one in found if "does not exist" not in one.text and "API key" not in one.text]
    assert len(ours) >= 2
    with httpx.Client(transport=InterceptTransport("fine")) as client:
        for one in ours:
            response = client.post(one.url, json=one.request)
            assert (response.status_code, response.json()["error"]["message"]) == (400, one.body["error"]["message"])


if __name__ == "__main__":
    counted: Counter[tuple[Any, ...]] = Counter()
    for mode in ("auto", "strict"):
        with httpx.Client(transport=InterceptTransport("fine", validate=mode), headers=KEYS) as api:
            for one in exchanges():
                is_refused = api.post(one.url, json=one.request).status_code == 400
                counted[one.provider, one.endpoint, one.status, mode] += is_refused
                counted[one.provider, one.endpoint, one.status, "all"] += mode == "auto"
    for *of, mode in sorted(counted):
        if mode == "all":
            told = ", ".join(f"{counted[*of, how]} refused ({how})" for how in ("auto", "strict"))
            print(*of, counted[*of, mode], told, sep="\t")  # noqa: T201 - it is asked for
