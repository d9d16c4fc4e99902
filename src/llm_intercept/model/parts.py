"""The parts that messages and replies are made of, the same for every API.

Knows: what the model APIs have in common. Must not know: any API's JSON; a dialect reads and writes these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from llm_intercept.shown import cut, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CallType = Literal["function", "custom", "function_call"]
MediaKind = Literal["image", "audio", "video", "file"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]
"""Why an answer ended, in the words that every API's own are written for."""


def _nothing() -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text.

    Attributes:
        text: The text.
        deltas: Of a reply: the text as exactly these stream deltas, instead of `text`; read lazily, one at a time.

    """

    text: str = ""
    deltas: Iterable[str] | None = None


@dataclass(frozen=True, slots=True)
class Reasoning:
    """What the model thinks before it answers.

    Attributes:
        text: The thoughts, or their summary.
        signature: What proves to the API that they are its own (Anthropic's `signature`, Gemini's thought signature).
        encrypted: The thoughts as only the API can read them.
        id: The item's id, where the API has one.

    """

    text: str = ""
    signature: str = ""
    encrypted: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model asks for.

    Attributes:
        name: The tool's name.
        arguments: JSON text to the letter; of a custom tool its free-form input.
        id: The call's id; empty in a reply that leaves it to the dialect.
        type: `function`, `custom` (takes free text), or `function_call`, the form that came before tools.

    """

    name: str
    arguments: str = "{}"
    id: str = ""
    type: CallType = "function"

    def __repr__(self) -> str:
        return f"tool_call({self.name!r}, {shorten(self.arguments, 40)})"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered.

    Attributes:
        text: The answer.
        id: The id of the call it answers.
        name: The tool's name; empty if the API does not say it and no call of the conversation has the id.
        is_error: Whether the tool failed.

    """

    text: str
    id: str = ""
    name: str = ""
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model's refusal to answer.

    Attributes:
        text: Why.

    """

    text: str


@dataclass(frozen=True, slots=True)
class Media:
    """An image, sound, video or file.

    Attributes:
        kind: Which of these.
        data: The content in base64; of spoken output by default a moment of silence.
        url: Where it is, instead of `data`.
        mime: Its media type, such as `image/png`.
        transcript: What is said in it.
        id: Its id, where the API has one.
        raw: The part as it was read.

    """

    kind: MediaKind
    data: str = ""
    url: str = ""
    mime: str = ""
    transcript: str = ""
    id: str = ""
    raw: Mapping[str, Any] = field(default_factory=_nothing, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of the text.

    Attributes:
        url: Where it is.
        title: Its title.
        start: The first character of the text that is from it.
        end: The character after the last.
        raw: The citation as the API writes it, instead of all these.

    """

    url: str = ""
    title: str = ""
    start: int = 0
    end: int = 0
    raw: Mapping[str, Any] = field(default_factory=_nothing)


@dataclass(frozen=True, slots=True)
class Other:
    """A part of a kind this page does not know, kept as it came; of a reply, an item that the API itself makes.

    Attributes:
        type: The API's word for its kind, such as `web_search_call`.
        raw: Its fields, as the API writes them; of a reply those that matter, the dialect adds the rest.

    """

    type: str
    raw: Mapping[str, Any] = field(default_factory=_nothing)


Part = Text | Reasoning | ToolCall | ToolResult | Refusal | Media | Citation | Other
ReplyPart = Text | Reasoning | ToolCall | Refusal | Media | Citation | Other


def told(parts: Iterable[Part], most: int = 400) -> str:
    """Say parts on one line, as a list of exchanges has them: texts, calls of tools, what tools answered.

    Args:
        parts: The parts.
        most: How many characters are told.

    """
    return cut(" ".join(filter(None, map(_told, parts))), most)


def _told(part: Part) -> str:
    match part:
        case Text():
            deltas = part.deltas if isinstance(part.deltas, list | tuple) else ()  # others are read once
            return part.text or "".join(map(str, deltas))
        case Refusal():
            return part.text
        case ToolCall():
            return f"→ {part.name}({part.arguments})"
        case ToolResult():
            return f"← {part.name}{': ' if part.name else ''}{part.text}"
        case Media():
            return f"[{part.kind}]"
        case Reasoning() | Citation() | Other():
            return ""
