"""Shows takes as people read them: a conversation, and what answered it.

Knows: the neutral vocabulary, rich. Must not know: any API's JSON, where takes are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text as Line

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import encode, is_array, is_object, items, mapping
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

SHOWN = 16
"""How many numbers of a vector are shown one by one, and how many characters of data."""
LONGEST_WORD = 400
"""How many characters without a space between may be text."""
COLOURS = {"system": "magenta", "developer": "magenta", "user": "cyan", "assistant": "green", "tool": "yellow"}


def written(text: str, style: str = "") -> Line:
    """Write what somebody else said: shown, and obeyed by nothing."""
    return Line(visible(text, lines=True), style)


def conversation(take: Take) -> Iterator[Line]:
    """Give the lines of an exchange: what was asked, message by message, and what was answered."""
    dialect, request = read_request(take.request)
    numbers = Numbers()
    yield written(f"{take.request.method} {shown_url(take.request.url)}", "dim")
    tools = ", ".join(tool.name for tool in request.tools)
    yield written(f"model {request.model or '?'}{f', tools {tools}' if tools else ''}", "dim")
    for message in request.messages:
        yield said(message.role, message.parts, numbers)
    yield written(f"── {take.response.status}{f' (partial: {take.partial})' if take.partial else ''} ──", "dim")
    yield from _answer(take, dialect, numbers)


class Numbers:
    """Numbers the calls of a conversation, so that what a tool answered is seen to be the answer of one of them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []

    def of_call(self, call: ToolCall) -> int:
        """Give a call the next number."""
        self._names.append(call.name)
        if call.id:
            self._numbers[call.id] = len(self._names)
        return len(self._names)

    def of_result(self, result: ToolResult) -> str:
        """Say which call a tool answered: its number, and what it calls; what is known of it where there is none."""
        number = self._numbers.get(result.id)
        name = result.name or (self._names[number - 1] if number is not None else "")
        return " ".join(filter(None, ("" if number is None else f"#{number}", name)))


def said(role: str, parts: Iterable[Part], numbers: Numbers) -> Line:
    """Write a message: its role, its words, its tool calls and what they were answered."""
    line = written(f"{role}: ", f"bold {COLOURS.get(role, 'white')}")
    for part in parts:
        is_call = isinstance(part, ToolCall | ToolResult)
        style = "yellow" if is_call else "dim" if isinstance(part, Reasoning) else ""
        line.append_text(written(_words(part, numbers), style))
    return line


def _answer(take: Take, dialect: Dialect, numbers: Numbers) -> Iterator[Line]:
    response, values = take.response, answer_values(take.response)
    replies = dialect.recorded.replies(values)
    for reply in replies:
        yield said("assistant", reply.parts, numbers)
        if reply.finish_reason:
            yield written(f"finish_reason {reply.finish_reason}", "dim")
    if not replies and response.events is not None:
        yield written("\n".join((event.text or encode(event.data).decode()).strip() for event in response.events))
    elif not replies:
        yield written(response.text if response.text is not None else encode(_short(response.body), indent=2).decode())
    usage = dialect.recorded.usage(values)
    if usage is not None:
        yield written(f"tokens {usage.input_tokens} in, {usage.output_tokens} out", "dim")


def _short(value: Any) -> Any:
    """Say a value without what nobody reads: vectors, and data in base64."""
    if is_object(value):
        return {name: _short(one) for name, one in mapping(value).items()}
    if is_array(value):
        listed = items(value)
        is_vector = len(listed) > SHOWN and all(map(is_number, listed))
        return f"[… {len(listed)} numbers]" if is_vector else [_short(one) for one in listed]
    is_data = isinstance(value, str) and len(value) > LONGEST_WORD and len(value.split(maxsplit=1)) == 1
    return f"{value[:SHOWN]}… ({len(value)} characters)" if is_data else value


def _words(part: Part, numbers: Numbers) -> str:
    match part:
        case Text() | Reasoning() | Refusal():
            return part.text
        case ToolResult():
            failed = " failed" if part.is_error else ""
            return f"\n  ← {numbers.of_result(part)}{failed}: {part.text}"
        case ToolCall():
            return f"\n  → #{numbers.of_call(part)} {part.name}({part.arguments})"
        case Citation():
            return f" [{part.url}]" if part.url else ""
        case Media():
            return f"[{part.kind}]"
        case Other():
            return f"[{part.type}]"
