"""Anthropic's SDK, unmodified, and Messages as any client sends them: what is read, what comes back, what fails."""

from __future__ import annotations

import contextvars
import json
import pickle
from typing import TYPE_CHECKING, Any

import anthropic
import httpx
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, beta_async_tool, beta_tool
from pydantic import BaseModel

from llm_intercept import (
    Interceptor,
    InterceptTransport,
    Pace,
    Reply,
    api_error,
    auto,
    disconnect,
    intercept,
    passthrough,
    raw,
    reasoning,
    refusal,
    structured,
    timeout,
    tool_call,
)
from llm_intercept.dialects import claimed_by
from llm_intercept.dialects.anthropic_messages.tokens_used import read_usage
from llm_intercept.errors import ReplyError, UnmatchedRequestError
from llm_intercept.faults import missing_done, missing_finish, stream_error, truncated_arguments
from llm_intercept.model import Citation, Media, Other, Reasoning, Text, ToolCall, ToolResult, Usage
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import Tape
from llm_intercept.tapetools.checking import check
from tests.support import MESSAGES, VERTEX, complete, maybe, message

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "claude-opus-4-6"
HELLO: Any = [{"role": "user", "content": "hello"}]
TOOLS: Any = [{"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]
CLIENTS = (Anthropic, AsyncAnthropic)


def law(function: Any) -> Any:
    """Run a law that is written once with the SDK's sync and with its async client."""

    @pytest.mark.parametrize("kind", CLIENTS, ids=["sync", "async"])
    def run(kind: type[Any]) -> None:
        complete(function(kind(api_key="none", max_retries=0)), is_async=kind is AsyncAnthropic)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    return run


async def create(client: Any, *, stream: bool = False, **more: Any) -> Any:
    """Ask, whole or by the SDK's stream helper; the message."""
    asked = {"model": MODEL, "max_tokens": 1000, "messages": HELLO, **more}
    if not stream:
        return await maybe(client.messages.create(**asked))
    if isinstance(client, AsyncAnthropic):
        async with client.messages.stream(**asked) as events:
            return await events.get_final_message()
    with client.messages.stream(**asked) as events:
        return events.get_final_message()


def post(reply: Any = "hi", *, url: str = MESSAGES, headers: Any = None, **more: Any) -> httpx.Response:
    """Ask by a plain client."""
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(url, json=message(**more), headers=headers)


def seen(**more: Any) -> Any:
    """The request as a reply function sees it."""
    found: list[Any] = []

    def note(request: Any) -> str:
        found.append(request)
        return "ok"

    assert post(note, **more).status_code == 200
    return found[0]


# --- the SDK ---------------------------------------------------------------------------------------------------------


@law
async def test_a_loop_with_two_calls_at_once(client: Any) -> None:
    """Streamed and not: the rule means what the user said, though answers of tools come in a user's message."""
    for stream in (False, True):
        with intercept() as llm:
            llm.on("weather").reply(
                [tool_call("weather", city="Rome"), tool_call("weather", city="Oslo")], "Sun, snow."
            )
            messages: list[Any] = [{"role": "user", "content": "the weather?"}]
            first = await create(client, stream=stream, messages=messages, tools=TOOLS)
            calls = [block for block in first.content if block.type == "tool_use"]
            assert [call.input for call in calls] == [{"city": "Rome"}, {"city": "Oslo"}]
            assert (first.stop_reason, len({call.id for call in calls})) == ("tool_use", 2)
            answers = [{"type": "tool_result", "tool_use_id": call.id, "content": "cold"} for call in calls]
            messages += [{"role": "assistant", "content": first.content}, {"role": "user", "content": answers}]
            last = await create(client, stream=stream, messages=messages, tools=TOOLS)
        assert (last.content[0].text, last.stop_reason) == ("Sun, snow.", "end_turn")
        asked = llm.calls[1].request
        assert (asked.last_user, asked.turn, asked.tools[0].name) == ("the weather?", 2, "weather")
        assert [(one.name, one.text) for one in asked.tool_results] == [("weather", "cold")] * 2


class Person(BaseModel):
    name: str
    age: int


@law
async def test_structured_output_is_parsed(client: Any) -> None:
    """What the schema asks for: given, or the smallest; a forced tool gets it too."""
    asked = {"model": MODEL, "max_tokens": 100, "messages": HELLO}
    with intercept() as llm:
        llm.reply(structured({"name": "Ann", "age": 3}), auto(), structured({"city": "Rome"}))
        given = await maybe(client.messages.parse(**asked, output_format=Person))
        made = await maybe(client.messages.parse(**asked, output_format=Person))
        forced = await maybe(client.messages.create(**asked, tools=TOOLS, tool_choice={"type": "any"}))
    assert (given.parsed_output, made.parsed_output) == (Person(name="Ann", age=3), Person(name="", age=0))
    assert (forced.content[0].name, forced.content[0].input) == ("weather", {"city": "Rome"})
    assert llm.calls[0].request.output_format.type == "json_schema"


@law
async def test_the_tool_runner_goes_on_by_threads(client: Any) -> None:
    """Its second request sends the answer of the tool alone; rules see all that was said, and the tools."""

    def weather(city: str) -> str:
        """Tell the weather."""
        return f"sunny in {city}"

    async def weather_async(city: str) -> str:
        """Tell the weather."""
        return weather(city)

    is_async = isinstance(client, AsyncAnthropic)
    tool: Any = beta_async_tool(name="weather")(weather_async) if is_async else beta_tool(weather)
    with intercept() as llm:
        llm.on("weather").reply(tool_call("weather", city="Rome"), "Sunny.")
        runner = client.beta.messages.tool_runner(
            model=MODEL, max_tokens=100, tools=[tool], messages=[{"role": "user", "content": "the weather?"}]
        )
        last = await maybe(runner.until_done())
    assert last.content[0].text == "Sunny."
    asked = llm.calls[1].request
    assert [message["role"] for message in asked.raw["messages"]] == ["user"]
    assert [message.role for message in asked.messages] == ["user", "assistant", "user"]
    assert ("tools" in asked.raw, asked.tools[0].name) == (False, "weather")
    assert (asked.last_user, asked.tool_results[0].text) == ("the weather?", "sunny in Rome")


def test_an_unknown_thread_is_the_apis_own_error() -> None:
    """A code the SDK has a class for; it then says all again."""
    thread = {"type": "continue", "previous_message_id": "msg_01x"}
    answer = post(url=MESSAGES + "?beta=true", thread=thread)
    assert (answer.status_code, answer.json()["error"]["details"]) == (404, {"error_code": "thread_not_found"})


ERRORS = {
    400: (anthropic.BadRequestError, "invalid_request_error"),
    401: (anthropic.AuthenticationError, "authentication_error"),
    403: (anthropic.PermissionDeniedError, "permission_error"),
    404: (anthropic.NotFoundError, "not_found_error"),
    409: (anthropic.ConflictError, "conflict_error"),
    413: (anthropic.ContentTooLargeError, "request_too_large"),
    422: (anthropic.UnprocessableEntityError, "invalid_request_error"),
    429: (anthropic.RateLimitError, "rate_limit_error"),
    500: (anthropic.InternalServerError, "api_error"),
    503: (anthropic.ServiceUnavailableError, "api_error"),
    504: (anthropic.GatewayTimeoutError, "timeout_error"),
    529: (anthropic.OverloadedError, "overloaded_error"),
}


@law
async def test_each_status_is_the_sdks_own_error(client: Any) -> None:
    """With its type, the request's id in header and body, and the words that are given."""
    for status, (kind, word) in ERRORS.items():
        for stream in (False, True):
            with intercept(api_error(status, "own words")), pytest.raises(kind) as raised:
                await create(client, stream=stream)
            found = raised.value
            assert (found.status_code, found.type, found.api_message) == (status, word, "own words")
            assert found.request_id == found.body["request_id"]
            assert found.request_id.startswith("req_011C")
    with intercept(api_error("overloaded")), pytest.raises(anthropic.OverloadedError, match="Overloaded"):
        await create(client)
    with intercept(api_error(502)), pytest.raises(anthropic.InternalServerError) as proxy:
        await create(client)
    assert proxy.value.response.text.startswith("<html>")


@law
async def test_what_can_be_retried_is_at_once(client: Any) -> None:
    """Two attempts fail, the third is answered; what cannot be is asked once; the last failure is told to be final."""
    with intercept() as llm:
        llm.reply(api_error(529), api_error(429), "third time lucky")
        answer = await create(client.with_options(max_retries=2))
    assert answer.content[0].text == "third time lucky"
    assert [call.status for call in llm.calls] == [529, 429, 200]
    assert [call.attempt for call in llm.calls] == [1, 2, 3]
    with intercept(api_error(400)) as llm, pytest.raises(anthropic.BadRequestError):
        await create(client.with_options(max_retries=2))
    assert len(llm.calls) == 1


@law
async def test_faults_reach_the_sdk(client: Any) -> None:
    """An error within the stream is the SDK's of its kind; what ends early is what it makes of it."""
    busy = stream_error("busy", type="overloaded_error", after=3)
    with (
        intercept(Reply("some words here", fault=busy)),
        pytest.raises(anthropic.APIStatusError, match="busy") as raised,
    ):
        await create(client, stream=True)
    assert raised.value.type == "overloaded_error"
    with intercept(Reply("some words", fault=disconnect(after=2))), pytest.raises(httpx2.RemoteProtocolError):
        await create(client, stream=True)
    with intercept(Reply("some words", fault=missing_finish())):
        assert (await create(client, stream=True)).stop_reason is None
    with intercept(Reply("some words", fault=missing_done())):
        assert (await create(client, stream=True)).stop_reason == "end_turn"
    with intercept(Reply(tool_call("weather", city="Rome"), fault=truncated_arguments(after=1))):
        for stream in (False, True):
            assert (await create(client, stream=stream, tools=TOOLS)).content[0].input == {}


@law
async def test_batches_are_answered_by_the_same_rules(client: Any) -> None:
    """Each request by its rule; they are worked on in simulated time, ended when somebody asks, and listed."""

    def one(name: str, said: str) -> Any:
        messages = [{"role": "user", "content": said}]
        return {"custom_id": name, "params": {"model": MODEL, "max_tokens": 9, "messages": messages}}

    batches = client.messages.batches
    with intercept(pace=Pace(tokens_per_second=1), time_scale=0) as llm:
        llm.on("good").reply("fine")
        llm.on("bad").reply(api_error(529))
        made = await maybe(
            batches.create(requests=[one("1", "good"), one("2", "bad"), {**one("3", "x"), "params": {}}])
        )
        assert (made.processing_status, made.request_counts.processing, made.results_url) == ("in_progress", 3, None)
        ended = await maybe(batches.retrieve(made.id))
        counts = ended.request_counts
        assert (ended.processing_status, counts.succeeded, counts.errored) == ("ended", 1, 2)
        assert ended.ended_at > ended.created_at
        told = await maybe(batches.results(made.id))
        lines = [line async for line in told] if isinstance(client, AsyncAnthropic) else list(told)
        assert [line.custom_id for line in lines] == ["1", "2", "3"]
        assert (lines[0].result.message.content[0].text, lines[0].result.message.usage.service_tier) == (
            "fine",
            "batch",
        )
        assert lines[1].result.error.error.type == "overloaded_error"
        assert lines[2].result.error.error.message == "model: Field required"
        other = await maybe(batches.create(requests=[one("1", "good")]))
        assert [batch.id for batch in (await maybe(batches.list())).data] == [other.id, made.id]
        stopped = await maybe(batches.cancel(other.id))
        assert stopped.processing_status == "canceling"
        assert (await maybe(batches.retrieve(other.id))).request_counts.canceled == 1
        assert (await maybe(batches.delete(made.id))).type == "message_batch_deleted"
        with pytest.raises(anthropic.NotFoundError, match="Could not find"):
            await maybe(batches.retrieve(made.id))
    assert [call.request.last_user for call in llm.calls if call.request.api == "anthropic.messages"] == [
        "good",
        "bad",
        "good",
    ]


def test_what_happens_to_a_request_in_a_batch_is_its_result() -> None:
    """A fault, an exception that a rule raises, a request that is let out: errors of their own; what no rule answers too."""

    def one(name: str) -> Any:
        return {"custom_id": name, "params": message(name, stream=True)}

    batch = {"requests": [one(name) for name in ("fault", "broken", "raise", "out", "slow", "none")]}
    with pytest.raises(UnmatchedRequestError), intercept(time_scale=0) as llm:
        llm.on("fault").reply(timeout())
        llm.on("broken").reply(disconnect(after=1))
        llm.on("raise").reply(LookupError("mine"))
        llm.on("out").reply(passthrough())
        llm.on("slow").reply(Reply("words", pace=Pace(ttft=9)))
        made = httpx.post(f"{MESSAGES}/batches", json=batch).json()
        url = f"{MESSAGES}/batches/{made['id']}"
        assert httpx.get(f"{url}/results").status_code == 200
        lines = [json.loads(line)["result"] for line in httpx.get(f"{url}/results").text.splitlines()]
    assert [line["type"] for line in lines] == ["errored"] * 4 + ["succeeded", "errored"]
    said = [line["error"]["error"]["message"] for line in lines if line["type"] == "errored"]
    for text, wanted in zip(
        said, ("ReadTimeout", "RemoteProtocolError", "mine", "cannot be sent on", "no rule"), strict=True
    ):
        assert wanted in text
    assert httpx.HTTPError not in {type(call.error) for call in llm.calls}


@law
async def test_models_and_counts_are_answered_by_default(client: Any) -> None:
    """By Anthropic's host and header, where OpenAI has the same path."""
    with intercept() as llm:
        listed = await maybe(client.models.list(limit=3))
        assert (len(listed.data), listed.has_more, listed.last_id) == (3, True, listed.data[-1].id)
        more = await maybe(client.models.list(after_id=listed.last_id, limit=100))
        assert not more.has_more
        shown = await maybe(client.models.retrieve("claude-opus-4-5"))
        assert (shown.id, shown.max_tokens) == ("claude-opus-4-5-20251101", 64_000)
        with pytest.raises(anthropic.NotFoundError):
            await maybe(client.models.retrieve("no-model"))
        counted = await maybe(client.messages.count_tokens(model=MODEL, messages=HELLO))
        llm.reply("hi")
        assert counted.input_tokens == (await create(client)).usage.input_tokens
        with pytest.raises(anthropic.BadRequestError, match="at least one message"):
            await maybe(client.messages.count_tokens(model=MODEL, messages=[]))
    assert [call.request.api for call in llm.calls][:2] == ["anthropic.models", "anthropic.models"]
    assert len(llm.side_calls) == 1


def recording(folder: Path, reply: Any) -> Any:
    """Make a client whose requests are recorded; what answers them is another interceptor, as the API would."""
    api = httpx2.Client(transport=InterceptTransport(reply))

    def upstream(request: httpx2.Request) -> httpx2.Response:
        def send() -> httpx2.Response:  # outside of what lets a request out
            return api.request(request.method, request.url, content=request.read(), headers=request.headers)

        answer = contextvars.Context().run(send)
        headers = {"content-type": answer.headers["content-type"]}
        return httpx2.Response(answer.status_code, headers=headers, content=answer.content)

    recorder = Interceptor(recordings=folder, mode="record")
    transport = InterceptTransport(inner=httpx2.MockTransport(upstream), interceptor=recorder)
    return Anthropic(api_key="none", max_retries=0, http_client=httpx2.Client(transport=transport))


def test_a_take_answers_both_shapes_and_says_its_usage(tmp_path: Path) -> None:
    """Whichever was recorded; a check of the tape finds nothing, and the SDK's models fit."""
    usage = Usage(90, 9, cache_read_tokens=60, cache_write_tokens=20, reasoning_tokens=4)
    client = recording(tmp_path, Reply(reasoning("hm"), "words", tool_call("weather", city="Rome"), usage=usage))

    async def told(it: Any) -> list[Any]:
        return [await create(it, stream=one, messages=[{"role": "user", "content": str(one)}]) for one in (True, False)]

    recorded = complete(told(client), is_async=False)
    for stream in (True, False):
        with intercept(recordings=tmp_path, mode="replay") as llm:
            for one, other in zip((True, False), recorded, strict=True):
                said = [{"role": "user", "content": str(one)}]
                again = complete(create(Anthropic(api_key="k"), stream=stream, messages=said), is_async=False)
                assert again.to_dict() == other.to_dict()
        assert [call.usage for call in llm.calls] == [usage] * 2
    assert list(check(Tape(FolderStore(tmp_path)))) == []


@pytest.mark.parametrize("recorded", [False, True], ids=["json", "stream"])
def test_threads_replay_and_are_told_apart_by_what_they_continue(tmp_path: Path, recorded: bool) -> None:
    """Two that end in the same words; each request has all that was said."""

    def heard(request: Any) -> str:
        return " | ".join(f"{message.role}: {message.text}" for message in request.messages)

    def talk(client: Any, words: str, *, stream: bool) -> list[str]:
        said: list[str] = []
        thread: dict[str, str] = {"type": "create"}
        for word in words.split():
            asked: Any = {
                "model": MODEL,
                "max_tokens": 500,
                "thread": thread,
                "messages": [{"role": "user", "content": word}],
            }
            if stream:
                with client.beta.messages.stream(**asked) as events:
                    answer = events.get_final_message()
            else:
                answer = client.beta.messages.create(**asked)
            said.append(answer.content[0].text)
            thread = {"type": "continue", "previous_message_id": answer.id}
        return said

    client = recording(tmp_path, heard)
    both = [talk(client, words, stream=recorded) for words in ("a go on", "b go on")]
    assert both[1][2].startswith("user: b | assistant: ")
    for played in (False, True):
        with intercept(recordings=tmp_path, mode="replay") as llm:
            again = [talk(Anthropic(api_key="k"), words, stream=played) for words in ("b go on", "a go on")]
        assert again == both[::-1]
        assert [call.request.turn for call in llm.calls] == [1, 2, 3] * 2


# --- what is read ----------------------------------------------------------------------------------------------------


def test_a_request_is_read() -> None:
    """System prompts in both forms, all kinds of blocks, tools, what is asked of the answer."""
    blocks = [
        {"type": "text", "text": "look "},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        {"type": "document", "source": {"type": "url", "url": "https://a.test/b.pdf"}},
        {"type": "search_result", "source": "s", "title": "t", "content": []},
    ]
    said = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Rome"}},
    ]
    answered = [{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": True, "content": blocks[:2]}]
    messages = [
        {"role": "user", "content": blocks},
        {"role": "assistant", "content": said},
        {"role": "user", "content": answered},
    ]
    tools = [*TOOLS, {"type": "web_search_20250305", "name": "web_search"}]
    read = seen(messages=messages, system=[{"type": "text", "text": "Be kind."}], tools=tools, stop_sequences=["X"])
    system, user, model, results = read.messages
    assert (system.role, read.system, seen(system="Be kind.").system) == ("system", "Be kind.", "Be kind.")
    assert [type(part) for part in user.parts] == [Text, Media, Media, Other]
    assert [(part.kind, part.data, part.mime, part.url) for part in user.parts[1:3]] == [
        ("image", "AAAA", "image/png", ""),
        ("file", "", "", "https://a.test/b.pdf"),
    ]
    called = ToolCall("weather", '{"city":"Rome"}', "toolu_1")
    assert model.parts == (Reasoning("hm", signature="s"), Reasoning(encrypted="d"), called)
    assert results.parts == (ToolResult("look ", "toolu_1", is_error=True),)
    assert (read.last_user, read.tool_results[0].name, read.turn) == ("look ", "weather", 2)
    assert [(tool.name, tool.type) for tool in read.tools] == [
        ("weather", "function"),
        ("web_search", "web_search_20250305"),
    ]
    assert (read.max_tokens, read.stops, read.output_format) == (4096, ("X",), None)


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        ({"type": "auto"}, ("auto", (), False)),
        ({"type": "auto", "disable_parallel_tool_use": True}, ("auto", (), True)),
        ({"type": "any"}, ("required", (), False)),
        ({"type": "tool", "name": "weather", "disable_parallel_tool_use": True}, ("required", ("weather",), True)),
        ({"type": "none"}, ("none", (), False)),
    ],
)
def test_a_choice_of_tools_is_read_and_obeyed(choice: Any, read: Any) -> None:
    """A call that is forbidden is left out, one of several that are to come singly is kept, a text becomes the call."""
    calls = [tool_call("weather", city="a"), tool_call("weather", city="b")]
    found = seen(tools=TOOLS, tool_choice=choice) if read[0] != "required" else None
    if found is not None:
        assert (found.tool_choice.mode, found.tool_choice.tools, found.calls_singly) == read
    made = post(calls, tools=TOOLS, tool_choice=choice).json()["content"]
    assert len(made) == (0 if read[0] == "none" else 1 if read[2] else 2)
    if read[0] == "required":
        (told,) = post(structured({"city": "c"}), tools=TOOLS, tool_choice=choice).json()["content"]
        assert (told["name"], told["input"]) == ("weather", {"city": "c"})
        (least,) = post(auto(), tools=TOOLS, tool_choice=choice).json()["content"]
        assert least["type"] == "tool_use"


def test_conditions_speak_of_what_was_said() -> None:
    """A rule for what the user says is not met by what a tool answers; the API has a name."""
    answered = [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "the weather is bad"}]
    messages = [
        {"role": "user", "content": "a poem"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
        {"role": "user", "content": answered},
    ]
    with intercept() as llm:
        llm.on("weather").reply("wrong")
        llm.on("poem", api="anthropic.messages").reply("right")
        answer = httpx.post(MESSAGES, json=message(messages=messages))
    assert answer.json()["content"][0]["text"] == "right"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no limit": ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
    "a limit below 0": ({"max_tokens": -1}, "max_tokens: must be greater than or equal to 0"),
    "no messages": ({"messages": []}, "messages: at least one message is required"),
    "a role": ({"messages": [{"role": "tool", "content": "x"}]}, 'messages: Unexpected role "tool"'),
    "nothing said": ({"messages": [{"role": "user", "content": ""}]}, "messages.0: all messages must have non-empty"),
    "an empty text": (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]},
        "messages: text content blocks must be non-empty",
    ),
    "a call without its answer": (
        {
            "messages": [
                {"role": "user", "content": "a"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
                {"role": "user", "content": "b"},
            ]
        },
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1.",
    ),
    "an answer without its call": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "b"}]}
            ]
        },
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1.",
    ),
    "a tool's name": (
        {"tools": [{"name": "a b", "input_schema": {"type": "object"}}]},
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ),
    "a tool's schema": ({"tools": [{"name": "a"}]}, "tools.0.custom.input_schema: Field required"),
    "two tools of a name": ({"tools": TOOLS * 2}, "tools: Tool names must be unique."),
    "a choice of none": ({"tool_choice": {"type": "any"}}, "tool_choice: tool_choice may only be specified while"),
    "a system's word that says nothing": (
        {"messages": [*HELLO, {"role": "system", "output_config": {}}]},
        "messages.1.content: Field required",
    ),
    "an unknown tool": (
        {"tools": TOOLS, "tool_choice": {"type": "tool", "name": "x"}},
        "Tool 'x' not found in provided",
    ),
    "too much thought": (
        {"max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 3000}},
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    "an empty stop": ({"stop_sequences": [" "]}, "stop_sequences: each stop sequence must contain non-whitespace"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_api_refuses_is_refused_in_its_words(case: str) -> None:
    """Before any rule; what is wrong is said."""
    given, said = REFUSED[case]
    answer = post(**given)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    assert answer.json()["error"]["message"].startswith(said)


ADDED = {
    "role": "system",
    "content": [{"type": "tool_addition", "tool": {"type": "tool_definition", "definition": TOOLS[0]}}],
}
CHOSEN = {"type": "tool", "name": "weather"}
TAKEN: dict[str, dict[str, Any]] = {
    "a set of tools, one of which is called": {"tools": [{"type": "browser_toolset_20260801"}], "tool_choice": {"type": "any"}},
    "a server's tool": {"tools": [{"type": "mcp_toolset", "mcp_server_name": "s"}], "tool_choice": CHOSEN},
    "a server": {"mcp_servers": [{"type": "url", "name": "s", "url": "https://a.test"}], "tool_choice": {"type": "any"}},
    "a tool that is defined later": {"messages": [*HELLO, ADDED], "tool_choice": CHOSEN},
    "a system's word about the effort": {"messages": [*HELLO, {"role": "system", "output_config": {"effort": "low"}}]},
    "thoughts between calls": {"max_tokens": 2000, "thinking": {"type": "enabled", "budget_tokens": 3000}},
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_what_the_api_takes_is_taken(case: str) -> None:
    """Tools that nobody has named, those that come later, and what betas allow."""
    headers = {"anthropic-version": "2023-06-01", "anthropic-beta": "a-2025-01-01,interleaved-thinking-2025-05-14"}
    assert post(tool_call("weather"), headers=headers, **TAKEN[case]).status_code == 200


def test_a_tool_that_a_system_message_defines_is_offered() -> None:
    """The same as one that the request begins with; a word without a text adds nothing to the system prompt."""
    read = seen(messages=[*HELLO, ADDED], system="Be kind.")
    assert ([tool.name for tool in read.tools], read.system) == (["weather"], "Be kind.")
    (called,) = post(auto(), messages=[*HELLO, ADDED], tool_choice={"type": "any"}).json()["content"]
    assert (called["name"], called["input"]) == ("weather", {"city": ""})


def changed(kind: str, **tool: Any) -> dict[str, Any]:
    return {"role": "system", "content": [{"type": f"tool_{kind}", "tool": tool}]}


def test_a_tool_that_a_system_message_removes_is_no_longer_offered() -> None:
    """Until another one adds it again; so are all tools of a server."""
    reference = {"type": "tool_reference", "name": "weather"}
    removed, added = changed("removal", **reference), changed("addition", **reference)
    toolset = {"type": "mcp_toolset", "mcp_server_name": "s"}
    for later, offered in (
        ([removed], [""]),
        ([removed, added], ["weather", ""]),
        ([ADDED, removed], [""]),
        ([removed, ADDED], ["weather", ""]),
        ([changed("removal", type="mcp_toolset_reference", server_name="s")], ["weather"]),
    ):
        begun = [toolset] if ADDED in later else [TOOLS[0], toolset]
        read = seen(messages=[*HELLO, *later], tools=begun)
        assert sorted(tool.name for tool in read.tools) == sorted(offered)


@law
async def test_a_limit_of_0_fills_the_cache_and_answers_nothing(client: Any) -> None:
    """Whatever the reply has."""
    with intercept(Reply(reasoning("Hm."), "a", tool_call("f"))):
        for stream in (False, True):
            answer = await create(client, stream=stream, max_tokens=0)
            assert (answer.content, answer.stop_reason, answer.usage.output_tokens) == ([], "max_tokens", 0)


def test_what_a_tool_found_is_what_it_answered() -> None:
    """Results of a search and documents, in the order of the blocks."""
    found = [
        {"type": "text", "text": "a"},
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "b"}]},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "c"}},
        {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "d"}]}},
        {"type": "image", "source": {"type": "url", "url": "https://a.test"}},
        {"type": "tool_reference", "tool_name": "f"},
    ]
    messages = [
        *HELLO,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": found}]},
    ]
    assert seen(messages=messages).tool_results == (ToolResult("abcd", "toolu_1", "f"),)


def test_files_beside_what_a_tool_answered_are_no_words_of_the_users() -> None:
    """The API's clients send what a tool drew in a block beside its answer."""
    answered = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "drawn"}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    messages = [
        *HELLO,
        {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}]},
        {"role": "user", "content": [answered, picture]},
    ]
    assert seen(messages=messages).last_user == "hello"
    messages[-1]["content"].append({"type": "text", "text": "nice?"})
    assert seen(messages=messages).last_user == "nice?"


def test_messages_of_one_role_in_a_row_are_one_turn() -> None:
    """Answers may come in a message each, and a system's word between."""
    calls = [{"type": "tool_use", "id": f"toolu_{n}", "name": "f", "input": {}} for n in (1, 2)]
    answered = [{"type": "tool_result", "tool_use_id": f"toolu_{n}", "content": "x"} for n in (1, 2)]
    messages = [
        {"role": "user", "content": "a"},
        *({"role": "assistant", "content": [call]} for call in calls),
        {"role": "user", "content": answered[:1]},
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": answered[1:]},
    ]
    assert post(messages=messages).status_code == 200
    refused = post(messages=messages[:-1])
    assert "messages.2: `tool_use` ids were found" in refused.json()["error"]["message"]
    assert refused.json()["error"]["message"].partition("after: ")[2].startswith("toolu_2.")


def test_a_limit_is_required() -> None:
    """As every client of another API forgets once."""
    body = {name: value for name, value in message().items() if name != "max_tokens"}
    with httpx.Client(transport=InterceptTransport("x")) as client:
        assert client.post(MESSAGES, json=body).json()["error"]["message"] == "max_tokens: Field required"


# --- whose request ---------------------------------------------------------------------------------------------------


def head(url: str, method: str = "POST", **headers: str) -> WireRequest:
    parts = httpx.URL(url)
    return WireRequest(method, url, parts.host, parts.path, httpx.Headers(headers))


@pytest.mark.parametrize(
    ("asked", "api"),
    [
        (head(MESSAGES), "anthropic.messages"),
        (head("http://localhost:4000/anthropic/v1/messages"), "anthropic.messages"),
        (head("http://llm.test/messages", **{"anthropic-version": "2023-06-01"}), "anthropic.messages"),
        (head("https://api.openai.com/v1/threads/t/messages"), None),
        (head(VERTEX), "anthropic.messages"),
        (head(VERTEX.replace("models/m:", "models/count-tokens:")), "side.tokens"),
        (head("https://api.anthropic.com/v1/models", "GET"), "anthropic.models"),
        (head("https://api.openai.com/v1/models", "GET"), "openai.models"),
        (head("https://api.anthropic.com/v1/models", "GET", **{"user-agent": "OpenAI/Python 3"}), "openai.models"),
        (head("http://llm.test/v1/models", "GET", **{"anthropic-version": "2023-06-01"}), "anthropic.models"),
        (head("http://llm.test/v1/models", "GET"), None),
        (head(MESSAGES + "/batches"), "anthropic.batches"),
        (head(MESSAGES + "/batches/b/results", "GET"), "anthropic.batches"),
        (head("http://chat.test/v1/messages/batches"), None),
    ],
)
def test_a_path_that_others_have_too_is_told_by_host_or_header(asked: WireRequest, api: str | None) -> None:
    """OpenAI's models and threads, a chat's messages."""
    found = claimed_by(asked)
    assert (found.name if found is not None else None) == api


def test_another_applications_messages_go_their_way(make_case: Any) -> None:
    """A body that Anthropic would refuse, at a host that nobody knows, is a chat's."""
    with httpx.Client(
        transport=InterceptTransport("x", inner=httpx.MockTransport(lambda _: httpx.Response(201)))
    ) as it:
        assert it.post("http://chat.test/v1/messages", json={"to": "Ann", "text": "hi"}).status_code == 201
        assert it.post("http://chat.test/v1/messages", json=message()).status_code == 200
        refused = it.post("http://chat.test/v1/messages", json={"to": 1}, headers={"anthropic-version": "2023-06-01"})
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "model: Field required")
    del make_case


@pytest.mark.parametrize("stream", [False, True])
def test_vertex_says_the_model_in_its_path(stream: bool) -> None:
    """And its ids say that it is Vertex; what begins a stream there is a method of its own."""
    url = VERTEX.replace("models/m:", "models/claude-opus-4-5@20251101:")
    url = url.replace(":rawPredict", ":streamRawPredict") if stream else url
    body = {name: value for name, value in message().items() if name != "model"}
    with httpx.Client(transport=InterceptTransport("hi")) as client:
        text = client.post(url, json={"anthropic_version": "vertex-2023-10-16", **body}).text
    data = json.loads(text.split("\n")[1].removeprefix("data: "))["message"] if stream else json.loads(text)
    assert (data["model"], data["id"][:11]) == ("claude-opus-4-5-20251101", "msg_vrtx_01")


# --- what is said ----------------------------------------------------------------------------------------------------


def test_an_answer_says_what_the_reply_does() -> None:
    """Refusals, the API's own blocks and words, sources, cached tokens."""
    refused = post(refusal("It could do harm.")).json()
    assert (refused["content"], refused["stop_reason"]) == ([], "refusal")
    assert refused["stop_details"] == {"type": "refusal", "category": None, "explanation": "It could do harm."}
    paused = post(Reply({"type": "server_tool_use", "name": "web_search"}, finish_reason="pause_turn")).json()
    assert (paused["stop_reason"], paused["content"][0]["id"][:11]) == ("pause_turn", "srvtoolu_01")
    assert paused["usage"]["server_tool_use"] == {"web_search_requests": 1, "web_fetch_requests": 0}
    cited = post(Reply("so it is", Citation("https://a.test", "A"), ".")).json()["content"]
    assert [list(block) for block in cited] == [["citations", "type", "text"], ["type", "text"]]
    usage = Usage(100, 7, cache_read_tokens=60, cache_write_tokens=30, reasoning_tokens=5)
    told = post(Reply("x", usage=usage)).json()["usage"]
    assert (told["input_tokens"], told["cache_read_input_tokens"], told["cache_creation_input_tokens"]) == (10, 60, 30)
    assert told["output_tokens_details"] == {"thinking_tokens": 5}
    stopped = post("one two three", stop_sequences=["four", " two"]).json()
    assert (stopped["stop_reason"], stopped["stop_sequence"], stopped["content"][0]["text"]) == (
        "stop_sequence",
        " two",
        "one",
    )
    hidden = post(reasoning("hm"), thinking={"type": "adaptive", "display": "omitted"}).json()["content"][0]
    assert (hidden["thinking"], bool(hidden["signature"])) == ("", True)
    mine = post(raw({"type": "message", "content": [{"type": "text", "text": "mine"}]})).json()
    assert mine["content"][0]["text"] == "mine"


def test_cached_tokens_are_a_part_of_the_input() -> None:
    """The API counts them apart; what a stream says at first holds where its end does not say otherwise."""
    first = {"input_tokens": 3, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1, "output_tokens": 1}
    told = [
        {"type": "message_start", "message": {"usage": first}},
        {"type": "message_delta", "usage": {"output_tokens": 15}},
    ]
    assert read_usage(told) == Usage(6, 15, 2, 1)
    assert read_usage([{"answer": 42}]) is None


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply("x", finish_reason="pause_turns"), "pause_turn"),
        (Reply(variants=["a", "b"]), "several answers"),
        (Reply(Media("image", data="AAAA")), "image"),
        (Reply(tool_call("f", "[1]")), "JSON object"),
    ],
)
def test_what_messages_cannot_say_is_an_error_that_says_what_can(reply: Any, said: str) -> None:
    """The user's mistake, told where the reply stands."""
    with pytest.raises(ReplyError, match=said), intercept(reply):
        assert httpx.post(MESSAGES, json=message()).status_code == 500


def test_rate_limits_are_told_in_the_apis_headers() -> None:
    """What is left, and of one that is met its words."""
    with intercept("hi", time_scale=0) as llm:
        llm.rate_limit(requests_per_minute=1)
        first, second = (httpx.post(MESSAGES, json=message()) for _ in range(2))
    assert first.headers["anthropic-ratelimit-requests-limit"] == "1"
    assert first.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert first.headers["anthropic-ratelimit-requests-reset"].endswith("Z")
    assert (second.status_code, second.json()["error"]["type"]) == (429, "rate_limit_error")
    assert "rate limit of 1 requests per minute" in second.json()["error"]["message"]
    assert int(second.headers["retry-after"]) > 0


def test_a_request_that_continues_a_thread_can_be_pickled() -> None:
    """With what was read of the whole conversation, and without the answers that it was read from."""
    read = seen(messages=HELLO)
    before = ({"role": "user", "content": "first"}, {"role": "assistant", "content": "so"})
    continued = read.after(before, {**read.raw, "system": "Be kind."})
    again = pickle.loads(pickle.dumps(continued))
    assert again == continued
    assert [again.turn, again.system, again.last_user] == [2, "Be kind.", continued.last_user]
    assert "before" not in vars(again)
