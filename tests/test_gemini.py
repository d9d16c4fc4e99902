"""Gemini: what a request says is read in all its forms, and what a reply says is written as parts of candidates."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from llm_intercept import (
    InterceptTransport,
    Pace,
    Reply,
    api_error,
    auto,
    custom_tool_call,
    embedding,
    intercept,
    raw,
    reasoning,
    refusal,
    structured,
    tool_call,
    when,
)
from llm_intercept.dialects import claimed_by
from llm_intercept.dialects.google_gemini.accumulate import accumulated
from llm_intercept.dialects.google_gemini.dialect import GoogleGemini
from llm_intercept.dialects.google_gemini.openapi_schemas import json_schema
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.errors import ReplyError, UnmatchedRequestError
from llm_intercept.faults import crlf, cut_off, malformed, missing_finish, rechunk, stream_error, truncated_arguments
from llm_intercept.model import (
    Citation,
    LLMRequest,
    Media,
    Other,
    OutputFormat,
    Reasoning,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from llm_intercept.model.wire import WireRequest
from tests.support import GEMINI, VERTEX_GEMINI, contents

WHOLE, EVENTS, ARRAY = "generateContent", "streamGenerateContent?alt=sse", "streamGenerateContent"
GEMINI_3 = GEMINI.replace("2.5", "3.5")
F = {"name": "f", "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}}
G = {"name": "g", "parametersJsonSchema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}  # fmt: skip
FUNCTIONS = [{"functionDeclarations": [F, G]}]


def head(url: str, method: str = "POST", **headers: str) -> WireRequest:
    parts = httpx.URL(url)
    return WireRequest(method, url, parts.host, parts.path, headers)


def read(body: dict[str, Any], url: str = f"{GEMINI}:{WHOLE}") -> LLMRequest:
    return GoogleGemini().read(head(url), json.dumps({**contents("hi"), **body}).encode())


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def post(url: str = f"{GEMINI}:{WHOLE}", **body: Any) -> httpx.Response:
    return httpx.post(url, json={**contents("hi"), **body})


def answer(reply: Any, url: str = f"{GEMINI}:{WHOLE}", **body: Any) -> dict[str, Any]:
    with intercept(reply):
        response = post(url, **body)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def candidate(reply: Any, url: str = f"{GEMINI}:{WHOLE}", **body: Any) -> dict[str, Any]:
    (found,) = answer(reply, url, **body)["candidates"]
    return dict(found)


def parts(reply: Any, url: str = f"{GEMINI}:{WHOLE}", **body: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = candidate(reply, url, **body)["content"]["parts"]
    return found


def events(reply: Any, url: str = f"{GEMINI}:{EVENTS}", **body: Any) -> list[Any]:
    with intercept(reply):
        return list(stream_data(post(url, **body).content))


# --- requests --------------------------------------------------------------------------------------------------------

HOST, EU = "https://generativelanguage.googleapis.com", "https://aiplatform.eu.rep.googleapis.com"


@pytest.mark.parametrize(
    ("url", "model"),
    [
        (f"{HOST}/v1/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash"),
        (f"{HOST}/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=x", "gemini-2.5-flash"),
        (f"{HOST}/v1beta/models/gemini-2.5-flash%3AgenerateContent", "gemini-2.5-flash"),
        (f"{HOST}/v1beta/tunedModels/mine-1:generateContent", "tunedModels/mine-1"),
        (f"{VERTEX_GEMINI}:generateContent", "gemini-2.5-flash"),
        (f"{EU}/v1beta1/projects/p/locations/eu/publishers/google/models/gemini-3.5-flash:generateContent", "gemini-3.5-flash"),
        ("https://aiplatform.googleapis.com/v1beta1/publishers/google/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro"),
        ("https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/endpoints/123:generateContent", "endpoints/123"),
        ("http://localhost:4000/gemini/v1beta/models/own:streamGenerateContent", "own"),
    ],
)  # fmt: skip
def test_a_model_is_asked_wherever_it_is(url: str, model: str) -> None:
    """At both APIs in all forms of their paths, and at whoever stands before them."""
    dialect = claimed_by(head(url))
    assert dialect is not None
    request = dialect.read(head(url), json.dumps(contents("hi")).encode())
    assert (request.api, request.model, request.stream) == ("google.gemini", model, "stream" in url)
    body = answer("x", url) if not request.stream else accumulated(
        httpx_events(url) if "sse" in url else answer_array(url)
    )  # fmt: skip
    assert (body["modelVersion"], "createTime" in body) == (model, "aiplatform" in url)
    assert list(body["candidates"][0]["content"]) == (["role", "parts"] if "aiplatform" in url else ["parts", "role"])


def httpx_events(url: str) -> Any:
    return events("x", url)


def answer_array(url: str) -> Any:
    with intercept("x"):
        return post(url).json()


@pytest.mark.parametrize(
    ("method", "url"),
    [("GET", f"{GEMINI}:generateContent"), ("POST", GEMINI), ("POST", f"{GEMINI}:generateAnswer"), ("POST", f"{GEMINI}/generateContent")],
)  # fmt: skip
def test_nothing_else_is_claimed(method: str, url: str) -> None:
    assert not GoogleGemini().claims(head(url, method))


CALLED = said({"functionCall": {"name": "f", "args": {"city": "Paris"}, "id": "c1"}}, role="model")
ANSWERED = said({"functionResponse": {"id": "c1", "name": "f", "response": {"result": "sunny"}}})


def test_a_conversation_is_read() -> None:
    """What a function answered is not what the user said, though it comes in the user's name."""
    request = read(
        {
            "systemInstruction": said({"text": "Be short."}),
            "contents": [said({"text": "The weather?"}), CALLED, ANSWERED],
            "tools": FUNCTIONS,
        }
    )
    assert [one.role for one in request.messages] == ["system", "user", "assistant", "user"]
    assert request.messages[2].tool_calls == (ToolCall("f", '{"city":"Paris"}', "c1"),)
    assert request.tool_results == (ToolResult("sunny", "c1", "f"),)
    assert (request.last_user, request.system, request.turn) == ("The weather?", "Be short.", 2)


@pytest.mark.parametrize("role", ["user", "function", "tool"])
def test_what_a_function_answered_comes_in_several_names(role: str) -> None:
    """And is in none of them what the user said."""
    request = read({"contents": [said({"text": "x"}), CALLED, {**ANSWERED, "role": role}]})
    assert (request.tool_results, request.last_user) == ((ToolResult("sunny", "c1", "f"),), "x")


def test_chunks_that_are_sent_back_one_by_one_are_one_turn() -> None:
    """As google-genai's chats do with a stream's."""
    told = [{"text": "It"}, {"text": " is"}, {"text": "", "thoughtSignature": "c2ln"}]
    request = read({"contents": [said({"text": "x"}), *(said(one, role="model") for one in told), said({"text": "y"})]})
    assert [one.role for one in request.messages] == ["user", "assistant", "user"]
    assert request.messages[1].parts == (Reasoning(signature="c2ln"), Text("It is"))
    assert request.turn == 2


def test_calls_without_ids_are_told_by_their_names() -> None:
    """As AI Studio's older models give them."""
    calls = said({"functionCall": {"name": "f"}}, {"functionCall": {"name": "g", "args": {"n": 1}}}, role="model")
    results = said(
        {"functionResponse": {"name": "f", "response": {"output": "1"}}},
        {"functionResponse": {"name": "g", "response": {"error": "no such n"}}},
    )
    request = read({"contents": [said({"text": "x"}), calls, results]})
    assert request.tool_results == (ToolResult("1", "", "f"), ToolResult("no such n", "", "g", is_error=True))


@pytest.mark.parametrize(
    ("part", "read_as"),
    [
        ({"text": "x"}, (Text("x"),)),
        ({"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"}, (Reasoning("Hm.", "c2ln"),)),
        ({"text": "x", "thoughtSignature": "c2ln"}, (Reasoning(signature="c2ln"), Text("x"))),
        ({"functionCall": {"name": "f", "args": {}}, "thought_signature": "c2ln"}, (Reasoning(signature="c2ln"), ToolCall("f"))),
        ({"function_call": {"name": "f", "args": {"a": 1}}}, (ToolCall("f", '{"a":1}'),)),
        ({"function_response": {"name": "f", "response": {"a": 1, "b": 2}}}, (ToolResult('{"a":1,"b":2}', name="f"),)),
        ({"functionResponse": {"name": "f", "response": {"result": {"a": 1}}}}, (ToolResult('{"a":1}', name="f"),)),
        ({"functionResponse": {"name": "f", "response": {"return_value": "a"}}}, (ToolResult("a", name="f"),)),
        ({"functionResponse": {"name": "f", "response": {"output": [{"text": "a"}, {"text": "b"}]}}}, (ToolResult("ab", name="f"),)),
        ({"functionResponse": {"name": "f", "response": {"output": [{"text": "a", "n": 1}]}}}, (ToolResult('[{"text":"a","n":1}]', name="f"),)),
        ({"functionResponse": {"name": "f"}}, (ToolResult("", name="f"),)),
        ({"inlineData": {"mimeType": "image/png", "data": "AA=="}}, (Media("image", "AA==", mime="image/png"),)),
        ({"inline_data": {"mime_type": "audio/wav", "data": "AA=="}}, (Media("audio", "AA==", mime="audio/wav"),)),
        ({"fileData": {"mimeType": "application/pdf", "fileUri": "gs://a/b"}}, (Media("file", url="gs://a/b", mime="application/pdf"),)),
        ({"executableCode": {"language": "PYTHON", "code": "1"}}, (Other("executableCode", {"language": "PYTHON", "code": "1"}),)),
        ({"text": None, "functionCall": {"name": "f", "args": {}}}, (ToolCall("f"),)),
        ({"functionResponse": {"name": "f", "response": {"error": None, "result": 1}}}, (ToolResult('{"error":null,"result":1}', name="f"),)),
        ({"newThing": {"a": 1}}, (Other("newThing", {"newThing": {"a": 1}}),)),
    ],
)  # fmt: skip
def test_each_part_is_read(part: dict[str, Any], read_as: tuple[Any, ...]) -> None:
    """In camel case and in snake case."""
    assert read({"contents": [said(part, role="model")]}).messages[0].parts == read_as


@pytest.mark.parametrize("snake", [False, True])
def test_what_is_asked_of_the_answer_is_read(snake: bool) -> None:
    """In both spellings, both of which the API takes."""
    body: dict[str, Any] = {
        "tools": [{"functionDeclarations": [F]}, {"googleSearch": {}, "codeExecution": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {"maxOutputTokens": 7.0, "responseMimeType": "application/json"},
        "systemInstruction": {"parts": {"text": "Be kind."}},
    }
    request = read(in_snake_case(body) if snake else body)
    assert [(tool.name, tool.type) for tool in request.tools] == [("f", "function"), ("", "googleSearch"), ("", "codeExecution")]  # fmt: skip
    assert request.tools[0].parameters == {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}  # fmt: skip
    assert request.tool_choice == ToolChoice("required", ("f",))
    assert (request.max_tokens, request.output_format, request.system) == (7, OutputFormat("json_object"), "Be kind.")


def in_snake_case(value: Any) -> Any:
    if isinstance(value, list):
        return [in_snake_case(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{c.lower()}" if c.isupper() else c for c in name): in_snake_case(one) for name, one in value.items()
    }


@pytest.mark.parametrize(
    ("mode", "choice"),
    [("AUTO", "auto"), ("VALIDATED", "auto"), ("NONE", "none"), ("ANY", "required"), ("MODE_UNSPECIFIED", "auto")],
)
def test_all_modes_of_calling_are_read(mode: str, choice: str) -> None:
    found = read({"toolConfig": {"functionCallingConfig": {"mode": mode}}}).tool_choice
    assert found is not None
    assert found.mode == choice
    assert read({}).tool_choice is None


def test_a_tool_that_is_null_is_not_there() -> None:
    """As protocol buffers' JSON has it, of clients that write every field."""
    declared = {"functionDeclarations": [{"name": "f"}], "googleSearch": None, "codeExecution": None}
    assert [(one.name, one.type) for one in read({"tools": [declared]}).tools] == [("f", "function")]


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"mimeType": "APPLICATION_JSON", "schema": {"type": "object"}}, OutputFormat("json_schema", schema={"type": "object"})),
        ({"mimeType": "APPLICATION_JSON"}, OutputFormat("json_object")),
        ({"mimeType": "TEXT_PLAIN"}, OutputFormat("text")),
    ],
)  # fmt: skip
def test_the_newer_form_of_formats_is_read(asked: dict[str, Any], wanted: OutputFormat) -> None:
    """Where images and sounds are asked for too, it is that of texts."""
    config = {"responseFormat": [{"image": {"aspectRatio": "1:1"}}, {"text": asked}]}
    assert read({"generationConfig": config}).output_format == wanted


def test_schemas_are_translated() -> None:
    """Types in capitals, what may be null, numbers of 64 bits, and schemas in schemas."""
    schema = {
        "type": "OBJECT",
        "properties": {
            "name": {"type": "STRING", "nullable": True, "maxLength": "5"},
            "tags": {"type": "ARRAY", "items": {"type": "STRING", "enum": ["a"]}, "minItems": "2", "min_items": "2"},
            "either": {"anyOf": [{"type": "INTEGER"}, {"type": "BOOLEAN"}], "nullable": True},
            "any": {"type": "TYPE_UNSPECIFIED", "description": "whatever"},
        },
        "required": ["tags"],
        "propertyOrdering": ["tags", "name"],
    }
    assert json_schema(schema) == {
        "type": "object",
        "required": ["tags"],
        "properties": {
            "name": {"type": ["string", "null"], "maxLength": 5},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["a"]}, "minItems": 2},
            "either": {"anyOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "null"}]},
            "any": {"description": "whatever"},
        },
    }
    plain = {"type": "object", "$defs": {"A": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/A"}}}
    assert json_schema(plain) == plain


@pytest.mark.parametrize("url", [GEMINI, VERTEX_GEMINI])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"contents": []}, "contents"),
        ({"contents": [said({"text": "x"}, role="system")]}, "Please use a valid role: user, model."),
        ({"generationConfig": {"temperature": 1000}}, "temperature"),
        ({"generationConfig": {"candidateCount": 9}}, "candidate"),
    ],
)
def test_what_google_refuses_is_refused_in_its_words(url: str, body: dict[str, Any], words: str) -> None:
    with intercept("x"):
        response = post(f"{url}:{WHOLE}", **body)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert words in error["message"]
    assert ("Unable to submit" in error["message"]) is ("aiplatform" in url and "role" not in words)


# --- rules -----------------------------------------------------------------------------------------------------------


def test_rules_mean_the_same_here_as_anywhere() -> None:
    """Texts, turns, tools, results, the system's words, the model, the API."""
    talk = [said({"text": "The weather?"}), CALLED, ANSWERED]
    with intercept() as llm:
        llm.on("weather", turn=1, tool="f").reply(tool_call("f", city="Paris"))
        llm.on("weather", tool_result="f").reply("It is sunny.")
        llm.on(system="pirate").reply("Arr.")
        llm.on(when(api="google.gemini"), model="*-pro").reply("pro")
        assert post(contents=talk[:1], tools=FUNCTIONS).json()["candidates"][0]["finishReason"] == "STOP"
        assert post(contents=talk, tools=FUNCTIONS).json()["candidates"][0]["content"]["parts"][0]["text"] == "It is sunny."  # fmt: skip
        assert "Arr." in post(systemInstruction=said({"text": "You are a pirate."})).text
        assert '"pro"' in post(f"{GEMINI.replace('flash', 'pro')}:{WHOLE}").text


def test_an_unanswered_request_is_refused_in_googles_words() -> None:
    """And raised again at the end of the block."""
    with pytest.raises(UnmatchedRequestError), intercept() as llm:
        llm.on("something else").reply("x")
        response = post()
    assert response.status_code == 404
    assert (response.json()["error"]["code"], response.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert "something else" in response.json()["error"]["message"]


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_call_has_an_object_an_id_and_a_signature_as_its_generation_has() -> None:
    """The first call is signed where the model thinks; only newer models name calls."""
    calls = [tool_call("f", city="Paris"), tool_call("g", n=1)]
    old = parts(calls, f"{GEMINI.replace('2.5', '2.0')}:{WHOLE}")
    assert old == [{"functionCall": {"name": "f", "args": {"city": "Paris"}}}, {"functionCall": {"name": "g", "args": {"n": 1}}}]  # fmt: skip
    usual = parts(calls)
    assert [list(one) for one in usual] == [["functionCall", "thoughtSignature"], ["functionCall"]]
    new = [one["functionCall"] for one in parts(calls, f"{GEMINI_3}:{WHOLE}")]
    assert [list(one) for one in new] == [["name", "args", "id"]] * 2
    assert len({one["id"] for one in new}) == 2
    assert parts(tool_call("f", id="mine"))[0]["functionCall"]["id"] == "mine"
    assert list(parts(calls, generationConfig={"thinkingConfig": {"thinkingBudget": 0}})[0]) == ["functionCall"]
    assert candidate(calls)["finishMessage"] == "Model generated function call(s)."


def test_thoughts_are_shown_only_if_they_are_asked_for_and_always_counted() -> None:
    reply = [reasoning("Let me think of it.", signature="c2ln"), "Hi."]
    shown = {"thinkingConfig": {"includeThoughts": True}}
    assert parts(reply) == [{"text": "Hi.", "thoughtSignature": "c2ln"}]
    assert parts(reply, generationConfig=shown) == [
        {"text": "Let me think of it.", "thought": True},
        {"text": "Hi.", "thoughtSignature": "c2ln"},
    ]
    usage = answer(reply)["usageMetadata"]
    assert (usage["candidatesTokenCount"], usage["thoughtsTokenCount"]) == (2, 6)
    with intercept(reply) as llm:
        post()
    used = llm.calls[0].usage
    assert used is not None
    assert (used.output_tokens, used.reasoning_tokens) == (8, 6)


@pytest.mark.parametrize(("signature", "read"), [("c2ln", b"sig"), ("abc-_x", b"abc-_x")])
@pytest.mark.parametrize("said", ["a", tool_call("f")])
def test_a_signature_of_another_apis_making_is_bytes(said: Any, signature: str, read: bytes) -> None:
    """Google's SDK decodes it, and fails where it cannot."""
    (part,) = parts(Reply(reasoning("w", signature=signature), said))
    assert base64.b64decode(part["thoughtSignature"], validate=True) == read


def test_an_answer_of_thoughts_alone_says_an_empty_text() -> None:
    """Which newer models sign."""
    shown = {"thinkingConfig": {"includeThoughts": True}}
    told = parts(reasoning("Hm."), f"{GEMINI_3}:{WHOLE}", generationConfig=shown)
    assert [list(one) for one in told] == [["text", "thought"], ["text", "thoughtSignature"]]
    assert parts(reasoning("Hm.")) == [{"text": ""}]


@pytest.mark.parametrize("url", [f"{GEMINI_3}:{EVENTS}", f"{VERTEX_GEMINI.replace('2.5', '3.5')}:{EVENTS}"])
def test_a_newer_stream_ends_in_a_chunk_of_its_own(url: str) -> None:
    """Which signs a text; calls are signed themselves, and come one by one."""
    *told, last = [one["candidates"][0] for one in events("Hello.", url)]
    assert [one["content"]["parts"] for one in told] == [[{"text": "Hello."}]]
    assert (list(last["content"]["parts"][0]), last["finishReason"]) == (["text", "thoughtSignature"], "STOP")
    called = [one["candidates"][0]["content"]["parts"] for one in events([tool_call("f"), tool_call("g")], url)]
    assert [[list(part) for part in one] for one in called] == [[["functionCall", "thoughtSignature"]], [["functionCall"]], [["text"]]]  # fmt: skip


def test_what_was_searched_is_told_as_the_generation_does() -> None:
    """In bytes; of older models each chunk says so, of newer ones the last."""
    reply = ["Öl ist teuer.", Citation("https://a.example", "A", 3, 6), Citation("https://a.example", "A", 7, 13)]
    told = candidate(reply, tools=[{"googleSearch": {}}])["groundingMetadata"]
    assert told == {
        "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 4, "endIndex": 7, "text": "ist"}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 8, "endIndex": 14, "text": "teuer."}, "groundingChunkIndices": [0]},
        ],
    }
    deltas = Reply(Text(deltas=("a", "b")), Citation("https://a.example", "A", 0, 1))
    older = events(deltas, tools=[{"googleSearch": {}}])
    assert [bool(one["candidates"][0]["groundingMetadata"]) for one in older] == [False, True]
    newer = events(deltas, f"{GEMINI_3}:{EVENTS}", tools=[{"googleSearch": {}}])
    assert ["groundingMetadata" in one["candidates"][0] for one in newer] == [False, False, True]
    assert newer[-1]["usageMetadata"]["toolUsePromptTokenCount"] > 0


def test_what_only_google_has_is_given_as_a_mapping() -> None:
    """Parts, fields of a candidate, fields of the answer."""
    code = {"language": "PYTHON", "code": "print(1)"}
    ran = {"outcome": "OUTCOME_OK", "output": "1\n"}
    reply = Reply(
        "Let me see.",
        {"type": "executableCode", **code},
        {"type": "codeExecutionResult", **ran},
        "It is 1.",
        {"type": "safetyRatings", "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}]},
        {"type": "urlContextMetadata", "urlMetadata": []},
    )
    told = candidate(reply)
    assert told["content"]["parts"] == [{"text": "Let me see."}, {"executableCode": code}, {"codeExecutionResult": ran}, {"text": "It is 1."}]  # fmt: skip
    assert list(told) == ["content", "finishReason", "index", "safetyRatings", "urlContextMetadata"]
    blocked = answer(Reply({"type": "promptFeedback", "blockReason": "SAFETY"}))
    assert list(blocked) == ["promptFeedback", "usageMetadata", "modelVersion", "responseId"]
    assert blocked["promptFeedback"] == {"blockReason": "SAFETY"}
    assert "candidatesTokenCount" not in blocked["usageMetadata"]


def test_media_are_given_by_content_or_address() -> None:
    assert parts(Media("image", data="AAAA")) == [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]
    assert parts(Media("video", url="gs://a", mime="video/webm")) == [{"fileData": {"mimeType": "video/webm", "fileUri": "gs://a"}}]  # fmt: skip


def test_media_and_code_are_told_in_the_usage() -> None:
    """An image's tokens by their kind; what code read as the tools' prompt; the sum is that of the parts."""
    told = answer(["Here:", Media("image", data="AAAA")])["usageMetadata"]
    assert told["candidatesTokensDetails"] == [{"modality": "IMAGE", "tokenCount": 1290}]
    assert told["candidatesTokenCount"] == 1290 + 2
    vertex = answer(["Here:", Media("image", data="AAAA")], f"{VERTEX_GEMINI}:{WHOLE}")["usageMetadata"]
    assert [one["modality"] for one in vertex["candidatesTokensDetails"]] == ["TEXT", "IMAGE"]
    ran = answer(Reply({"type": "codeExecutionResult", "outcome": "OUTCOME_OK"}))["usageMetadata"]
    assert ran["toolUsePromptTokenCount"] > 0
    asked = [said({"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}})]
    few = answer(Reply("x", usage={"input_tokens": 9, "output_tokens": 1}), contents=asked)["usageMetadata"]
    assert few["promptTokensDetails"] == [{"modality": "IMAGE", "tokenCount": 9}]


@pytest.mark.parametrize(
    ("why", "word"),
    [("stop", "STOP"), ("length", "MAX_TOKENS"), ("content_filter", "SAFETY"), ("RECITATION", "RECITATION"),
     ("MALFORMED_FUNCTION_CALL", "MALFORMED_FUNCTION_CALL"), ("PROHIBITED_CONTENT", "PROHIBITED_CONTENT")],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_every_reason_to_finish_can_be_given(why: str, word: str, stream: bool) -> None:
    """With a text or without one, which then is no part; what is withheld is rated."""
    for reply in (Reply("x", finish_reason=why), Reply(finish_reason=why)):
        told = events(reply)[-1]["candidates"][0] if stream else candidate(reply)
        assert told["finishReason"] == word
        assert ("safetyRatings" in told) is (word == "SAFETY")
        said_text = bool(told.get("content", {}).get("parts"))
        assert said_text is (bool(reply.parts) or word == "STOP")


def test_another_apis_reason_to_finish_is_an_error() -> None:
    with pytest.raises(ReplyError, match="'pause_turn', which Gemini cannot say"), intercept(Reply("x", finish_reason="pause_turn")):  # fmt: skip
        post()


def test_a_refusal_is_withheld() -> None:
    told = candidate(refusal("I will not."))
    assert (told["finishReason"], told["finishMessage"]) == ("SAFETY", "I will not.")
    assert "content" not in told
    assert [one.get("blocked") for one in told["safetyRatings"]].count(True) == 1


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (custom_tool_call("f", "text"), "free text"),
        (tool_call("f", "[1]"), "are an object"),
        (Media("image"), "without content"),
        (Reply({"type": "web_search_call"}), "web_search_call, which Gemini cannot say"),
        (embedding([1.0]), "cannot answer a question"),
    ],
)
def test_what_gemini_cannot_say_is_an_error(reply: Any, problem: str) -> None:
    with pytest.raises(ReplyError, match=problem), intercept() as llm:
        llm.on(api="google.gemini").reply(reply)
        assert post().status_code == 500


def test_limits_and_stops_cut_the_text() -> None:
    told = candidate("one two three four", generationConfig={"maxOutputTokens": 2})
    assert (told["content"]["parts"], told["finishReason"]) == ([{"text": "one two"}], "MAX_TOKENS")
    stopped = candidate("one two STOP three", generationConfig={"stopSequences": ["STOP"]})
    assert (stopped["content"]["parts"], stopped["finishReason"]) == ([{"text": "one two "}], "STOP")


def test_several_candidates_are_given() -> None:
    """As many as are asked for, of the variants in turn; a stream tells whose a chunk is."""
    asked = {"candidateCount": 3}
    told = answer(Reply(variants=["a", "b"]), generationConfig=asked)["candidates"]
    assert [(one["index"], one["content"]["parts"][0]["text"]) for one in told] == [(0, "a"), (1, "b"), (2, "a")]
    chunks = events(Reply(deltas=iter(["x", "y"])), generationConfig=asked)
    assert [one["index"] for chunk in chunks for one in chunk["candidates"]] == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert [len(chunk["usageMetadata"]) > 0 for chunk in chunks] == [True] * 9


SCHEMA = {"type": "OBJECT", "properties": {"n": {"type": "INTEGER", "minimum": 3}}, "required": ["n"]}


def test_auto_makes_what_is_asked_for() -> None:
    """An instance of either kind of schema, a value of an enumeration, a call that is forced, or text."""
    as_json: dict[str, Any] = {"responseMimeType": "application/json"}
    assert parts(auto(), generationConfig={**as_json, "responseSchema": SCHEMA})[0]["text"] == '{"n":3}'
    own = {"type": "object", "properties": {"n": {"const": 4}}, "required": ["n"]}
    assert parts(auto(), generationConfig={**as_json, "responseJsonSchema": own})[0]["text"] == '{"n":4}'
    assert parts(auto(), generationConfig=as_json)[0]["text"] == "{}"
    either = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["yes", "no"]}}
    assert parts(auto(), generationConfig=either)[0]["text"] == "yes"
    forced = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["g"]}}
    assert parts(auto(), tools=FUNCTIONS, toolConfig=forced)[0]["functionCall"] == {"name": "g", "args": {"n": 0}}
    assert parts(auto("text"), tools=FUNCTIONS) == [{"text": "text"}]
    every = parts(auto(tools="each once"), tools=FUNCTIONS)
    assert [one["functionCall"]["name"] for one in every] == ["f", "g"]


@pytest.mark.parametrize("name", ["toolConfig", "tool_config"])
def test_a_reply_obeys_the_mode_of_calling(name: str) -> None:
    """What is forced is called, what is forbidden is not."""
    config = {"functionCallingConfig": {"mode": "ANY"}}
    told = parts(structured({"city": "Rome"}), tools=[{"functionDeclarations": [F]}], **{name: config})
    assert told[0]["functionCall"] == {"name": "f", "args": {"city": "Rome"}}
    with pytest.raises(ReplyError, match="forces a call of 'f'"), intercept("no call"):
        post(tools=[{"functionDeclarations": [F]}], **{name: config})
    forbidden = {"functionCallingConfig": {"mode": "NONE"}}
    assert parts(["text", tool_call("f")], tools=FUNCTIONS, **{name: forbidden}) == [{"text": "text"}]


def test_each_delta_is_a_chunk_and_comes_when_it_is_there() -> None:
    """Also of a generator, after which the end comes alone."""
    made: list[str] = []

    def deltas(_: LLMRequest) -> Any:
        for word in ("a", "b"):
            made.append(word)
            yield word

    with intercept(deltas), httpx.stream("POST", f"{GEMINI}:{EVENTS}", json=contents()) as response:
        lines = (line for line in response.iter_lines() if line)
        assert '"text": "a"' in next(lines)
        assert made == ["a"]
        assert '"text": "b"' in next(lines)
        assert '"finishReason": "STOP"' in next(lines)


def test_google_escapes_what_could_be_markup() -> None:
    """And nothing else: 29 of 29 recorded texts with a `<`."""
    with intercept(["<b>'ö' & = /</b>"]):
        for method in (WHOLE, EVENTS):
            assert "\\u003cb\\u003e'ö' & = /\\u003c/b\\u003e" in post(f"{GEMINI}:{method}").text


def test_the_same_request_has_the_same_bytes() -> None:
    with intercept("x"):
        first = [post(f"{GEMINI}:{method}").json() for method in (WHOLE, ARRAY)]
    with intercept("x"):
        again = [post(f"{GEMINI}:{method}").json() for method in (WHOLE, ARRAY)]
    assert first == again
    assert {first[0]["responseId"], first[1][0]["responseId"]} == {first[0]["responseId"]}


# --- faults ----------------------------------------------------------------------------------------------------------


def test_faults_know_the_stream() -> None:
    """Which chunk is the last, how an error is written, what half of a call's arguments is."""
    text = "one two three four five six"
    assert [one["candidates"][0].get("finishReason") for one in events(Reply(text, fault=missing_finish()))] == [None]
    assert len(events(Reply(text, fault=cut_off(1)))) == 1
    *_, error = events(Reply(text, fault=stream_error("Overloaded.", after=1, type="UNAVAILABLE", code="503")))
    assert error == {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}
    *_, error = events(Reply(text, fault=stream_error(after=1)))
    assert (error["error"]["code"], error["error"]["status"]) == (500, "INTERNAL")
    half = Reply(tool_call("f", a=1, b=2), fault=truncated_arguments())
    assert parts(half)[0]["functionCall"]["args"] == {"a": 1}
    assert events(half)[0]["candidates"][0]["content"]["parts"][0]["functionCall"]["args"] == {"a": 1}
    with intercept(Reply(text, fault=(malformed(0), rechunk(how="bytes"), crlf()))):
        assert post(f"{GEMINI}:{EVENTS}").status_code == 200
    with intercept(Reply(text, fault=rechunk(how="bytes"))):
        assert len(stream_data(post(f"{GEMINI}:{EVENTS}").content)) == 2


def test_an_array_has_the_faults_of_a_whole_body() -> None:
    """Those of events do not happen to it, and nobody is told that they did."""
    with intercept(Reply("one two three four five six", fault=(missing_finish(), cut_off(0)))) as llm:
        post(f"{GEMINI}:{EVENTS}")
        assert post(f"{GEMINI}:{ARRAY}").content == b""
    assert [[type(one).__name__ for one in call.faults] for call in llm.calls] == [["MissingFinish", "CutOff"], ["CutOff"]]  # fmt: skip


@pytest.mark.usefixtures("only_waits")
def test_a_chunk_takes_as_long_as_its_tokens() -> None:
    """A stream of words that come together is as slow as one of single words."""
    text = "one two three four five six seven eight nine ten"
    with intercept(text, pace=Pace(ttft=1, per_token=0.5), time_scale=0) as llm:
        assert len(stream_data(post(f"{GEMINI}:{EVENTS}").content)) == 2
        assert llm.elapsed == pytest.approx(1 + 10 * 0.5)


# --- errors ----------------------------------------------------------------------------------------------------------

STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


@pytest.mark.parametrize("url", [GEMINI, VERTEX_GEMINI])
@pytest.mark.parametrize("status", STATUSES)
def test_each_status_has_googles_words(url: str, status: int) -> None:
    """In the type of what was asked for; of an array in one."""
    with intercept(api_error(status)):
        whole, sse, array = (post(f"{url}:{method}") for method in (WHOLE, EVENTS, ARRAY))
    error = whole.json()["error"]
    assert list(error)[:3] == ["code", "message", "status"]
    assert (whole.status_code, error["code"], error["status"]) == (status, status, STATUSES[status])
    assert error["message"]
    assert "{" not in error["message"]
    assert sse.json() == whole.json()
    assert (sse.headers["content-type"], whole.headers["content-type"]) == ("text/event-stream", "application/json; charset=UTF-8")  # fmt: skip
    assert array.json() == [whole.json()]
    assert whole.text == json.dumps(whole.json(), indent=2, ensure_ascii=False) + "\n"


def test_errors_by_name_have_googles_status() -> None:
    with intercept(api_error("invalid_api_key")):
        studio, vertex = post(), post(f"{VERTEX_GEMINI}:{WHOLE}")
    assert (studio.status_code, vertex.status_code) == (400, 401)
    assert studio.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    for name in ("overloaded", "service_unavailable"):
        with intercept(api_error(name)):
            error = post().json()["error"]
        assert (error["code"], error["status"]) == (503, "UNAVAILABLE")
        assert "overloaded" in error["message"]
    with intercept(api_error("model_not_found")):
        studio, vertex = post(), post(f"{VERTEX_GEMINI}:{WHOLE}")
    assert "models/gemini-2.5-flash is not found for API version v1beta" in studio.json()["error"]["message"]
    assert "Publisher Model `projects/p/locations/us-central1/publishers" in vertex.json()["error"]["message"]


def test_a_delay_is_told_in_the_details_and_in_a_header() -> None:
    """And is what the user says; without one nothing is told."""
    with intercept() as llm:
        llm.reply(api_error(429, retry_after=7), api_error(429))
        told, untold = post(), post()
    assert told.json()["error"]["details"][-1] == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}  # fmt: skip
    assert told.headers["retry-after"] == "7"
    assert "retry-after" not in untold.headers
    assert "RetryInfo" not in untold.text


def test_what_the_user_says_of_an_error_is_said() -> None:
    with intercept() as llm:
        llm.reply(api_error(400, "No.", code="FAILED_PRECONDITION", param="contents"), api_error(502), api_error(418, body={"a": 1}))  # fmt: skip
        own, page, body = post(), post(), post()
    assert own.json()["error"] == {
        "code": 400,
        "message": "No.",
        "status": "FAILED_PRECONDITION",
        "details": [
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "contents", "description": "No."}],
            }
        ],
    }
    assert (page.status_code, page.headers["content-type"][:9]) == (502, "text/html")
    assert (body.status_code, body.json()) == (418, {"a": 1})


def test_a_rate_limit_is_told_in_googles_words() -> None:
    with intercept("x") as llm:
        llm.rate_limit(requests_per_minute=1)
        assert post().status_code == 200
        refused = post()
    error = refused.json()["error"]
    assert (refused.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert "limit: 1, model: gemini-2.5-flash" in error["message"]
    assert not [name for name in refused.headers if name.startswith("x-ratelimit")]


# --- ready answers ---------------------------------------------------------------------------------------------------


def test_ready_answers_are_sent_as_they_are_or_in_the_other_shape() -> None:
    """A part of an answer, as SDKs have it, is made a whole one."""
    body = answer("one two three four five six seven")
    with intercept(raw(body)) as llm:
        assert post().json() == body
        (event,) = stream_data(post(f"{GEMINI}:{EVENTS}").content)
        assert post(f"{GEMINI}:{ARRAY}").json() == [event] == [body]
    assert [call.usage.total_tokens for call in llm.calls if call.usage] == [body["usageMetadata"]["totalTokenCount"]] * 3  # fmt: skip
    chunks = events("one two three four five six seven")
    with intercept(raw(chunks)):
        assert accumulated(chunks)["candidates"] == post().json()["candidates"]
    with intercept(raw(body["candidates"][0])):
        assert post().json()["candidates"] == body["candidates"]
    with intercept(raw(b"no JSON at all")):
        assert post().text == "no JSON at all"


@pytest.mark.parametrize("asked", [WHOLE, EVENTS, ARRAY])
@pytest.mark.parametrize("recorded", [WHOLE, EVENTS, ARRAY])
def test_a_take_answers_in_whichever_shape(tmp_path: Any, recorded: str, asked: str) -> None:
    """Events and whole answers stand for each other; an array is played to who asks for one. Its usage is read."""
    with intercept("one two three four five six"):
        real = post(f"{GEMINI}:{recorded}")
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=real.content, headers={"content-type": real.headers["content-type"]}))  # fmt: skip
    with httpx.Client(transport=InterceptTransport(inner=inner, mode="record", recordings=tmp_path)) as client:
        client.post(f"{GEMINI}:{recorded}", json=contents())
    transport = InterceptTransport(mode="replay", recordings=tmp_path)
    with httpx.Client(transport=transport) as client:
        response = client.post(f"{GEMINI}:{asked}", json=contents())
    if (recorded == ARRAY) is not (asked == ARRAY):
        assert response.status_code == 404
        return
    assert response.status_code == 200
    if asked == recorded:
        assert response.content == real.content
    whole = response.json() if asked == WHOLE else accumulated(response.json() if asked == ARRAY else stream_data(response.content))  # fmt: skip
    assert whole["candidates"][0]["content"]["parts"] == [{"text": "one two three four five six"}]
    used = transport.interceptor.calls[0].usage
    assert used is not None
    assert (used.input_tokens, used.output_tokens, used.reasoning_tokens) == (1, 59, 53)


# --- what is asked beside --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [GEMINI, VERTEX_GEMINI])
def test_the_counter_and_the_answer_agree(url: str) -> None:
    """Of texts, tools and media, wrapped or not."""
    body: dict[str, Any] = {
        "contents": [said({"text": "How are you?"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}})],
        "systemInstruction": said({"text": "Be kind."}),
        "tools": FUNCTIONS,
    }
    with intercept("x"):
        counted = post(f"{url}:countTokens", **body).json()
        wrapped = httpx.post(f"{url}:countTokens", json={"generateContentRequest": body}).json()
        usage = post(f"{url}:{WHOLE}", **body).json()["usageMetadata"]
    assert counted["totalTokens"] == wrapped["totalTokens"] == usage["promptTokenCount"]
    assert counted["promptTokensDetails"] == usage["promptTokensDetails"]
    assert [one["modality"] for one in usage["promptTokensDetails"]] == ["TEXT", "IMAGE"]
    assert ("totalBillableCharacters" in counted) is (url == VERTEX_GEMINI)


EMBEDDED = {
    "embedContent": {"content": said({"text": "a"})},
    "batchEmbedContents": {"requests": [{"content": said({"text": "a"})}, {"content": said({"text": "b"}), "outputDimensionality": 8}]},
    "predict": {"instances": [{"content": "a"}, {"content": "b"}]},
}  # fmt: skip


def vectors(body: Any) -> list[list[float]]:
    if "embedding" in body:
        return [body["embedding"]["values"]]
    return [one.get("values") or one["embeddings"]["values"] for one in body.get("embeddings") or body["predictions"]]


@pytest.mark.parametrize("method", EMBEDDED)
def test_embeddings_are_answered_in_all_forms(method: str) -> None:
    """By default as OpenAI's are, as many numbers as are asked for; or with the vectors that are given."""
    url = f"{VERTEX_GEMINI.replace('gemini-2.5-flash', 'gemini-embedding-001')}:{method}"
    body = EMBEDDED[method]
    with intercept() as llm:
        default = vectors(httpx.post(url, json=body).json())
        again = vectors(httpx.post(url, json=body).json())
        assert default == again
        assert [len(one) for one in default] == [3072, 8 if method == "batchEmbedContents" else 3072][: len(default)]
        llm.on(api="google.embeddings").reply(embedding([0.5, 1.5]))
        assert vectors(httpx.post(url, json=body).json()) == [[0.5, 1.5]] * len(default)
        refused = httpx.post(url, json={})
    assert (refused.status_code, refused.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert [call.source for call in llm.calls[:3]] == ["default", "default", "rule"]
    assert {call.usage.input_tokens for call in llm.calls[:3] if call.usage} == {len(default)}


def test_other_predictions_are_not_embeddings() -> None:
    assert claimed_by(head(f"{VERTEX_GEMINI.replace('gemini-2.5-flash', 'imagen-4')}:predict")) is None


def test_models_are_listed_page_by_page_and_shown() -> None:
    base = GEMINI.rpartition("/")[0]
    with intercept() as llm:
        first = httpx.get(f"{base}?pageSize=4").json()
        rest = httpx.get(f"{base}?pageToken={first['nextPageToken']}").json()
        names = [one["name"] for page in (first, rest) for one in page["models"]]
        assert len(set(names)) == len(names) > len(first["models"]) == 4
        assert "nextPageToken" not in rest
        for name in names:
            assert httpx.get(f"{base.removesuffix('/models')}/{name}").json()["name"] == name
        unknown = httpx.get(f"{base}/no-such-model")
        published = httpx.get(VERTEX_GEMINI.rpartition("/")[0]).json()["publisherModels"]
    assert (unknown.status_code, unknown.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert published[0]["name"].startswith("publishers/google/models/gemini-")
    assert {call.request.api for call in llm.calls} == {"google.models"}


def test_another_hosts_models_are_not_googles() -> None:
    """Unless its SDK asks."""
    url = "http://localhost:1/v1beta/models"
    assert claimed_by(head(url, "GET")) is None
    assert claimed_by(head(url, "GET", **{"x-goog-api-key": "x"})) is not None
