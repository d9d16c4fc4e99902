"""openai-agents on the WebSocket mode of Responses, unmodified."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("agents")

from agents import Agent, function_tool, responses_websocket_session, set_tracing_disabled
from pydantic import BaseModel
from two_calls import FINAL, two_of_one_tool

from llm_intercept import Reply, api_error, disconnect, intercept, structured, tool_call

# Traces would be sent to OpenAI.
set_tracing_disabled(disabled=True)


class City(BaseModel):
    name: str


def run(agent: Agent, *questions: str, stream: bool = False) -> list[Any]:
    """Ask an agent over one connection; return the final outputs."""

    async def law() -> list[Any]:
        said = []
        async with responses_websocket_session(api_key="sk-test") as session:
            for question in questions:
                if stream:
                    result = session.run_streamed(agent, question)
                    async for _ in result.stream_events():
                        pass
                else:
                    result = await session.run(agent, question)
                said.append(result.final_output)
        return said

    return asyncio.run(law())


@pytest.mark.parametrize("stream", [True, False])
def test_runs_share_a_connection(stream: bool) -> None:
    """Each is answered, from one script."""
    with intercept() as llm:
        llm.on(system="Be brief").reply("one", "two", "three")
        agent = Agent(name="Forecaster", instructions="Be brief.")
        assert run(agent, "a?", "b?", "c?", stream=stream) == ["one", "two", "three"]
    assert [call.request.last_user for call in llm.calls] == ["a?", "b?", "c?"]
    assert all(call.request.stream and call.request.api == "openai.responses" for call in llm.calls)


@pytest.mark.parametrize("stream", [True, False])
def test_two_calls_of_one_tool(stream: bool) -> None:
    """Both run with their own arguments, and the text after them arrives."""
    ran = []

    @function_tool
    def get_weather(city: str) -> str:
        """Tell the weather."""
        ran.append(city)
        return f"sunny in {city}"

    with intercept() as llm:
        two_of_one_tool(llm)
        assert run(Agent(name="Forecaster", tools=[get_weather]), "weather?", stream=stream) == [FINAL]
    assert sorted(ran) == ["Paris", "Rome"]
    assert [one.text for one in llm.calls[1].request.tool_results] == ["sunny in Paris", "sunny in Rome"]


def test_a_hand_off() -> None:
    """The second agent answers over the same connection."""
    second = Agent(name="Second", instructions="You are second.")
    first = Agent(name="First", instructions="You are first.", handoffs=[second])
    with intercept() as llm:
        llm.on(system="first").reply(tool_call("transfer_to_second", {}))
        llm.on(system="second").reply("from the second")
        assert run(first, "who?") == ["from the second"]


def test_structured_output() -> None:
    """Made from the agent's schema."""
    with intercept(structured({"name": "Rome"})):
        assert run(Agent(name="Geographer", output_type=City), "where?") == [City(name="Rome")]


def test_an_error_is_the_transports_own() -> None:
    """With the API's code."""
    with intercept(api_error(429)), pytest.raises(RuntimeError, match="rate_limit_exceeded") as caught:
        run(Agent(name="Forecaster"), "weather?")
    assert type(caught.value).__name__ == "ResponsesWebSocketError"


def test_a_lost_connection_is_the_transports_own_error() -> None:
    """And the next run has a new connection."""
    with intercept() as llm:
        llm.on("lost?").reply(Reply("no", fault=disconnect()))
        llm.on("again?").reply("ours")
        with pytest.raises(RuntimeError, match="closed before any response events"):
            run(Agent(name="Forecaster"), "lost?")
        assert run(Agent(name="Forecaster"), "again?") == ["ours"]
