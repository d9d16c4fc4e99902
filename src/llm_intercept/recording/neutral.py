"""What a conversation says, whichever API it is held over: what makes two requests of different APIs the same question.

Left out is what an API alone has a word for: ids, thoughts, sources, and parameters that `LLMRequest` does not have;
and how many tokens the answer may have, which one API must be told and others mostly are not.

Knows: the neutral vocabulary. Must not know: any API's JSON, takes, fingerprints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import loads
from llm_intercept.model.parts import Media, Other, Refusal, Text, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.model.parts import Part, ToolResult
    from llm_intercept.model.request import LLMRequest, Message, OutputFormat, Tool, ToolChoice

SPEAKERS = {"developer": "system", "function": "tool", "model": "assistant"}
"""Those that have another name in one API than in the others."""
ASSISTANT = "assistant"
Said = dict[str, Any]


def neutral(request: LLMRequest) -> dict[str, Any]:
    """Say what a request asks: who said what, which tools there are, and what is asked of the answer."""
    said = {
        "model": request.model,
        "messages": _together(said for several in _turns(request.messages) for said in several),
        "tools": [_tool(one) for one in request.tools],
        "tool_choice": _choice(request.tool_choice),
        "calls_singly": request.calls_singly,
        "output_format": _format(request.output_format),
    }
    return {name: value for name, value in said.items() if value}


def _turns(messages: Iterable[Message]) -> Iterator[Iterable[Said]]:
    """Give what each message says; answers of tools together, in the order in which they were called."""
    order: dict[str, int] = {}
    results: list[ToolResult] = []
    for message in messages:
        rest = _message(message)
        results += message.tool_results
        if rest is not None:
            yield _answers(results, order)
            results = []
            yield (rest,)
        order |= {call.id: len(order) + number for number, call in enumerate(message.tool_calls) if call.id}
    yield _answers(results, order)


def _answers(results: Iterable[ToolResult], order: Mapping[str, int]) -> list[Said]:
    """Say what tools answered, whoever brings it."""
    by_call = sorted(results, key=lambda result: order.get(result.id, len(order)))
    return [{"role": "tool", "text": result.text} for result in by_call]


def _message(message: Message) -> Said | None:
    """Say a message without what tools answered; None where nothing is left."""
    parts = message.parts
    said: Said = {
        "text": "".join(part.text for part in parts if isinstance(part, Text | Refusal)),
        "calls": [_call(part) for part in parts if isinstance(part, ToolCall)],
        "more": [one for part in parts if (one := _more(part)) is not None],
    }
    told = {name: value for name, value in said.items() if value}
    return {"role": SPEAKERS.get(message.role, message.role), **told} if told else None


def _together(several: Iterable[Said]) -> list[Said]:
    """Join what a model said in messages one after the other: to some APIs that is one message."""
    found: list[Said] = []
    for one in several:
        if found and one["role"] == found[-1]["role"] == ASSISTANT:
            last = found[-1]
            found[-1] = {**last, **{name: last[name] + one[name] if name in last else one[name] for name in _told(one)}}
        else:
            found.append(one)
    return found


def _told(said: Said) -> Iterator[str]:
    return (name for name in said if name != "role")


def _call(call: ToolCall) -> Said:
    given: Any = call.arguments
    if call.type != "custom":
        try:
            given = loads(call.arguments) if call.arguments else {}
        except ValueError:
            given = call.arguments
    return {"name": call.name, "arguments": given}


def _more(part: Part) -> Said | None:
    """Say a part that is neither a text nor of a tool; None where it makes no other question."""
    match part:
        case Media():
            return {"kind": part.kind, "content": part.data or part.url or part.id}
        case Other():
            return {"kind": part.type, "content": dict(part.raw)}
        case _:
            return None


def _tool(tool: Tool) -> Said:
    return {"name": tool.name or tool.type, "parameters": dict(tool.parameters)}


def _choice(choice: ToolChoice | None) -> Said | None:
    """Say which tools may or must be called; None where the model may do as it likes, which APIs say or do not."""
    if choice is None or (choice.mode == "auto" and not choice.tools):
        return None
    return {"mode": choice.mode, "tools": list(choice.tools)}


def _format(wanted: OutputFormat | None) -> Said | None:
    return None if wanted is None or wanted.type == "text" else {"type": wanted.type, "schema": wanted.schema}
