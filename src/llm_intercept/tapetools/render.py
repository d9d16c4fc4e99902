"""Shows takes as people read them: a conversation, and what answered it.

Knows: the neutral vocabulary, rich. Must not know: any API's JSON, where takes are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text as Line

from llm_intercept.base.json import encode
from llm_intercept.engine.reread import read_request
from llm_intercept.model.parts import Citation, Media, Other, Reasoning, Refusal, Text, ToolCall, ToolResult
from llm_intercept.recording.bodies import answer_values
from llm_intercept.secrets.urls import shown_url
from llm_intercept.shown import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.parts import Part
    from llm_intercept.recording.take import Take

COLOURS = {"system": "magenta", "developer": "magenta", "user": "cyan", "assistant": "green", "tool": "yellow"}


def written(text: str, style: str = "") -> Line:
    """Write what somebody else said: shown, and obeyed by nothing."""
    return Line(visible(text, lines=True), style)


def conversation(take: Take) -> Iterator[Line]:
    """Give the lines of an exchange: what was asked, message by message, and what was answered."""
    dialect, request = read_request(take.request)
    yield written(f"{take.request.method} {shown_url(take.request.url)}", "dim")
    tools = ", ".join(tool.name for tool in request.tools)
    yield written(f"model {request.model or '?'}{f', tools {tools}' if tools else ''}", "dim")
    for message in request.messages:
        yield said(message.role, message.parts)
    yield written(f"── {take.response.status}{f' (partial: {take.partial})' if take.partial else ''} ──", "dim")
    yield from _answer(take, dialect)


def said(role: str, parts: Iterable[Part]) -> Line:
    """Write a message: its role, its words, its tool calls."""
    line, said = written(f"{role}: ", f"bold {COLOURS.get(role, 'white')}"), list(parts)
    answers = sum(isinstance(part, ToolResult) for part in said)
    for part in said:
        if isinstance(part, ToolResult) and answers > 1:
            line.append("\n  ← ", "dim")
        style = "yellow" if isinstance(part, ToolCall) else "dim" if isinstance(part, Reasoning) else ""
        line.append_text(written(_words(part), style))
    return line


def _answer(take: Take, dialect: Dialect) -> Iterator[Line]:
    response, values = take.response, answer_values(take.response)
    replies = dialect.recorded.replies(values)
    for reply in replies:
        yield said("assistant", reply.parts)
        if reply.finish_reason:
            yield written(f"finish_reason {reply.finish_reason}", "dim")
    if not replies and response.events is not None:
        yield written("\n".join((event.text or encode(event.data).decode()).strip() for event in response.events))
    elif not replies:
        yield written(response.text if response.text is not None else encode(response.body, indent=2).decode())
    usage = dialect.recorded.usage(values)
    if usage is not None:
        yield written(f"tokens {usage.input_tokens} in, {usage.output_tokens} out", "dim")


def _words(part: Part) -> str:
    match part:
        case Text() | Reasoning() | Refusal() | ToolResult():
            return part.text
        case ToolCall():
            return f"\n  → {part.name}({part.arguments})"
        case Citation():
            return f" [{part.url}]" if part.url else ""
        case Media():
            return f"[{part.kind}]"
        case Other():
            return f"[{part.type}]"
