"""litellm's `responses` and `aresponses`, unmodified, and the models whose completions it asks Responses for."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

# litellm fetches its price list when it is imported, unless told to use the one it ships.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

pytest.importorskip("litellm")

import litellm
from two_calls import FINAL, answers, calls_ids, one_of_each_tool, two_of_one_tool

from llm_intercept import intercept, tool_call

if TYPE_CHECKING:
    from collections.abc import Iterator

# pydantic warns of litellm's own code.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Items? '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_(computed_)?fields' attribute:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning"),
]

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTIONS = [{"name": name, "parameters": CITY} for name in ("get_weather", "get_time")]
RESPONSES = "https://api.openai.com/v1/responses"
MODELS: dict[str, dict[str, Any]] = {
    "gpt-5.4": {"model": "gpt-5.4"},
    "gpt-6": {"model": "gpt-6-astra", "reasoning": {"effort": "low"}},
    "prefixed": {"model": "openai/gpt-4o"},
    "hosted": {"model": "hosted_vllm/my-model", "api_base": "http://localhost:8000/v1"},
}


@pytest.fixture(autouse=True)
def _loop() -> Iterator[None]:
    """Give litellm's sync calls a loop: they ask asyncio for the thread's, which would make one nobody closes."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    """Which model is asked, of those in the table."""
    return request.param


async def respond(*, stream: bool, is_async: bool, **asked: Any) -> Any:
    """Ask for a response in one of the four ways."""
    asked = {"api_key": "sk-test", **asked}
    if not stream:
        return await litellm.aresponses(**asked) if is_async else litellm.responses(**asked)
    if is_async:
        events = [event async for event in await litellm.aresponses(**asked, stream=True)]
    else:
        events = list(litellm.responses(**asked, stream=True))
    assert events[-1].type == "response.completed"
    return events[-1].response


async def loop(ran: list[tuple[str, str]], model: str, *, continued: bool = False, **way: bool) -> str:
    """Ask, call the tools and ask again until there is no call; the last text."""
    asked = {**MODELS[model], "tools": [{"type": "function", **one} for one in FUNCTIONS]}
    items: list[Any] = [{"role": "user", "content": "weather?"}]
    while True:
        answer = await respond(input=items, **asked, **way)
        output = [one if isinstance(one, dict) else one.model_dump(exclude_none=True) for one in answer.output]
        calls = [one for one in output if one["type"] == "function_call"]
        if not calls:
            return output[-1]["content"][0]["text"]
        results = []
        for call in calls:
            city = json.loads(call["arguments"])["city"]
            ran.append((call["name"], city))
            said = {"get_weather": "sunny", "get_time": "noon"}[call["name"]]
            results.append({"type": "function_call_output", "call_id": call["call_id"], "output": f"{said} in {city}"})
        if continued:
            items, asked["previous_response_id"] = results, answer.id
        else:
            items += output + results


def test_two_calls_of_one_tool(model: str, stream: bool, is_async: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran: list[tuple[str, str]] = []
    with intercept() as llm:
        two_of_one_tool(llm)
        assert asyncio.run(loop(ran, model, stream=stream, is_async=is_async)) == FINAL
    assert ran == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert len(set(calls_ids(llm, 2))) == 2
    assert {call.request.api for call in llm.calls} == {"openai.responses"}


def test_calls_of_two_tools_with_ids_of_their_own(model: str, stream: bool, is_async: bool) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran: list[tuple[str, str]] = []
    with intercept() as llm:
        one_of_each_tool(llm, "Let me see.")
        assert asyncio.run(loop(ran, model, stream=stream, is_async=is_async)) == FINAL
    assert ran == [("get_weather", "Paris"), ("get_time", "Rome")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert answers(llm) == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}


def test_a_response_is_continued_by_its_id(stream: bool, is_async: bool) -> None:
    """litellm wraps the id of a response, and asks with the API's own; what conditions see is the whole conversation."""
    ran: list[tuple[str, str]] = []
    with intercept() as llm:
        one_of_each_tool(llm)
        assert asyncio.run(loop(ran, "gpt-5.4", continued=True, stream=stream, is_async=is_async)) == FINAL
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert llm.calls[1].request.raw["previous_response_id"].startswith("resp_0")


@pytest.mark.parametrize("model", ["gpt-5.4", "gpt-5.4-pro", "gpt-6-astra"])
def test_completions_that_litellm_asks_responses_for(model: str, stream: bool) -> None:
    """`completion` of a new model with tools is asked by Responses, and is a chat completion again."""
    tools = [{"type": "function", "function": one} for one in FUNCTIONS]
    messages = [{"role": "user", "content": "weather?"}]
    asked: dict[str, Any] = {"messages": messages, "tools": tools, "reasoning_effort": "low", "api_key": "sk-test"}
    calls = [tool_call("get_weather", city="Paris"), tool_call("get_time", city="Rome")]
    with intercept(["Let me see.", *calls]) as llm:
        answer: Any = litellm.completion(model=model, stream=stream, **asked)
        if stream:
            answer = litellm.stream_chunk_builder(list(answer))
    message = answer.choices[0].message
    assert message.content == "Let me see."
    assert [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls] == [
        ("get_weather", {"city": "Paris"}),
        ("get_time", {"city": "Rome"}),
    ]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert [(call.request.url, call.request.stream) for call in llm.calls] == [(RESPONSES, stream)]
