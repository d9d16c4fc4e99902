"""Says the neutral vocabulary of requests and answers as a report's page has it.

Knows: messages, parts, tools, usage. Must not know: any API's JSON, calls, takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.base.json import encode, is_object, items, mapping
from llm_intercept.base.json import text as text_in
from llm_intercept.model.parts import Citation, Media, Other, Reasoning, Refusal, Text, ToolCall, ToolResult
from llm_intercept.report.document import Choice, Message, OfferedTool, Part, Spent, Told
from llm_intercept.shown import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llm_intercept.model import parts, request
    from llm_intercept.model.usage import Usage
    from llm_intercept.replies.reply import Reply

LARGEST = 4 * 2**20
"""Characters of base64 that are shown as a picture or a sound; of more, how many there were is said."""
SHORT = 200
"""Characters of what is said in a row."""
OF_ROW = 500
"""Bytes of JSON that a parameter may have beside the conversation; what has more is seen in the body."""


def message_of(message: request.Message) -> Message:
    """Say a message."""
    return Message(role=message.role, name=message.name, parts=parts_of(message.parts))


def parts_of(several: Iterable[parts.Part]) -> tuple[Part, ...]:
    """Say the parts of a message or an answer."""
    return tuple(map(_part, several))


def tool_of(tool: request.Tool) -> OfferedTool:
    """Say a tool, with the description that stands in it or in what is around its parameters."""
    places = (tool.raw, *filter(is_object, tool.raw.values()))
    described = (text_in(mapping(place).get("description")) for place in places)
    return OfferedTool(
        name=tool.name,
        type=tool.type,
        description=next(filter(None, described), ""),
        parameters=dict(tool.parameters) or None,
    )


def told_of(replies: Sequence[Reply], usage: Usage | None) -> Told | None:
    """Say an answer; None where it can be read neither into replies nor as tokens."""
    if not replies and usage is None:
        return None
    choices = [Choice(parts=parts_of(reply.parts), finish_reason=reply.finish_reason) for reply in replies]
    first = choices[0] if choices else Choice()
    return Told(parts=first.parts, finish_reason=first.finish_reason, more=tuple(choices[1:]), usage=_spent(usage))


def in_short(several: Sequence[Part]) -> str:
    """Say the parts of an answer in a line of a list: what is said and called, or else what was thought."""
    said = [_short(one) for one in several if one.kind != "reasoning"] or [one.text for one in several]
    return cut(" ".join(" ".join(said).split()), SHORT)


def _short(part: Part) -> str:
    if part.kind == "tool_call":
        return f"{part.name}({part.arguments})"
    return part.text or (f"[{part.media}]" if part.kind == "media" else "")


def params_of(asked: request.LLMRequest) -> dict[str, Any]:
    """Give what a body asks for beside the conversation: all its fields that are short and no list of objects."""
    told = {asked.model, *(message.text for message in asked.messages)}
    return {str(name): value for name, value in mapping(asked.raw).items() if _is_param(value, told)}


def _is_param(value: Any, told: set[str]) -> bool:
    if any(map(is_object, items(value))):
        return False
    return not (isinstance(value, str) and value in told) and len(encode(value)) <= OF_ROW


def _part(part: parts.Part) -> Part:
    match part:
        case Text():
            return Part(kind="text", text=part.text if part.deltas is None else "".join(_known(part.deltas)))
        case Reasoning():
            hidden = "encrypted" if part.encrypted else "a signature alone" if part.signature else ""
            return Part(kind="reasoning", text=part.text, id=part.id, title="" if part.text else hidden)
        case ToolCall():
            return Part(kind="tool_call", name=part.name, arguments=part.arguments, id=part.id)
        case ToolResult():
            return Part(kind="tool_result", name=part.name, text=part.text, id=part.id, is_error=part.is_error)
        case Refusal():
            return Part(kind="refusal", text=part.text)
        case Media():
            return _media(part)
        case Citation():
            return Part(kind="citation", url=part.url, title=part.title, raw=_json(part.raw))
        case Other():
            return Part(kind="other", title=part.type, raw=_json(part.raw))
        case _:
            assert_never(part)


def _media(part: Media) -> Part:
    is_here = part.url.startswith("data:")
    data = part.url if is_here else f"data:{part.mime};base64,{part.data}" if part.data else ""
    is_large = len(data) > LARGEST
    return Part(
        kind="media",
        media=part.kind,
        mime=part.mime,
        data="" if is_large else data,
        url="" if is_here else part.url,
        text=part.transcript,
        id=part.id,
        title=f"left out: {len(data):,} characters of base64" if is_large else "",
    )


def _json(value: Mapping[str, Any]) -> str:
    return encode(dict(value)).decode() if value else ""


def _known(deltas: Iterable[str]) -> Iterable[str]:
    """Take the deltas that can be read again; of an iterator, which was read once, there is nothing left to say."""
    return deltas if isinstance(deltas, list | tuple) else ()


def _spent(usage: Usage | None) -> Spent | None:
    if usage is None:
        return None
    return Spent(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        reasoning_tokens=usage.reasoning_tokens,
    )
