"""One assistant message as chat completions can say it, made of a reply's parts.

Knows: parts and replies. Must not know: requests, how a response is framed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import Unlaid
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Citation, Media, Other, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.model.parts import ToolCall
    from llm_intercept.model.wire import Delta
    from llm_intercept.replies.reply import Reply

SEVERAL = 2
FINISHES = {word: word for word in ("stop", "length", "tool_calls", "content_filter", "function_call")}
"""The reasons to finish that chat completions have."""


@dataclass(slots=True)
class Turn:
    """One assistant message as chat completions can say it: the parts of a reply, texts joined, calls after them."""

    said: str | Iterable[Delta] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    function_call: ToolCall | None = None
    reasoning: str = ""
    refusal: str = ""
    audio: Media | None = None
    annotations: tuple[Mapping[str, Any], ...] = ()
    logprobs: tuple[Mapping[str, Any], ...] | None = None
    finish_reason: str | None = None

    @classmethod
    @lru_cache(maxsize=32)
    def of(cls, reply: Reply) -> Turn:
        """Make one of a reply that is given again and again."""
        return cls.made(reply)

    @classmethod
    def made(cls, reply: Reply) -> Turn:
        """Make one of a reply."""
        first = reply.parts[0] if len(reply.parts) == 1 else None
        if isinstance(first, Text):
            return cls(
                first.text if first.deltas is None else first.deltas,
                logprobs=reply.logprobs,
                finish_reason=_finish(reply),
            )
        _check_sayable(reply)
        calls = reply.tool_calls
        legacy = calls[0] if calls and calls[0].type == "function_call" else None
        return cls(
            _said(reply),
            tool_calls=() if legacy is not None else _laid_out(calls),
            function_call=legacy,
            reasoning=reply.reasoning,
            refusal=reply.refusal,
            audio=next((part for part in reply.parts if isinstance(part, Media)), None),
            annotations=tuple(_annotation(part) for part in reply.parts if isinstance(part, Citation)),
            logprobs=reply.logprobs,
            finish_reason=_finish(reply, legacy),
        )

    @property
    def says_text(self) -> bool:
        """Whether there is text, or at least deltas that may hold some."""
        return not isinstance(self.said, str) or bool(self.said)

    @property
    def has_ids(self) -> bool:
        """Whether there is something in it that has an id of its own."""
        return bool(self.tool_calls) or self.audio is not None

    @property
    def calls(self) -> bool:
        """Whether it asks for a call, in either form."""
        return bool(self.tool_calls) or self.function_call is not None


def _check_sayable(reply: Reply) -> None:
    """Refuse what chat completions have no place for.

    Raises:
        ReplyError: A part is of that kind.

    """
    for part in reply.parts:
        what = part.type if isinstance(part, Other) else part.kind if isinstance(part, Media) else ""
        if what and what != "audio":
            problem = f"A reply gives {what}, which chat completions cannot say"
            raise ReplyError(problem, "Answer Responses alone with it: llm.on(api='openai.responses').")


def _laid_out(calls: tuple[ToolCall, ...]) -> tuple[ToolCall, ...]:
    """Lay out what several calls are given, with spaces (docs/wire.md 2.2.11); the user's own text stays as it is."""
    if len(calls) < SEVERAL:
        return calls
    return tuple(
        replace(call, arguments=call.arguments.spaced()) if isinstance(call.arguments, Unlaid) else call
        for call in calls
    )


def _said(reply: Reply) -> str | Iterable[Delta]:
    return reply.text if reply.deltas is None else reply.deltas


def _finish(reply: Reply, legacy: ToolCall | None = None) -> str | None:
    said = finish_of(reply, FINISHES, "chat completions")
    return "function_call" if said == "tool_calls" and legacy is not None else said


def _annotation(citation: Citation) -> Mapping[str, Any]:
    raw, kind = citation.raw, "url_citation"
    if raw and (kind in raw or raw.get("type") != kind):
        return raw
    own = {"end_index": citation.end, "start_index": citation.start, "title": citation.title, "url": citation.url}
    told = {name: value for name, value in raw.items() if name != "type"}  # as Responses write it
    return {"type": kind, kind: told or own}
