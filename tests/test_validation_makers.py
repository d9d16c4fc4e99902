"""What Anthropic, Google, Amazon, Cohere and Ollama refuse beyond OpenAI: subsets of schemas, limits of models, service models."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, auto, intercept, structured, tool_call
from llm_intercept.errors import UnfitReplyWarning

KEYS = {"authorization": "Bearer k", "x-api-key": "k", "x-goog-api-key": "k", "anthropic-version": "2023-06-01"}
MESSAGES = "https://api.anthropic.com/v1/messages"
STUDIO = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3-flash:generateContent"
VERTEX = (
    "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/google/models/g:generateContent"
)
CONVERSE = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"
OLLAMA = "http://localhost:11434/api/chat"
COHERE = "https://api.cohere.com/v2/chat"
EMBED = "https://api.cohere.com/v2/embed"
RERANK = "https://api.cohere.com/v2/rerank"
USER = {"role": "user", "content": "hi"}
CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}}
BASE: dict[str, dict[str, Any]] = {
    MESSAGES: {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [USER]},
    STUDIO: {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    VERTEX: {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
    CONVERSE: {"messages": [{"role": "user", "content": [{"text": "hi"}]}]},
    OLLAMA: {"model": "m", "messages": [USER], "stream": False},
    COHERE: {"model": "command-a-03-2025", "messages": [USER]},
    EMBED: {"model": "embed-v4.0", "input_type": "search_query", "texts": ["hi"]},
    RERANK: {"model": "rerank-v3.5", "query": "hi", "documents": ["hi"]},
}


def formatted(**schema: Any) -> dict[str, Any]:
    return {"output_config": {"format": {"type": "json_schema", "schema": {**CLOSED, **schema}}}}


def within(**inner: Any) -> dict[str, Any]:
    return formatted(properties={"a": inner})


def declared(**schema: Any) -> dict[str, Any]:
    return {"tools": [{"functionDeclarations": [{"name": "f", "parameters": {**OPEN, **schema}}]}]}


def answering(schema: dict[str, Any]) -> dict[str, Any]:
    return {"generationConfig": {"responseSchema": schema, "responseMimeType": "application/json"}}


def told(*messages: tuple[str, list[dict[str, Any]]], **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in messages], **more}


def tooled(name: str, schema: Any = OPEN) -> dict[str, Any]:
    return {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": schema}}}]}


SAID = [{"text": "hi"}]
CALL = [{"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}]
RESULT = [{"toolResult": {"toolUseId": "t1", "content": [{"text": "4"}]}}]
CALLS = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
COHERES_CALL = {"role": "assistant", "tool_calls": [{"id": "t1", "function": {"name": "f", "arguments": "{}"}}]}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        MESSAGES,
        {"max_tokens": 64_001},
        "max_tokens: 64001 > 64000, which is the maximum allowed number of output tokens",
    ),
    (
        MESSAGES,
        {"model": "claude-3-haiku-20240307", "max_tokens": 8192},
        "max_tokens: 8192 > 4096, which is the maximum",
    ),
    (
        MESSAGES,
        {"output_config": {"format": {"type": "json_schema", "schema": OPEN}}},
        "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
    ),
    (MESSAGES, formatted(additionalProperties=True), "'additionalProperties: true' is not supported. Please set"),
    (MESSAGES, within(type="integer", minimum=1), "For 'integer' type, property 'minimum' is not supported"),
    (MESSAGES, within(type="number", minimum=1, maximum=2), "properties maximum, minimum are not supported"),
    (MESSAGES, within(type="array", minItems=3), "'minItems' values other than 0 or 1 are not supported"),
    (MESSAGES, within(type="array", maxItems=3), "For 'array' type, property 'maxItems' is not supported"),
    (
        MESSAGES,
        {"tools": [{"name": "f", "strict": True, "input_schema": OPEN}]},
        "tools.0.custom: For 'object' type, 'additionalProperties' must be explicitly",
    ),
    (
        STUDIO,
        declared(properties={"a": {"anyOf": [{"type": "STRING"}, {"const": 1}]}}),
        "Unknown name \"const\" at 'tools[0].function_declarations[0].parameters.properties[0].value.any_of[1]': Cannot",
    ),
    (
        VERTEX,
        declared(properties={"a": {"type": ["string", "null"]}}),
        "Unknown name \"type\" at 'tools[0].function_declarations[0].parameters.properties[0].value': Proto field is not rep",
    ),
    (STUDIO, declared(additionalProperties=False), 'Unknown name "additionalProperties" at \'tools[0].function_decl'),
    (STUDIO, answering({"$ref": "#/$defs/A"}), "Unknown name \"$ref\" at 'generation_config.response_schema': Cannot"),
    (VERTEX, declared(**{"$schema": "x"}), 'Unknown name "$schema" at \'tools[0].function_declarations[0].param'),
    (
        STUDIO,
        declared(required=["b"]),
        "* GenerateContentRequest.tools[0].function_declarations[0].parameters.required[0]",
    ),
    (STUDIO, declared(properties={"a": {"type": "ARRAY"}}), "parameters.properties[a].items: missing field."),
    (STUDIO, declared(properties={"a": {"type": "INTEGER", "enum": ["1"]}}), "[a].enum: only allowed for STRING type"),
    (STUDIO, declared(properties={"a": {**OPEN, "type": "STRING"}}), "[a].properties: only allowed for OBJECT type"),
    (
        STUDIO,
        answering({"type": "OBJECT", "properties": {"a": {"type": "OBJECT"}}}),
        'generation_config.response_schema.properties["a"].properties: should be non-empty for OBJECT type',
    ),
    (CONVERSE, told(("assistant", SAID)), "A conversation must start with a user message."),
    (CONVERSE, told(("user", SAID), ("user", SAID)), "A conversation must alternate between user and assistant roles."),
    (CONVERSE, told(("user", [])), "The content field in the Message object at messages.0 is empty."),
    (CONVERSE, told(("user", [{"text": " "}])), "The text field in the ContentBlock object at messages.0.content.0 is"),
    (
        CONVERSE,
        told(("user", RESULT), toolConfig=tooled("f")),
        "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn.",
    ),
    (
        CONVERSE,
        told(("user", SAID), ("assistant", CALL), ("user", SAID), toolConfig=tooled("f")),
        "Expected toolResult blocks at messages.2.content for the following Ids: t1",
    ),
    (
        CONVERSE,
        told(("user", SAID), ("assistant", CALL), ("user", RESULT)),
        "The toolConfig field must be defined when",
    ),
    (
        CONVERSE,
        {"toolConfig": tooled("f", {"type": "array"})},
        "inputSchema.json.type must be one of the following: object.",
    ),
    (COHERE, {"temperature": 2.5}, "invalid request: temperature must be between 0 and 2.0 inclusive."),
    (COHERE, {"presence_penalty": -1}, "invalid request: presence_penalty must be between 0 and 1 inclusive."),
    (COHERE, {"k": 501}, "invalid request: k must be between 0 and 500 inclusive."),
    (COHERE, {"tools": [{"type": "function", "function": {"name": "get weather"}}]}, "(provided name: 'get weather')."),
    (COHERE, {"messages": [USER, {"role": "tool", "content": "4"}]}, "tool call id must be provided with tool message"),
    (
        COHERE,
        {"messages": [USER, {"role": "tool", "tool_call_id": "t1", "content": "4"}, COHERES_CALL]},
        "tool call id not found in previous tool calls",
    ),
    (EMBED, {"texts": ["hi"] * 97}, "invalid request: total number of texts must be at most 96 - received 97"),
    (RERANK, {"query": " "}, "invalid request: query must not be empty or be only whitespace"),
    (
        OLLAMA,
        {"think": "deeply"},
        'invalid think value: "deeply" (must be "high", "medium", "low", "max", true, or false)',
    ),
    (OLLAMA, {"format": "yaml"}, 'invalid format: "\\"yaml\\""; expected "json"'),
    (OLLAMA, {"top_logprobs": 21}, "top_logprobs must be between 0 and 20"),
    (
        OLLAMA,
        {"messages": [USER, CALLS]},
        "messages.tool_calls.function.arguments of type api.ToolCallFunctionArguments",
    ),
    (
        OLLAMA,
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]},
        "json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string",
    ),
]
TAKEN: list[tuple[str, dict[str, Any]]] = [
    # what is near to what is refused, and is not
    (MESSAGES, {"max_tokens": 64_000}),
    (MESSAGES, {"model": "claude-opus-4-6", "max_tokens": 128_000}),
    (MESSAGES, within(type="array", items={"type": "integer"}, minItems=1)),
    (MESSAGES, {"tools": [{"name": "f", "input_schema": {"type": "object", "properties": {"a": {"minimum": 1}}}}]}),
    (STUDIO, declared(properties={"a": {"type": "object"}, "b": {"type": "STRING", "enum": ["1"]}}, nullable=True)),
    (STUDIO, {"tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"$ref": "#/$defs/A"}}]}]}),
    (STUDIO, answering({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "property_ordering": ["a"]})),
    (VERTEX, declared(additionalProperties=False)),
    (CONVERSE, told(("user", SAID), ("assistant", CALL), ("user", [*RESULT, *SAID]), toolConfig=tooled("f"))),
    (CONVERSE, {"system": [], "additionalModelRequestFields": {}, "inferenceConfig": {}}),
    (COHERE, {"temperature": 2, "p": 1, "k": 0, "frequency_penalty": 1, "presence_penalty": 0, "max_tokens": 10**6}),
    (COHERE, {"messages": [USER, COHERES_CALL, {"role": "tool", "tool_call_id": "t1", "content": "4"}]}),
    (EMBED, {"texts": ["hi"] * 96}),
    (OLLAMA, {"think": "high", "format": {"type": "object"}, "top_logprobs": 20, "logprobs": True}),
    (OLLAMA, {"format": "", "messages": [USER, {"role": "assistant", "content": None}]}),
]


def post(url: str, body: dict[str, Any], validate: Any = None) -> httpx.Response:
    says: Any = auto() if url in (EMBED, RERANK) else '{"a": "b"}'
    with httpx.Client(transport=InterceptTransport(says, validate=validate), headers=KEYS) as client:
        return client.post(url, json={**BASE[url], **body})


@pytest.mark.parametrize(("url", "body", "said"), REFUSED)
def test_what_a_maker_refuses_is_refused(url: str, body: dict[str, Any], said: str) -> None:
    """In its words."""
    response = post(url, body)
    assert response.status_code == 400
    told = response.json()
    error = told.get("error", told)
    assert said in (error if isinstance(error, str) else error["message"])
    assert post(url, body, "off").status_code == 200


@pytest.mark.parametrize(("url", "body"), TAKEN)
def test_what_a_maker_takes_is_answered(url: str, body: dict[str, Any]) -> None:
    """A refused request that is right would be worse than one that is wrong and answered."""
    response = post(url, body)
    assert response.status_code == 200, response.text


def test_what_is_against_amazons_service_model_is_refused_at_once() -> None:
    """All of it in one message, as botocore's own file has it, where botocore is loaded."""
    import_module("botocore")
    body = {"toolConfig": tooled("get weather"), "inferenceConfig": {"temperature": 2, "stopSequences": [""]}}
    message = post(CONVERSE, body).json()["message"]
    assert message == (
        "3 validation errors detected: Value '2' at 'inferenceConfig.temperature' failed to satisfy constraint: Member "
        "must have value less than or equal to 1; Value '' at 'inferenceConfig.stopSequences.1.member' failed to satisfy "
        "constraint: Member must have length greater than or equal to 1; Value 'get weather' at "
        "'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression "
        "pattern: [a-zA-Z0-9_-]+"
    )
    assert "Value at 'toolConfig.tools' failed" in post(CONVERSE, {"toolConfig": {"tools": []}}).json()["message"]
    assert "Member must not be null" in post(CONVERSE, {"toolConfig": {"toolChoice": {"any": {}}}}).json()["message"]
    other = told(("narrator", SAID))
    assert post(CONVERSE, other).status_code == 200
    assert "satisfy enum value set: [user, assistant" in post(CONVERSE, other, "strict").json()["message"]


TOOL = {"type": "function", "name": "refund", "parameters": CLOSED}
WITHIN = {"type": "namespace", "name": "crm", "description": "the shop's", "tools": [TOOL]}
ADDED = {"type": "additional_tools", "role": "developer", "tools": [WITHIN]}
RESPONSES = "https://api.openai.com/v1/responses"


@pytest.mark.parametrize("asked", [{"tools": [WITHIN], "input": "hi"}, {"input": [USER, ADDED]}])
def test_tools_in_a_namespace_or_an_item_are_offered(asked: dict[str, Any]) -> None:
    """Rules see them, `auto()` calls them, a call says the namespace, what is wrong with them is refused."""
    body = {"model": "gpt-5.4", **asked}
    with intercept() as llm, httpx.Client() as client:
        llm.on(tool="refund").reply(tool_call("refund", a="b"))
        (call,) = client.post(RESPONSES, json=body).json()["output"]
        assert (call["name"], call["namespace"]) == ("refund", "crm")
    choice = {"type": "function", "name": "refund"}
    with intercept(auto()), httpx.Client() as client:
        (call,) = client.post(RESPONSES, json={**body, "tool_choice": choice}).json()["output"]
        assert (call["name"], call["arguments"]) == ("refund", '{"a":""}')
    written = json.dumps(body).replace('"refund", ', '"refund", "strict": true, ').replace("false", "true")
    with intercept("never mind"), httpx.Client() as client:
        error = client.post(RESPONSES, content=written).json()["error"]
    assert error["code"] == "invalid_function_parameters"
    assert error["param"].endswith("tools[0].tools[0].parameters")


@pytest.mark.parametrize(
    "form", [{"type": "string", "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}]
)
def test_a_field_that_may_be_null_may_be_null(form: dict[str, Any]) -> None:
    """However the schema says it; of a field that may not, a warning tells."""
    schema = {**CLOSED, "properties": {"a": form}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    body = {"model": "gpt-4o", "messages": [USER], "response_format": wanted}
    url = "https://api.openai.com/v1/chat/completions"
    with intercept(structured({"a": None}), strict=True), httpx.Client() as client:
        assert client.post(url, json=body).status_code == 200
    other = json.dumps(body).replace("true}", "false}").replace('"null"', '"integer"')
    transport = InterceptTransport(structured({"a": None}))
    with httpx.Client(transport=transport) as client, pytest.warns(UnfitReplyWarning):
        client.post(url, content=other)


@pytest.mark.parametrize("host", ["api.openai.com/v1", "a.openai.azure.com/openai/deployments/gpt-4o"])
@pytest.mark.parametrize("says", ["never mind", ["ne", "ver"]])
def test_a_stream_is_not_padded_where_that_is_not_wanted(host: str, says: Any) -> None:
    """Chunks are those of a padded stream without the padding, whatever a text looks like."""
    told = [f',"obfuscation":"x"{one}' for one in says] if isinstance(says, list) else f'{says},"obfuscation":"x"'
    found = []
    for wanted in (True, False):
        body = {"model": "gpt-4o", "messages": [USER], "stream": True}
        body["stream_options"] = {"include_usage": True, "include_obfuscation": wanted}
        with httpx.Client(transport=InterceptTransport(told, seed=1), headers=KEYS) as client:
            answer = client.post(f"https://{host}/chat/completions", json=body).text
        chunks = [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: {")]
        assert any("obfuscation" in one for one in chunks) is wanted
        found.append([one["choices"] for one in chunks])
    assert found[0] == found[1]
