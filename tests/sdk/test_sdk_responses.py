"""The openai SDK's Responses, unmodified: created, streamed and parsed, in every shape that it has."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("openai")

import openai
from pydantic import BaseModel
from sdk_support import MAJOR, make, run

from llm_intercept import Reply, custom_tool_call, intercept, reasoning, refusal, structured, tool_call
from llm_intercept.model import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY = "It's simple to use — даже так 🙂"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "name": name, "parameters": CITY} for name in ("get_weather", "get_time")]
CALLS = [tool_call("get_weather", city="Paris"), tool_call("get_time", city="Rome")]
INPUTS: dict[str, Any] = {
    "text": "weather?",
    "messages": [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "weather?"}],
    "parts": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "weather?"}]}],
    "answered": [
        {"role": "user", "content": "weather?"},
        {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city": "Paris"}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
    ],
}
REPLIES: dict[str, Any] = {
    "text": REPLY,
    "empty": "",
    "deltas": ["Hel", "lo", "", " world"],
    "calls": CALLS,
    "text and calls": ["Let me see.", *CALLS],
    "thought": [reasoning("Paris is in France."), "It is sunny."],
    "custom": custom_tool_call("run", "print(1)"),
    "refusal": refusal("No."),
    "usage": Reply("hi", usage=Usage(input_tokens=7, output_tokens=3, cache_read_tokens=2, reasoning_tokens=1)),
}


class Weather(BaseModel):
    """What is parsed of an answer, and of what a tool is called with."""

    city: str
    degrees: int


def asked(**more: Any) -> dict[str, Any]:
    """Make the arguments of `create`."""
    return {"model": "gpt-5.4", "input": "weather?", **more}


async def done(value: Any) -> Any:
    """Await what an asynchronous client gives."""
    return await value if inspect.isawaitable(value) else value


async def listed(stream: Any) -> list[Any]:
    """Read a stream of either kind."""
    return [one async for one in stream] if hasattr(stream, "__aiter__") else list(stream)


async def streamed(client: Any, **more: Any) -> Any:
    """Ask by the `.stream()` helper; its final response."""
    manager = client.responses.stream(**asked(**more))
    if hasattr(manager, "__aenter__"):
        async with manager as stream:
            return await stream.get_final_response()
    with manager as stream:
        return stream.get_final_response()


@pytest.fixture
def client(is_async: bool) -> Iterator[Any]:
    """Make a client that refuses what the SDK's own models do not declare.

    Those of openai 2 demand a `name` in `response.function_call_arguments.done`, where the API says none.
    """
    made = make(is_async, _strict_response_validation=MAJOR >= 3)
    yield made
    run(made.close)


@pytest.mark.parametrize("given", INPUTS)
def test_an_input_of_any_form_is_answered(client: Any, stream: bool, given: str) -> None:
    """A text, messages, parts and items are asked with; the answer is a response, or the events that tell it."""

    async def ask() -> str:
        answer = await done(client.responses.create(**asked(input=INPUTS[given], stream=stream)))
        if not stream:
            return answer.output_text
        events = await listed(answer)
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == REPLY
        return events[-1].response.output_text

    with intercept(REPLY) as llm:
        assert run(ask) == REPLY
    (call,) = llm.calls
    assert (call.request.api, call.request.last_user, call.request.stream) == ("openai.responses", "weather?", stream)


@pytest.mark.parametrize("reply", REPLIES)
def test_the_final_response_of_a_stream_is_the_json(client: Any, reply: str) -> None:
    """What the SDK's `stream()` adds up is what `create()` gives, field for field, but for what its parsing adds."""
    more = {"tools": [*TOOLS, {"type": "custom", "name": "run"}], "include": ["reasoning.encrypted_content"]}

    async def both() -> tuple[Any, Any]:
        return await done(client.responses.create(**asked(**more))), await streamed(client, **more)

    with intercept(REPLIES[reply]):
        whole, added = (one.model_dump(exclude_none=True) for one in run(both))
    assert whole.pop("billing", None) is not None
    for item in added["output"]:
        item.pop("parsed_arguments", None)
        for part in item.get("content") or ():
            part.pop("parsed", None)
    assert added == whole


def test_parse_and_stream_give_models(client: Any) -> None:
    """`parse()` and `stream()` with a `text_format` give its instance."""

    async def both() -> list[Any]:
        parsed = await done(client.responses.parse(**asked(text_format=Weather)))
        return [parsed.output_parsed, (await streamed(client, text_format=Weather)).output_parsed]

    with intercept(structured(Weather(city="Paris", degrees=20))) as llm:
        assert run(both) == [Weather(city="Paris", degrees=20)] * 2
    assert {call.request.output_format.name for call in llm.calls if call.request.output_format} == {"Weather"}


def test_parse_and_stream_give_models_of_arguments(client: Any) -> None:
    """Two calls at once of a tool that is a model are parsed too, each with its own arguments."""
    found = [Weather(city="Paris", degrees=20), Weather(city="Rome", degrees=30)]
    tools = [openai.pydantic_function_tool(Weather, name="set_weather")]
    tool = {"type": "function", "strict": True, **{k: v for k, v in tools[0]["function"].items() if k != "strict"}}

    async def both() -> list[Any]:
        answers = [
            await done(client.responses.parse(**asked(tools=[tool]))),
            await streamed(client, tools=[tool]),
        ]
        return [[item.parsed_arguments for item in answer.output] for answer in answers]

    with intercept([tool_call("set_weather", one.model_dump()) for one in found]):
        assert run(both) == [[one.model_dump() for one in found]] * 2


def test_the_events_of_the_helper_have_snapshots(client: Any) -> None:
    """The helper's own events say what was said so far, of texts and of arguments."""
    said: dict[str, list[str]] = {"response.output_text.delta": [], "response.function_call_arguments.delta": []}

    async def read() -> None:
        manager = client.responses.stream(**asked(tools=TOOLS))
        if hasattr(manager, "__aenter__"):
            async with manager as stream:
                events = await listed(stream)
        else:
            with manager as stream:
                events = await listed(stream)
        for event in events:
            if event.type in said:
                said[event.type].append(event.snapshot)

    with intercept(["Let me see.", *CALLS]):
        run(read)
    texts, arguments = said.values()
    assert texts[-1] == "Let me see."
    assert texts == sorted(texts, key=len)
    assert {'{"city":"Paris"}', '{"city":"Rome"}'} <= set(arguments)


def test_raw_and_streaming_responses(client: Any) -> None:
    """`with_raw_response` has the headers, `with_streaming_response` the bytes."""

    async def read() -> tuple[Any, Any]:
        raw = await done(client.responses.with_raw_response.create(**asked()))
        parsed = await done(raw.parse())
        manager = client.responses.with_streaming_response.create(**asked())
        if hasattr(manager, "__aenter__"):
            async with manager as response:
                return (raw.headers["x-request-id"], parsed.output_text), await response.json()
        with manager as response:
            return (raw.headers["x-request-id"], parsed.output_text), response.json()

    with intercept(REPLY):
        (request_id, text), body = run(read)
    assert request_id.startswith("req_")
    assert text == body["output"][0]["content"][0]["text"] == REPLY


def test_a_response_is_kept(client: Any) -> None:
    """It is continued, shown as JSON and as a stream, lists what it was asked, and is deleted."""

    async def use() -> None:
        first = await done(client.responses.create(**asked()))
        await done(client.responses.create(**asked(input="and in Rome?", previous_response_id=first.id)))
        again = await done(client.responses.retrieve(first.id))
        assert again.output_text == REPLY
        items = await listed(await done(client.responses.input_items.list(first.id)))
        assert [item.content[0].text for item in items] == ["weather?"]
        counted = await done(client.responses.input_tokens.count(model="gpt-5.4", input="weather?"))
        assert counted.input_tokens > 0
        await done(client.responses.delete(first.id))
        with pytest.raises(openai.NotFoundError):
            await done(client.responses.retrieve(first.id))

    with intercept(REPLY) as llm:
        run(use)
    second = llm.calls[1].request
    assert [message.text for message in second.messages] == ["weather?", REPLY, "and in Rome?"]


def test_a_loop_with_two_calls(client: Any, stream: bool) -> None:
    """Two calls at once are made, their answers sent, and the text after them arrives."""

    async def ask(items: list[Any]) -> Any:
        answer = await done(client.responses.create(**asked(input=items, tools=TOOLS, stream=stream)))
        return (await listed(answer))[-1].response if stream else answer

    async def loop() -> str:
        items: list[Any] = [{"role": "user", "content": "weather?"}]
        while True:
            answer = await ask(items)
            calls = [item for item in answer.output if item.type == "function_call"]
            if not calls:
                return answer.output_text
            items += answer.output
            items += [{"type": "function_call_output", "call_id": one.call_id, "output": "fine"} for one in calls]

    with intercept() as llm:
        llm.on(lambda r: r.turn == 1).reply(CALLS, times=1)
        llm.on(lambda r: r.turn == 2).reply(REPLY)
        assert run(loop) == REPLY
    assert [result.text for result in llm.calls[1].request.tool_results] == ["fine", "fine"]
