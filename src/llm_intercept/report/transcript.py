"""`llm.transcript()`: what was said in all calls, as a text that is the same in each run.

Knows: the neutral parts of messages and replies. Must not know: any API, what rules there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never

from llm_intercept.model.parts import Citation, Media, Other, Reasoning, Refusal, Text, ToolCall, ToolResult
from llm_intercept.replies.reply import Reply
from llm_intercept.report.read_back import replies_in
from llm_intercept.shown import hidden, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llm_intercept.journal.journal import Call
    from llm_intercept.model.parts import Part
    from llm_intercept.model.request import LLMRequest, Message

INDENT = "  "


def transcript(calls: Sequence[Call]) -> str:
    """Write down calls in their order, a paragraph each."""
    return "\n\n".join(_Writer().paragraphs(calls))


class _Writer:
    """What is known while calls are written: who said what before, and the numbers of calls of tools."""

    def __init__(self) -> None:
        self._before: list[tuple[int, list[Any], int]] = []
        self._numbers: dict[str, int] = {}
        self._unnamed: list[int] = []
        self._count = 0

    def paragraphs(self, calls: Sequence[Call]) -> Iterator[str]:
        for number, call in enumerate(calls, 1):
            yield "\n".join(visible(line) for line in self._lines(number, call))

    def _lines(self, number: int, call: Call) -> Iterator[str]:
        request, replies = call.request, _replies(call)
        said = [(message.role, message.parts) for message in request.messages]
        continued, known, answered = self._continued(said)
        self._before.append((number, said, 1 if replies else 0))
        words = " ".join(filter(None, (request.api, request.model, "(stream)" if request.stream else "")))
        yield f"[{number}] {words or _place(request)}{f', after [{continued}]' if continued else ''}"
        for at, message in enumerate(request.messages[known:]):
            if at == 0 and answered and message.role == "assistant":
                self._learn(message)
            else:
                yield from self._spoken(message)
        yield from self._answer(call, replies)

    def _continued(self, said: list[Any]) -> tuple[int, int, int]:
        """Find the newest call whose messages these begin with: its number, how many, whether its answer was told."""
        for number, before, answered in reversed(self._before):
            if before and len(before) < len(said) and said[: len(before)] == before:
                return number, len(before), answered
        return 0, 0, 0

    def _learn(self, message: Message) -> None:
        """Know the ids of calls that were told without one, when they come back."""
        for part in message.parts:
            if isinstance(part, ToolCall) and part.id not in self._numbers and self._unnamed:
                self._numbers[part.id] = self._unnamed.pop(0)

    def _spoken(self, message: Message) -> Iterator[str]:
        for part in message.parts:
            name = "tool" if isinstance(part, ToolResult) else message.role
            yield from _labelled(name, self._part(part))

    def _answer(self, call: Call, replies: Sequence[Reply]) -> Iterator[str]:
        self._unnamed = []
        for reply in replies:
            for part in reply.parts:
                yield from _labelled("->", self._part(part, is_reply=True))
            if not reply.parts:
                yield "-> "
        if not replies and (call.source in {"recording", "live", "default"} or call.reply is not None):
            yield f"-> ({call.status} from {_source(call)})"
        elif not replies:
            yield f"-> ({call.status or type(call.error).__name__}, {call.source})"

    def _part(self, part: Part, *, is_reply: bool = False) -> str:
        match part:
            case Text():
                return part.text if part.deltas is None else "".join(part.deltas)
            case Reasoning():
                return f"(thinks) {part.text}"
            case ToolCall():
                return f"{part.name}({part.arguments}) #{self._number(part.id, is_reply=is_reply)}"
            case ToolResult():
                return f"#{self._number(part.id)}{' failed' if part.is_error else ''}: {part.text}"
            case Refusal():
                return f"(refuses) {part.text}"
            case Media():
                return f"({part.kind})"
            case Citation():
                return f"(cites) {part.url}"
            case Other():
                return f"({part.type})"
            case _:
                assert_never(part)

    def _number(self, identifier: str, *, is_reply: bool = False) -> int:
        if identifier in self._numbers:
            return self._numbers[identifier]
        self._count += 1
        if identifier:
            self._numbers[identifier] = self._count
        elif is_reply:
            self._unnamed.append(self._count)
        return self._count


def _labelled(name: str, text: str) -> Iterator[str]:
    first, *rest = hidden(text).split("\n")  # before it is split, for a secret may have several lines
    yield f"{name}{':' if name != '->' else ''} {first}"
    yield from (INDENT + line for line in rest)


def _replies(call: Call) -> Sequence[Reply]:
    """Give a rule's reply as it was written; what else was answered is read back, as is what can be read but once."""
    reply = call.reply
    if isinstance(reply, Reply) and not any(_is_read_once(part) for part in reply.parts):
        return (reply,)
    return replies_in(call)


def _is_read_once(part: Part) -> bool:
    return isinstance(part, Text) and not isinstance(part.deltas, list | tuple | None)


def _source(call: Call) -> str:
    return f"{call.source}{f', {type(call.reply).__name__}' if call.reply is not None else ''}"


def _place(request: LLMRequest) -> str:
    from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - what a secret looks like takes 40 ms to load

    return f"{request.method} {shown_url(request.url)}"
