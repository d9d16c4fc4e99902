"""Responses: what a request says is read in all its forms, and what a reply says is written as items."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel

from llm_intercept import (
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
)
from llm_intercept.dialects.openai_responses.dialect import OpenAIResponses
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.errors import ReplyError, UnmatchedRequestError
from llm_intercept.faults import missing_done, missing_finish, stream_error, truncated_arguments
from llm_intercept.model import Citation, Media, OutputFormat, Reasoning, Text, Tool, ToolCall, ToolChoice, ToolResult
from llm_intercept.model.parts import Other, Refusal
from llm_intercept.model.wire import WireRequest
from tests.support import RESPONSES, URL, chat, respond

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai.types.responses import Response

    from llm_intercept.model.request import LLMRequest

F = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
G = {"type": "function", "name": "g", "parameters": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}}  # fmt: skip
SEARCH = {"type": "web_search"}
AZURE = "https://mine.openai.azure.com/openai/v1/responses"


def read(body: dict[str, Any], url: str = RESPONSES) -> LLMRequest:
    return OpenAIResponses().read(head(url), json.dumps({"model": "gpt-4o", **body}).encode())


def head(url: str, **headers: str) -> WireRequest:
    parts = httpx.URL(url)
    return WireRequest("POST", url, parts.host, parts.path, headers)


def post(*, url: str = RESPONSES, **body: Any) -> httpx.Response:
    return httpx.post(url, json={"model": "gpt-4o", "input": "hi", **body})


def output(reply: Any, **body: Any) -> list[dict[str, Any]]:
    with intercept(reply):
        response = post(**body)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["output"]
    return found


def events(reply: Any, **body: Any) -> list[Any]:
    with intercept(reply):
        return list(stream_data(post(stream=True, **body).content))


@pytest.fixture
def client() -> OpenAI:
    return OpenAI(api_key="none", max_retries=0)


# --- requests --------------------------------------------------------------------------------------------------------


def test_a_text_is_what_the_user_says() -> None:
    request = read({"input": "hi", "instructions": "Be short."})
    assert [(one.role, one.text) for one in request.messages] == [("system", "Be short."), ("user", "hi")]
    assert (request.api, request.last_user, request.system, request.turn) == ("openai.responses", "hi", "Be short.", 1)


CALLED = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"city":"Paris"}', "id": "fc_1"}
ANSWERED = {"type": "function_call_output", "call_id": "call_1", "output": "sunny"}


def test_what_a_model_did_in_one_turn_is_one_message() -> None:
    """Thoughts, texts and calls; what tools answered is not what the user said."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "gAAA"}  # fmt: skip
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me see.", "annotations": []}]}  # fmt: skip
    user = {"role": "user", "content": [{"type": "input_text", "text": "The weather?"}]}
    request = read({"input": [user, thought, said, CALLED, ANSWERED], "tools": [F]})
    assert [one.role for one in request.messages] == ["user", "assistant", "tool"]
    assert request.messages[1].parts == (
        Reasoning("Hm.", encrypted="gAAA", id="rs_1"),
        Text("Let me see."),
        ToolCall("f", '{"city":"Paris"}', "call_1"),
    )
    assert request.tool_results == (ToolResult("sunny", "call_1", "f"),)
    assert (request.last_user, request.turn, request.last) == ("The weather?", 2, "sunny")


@pytest.mark.parametrize(
    ("item", "role", "parts"),
    [
        ({"role": "developer", "content": "x"}, "developer", (Text("x"),)),
        ({"type": "message", "role": "user", "content": []}, "user", ()),
        ({"type": "custom_tool_call", "call_id": "c", "name": "n", "input": "i"}, "assistant", (ToolCall("n", "i", "c", "custom"),)),
        ({"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "o"}]}, "tool", (ToolResult("o", "c"),)),
        ({"type": "item_reference", "id": "msg_1"}, "assistant", (Other("item_reference", {"type": "item_reference", "id": "msg_1"}),)),
        ({"type": "web_search_call", "id": "ws_1", "status": "completed"}, "assistant", (Other("web_search_call", {"type": "web_search_call", "id": "ws_1", "status": "completed"}),)),
        ({"type": "mcp_approval_response", "approve": True}, "tool", (Other("mcp_approval_response", {"type": "mcp_approval_response", "approve": True}),)),
        ({"type": "new_thing", "x": 1}, "assistant", (Other("new_thing", {"type": "new_thing", "x": 1}),)),
        ({"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}, "user", (Media("image", "AAAA", mime="image/png"),)),
        ({"role": "user", "content": [{"type": "input_image", "image_url": "https://a.test/b.png"}]}, "user", (Media("image", url="https://a.test/b.png"),)),
        ({"role": "user", "content": [{"type": "input_file", "file_data": "data:application/pdf;base64,BB", "filename": "a.pdf"}]}, "user", (Media("file", "BB", mime="application/pdf"),)),
        ({"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]}, "user", (Media("file", id="file_1"),)),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, "assistant", (Refusal("no"),)),
        ({"role": "user", "content": [{"type": "new_part"}]}, "user", (Other("new_part", {"type": "new_part"}),)),
    ],
)  # fmt: skip
def test_each_kind_of_item_is_read(item: dict[str, Any], role: str, parts: tuple[Any, ...]) -> None:
    (message,) = read({"input": [item]}).messages
    assert (message.role, message.parts) == (role, parts)


@pytest.mark.parametrize(
    ("choice", "read_as"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("required", ToolChoice("required")),
        ({"type": "function", "name": "f"}, ToolChoice("required", ("f",))),
        ({"type": "web_search"}, ToolChoice("required", ("web_search",))),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]}, ToolChoice("auto", ("f",))),
        ({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "g"}, SEARCH]}, ToolChoice("required", ("g", "web_search"))),
    ],
)  # fmt: skip
def test_each_form_of_a_tool_choice_is_read(choice: Any, read_as: ToolChoice | None) -> None:
    assert read({"input": "hi", "tools": [F, G, SEARCH], "tool_choice": choice}).tool_choice == read_as


def test_tools_format_and_limit_are_read() -> None:
    form = {"type": "json_schema", "name": "n", "schema": {"type": "object"}}
    request = read({"input": "hi", "tools": [F, SEARCH], "text": {"format": form}, "max_output_tokens": 20})
    assert request.tools == (Tool(name="f", parameters=F["parameters"], raw=F), Tool(name="", type="web_search", raw=SEARCH))  # type: ignore[arg-type]  # fmt: skip
    assert request.output_format == OutputFormat("json_schema", "n", {"type": "object"})
    assert request.max_tokens == 20


@pytest.mark.parametrize(
    ("body", "param", "code", "words"),
    [
        ({"model": None}, "model", "missing_required_parameter", "Missing required parameter: 'model'."),
        ({"model": 7}, "model", "invalid_type", "expected a string, but got an integer"),
        ({"input": None}, "input", "missing_required_parameter", "Missing required parameter: 'input'."),
        ({"input": []}, None, "missing_required_parameter", 'One of "input" or'),
        ({"input": 7}, "input", "invalid_type", "but got an integer instead."),
        ({"input": ["hi"]}, "input[0]", "invalid_type", "expected an input item, but got a string instead."),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0]", "invalid_value", "Invalid value: 'tool'. Supported values are: 'assistant', 'system', 'developer', and 'user'."),
        ({"input": [{"role": "user"}]}, "input[0].content", "missing_required_parameter", "'input[0].content'"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].name", "missing_required_parameter", "Missing required parameter: 'tools[0].name'."),
        ({"tools": [{"name": "f"}]}, "tools[0].type", "missing_required_parameter", "'tools[0].type'"),
        ({"tools": [F], "tool_choice": {"type": "function", "name": "zz"}}, "tool_choice", None, "Tool choice 'function' not found in 'tools' parameter."),
        ({"tool_choice": "required"}, "tool_choice", None, "only allowed when 'tools' are specified"),
        ({"max_output_tokens": 15}, "max_output_tokens", "integer_below_min_value", "Expected a value >= 16, but got 15 instead."),
        ({"top_logprobs": 21}, "top_logprobs", "integer_above_max_value", "Expected a value <= 20"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type", "invalid_value", "'json_object', 'text', and 'json_schema'"),
        ({"text": {"format": {"type": "json_schema", "schema": {}}}}, "text.format.name", "missing_required_parameter", "'text.format.name'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
def test_what_openai_refuses_is_refused(
    client: OpenAI, body: dict[str, Any], param: str | None, code: str | None, words: str, stream: bool
) -> None:
    """As JSON, in its words, whatever would answer."""
    with intercept("never"), pytest.raises(openai.BadRequestError, match=r".") as refused:
        client.post("/responses", body={"model": "gpt-4o", "input": "hi", **body, "stream": stream}, cast_to=object)
    error = refused.value
    assert (error.param, error.code, error.type) == (param, code, "invalid_request_error")
    assert words in error.message


@pytest.mark.parametrize("by", ["previous_response_id", "conversation", "prompt"])
def test_a_conversation_may_be_said_by_other_things_than_its_input(by: str) -> None:
    with intercept("ok"):
        conversation = httpx.post(RESPONSES.replace("responses", "conversations"), json={}).json()["id"]
        known = {"previous_response_id": post().json()["id"], "conversation": conversation, "prompt": {"id": "pmpt_1"}}
        said = {by: known[by]}
        body = post(input=[], **said).json()
    assert body["previous_response_id"] == said.get("previous_response_id")
    assert ("conversation" in body, "prompt" in body) == ("conversation" in said, "prompt" in said)


def test_another_applications_path_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms have responses too: what names no model, and goes to no known host, is let out."""
    seen = httpx.MockTransport(lambda _: httpx.Response(201))
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: seen.handle_request(request))
    with intercept("never") as llm:
        assert httpx.post("http://forms.test/api/responses", json={"answers": [1]}).status_code == 201
        assert httpx.get("http://forms.test/api/responses").status_code == 201
    assert llm.calls == []


# --- replies ---------------------------------------------------------------------------------------------------------


def test_parts_keep_their_order() -> None:
    items = output(Reply(reasoning("Hm."), "one ", "and", tool_call("f", a=1), custom_tool_call("g", "x"), "two"))
    assert [one["type"] for one in items] == ["reasoning", "message", "function_call", "custom_tool_call", "message"]
    assert items[0]["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert items[1]["content"] == [{"type": "output_text", "annotations": [], "logprobs": [], "text": "one and"}]
    assert [items[2]["arguments"], items[3]["input"]] == ['{"a":1}', "x"]


def test_ids_of_a_response_and_its_items_have_a_beginning_in_common() -> None:
    with intercept([tool_call("f"), "x"]):
        body = post().json()
    bare = [one["id"].partition("_")[2] for one in (body, *body["output"])]
    assert {len(one) for one in bare} == {50}
    assert len(set(bare)) == 3
    assert len({(one[:26], one[30:34]) for one in bare}) == 1
    assert int(bare[0][18:26], 16) == body["created_at"]


def test_thoughts_are_encrypted_only_where_that_is_asked_for() -> None:
    (thought, _) = output([reasoning("a", encrypted="mine"), "b"])
    assert "encrypted_content" not in thought
    (thought, _) = output([reasoning("a", encrypted="mine"), "b"], include=["reasoning.encrypted_content"])
    assert thought["encrypted_content"] == "mine"
    (thought, _) = output([reasoning("a"), "b"], include=["reasoning.encrypted_content"])
    assert thought["encrypted_content"].startswith("gAAAA")


def test_thoughts_of_one_id_are_one_item() -> None:
    (thought, _) = output(Reply(Reasoning("a", id="rs_1"), Reasoning("b", id="rs_1"), "c"))
    assert (thought["id"], [one["text"] for one in thought["summary"]]) == ("rs_1", ["a", "b"])


def test_sources_are_told_when_their_text_was_said() -> None:
    told = events(Reply(deltas=["It is ", "so [1]", ", yes."]).replaced(
        parts=(Text(deltas=("It is ", "so [1]", ", yes.")), Citation("https://a.test", "A", 6, 12))
    ))  # fmt: skip
    names = [one["type"].rpartition("response.")[2] for one in told]
    assert names[4:8] == ["output_text.delta", "output_text.delta", "output_text.annotation.added", "output_text.delta"]
    source = {"type": "url_citation", "end_index": 12, "start_index": 6, "title": "A", "url": "https://a.test"}
    assert told[-1]["response"]["output"][0]["content"][0]["annotations"] == [source]
    flat = {"type": "url_citation", "title": "t", "url": "u"}
    with intercept(Reply("x", annotations=[flat])):
        message = httpx.post(URL, json=chat()).json()["choices"][0]["message"]
    assert message["annotations"] == [{"type": "url_citation", "url_citation": {"title": "t", "url": "u"}}]
    (item,) = output(Reply("x", annotations=[{"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}]))
    assert item["content"][0]["annotations"] == [{"type": "url_citation", "title": "t", "url": "u"}]


def test_log_probabilities_come_where_they_are_asked_for() -> None:
    (item,) = output("One two", include=["message.output_text.logprobs"], top_logprobs=2)
    entries = item["content"][0]["logprobs"]
    assert "".join(one["token"] for one in entries) == "One two"
    assert [list(one) for one in entries] == [["bytes", "logprob", "token", "top_logprobs"]] * 2
    assert [len(one["top_logprobs"]) for one in entries] == [2, 2]
    (item,) = output("One two", top_logprobs=2)
    assert item["content"][0]["logprobs"] == []
    (item,) = output(Reply("a", logprobs=[{"token": "a", "x": 1}]), include=["message.output_text.logprobs"])
    assert item["content"][0]["logprobs"] == [{"token": "a", "x": 1}]


@pytest.mark.parametrize(("reply", "why"), [("one " * 40, "max_output_tokens"), (Reply("x", finish_reason="length"), "max_output_tokens"), (Reply("x", finish_reason="content_filter"), "content_filter")])  # fmt: skip
def test_what_ends_early_is_incomplete(reply: Any, why: str) -> None:
    told = events(reply, max_output_tokens=16)
    response = told[-1]["response"]
    assert told[-1]["type"] == "response.incomplete"
    assert (response["status"], response["incomplete_details"], response["completed_at"]) == ("incomplete", {"reason": why}, None)  # fmt: skip
    assert response["output"][-1]["status"] == "incomplete"
    assert response["usage"]["output_tokens"] <= 16


def test_a_call_that_is_cut_has_the_arguments_that_were_said() -> None:
    (call,) = output(tool_call("f", text="one two three " * 30), max_output_tokens=16)
    assert call["status"] == "incomplete"
    assert '{"text":"one two three one' in call["arguments"]
    assert not call["arguments"].endswith("}")


def test_several_calls_are_one_where_no_parallel_ones_are_wanted() -> None:
    calls = [tool_call("f", a=1), tool_call("g", b=2)]
    assert [one["name"] for one in output(calls, parallel_tool_calls=False, tools=[F, G])] == ["f"]
    assert [one["name"] for one in output(calls, tools=[F, G])] == ["f", "g"]


def test_the_choice_of_tools_is_obeyed() -> None:
    """As in chat completions, by the same code: what is forced is called, from a text that fits."""
    (call,) = output('{"n": 1}', tools=[F, G], tool_choice={"type": "function", "name": "g"})
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "g", '{"n": 1}')
    assert [one["type"] for one in output([tool_call("f"), "x"], tools=[F], tool_choice="none")] == ["message"]
    (call,) = output(auto(), tools=[G], tool_choice="required")
    assert json.loads(call["arguments"]) == {"n": 0}
    (call,) = output(auto(), tools=[{"type": "custom", "name": "c"}], tool_choice={"type": "custom", "name": "c"})
    assert (call["type"], call["name"]) == ("custom_tool_call", "c")
    with pytest.raises(ReplyError, match=r"forces a call of 'f'.*is no JSON object"), intercept("never"):
        assert post(tools=[F], tool_choice="required").status_code == 500


@pytest.mark.parametrize("choice", [{"type": "web_search"}, {"type": "web_search_preview"}, "required"])
def test_a_tool_that_the_api_runs_may_be_forced(choice: Any) -> None:
    """A reply need not call it: whoever gives a text means what comes after it."""
    tools = [SEARCH] if choice == "required" else [F, SEARCH]
    assert [one["type"] for one in output("text", tools=tools, tool_choice=choice)] == ["message"]
    found = output(Reply({"type": "web_search_call"}, "text"), tools=[F, SEARCH], tool_choice="required")
    assert [one["type"] for one in found] == ["web_search_call", "message"]


def test_an_item_that_the_api_makes_itself_has_all_that_it_needs() -> None:
    reply = Reply({"type": "code_interpreter_call", "code": "1+1", "outputs": [{"type": "logs", "logs": "2"}]}, "It is 2.")  # fmt: skip
    told = events(reply)
    names = [
        one["type"].removeprefix("response.code_interpreter_call")
        for one in told[3:]
        if "code_interpreter" in one["type"]
    ]
    assert names[0] == ".in_progress"
    assert names[-3:] == ["_code.done", ".interpreting", ".completed"]
    item = next(one["item"] for one in told if one["type"] == "response.output_item.done")
    assert list(item) == ["id", "type", "status", "code", "container_id", "outputs"]
    assert item["id"].startswith("ci_")
    failed = [one["type"] for one in events(Reply({"type": "mcp_call", "name": "n", "error": "down"}))]
    assert "response.mcp_call.failed" in failed
    assert "response.mcp_call.completed" not in failed


def test_an_item_that_nobody_knows_is_told_as_it_is() -> None:
    (item,) = output(Reply({"type": "new_call", "b": 1, "a": None}))
    assert list(item.items())[1:] == [("type", "new_call"), ("a", None), ("b", 1)]
    names = [one["type"] for one in events(Reply({"type": "new_call"}))]
    assert names[2:4] == ["response.output_item.added", "response.output_item.done"]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(variants=["a", "b"]), "Responses give one"),
        (Reply(audio=Media("audio", transcript="x")), "gives audio, which Responses cannot say"),
        (Reply(Media("image", url="https://a.test")), "by its address"),
        (embedding([1.0]), "cannot answer a question to a model"),
    ],
)
def test_what_responses_cannot_say_is_an_error(reply: Any, words: str) -> None:
    with pytest.raises(ReplyError, match=words), intercept(reply):
        assert post().status_code == 500


@pytest.mark.parametrize("reply", [Reply({"type": "web_search_call"}, "x"), Reply(Media("image", data="AAAA"))])
def test_chat_completions_cannot_say_what_the_api_makes(reply: Reply) -> None:
    with pytest.raises(ReplyError, match=r"which chat completions cannot say.*api='openai\.responses'"):  # noqa: SIM117
        with intercept(reply):
            assert httpx.post(URL, json=chat()).status_code == 500


def test_a_mapping_without_a_type_is_no_part() -> None:
    with pytest.raises(ReplyError, match=r"has a type.*structured"):
        Reply({"a": 1})


# --- the response around them ----------------------------------------------------------------------------------------


def test_a_response_echoes_its_request() -> None:
    schema = {"type": "object", "additionalProperties": False}
    form = {"type": "json_schema", "name": "n", "schema": schema, "strict": True}
    asked = {
        "instructions": "Be short.", "max_output_tokens": 99, "metadata": {"a": "b"}, "parallel_tool_calls": False,
        "reasoning": {"effort": "low", "summary": "auto"}, "service_tier": "flex",
        "store": False, "temperature": 0.5, "text": {"format": form, "verbosity": "low"}, "tool_choice": "none",
        "tools": [F, SEARCH], "top_p": 0.5, "truncation": "auto", "user": "me", "safety_identifier": "s",
        "prompt_cache_key": "k",
    }  # fmt: skip
    with intercept("x"):
        asked["previous_response_id"] = post().json()["id"]
        body = post(model="gpt-5.4", **asked).json()
    same = set(asked) - {"reasoning", "text", "tools"}
    assert {name: body[name] for name in same} == {name: asked[name] for name in same}
    assert body["reasoning"] == {"context": "current_turn", "effort": "low", "mode": "standard", "summary": "detailed"}
    assert body["text"]["format"] == {"type": "json_schema", "description": None, **form}
    function, search = body["tools"]
    assert list(function) == ["type", "description", "name", "output_schema", "parameters", "strict"]
    assert (function["strict"], function["parameters"]["additionalProperties"]) == (True, False)
    assert search["search_context_size"] == "medium"
    assert body["model"] == "gpt-5.4-2026-03-05"
    assert len(body) == 36


def test_azure_names_its_deployment_and_says_what_it_filtered() -> None:
    with intercept("x"):
        body = post(url=AZURE, model="gpt-5-mini").json()
        old = post(url="https://mine.openai.azure.com/openai/responses?api-version=2025-03-01-preview").json()
        told = stream_data(post(url=AZURE, stream=True).content)
    assert body["model"] == "gpt-5-mini"
    assert [one["source_type"] for one in body["content_filters"]] == ["prompt", "completion"]
    assert "billing" not in body
    assert list(old) == list(body)
    assert (told[0]["response"]["content_filters"], len(told[-1]["response"]["content_filters"])) == (None, 2)


# --- ready bodies ----------------------------------------------------------------------------------------------------


def sdk_response() -> Response:
    with intercept([tool_call("f", a=1), "Ready."]):
        return OpenAI(api_key="none").responses.create(model="gpt-4o", input="hi")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "make",
    [
        sdk_response,
        lambda: sdk_response().output[1],
        lambda: raw(json.loads(sdk_response().model_dump_json())),
        lambda: httpx.Response(200, json=json.loads(sdk_response().model_dump_json())),
        lambda: raw(events([tool_call("f"), "Ready."])),
        lambda: raw(events([tool_call("f"), "Ready."])[:-1]),
    ],
    ids=["Response", "item", "mapping", "httpx", "events", "events that broke off"],
)
def test_what_is_an_answer_is_given_in_either_shape(client: OpenAI, make: Callable[[], Any], stream: bool) -> None:
    given = make()
    with intercept(given):
        answer: Any = client.responses.create(model="gpt-4o", input="hi", stream=stream)
        if stream:
            said = "".join(one.delta for one in answer if one.type == "response.output_text.delta")
        else:
            said = answer.output_text
    assert said == "Ready."


def test_errors_and_other_bodies_stay_as_they_are() -> None:
    with intercept(raw({"error": {"message": "tea"}}, status=418)):
        assert (post().status_code, post(stream=True).json()) == (418, {"error": {"message": "tea"}})
    with intercept(raw("no json")):
        assert post(stream=True).text == "no json"


# --- errors and faults -----------------------------------------------------------------------------------------------


def test_errors_are_the_apis_own() -> None:
    with intercept(api_error("model_not_found")):
        unknown = post(model="zz")
    with intercept(api_error(401)):
        refused = post()
    with intercept(api_error("context_length_exceeded")):
        long = post()
    assert unknown.status_code == 400
    assert unknown.json()["error"]["message"] == "The requested model 'zz' does not exist."
    assert refused.headers["www-authenticate"] == 'Bearer realm="OpenAI API"'
    assert "openai-version" in refused.headers
    assert long.json()["error"]["param"] == "input"


def test_a_stream_may_end_with_an_error(client: OpenAI) -> None:
    """As a response that failed, which is the one that began, or as an event of that name."""
    failed = events(Reply("One two", fault=stream_error("busy", after=4, code="rate_limit_exceeded")))
    assert [one["sequence_number"] for one in failed] == [0, 1, 2, 3, 4]
    response = failed[-1]["response"]
    assert failed[-1]["type"] == "response.failed"
    assert (response["status"], response["error"]) == ("failed", {"code": "rate_limit_exceeded", "message": "busy"})
    assert response["id"] == failed[0]["response"]["id"]
    told = events(Reply("One two", fault=stream_error("busy", after=2, form="event")))
    assert told[-1] == {"type": "error", "code": "server_error", "message": "busy", "param": None, "sequence_number": 2}
    with intercept(Reply("One", fault=stream_error(after=0))):
        (only,) = client.responses.create(model="gpt-4o", input="hi", stream=True)
    assert only.type == "response.failed"


@pytest.mark.parametrize("fault", [missing_done(), missing_finish()])
def test_the_last_event_is_what_says_that_a_stream_is_complete(fault: Any) -> None:
    assert events(Reply("One", fault=fault))[-1]["type"] == "response.output_item.done"


def test_broken_arguments_are_broken_wherever_they_are_said() -> None:
    whole = '{"city":"Paris and more"}'
    told = json.dumps(events(Reply(tool_call("f", whole), fault=truncated_arguments(after=1))))
    assert "more" not in told
    (call,) = output(Reply(custom_tool_call("f", "one two"), fault=truncated_arguments()))
    assert call["input"] == "one"


# --- programs --------------------------------------------------------------------------------------------------------


class Answer(BaseModel):
    city: str
    degrees: int


def test_the_sdks_parse_and_stream_get_their_models(client: OpenAI) -> None:
    with intercept(structured({"city": "Paris", "degrees": 21})):
        parsed = client.responses.parse(model="gpt-4o", input="hi", text_format=Answer)
        with client.responses.stream(model="gpt-4o", input="hi", text_format=Answer) as stream:
            final = stream.get_final_response()
    assert parsed.output_parsed == final.output_parsed == Answer(city="Paris", degrees=21)
    with intercept(auto()):
        assert client.responses.parse(model="gpt-4o", input="hi", text_format=Answer).output_parsed is not None
    with intercept(refusal("No.")):
        message: Any = client.responses.create(model="gpt-4o", input="hi").output[0]
    assert message.content[0].refusal == "No."


def test_one_rule_means_both_apis_unless_it_says_which() -> None:
    """What the user said last decides, not what a tool answered."""
    with intercept() as llm:
        llm.on("weather").reply("by what is said")
        llm.on(api="openai.chat").reply("chat")
        llm.reply("any")
        tools = [{"role": "user", "content": "hello"}, CALLED, {**ANSWERED, "output": "the weather is fine"}]
        said = [OpenAIText(post(input=one)) for one in ("The weather?", tools)]
        assert said == ["by what is said", "any"]
        assert httpx.post(URL, json=chat("hello")).json()["choices"][0]["message"]["content"] == "chat"
    assert [call.request.api for call in llm.calls] == ["openai.responses", "openai.responses", "openai.chat"]
    assert all(call.usage is not None for call in llm.calls)


def OpenAIText(response: httpx.Response) -> str:  # noqa: N802
    text: str = response.json()["output"][0]["content"][0]["text"]
    return text


def test_mock_parameters_of_litellm_are_obeyed() -> None:
    with intercept(unmatched="error"):
        assert OpenAIText(post(mock_response="mocked")) == "mocked"
        body = {"output": [{"type": "message", "content": [{"type": "output_text", "text": "mine"}]}]}
        assert OpenAIText(post(mock_response=body)) == "mine"
        call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        assert post(mock_tool_calls=[call]).json()["output"][0]["name"] == "f"


def test_what_nothing_answers_is_explained() -> None:
    with pytest.raises(UnmatchedRequestError, match=r"(?s)no rule answers.*hello"), intercept() as llm:
        llm.on("other").reply("x")
        response = httpx.post(RESPONSES, json=respond("hello"))
        assert response.status_code == 404
        assert "no rule answers" in response.json()["error"]["message"]
