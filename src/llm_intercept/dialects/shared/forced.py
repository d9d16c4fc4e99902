"""How an answer obeys what a request says of its tools: which may be called, and which one must be.

What a user gives to a request that forces a call becomes that call where it fits the tool's schema, and is an error
where it does not: nothing is invented beside it.

Knows: the request's parameters (OpenAI's reference). Must not know: one API's bodies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping, no_constant, text, to_json_text
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Media, Other, Text, ToolCall
from llm_intercept.model.request import LLMRequest, Tool
from llm_intercept.replies.computed import whole
from llm_intercept.replies.reply import Reply
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.model.parts import ReplyPart
    from llm_intercept.replies.kinds import AutoReply

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

    def made(self, reply: Reply, call: ToolCall) -> Reply:
        """Put the call into a reply, in place of its text."""
        rest = tuple(part for part in reply.parts if not isinstance(part, Text))
        return reply.replaced(parts=(*rest, call))

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
        if len(offered) < len(request.tools) and any(name not in offered for name in choice.tools):
            return None  # a tool that the API runs itself is one of them
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
    called = _called_before(request)
    tool = next((one for one in forced.tools if one.name not in called), forced.tools[-1])
    return forced.call(tool.name, _smallest_arguments(tool))


def calls_left(request: LLMRequest, must: Forced | None) -> tuple[ToolCall, ...]:
    """Make a call of each tool that may be called and was not yet: of all at once, or of the first.

    They are called one by one where the request says so, and where it forces a call: there a call is the only way to
    end, and the tool that ends comes last.

    Raises:
        SchemaError: A tool's schema is invalid or nothing fulfils it.

    """
    choice = request.tool_choice
    if choice is not None and choice.mode == "none":
        return ()
    may = must or offered(request)
    called = _called_before(request)
    left = [tool for tool in may.tools if tool.name not in called]
    singly = must is not None or may.is_legacy or request.calls_singly
    return tuple(may.call(tool.name, _smallest_arguments(tool)) for tool in (left[:1] if singly else left))


def offered(request: LLMRequest) -> Forced:
    """Give the tools that may be called; where there are none, the functions that came before tools."""
    allowed = request.tool_choice.tools if request.tool_choice is not None else ()
    tools = {one.name: one for one in request.tools if one.name and one.type in CALLABLE}
    if tools or request.raw.get("function_call") == "none":
        return Forced(tuple(one for name, one in tools.items() if not allowed or name in allowed))
    functions = map(mapping, items(request.raw.get("functions")))
    known = [Tool(name=text(one.get("name")), parameters=mapping(one.get("parameters"))) for one in functions]
    return Forced(tuple(one for one in known if one.name), is_legacy=True)


def _called_before(request: LLMRequest) -> set[str]:
    """Name the tools that were called in the conversation."""
    return {call.name for message in request.messages for call in message.tool_calls}


def _smallest_arguments(tool: Tool) -> str:
    from llm_intercept.replies.schema import smallest  # noqa: PLC0415 - it compiles patterns, 40 ms, for schemas alone

    return "" if tool.type == "custom" else to_json_text(smallest(tool.parameters or ANYTHING))


def automatic(request: LLMRequest, auto: AutoReply) -> Reply:
    """Make the smallest valid answer to the request.

    Raises:
        SchemaError: The request's schema is invalid or nothing fulfils it.

    """
    must = forced(request)
    calls = calls_left(request, must) if auto.tools == "each once" else ()
    if calls:
        return Reply(*calls)
    if must is not None:
        return Reply(automatic_call(request, must))
    wanted = request.output_format
    if wanted is not None and wanted.is_of_schema:
        from llm_intercept.replies.schema import smallest  # noqa: PLC0415 - as above

        value = smallest(wanted.schema)
        return Reply(value if wanted.type == "enum" and isinstance(value, str) else to_json_text(value))
    return Reply("{}" if wanted is not None and wanted.type == "json_object" else auto.text)


def obeying(request: LLMRequest, reply: Reply) -> Reply:
    """Bend a reply to what the request says of tools; returns the same one if it says nothing.

    Raises:
        ReplyError: The reply does not make the call that is forced, and what it says cannot be one.

    """
    return one_at_a_time(request, to_the_choice(request, reply))


def to_the_choice(request: LLMRequest, reply: Reply) -> Reply:
    """Leave out the calls that the choice of tools forbids; see to it that what is forced is called.

    Raises:
        ReplyError: The reply does not make the call, and what it says cannot be one.

    """
    choice = request.tool_choice
    calls = reply.tool_calls
    if choice is not None and choice.mode == "none" and any(map(is_of_a_tool, calls)):
        kept = None if reply.finish_reason == "tool_calls" else reply.finish_reason
        return reply.replaced(parts=tuple(_without_calls(reply)), finish_reason=kept)
    must = forced(request)
    if must is None or reply.refusal or reply.finish_reason in ENDED_EARLY or any(map(_stands_for_a_call, reply.parts)):
        return reply
    return _called(must, reply) if calls else _told(must, reply)


def is_of_a_tool(part: ReplyPart) -> bool:
    """Whether a part is a call in the form that tools have."""
    return isinstance(part, ToolCall) and part.type != "function_call"


def _without_calls(reply: Reply) -> Iterator[ReplyPart]:
    return (part for part in reply.parts if not is_of_a_tool(part))


def _stands_for_a_call(part: ReplyPart) -> bool:
    """Whether a part is an answer that needs no call: what is spoken, the call of a tool that the API itself runs."""
    return isinstance(part, Other) or (isinstance(part, Media) and part.kind == "audio")


def one_at_a_time(request: LLMRequest, reply: Reply) -> Reply:
    """Keep the first call where the request wants no more."""
    if not request.calls_singly or len(reply.tool_calls) < 2:  # noqa: PLR2004 - several
        return reply
    first = next(part for part in reply.parts if isinstance(part, ToolCall))
    return reply.replaced(parts=tuple(part for part in reply.parts if part is first or not isinstance(part, ToolCall)))


def _called(must: Forced, reply: Reply) -> Reply:
    """Keep the calls of a reply that are allowed, in the form that is asked for."""
    names = {tool.name for tool in must.tools}
    calls = [call for call in reply.tool_calls if call.name in names]
    if not calls:
        made = ", ".join(call.name for call in reply.tool_calls)
        raise ReplyError(
            f"The request forces {must}, and the reply calls {made} instead", _advice(must, "Call what is forced")
        )
    allowed = calls[:1] if must.is_legacy else calls
    parts = (
        _in_form(must, part) if isinstance(part, ToolCall) else part
        for part in reply.parts
        if part in allowed or not isinstance(part, ToolCall)
    )
    return reply.replaced(parts=tuple(parts))


def _in_form(must: Forced, call: ToolCall) -> ToolCall:
    """Write a call as a tool's, or as the one form that came before tools."""
    if must.is_legacy:
        return replace(call, type="function_call")
    return replace(call, type="function") if call.type == "function_call" else call


def _told(must: Forced, reply: Reply) -> Reply:
    """Turn the text of a reply into the call that is forced."""
    said = reply.text if reply.deltas is None else whole(reply.deltas)
    if len(must.tools) == 1 and must.tools[0].type == "custom" and said:
        return must.made(reply, must.call(must.tools[0].name, said))
    value = _json_object(must, said)
    fitting = [tool for tool in must.tools if tool.type != "custom" and not _misfit(tool, value)]
    nearest = [tool for tool in fitting if value.keys() <= mapping(tool.parameters.get("properties")).keys()]
    found = fitting if len(fitting) == 1 else nearest
    if len(found) == 1:
        return must.made(reply, must.call(found[0].name, said))
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
