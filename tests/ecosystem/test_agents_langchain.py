"""A tool loop on langchain-openai, unmodified, on the API that it chooses: two calls at once, streamed, to the final text."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("langchain_openai")

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from two_calls import FINAL, calls_ids, one_of_each_tool, two_of_one_tool

from llm_intercept import auto, intercept, structured, tool_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


CHAT, RESPONSES = "openai.chat", "openai.responses"
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt-4o": (CHAT, {"model": "gpt-4o"}),
    "gpt-5": (CHAT, {"model": "gpt-5-nano"}),
    "gpt-5.6": (RESPONSES, {"model": "gpt-5.6-sol"}),
    "gpt-6": (RESPONSES, {"model": "gpt-6-astra"}),
    "reasoning": (RESPONSES, {"model": "gpt-5-mini", "reasoning": {"effort": "low", "summary": "auto"}}),
    "use_responses_api": (RESPONSES, {"model": "gpt-4o", "use_responses_api": True}),
    "continued": (RESPONSES, {"model": "gpt-5.5", "use_previous_response_id": True}),
}
"""Models with tools, and which API they are asked by."""


@pytest.fixture(autouse=True, params=MODELS)
def _model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask either of the two APIs by the same rules."""
    api, options = MODELS[request.param]
    monkeypatch.setattr(Ran, "api", api, raising=False)
    monkeypatch.setattr(Ran, "options", {**options, "api_key": "sk-test"}, raising=False)


class Forecast(BaseModel):
    """What a model with a structured output answers."""

    city: str
    degrees: int


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    api: str
    options: dict[str, Any]

    def tools(self) -> dict[str, BaseTool]:
        @tool
        def get_weather(city: str) -> str:
            """Tell the weather."""
            self.append(("get_weather", city))
            return f"sunny in {city}"

        @tool
        def get_time(city: str) -> str:
            """Tell the time."""
            self.append(("get_time", city))
            return f"noon in {city}"

        return {one.name: one for one in (get_weather, get_time)}


async def loop(tools: dict[str, BaseTool], say: Callable[..., Awaitable[AIMessage]]) -> list[BaseMessage]:
    """Ask, call the tools and ask again until there is no call; the conversation."""
    model = ChatOpenAI(**Ran.options).bind_tools(list(tools.values()))
    messages: list[BaseMessage] = [HumanMessage("weather?")]
    while True:
        answer = await say(model, messages)
        messages.append(answer)
        if not answer.tool_calls:
            return messages
        messages += [tools[call["name"]].invoke(call) for call in answer.tool_calls]


async def streamed(model: ChatOpenAI, messages: list[BaseMessage]) -> AIMessage:
    chunks = list(model.stream(messages))
    return sum(chunks[1:], start=chunks[0])


async def streamed_async(model: ChatOpenAI, messages: list[BaseMessage]) -> AIMessage:
    chunks = [chunk async for chunk in model.astream(messages)]
    return sum(chunks[1:], start=chunks[0])


async def invoked(model: ChatOpenAI, messages: list[BaseMessage]) -> AIMessage:
    return model.invoke(messages)


async def invoked_async(model: ChatOpenAI, messages: list[BaseMessage]) -> AIMessage:
    return await model.ainvoke(messages)


WAYS = pytest.mark.parametrize("say", [streamed, streamed_async, invoked, invoked_async])


def given_ids(messages: list[BaseMessage]) -> list[str]:
    """The ids of the calls as the program was given them."""
    return [call["id"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]


@WAYS
def test_two_calls_of_one_tool(say: Callable[..., Awaitable[AIMessage]]) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        messages = asyncio.run(loop(ran.tools(), say))
    assert messages[-1].text == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert calls_ids(llm, 2) == given_ids(messages)
    assert all(re.fullmatch(r"call_[A-Za-z0-9]{24}", one) for one in given_ids(messages))
    asked = [(call.request.api, call.request.stream) for call in llm.calls]
    assert asked == [(Ran.api, say in {streamed, streamed_async})] * 2


@WAYS
def test_calls_of_two_tools_with_ids_of_their_own(say: Callable[..., Awaitable[AIMessage]]) -> None:
    """Calls of different tools each reach their tool, beside a text, and the ids that the test chose come back."""
    ran = Ran()
    with intercept() as llm:
        one_of_each_tool(llm, "Let me see.")
        messages = asyncio.run(loop(ran.tools(), say))
    assert [message.text for message in messages if isinstance(message, AIMessage)] == ["Let me see.", FINAL]
    assert sorted(ran) == [("get_time", "Rome"), ("get_weather", "Paris")]
    assert calls_ids(llm, 2) == given_ids(messages) == ["call_weather", "call_time"]
    answered = {message.tool_call_id: message.content for message in messages if isinstance(message, ToolMessage)}
    assert answered == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}


def test_a_stream_has_usage_and_no_invalid_calls() -> None:
    """The chunks of two calls add up to two valid ones, with the usage langchain asks for."""
    ran = Ran()
    with intercept([tool_call("get_weather", city="Paris"), tool_call("get_time", city="Rome")]):
        model = ChatOpenAI(**Ran.options, stream_usage=True).bind_tools(list(ran.tools().values()))
        answer = asyncio.run(streamed(model, [HumanMessage("weather?")]))
    assert answer.invalid_tool_calls == []
    told = answer.response_metadata
    assert told["finish_reason"] == "tool_calls" if Ran.api == CHAT else told["status"] == "completed"
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["total_tokens"] > 0


def test_each_tool_once_without_a_script() -> None:
    """`auto(tools="each once")` calls both tools, and ends with a text."""
    ran = Ran()
    with intercept(auto(FINAL, tools="each once")):
        messages = asyncio.run(loop(ran.tools(), streamed_async))
    assert messages[-1].text == FINAL
    assert ran == [("get_weather", ""), ("get_time", "")]


# pydantic warns of langchain-openai's own code.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
def test_a_structured_output(way: str) -> None:
    """`with_structured_output` parses what is answered, streamed and not."""

    async def run() -> Any:
        model = ChatOpenAI(**Ran.options).with_structured_output(Forecast)
        match way:
            case "invoke":
                return model.invoke("weather?")
            case "ainvoke":
                return await model.ainvoke("weather?")
            case "stream":
                return list(model.stream("weather?"))[-1]
            case _:
                return [one async for one in model.astream("weather?")][-1]

    with intercept(structured(Forecast(city="Paris", degrees=20))) as llm:
        assert asyncio.run(run()) == Forecast(city="Paris", degrees=20)
    assert len(llm.calls) == 1
