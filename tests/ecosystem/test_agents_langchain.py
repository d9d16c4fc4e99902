"""A tool loop on langchain, unmodified, with each maker's package: two calls at once, streamed, to the final text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("langchain_openai")

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, tool
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI
from pydantic import BaseModel
from two_calls import (
    ANTHROPIC,
    CHAT,
    CLAUDE,
    FINAL,
    GEMINI,
    GEMINI_NAMING_CALLS,
    RESPONSES,
    are_the_apis_own,
    calls_ids,
    one_of_each_tool,
    two_of_one_tool,
)

from llm_intercept import auto, intercept, structured, tool_call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain_core.language_models import BaseChatModel


MODELS: dict[str, tuple[str, Callable[..., BaseChatModel], dict[str, Any]]] = {
    "gpt-4o": (CHAT, ChatOpenAI, {"model": "gpt-4o"}),
    "gpt-5": (CHAT, ChatOpenAI, {"model": "gpt-5-nano"}),
    "gpt-5.6": (RESPONSES, ChatOpenAI, {"model": "gpt-5.6-sol"}),
    "gpt-6": (RESPONSES, ChatOpenAI, {"model": "gpt-6-astra"}),
    "reasoning": (RESPONSES, ChatOpenAI, {"model": "gpt-5-mini", "reasoning": {"effort": "low", "summary": "auto"}}),
    "use_responses_api": (RESPONSES, ChatOpenAI, {"model": "gpt-4o", "use_responses_api": True}),
    "continued": (RESPONSES, ChatOpenAI, {"model": "gpt-5.5", "use_previous_response_id": True}),
    "claude": (ANTHROPIC, ChatAnthropic, {"model": CLAUDE}),
    "claude thinking": (ANTHROPIC, ChatAnthropic, {"model": CLAUDE, "thinking": {"type": "adaptive"}}),
    "gemini": (GEMINI, ChatGoogleGenerativeAI, {"model": GEMINI_NAMING_CALLS}),
}
"""Models with tools, and which API they are asked by."""


@pytest.fixture(autouse=True, params=MODELS)
def _model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask each of the APIs by the same rules."""
    api, kind, options = MODELS[request.param]
    monkeypatch.setattr(Ran, "api", api, raising=False)
    monkeypatch.setattr(Ran, "model", staticmethod(lambda **more: kind(**options, **more)), raising=False)


class Forecast(BaseModel):
    """What a model with a structured output answers."""

    city: str
    degrees: int


class Ran(list[tuple[str, str]]):
    """The tools that really ran, with their arguments."""

    api: str
    model: Callable[..., BaseChatModel]

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
    model = Ran.model().bind_tools(list(tools.values()))
    messages: list[BaseMessage] = [HumanMessage("weather?")]
    while True:
        answer = await say(model, messages)
        messages.append(answer)
        if not answer.tool_calls:
            return messages
        messages += [tools[call["name"]].invoke(call) for call in answer.tool_calls]


async def streamed(model: Any, messages: list[BaseMessage]) -> AIMessage:
    chunks = list(model.stream(messages))
    return sum(chunks[1:], start=chunks[0])


async def streamed_async(model: Any, messages: list[BaseMessage]) -> AIMessage:
    chunks = [chunk async for chunk in model.astream(messages)]
    return sum(chunks[1:], start=chunks[0])


async def invoked(model: Any, messages: list[BaseMessage]) -> AIMessage:
    return model.invoke(messages)


async def invoked_async(model: Any, messages: list[BaseMessage]) -> AIMessage:
    return await model.ainvoke(messages)


WAYS = pytest.mark.parametrize("say", [streamed, streamed_async, invoked, invoked_async])


def given_ids(messages: list[BaseMessage]) -> list[str]:
    """The ids of the calls as the program was given them."""
    return [call["id"] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]


def sent(messages: list[BaseMessage]) -> list[str]:
    """What tells the calls apart as they come back: langchain-google-genai keeps ids to itself (docs/wire-notes.md)."""
    key = "name" if Ran.api == GEMINI else "id"
    return [call[key] for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]


@WAYS
def test_two_calls_of_one_tool(say: Callable[..., Awaitable[AIMessage]]) -> None:
    """Both calls of a turn run with their own arguments, and the text after them arrives."""
    ran = Ran()
    with intercept() as llm:
        two_of_one_tool(llm)
        messages = asyncio.run(loop(ran.tools(), say))
    assert messages[-1].text == FINAL
    assert sorted(ran) == [("get_weather", "Paris"), ("get_weather", "Rome")]
    assert calls_ids(llm, 2) == sent(messages)
    assert are_the_apis_own(given_ids(messages), Ran.api)
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
    assert given_ids(messages) == ["call_weather", "call_time"]
    assert calls_ids(llm, 2) == sent(messages)
    answered = {message.tool_call_id: message.content for message in messages if isinstance(message, ToolMessage)}
    assert answered == {"call_weather": "sunny in Paris", "call_time": "noon in Rome"}
    assert [one.text for one in llm.calls[1].request.tool_results] == ["sunny in Paris", "noon in Rome"]


ENDS = {
    CHAT: ("finish_reason", "tool_calls"),
    RESPONSES: ("status", "completed"),
    ANTHROPIC: ("stop_reason", "tool_use"),
    GEMINI: ("finish_reason", "STOP"),
}


def test_a_stream_has_usage_and_no_invalid_calls() -> None:
    """The chunks of two calls add up to two valid ones, with the usage langchain asks for."""
    ran = Ran()
    asked = {} if Ran.api == GEMINI else {"stream_usage": True}  # which Gemini always tells
    with intercept([tool_call("get_weather", city="Paris"), tool_call("get_time", city="Rome")]):
        model = Ran.model(**asked).bind_tools(list(ran.tools().values()))
        answer = asyncio.run(streamed(model, [HumanMessage("weather?")]))
    assert answer.invalid_tool_calls == []
    field, reason = ENDS[Ran.api]
    assert answer.response_metadata[field] == reason
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
        # By default it forces a call, which a Claude that thinks refuses.
        how = {"method": "json_schema"} if Ran.api == ANTHROPIC else {}
        model = Ran.model().with_structured_output(Forecast, **how)
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
