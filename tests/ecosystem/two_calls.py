"""What the agent loops of all libraries are told: two calls at once, after their tools' answers the final text.

The calls of a turn are said once, so that a loop whose requests do not show that it went on ends with an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept import tool_call
from llm_intercept.model import ToolResult

if TYPE_CHECKING:
    from llm_intercept import Interceptor
    from llm_intercept.replies.kinds import ReplyLike

MODELS = {"openai.chat", "openai.responses", "anthropic.messages"}
"""The APIs that ask a model; the conversations that an API keeps are asked for too."""
FINAL = "Paris is sunny, and in Rome it is noon"


def two_of_one_tool(llm: Interceptor) -> None:
    """Say two calls of one tool, then the final text."""
    calls = [tool_call("get_weather", city="Paris"), tool_call("get_weather", city="Rome")]
    llm.on(lambda r: r.turn == 1).reply(calls, times=1)
    llm.on(lambda r: r.turn == 2).reply(FINAL)


def one_of_each_tool(llm: Interceptor, *before: str, final: ReplyLike = FINAL) -> None:
    """Say calls of two tools with ids of their own, after a text if one is given, then what is final."""
    weather = tool_call("get_weather", {"city": "Paris"}, id="call_weather")
    time = tool_call("get_time", '{"city": "Rome"}', id="call_time")
    llm.on(lambda r: r.turn == 1).reply([*before, weather, time], times=1)
    llm.on(lambda r: bool(r.tool_results)).reply(final)


def two_turns(llm: Interceptor) -> None:
    """Say two calls, two more, then the final text."""
    cities = ["Paris", "Rome"], ["Oslo", "Bonn"]
    llm.on(lambda r: r.turn < 3).reply(*([tool_call("get_weather", city=city) for city in pair] for pair in cities))
    llm.on(lambda r: r.turn == 3).reply(FINAL)


def calls_ids(llm: Interceptor, turn: int) -> list[str]:
    """The ids of the calls in the conversation as it is sent for `turn`; each has its tool's answer."""
    asked = [call.request for call in llm.calls if call.request.api in MODELS]
    messages = asked[turn - 1].messages
    called = [call.id for message in messages for call in message.tool_calls]
    answered = [result.id for message in messages for result in message.tool_results]
    assert sorted(called) == sorted(answered)
    return called


def answers(llm: Interceptor) -> dict[str, str]:
    """What the tools answered, by the id it was answered to, as the last request has it."""
    parts = [part for message in llm.calls[-1].request.messages for part in message.parts]
    return {part.id: part.text for part in parts if isinstance(part, ToolResult)}
