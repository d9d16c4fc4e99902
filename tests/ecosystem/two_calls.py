"""What the agent loops of all libraries are told: two calls at once, after their tools' answers the final text.

The calls of a turn are said once, so that a loop whose requests do not show that it went on ends with an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llm_intercept import tool_call
from llm_intercept.model import ToolResult

if TYPE_CHECKING:
    from llm_intercept import Interceptor
    from llm_intercept.model import LLMRequest, Part
    from llm_intercept.replies.kinds import ReplyLike

CHAT, RESPONSES, ANTHROPIC, GEMINI = "openai.chat", "openai.responses", "anthropic.messages", "google.gemini"
IDS = {
    CHAT: r"call_[A-Za-z0-9]{24}",
    RESPONSES: r"call_[A-Za-z0-9]{24}",
    ANTHROPIC: r"toolu_01[A-Za-z0-9]{22}",
    GEMINI: r"[a-z0-9]{8}",
}
"""The APIs that ask a model, and the ids that each gives to calls; others are asked too, as for kept conversations."""
CLAUDE, GEMINI_NAMING_CALLS, GEMINI_WITHOUT_IDS = "claude-opus-4-6", "gemini-3.5-flash", "gemini-2.5-flash"
"""Models of the makers who are not OpenAI."""
FINAL = "Paris is sunny, and in Rome it is noon"


def two_of_one_tool(llm: Interceptor) -> None:
    """Say two calls of one tool, then the final text."""
    calls = [tool_call("get_weather", city="Paris"), tool_call("get_weather", city="Rome")]
    llm.on(lambda r: r.turn == 1).reply(calls, times=1)
    llm.on(lambda r: r.turn == 2).reply(FINAL)


def one_of_each_tool(llm: Interceptor, *before: str | Part, final: ReplyLike = FINAL) -> None:
    """Say calls of two tools with ids of their own, after a text or a thought if one is given, then what is final."""
    weather = tool_call("get_weather", {"city": "Paris"}, id="call_weather")
    time = tool_call("get_time", '{"city": "Rome"}', id="call_time")
    llm.on(lambda r: r.turn == 1).reply([*before, weather, time], times=1)
    llm.on(lambda r: bool(r.messages[-1].tool_results)).reply(final)


def two_turns(llm: Interceptor) -> None:
    """Say two calls, two more, then the final text."""
    cities = ["Paris", "Rome"], ["Oslo", "Bonn"]
    llm.on(lambda r: r.turn < 3).reply(*([tool_call("get_weather", city=city) for city in pair] for pair in cities))
    llm.on(lambda r: r.turn == 3).reply(FINAL)


def asked(llm: Interceptor) -> list[LLMRequest]:
    """The requests that asked a model; some libraries ask about models too."""
    return [call.request for call in llm.calls if call.request.api in IDS]


def calls_ids(llm: Interceptor, turn: int) -> list[str]:
    """The ids of the calls in the conversation as it is sent for `turn`; each has its tool's answer.

    Some libraries answer Gemini's calls by their tools' names alone, and some do not send the calls' ids back either:
    a call without an id is told by its tool's name.
    """
    messages = asked(llm)[turn - 1].messages
    calls = [call for message in messages for call in message.tool_calls]
    results = [result for message in messages for result in message.tool_results]
    by_id = all(result.id for result in results)
    assert sorted(one.id if by_id else one.name for one in calls) == sorted(
        one.id if by_id else one.name for one in results
    )
    return [call.id or call.name for call in calls]


def are_the_apis_own(ids: list[str], api: str) -> bool:
    """Whether these are distinct ids of calls as the API makes them."""
    return len(set(ids)) == len(ids) and all(re.fullmatch(IDS[api], one) for one in ids)


def answers(llm: Interceptor) -> dict[str, str]:
    """What the tools answered, by the id or else the name it was answered to, as the last request has it."""
    parts = [part for message in asked(llm)[-1].messages for part in message.parts]
    return {part.id or part.name: part.text for part in parts if isinstance(part, ToolResult)}
