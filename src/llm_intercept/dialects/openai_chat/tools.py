"""How an answer obeys what a request says of its tools: which may be called, and which one must be.

What a user gives to a request that forces a call becomes that call where it fits the tool's schema, and is an error
where it does not: nothing is invented beside it.

Knows: the request's parameters (OpenAI's reference). Must not know: how a response is framed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping, no_constant, text, to_json_text
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import ToolCall
from llm_intercept.model.request import Tool
from llm_intercept.replies.computed import whole
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.openai_chat.turn import Turn
    from llm_intercept.model.request import LLMRequest

ANYTHING: Mapping[str, Any] = {"type": "object"}
CALLABLE = frozenset({"function", "custom"})
ENDED_EARLY = frozenset({"length", "content_filter"})
"""The reasons to finish that a model has before it came to the call it must make."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Forced:
    """The tools one of which an answer must call, and whether in the form that came before tools."""

    tools: tuple[Tool, ...]
    is_legacy: bool = False

    def call(self, name: str, arguments: str) -> ToolCall:
        """Make a call of one of them."""
        tool = next(one for one in self.tools if one.name == name)
        return ToolCall(name, arguments, type="function_call" if self.is_legacy else _type(tool))

    def made(self, turn: Turn, call: ToolCall) -> Turn:
        """Put the call into a turn, in place of its text."""
        if self.is_legacy:
            return replace(turn, said="", function_call=call)
        return replace(turn, said="", tool_calls=(call,), function_call=None)

    @property
    def names(self) -> str:
        """Their names, for messages."""
        shown = ", ".join(repr(tool.name) for tool in self.tools[:SHOWN])
        more = len(self.tools) - SHOWN
        return f"{shown} and {more} more" if more > 0 else shown

    def __str__(self) -> str:
        return f"a call of {self.names}" if len(self.tools) == 1 else f"a call of one of {self.names}"


def _type(tool: Tool) -> Any:
    return "custom" if tool.type == "custom" else "function"


def forced(request: LLMRequest) -> Forced | None:
    """Find what an answer must call; None if it need not call anything."""
    choice = request.tool_choice
    if choice is not None and choice.mode == "required":
        offered = {tool.name: tool for tool in request.tools if tool.name and tool.type in CALLABLE}
        named = tuple(offered.get(name) or Tool(name=name, parameters=ANYTHING) for name in choice.tools)
        tools = named or tuple(offered.values())
        return Forced(tools) if tools else None
    if is_object(request.raw.get("function_call")):
        name = text(mapping(request.raw["function_call"]).get("name"))
        functions = (mapping(one) for one in items(request.raw.get("functions")))
        found = next((one for one in functions if one.get("name") == name), ANYTHING)
        return Forced((Tool(name=name, parameters=mapping(found.get("parameters"))),), is_legacy=True) if name else None
    return None


def automatic_call(request: LLMRequest, forced: Forced) -> ToolCall:
    """Make the smallest call of what is forced: of the first tool that was not called yet, else of the last.

    Raises:
        SchemaError: The tool's schema is invalid or nothing fulfils it.

    """
    from llm_intercept.replies.schema import smallest  # noqa: PLC0415 - it compiles patterns, 40 ms, for schemas alone

    called = {call.name for message in request.messages for call in message.tool_calls}
    tool = next((one for one in forced.tools if one.name not in called), forced.tools[-1])
    arguments = "" if tool.type == "custom" else to_json_text(smallest(tool.parameters or ANYTHING))
    return forced.call(tool.name, arguments)


def to_the_choice(request: LLMRequest, turn: Turn) -> Turn:
    """Leave out the calls that `tool_choice` forbids; see to it that what is forced is called.

    Raises:
        ReplyError: The turn does not make the call, and what it says cannot be one.

    """
    choice = request.tool_choice
    if choice is not None and choice.mode == "none" and turn.tool_calls:
        kept = None if turn.finish_reason == "tool_calls" else turn.finish_reason
        return replace(turn, tool_calls=(), finish_reason=kept)
    must = forced(request)
    if must is None or turn.refusal or turn.audio is not None or turn.finish_reason in ENDED_EARLY:
        return turn
    return _called(must, turn) if turn.calls else _told(must, turn)


def one_at_a_time(request: LLMRequest, turn: Turn) -> Turn:
    """Keep the first call where `parallel_tool_calls` is false."""
    if request.raw["parallel_tool_calls"] is not False or len(turn.tool_calls) < 2:  # noqa: PLR2004 - several
        return turn
    return replace(turn, tool_calls=turn.tool_calls[:1])


def _called(must: Forced, turn: Turn) -> Turn:
    """Keep the calls of a turn that are allowed, in the form that is asked for."""
    given = (turn.function_call,) if turn.function_call is not None else turn.tool_calls
    names = {tool.name for tool in must.tools}
    calls = tuple(call for call in given if call.name in names)
    if not calls:
        made = ", ".join(call.name for call in given)
        raise ReplyError(
            f"The request forces {must}, and the reply calls {made} instead", _advice(must, "Call what is forced")
        )
    if must.is_legacy:
        return replace(turn, function_call=replace(calls[0], type="function_call"), tool_calls=())
    tools = tuple(replace(call, type="function") if call.type == "function_call" else call for call in calls)
    return replace(turn, function_call=None, tool_calls=tools)


def _told(must: Forced, turn: Turn) -> Turn:
    """Turn the text of a turn into the call that is forced."""
    said = turn.said if isinstance(turn.said, str) else whole(turn.said)
    if len(must.tools) == 1 and must.tools[0].type == "custom" and said:
        return must.made(turn, must.call(must.tools[0].name, said))
    value = _json_object(must, said)
    fitting = [tool for tool in must.tools if tool.type != "custom" and not _misfit(tool, value)]
    nearest = [tool for tool in fitting if value.keys() <= mapping(tool.parameters.get("properties")).keys()]
    found = fitting if len(fitting) == 1 else nearest
    if len(found) == 1:
        return must.made(turn, must.call(found[0].name, said))
    problem = f"The request forces {must}, and the reply {shorten(said, 60)} "
    if fitting:
        names = " and ".join(repr(tool.name) for tool in (nearest or fitting)[:SHOWN])
        raise ReplyError(f"{problem}fits {names}", _advice(must, "Say which one is called"))
    why = _misfit(must.tools[0], value) if len(must.tools) == 1 else "none of their schemas"
    raise ReplyError(f"{problem}does not fit: {why}" if len(must.tools) == 1 else f"{problem}fits {why}", _advice(must))


def _json_object(must: Forced, said: str) -> Mapping[str, Any]:
    """Read the JSON object that a text is.

    Raises:
        ReplyError: It is none.

    """
    try:
        value: Any = json.loads(said, parse_constant=no_constant)
    except (ValueError, RecursionError):
        value = None
    if not is_object(value):
        shown = f"is the text {shorten(said, 60)}, which is no JSON object" if said else "says nothing"
        raise ReplyError(f"The request forces {must}, and the reply {shown}", _advice(must))
    return mapping(value)


def _misfit(tool: Tool, value: Mapping[str, Any]) -> str:
    from llm_intercept.replies.schema import misfit  # noqa: PLC0415 - it compiles patterns, 40 ms, for schemas alone

    return misfit(value, tool.parameters or ANYTHING)


def _advice(must: Forced, first: str = "") -> str:
    name = must.tools[0].name
    call = f"custom_tool_call({name!r}, '…')" if must.tools[0].type == "custom" else f"tool_call({name!r}, …)"
    begun = f"{first}: {call}" if first else f"Give {call}"
    return f"{begun}, structured({{…}}) with what its schema asks for, auto() for the smallest call, or refusal('…')."
