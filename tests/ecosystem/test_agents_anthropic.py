"""Agents on Anthropic's SDK, unmodified: a loop by hand and its tool runner, two calls at once, streamed and not."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

pytest.importorskip("anthropic", minversion="2")

from anthropic import Anthropic, AsyncAnthropic, beta_async_tool, beta_tool
from pydantic import BaseModel
from two_calls import (
    ANTHROPIC,
    CLAUDE,
    FINAL,
    answers,
    are_the_apis_own,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
    two_turns,
)

from llm_intercept import intercept, structured

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [{"name": name, "input_schema": CITY} for name in ("get_weather", "get_time")]
SAID = {"get_weather": "sunny", "get_time": "noon"}


class Forecast(BaseModel):
    """What a model with a structured output answers."""

    city: str
    degrees: int


@pytest.fixture(params=["messages", "beta", "runner"])
def way(request: pytest.FixtureRequest) -> str:
    """How an agent is made: by hand on either of the SDK's parts, or by the runner that it has."""
    return request.param


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    async def ask(self, way: str, *, stream: bool, is_async: bool) -> str:
        """Run an agent with two tools; its answer."""
        client: Any = AsyncAnthropic() if is_async else Anthropic()
        asked: dict[str, Any] = {"model": CLAUDE, "max_tokens": 1000}
        message = await (self._run if way == "runner" else self._loop)(client, way, asked, stream=stream)
        return "".join(block.text for block in message.content if block.type == "text")

    async def _loop(self, client: Any, way: str, asked: dict[str, Any], *, stream: bool) -> Any:
        messages: list[Any] = [{"role": "user", "content": "weather?"}]
        api = client.beta.messages if way == "beta" else client.messages
        while True:
            message = await _message(api, stream=stream, **asked, tools=TOOLS, messages=messages)
            calls = [block for block in message.content if block.type == "tool_use"]
            if not calls:
                return message
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": self._tell(call.name, call.input["city"])}
                for call in calls
            ]
            messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]

    async def _run(self, client: Any, way: str, asked: dict[str, Any], *, stream: bool) -> Any:
        del way
        question = [{"role": "user", "content": "weather?"}]
        tools = self._async_tools() if isinstance(client, AsyncAnthropic) else self._tools()
        runner = client.beta.messages.tool_runner(**asked, tools=tools, messages=question, stream=stream)
        last: Any = None
        if isinstance(client, AsyncAnthropic):
            async for one in runner:
                last = await one.get_final_message() if stream else one
            return last
        for one in runner:
            last = one.get_final_message() if stream else one
        return last

    def _tools(self) -> list[Any]:
        @beta_tool
        def get_weather(city: str) -> str:
            """Tell the weather."""
            return self._tell("get_weather", city)

        @beta_tool
        def get_time(city: str) -> str:
            """Tell the time."""
            return self._tell("get_time", city)

        return [get_weather, get_time]

    def _async_tools(self) -> list[Any]:
        @beta_async_tool
        async def get_weather(city: str) -> str:
            """Tell the weather."""
            return self._tell("get_weather", city)

        @beta_async_tool
        async def get_time(city: str) -> str:
            """Tell the time."""
            return self._tell("get_time", city)

        return [get_weather, get_time]

    def _tell(self, name: str, city: str) -> str:
        self.append((name, city))
        return f"{SAID[name]} in {city}"


async def _message(api: Any, *, stream: bool, **asked: Any) -> Any:
    """Ask for a message, whole or by the stream helper."""
    if not stream:
        message = api.create(**asked)
        return await message if inspect.isawaitable(message) else message
    manager = api.stream(**asked)
    if hasattr(manager, "__aenter__"):
        async with manager as events:
            return await events.get_final_message()
    with manager as events:
        return events.get_final_message()


def test_two_calls_of_one_tool(way: str, stream: bool, is_async: bool) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        assert asyncio.run(ran.ask(way, stream=stream, is_async=is_async)) == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert are_the_apis_own(calls_ids(llm, 2), ANTHROPIC)
    assert [(call.request.api, call.request.stream) for call in llm.calls] == [(ANTHROPIC, stream)] * 2


def test_calls_of_two_tools_with_ids_of_their_own(way: str, stream: bool, is_async: bool) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm, "Let me see.")
        assert asyncio.run(ran.ask(way, stream=stream, is_async=is_async)) == FINAL
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == ["call_weather", "call_time"]
    assert answers(llm) == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}


def test_two_turns_of_calls(way: str) -> None:
    """An agent that calls tools in two turns has distinct ids in all of them."""
    ran = Ran()
    with intercept() as llm:
        two_turns(llm)
        assert asyncio.run(ran.ask(way, stream=True, is_async=True)) == FINAL
    assert sorted(city for _, city in ran) == ["Bonn", "Oslo", "Paris", "Rome"]
    assert are_the_apis_own(calls_ids(llm, 3), ANTHROPIC)


@pytest.mark.parametrize("part", ["messages", "beta"])
def test_a_structured_output_is_parsed(part: str) -> None:
    """`parse` gives the instance."""
    client = Anthropic()
    api: Any = client.beta.messages if part == "beta" else client.messages
    with intercept(structured(Forecast(city="Paris", degrees=20))):
        question = [{"role": "user", "content": "weather?"}]
        answer = api.parse(model=CLAUDE, max_tokens=100, messages=question, output_format=Forecast)
    assert answer.parsed_output == Forecast(city="Paris", degrees=20)
