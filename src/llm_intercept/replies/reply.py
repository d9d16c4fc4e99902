"""`Reply`: one answer of the model, a sequence of parts and what is said beside them.

Knows: parts. Must not know: any API's JSON, HTTP, which rule a reply belongs to.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast, get_args

from llm_intercept.base.json import to_json_text
from llm_intercept.base.words import did_you_mean, nearest
from llm_intercept.errors import ReplyError, SettingsError
from llm_intercept.faults.base import Fault, as_faults
from llm_intercept.model.parts import (
    Citation,
    FinishReason,
    Media,
    Other,
    Reasoning,
    Refusal,
    ReplyPart,
    Text,
    ToolCall,
)
from llm_intercept.replies.changed import of_fields, parts_of
from llm_intercept.replies.computed import Computed
from llm_intercept.replies.no_part import no_part
from llm_intercept.replies.usages import is_usage, usage_of
from llm_intercept.shown import shorten
from llm_intercept.timing.pace import check_pace

if TYPE_CHECKING:
    from llm_intercept.model.usage import Usage
    from llm_intercept.timing.pace import Pace

PARTS: tuple[type[ReplyPart], ...] = get_args(ReplyPart)
TEXT_ELSEWHERE = frozenset({"content", "message", "response", "body", "answer", "reply"})
"""What the text of an answer is called elsewhere."""


class ReplyOptions(TypedDict, total=False):
    """What `Reply` takes by keyword."""

    text: str
    deltas: Iterable[str] | AsyncIterator[str] | None
    tool_calls: Sequence[ToolCall]
    function_call: ToolCall | None
    reasoning: str | Reasoning
    refusal: str
    audio: Media | None
    annotations: Sequence[Citation | Mapping[str, Any]]
    logprobs: Sequence[Mapping[str, Any]] | None
    variants: Sequence[object]
    finish_reason: str | None
    usage: Usage | Mapping[str, Any] | Any | None
    model: str | None
    fault: Fault | tuple[Fault, ...] | None
    pace: Pace | None


@dataclass(frozen=True, init=False, repr=False)
class Reply:
    """One answer of the model: its parts in order, and what is said beside them.

    APIs that can say the parts' order keep it (Anthropic, Responses, Gemini); chat completions join the texts.

    Args:
        *parts: Text (a `str`), `tool_call(…)`, `reasoning(…)`, and the other parts in `llm_intercept.model`; a mapping
            with a `type` is an item that the API itself makes, such as `{"type": "web_search_call"}`.
        text: Text, as a part before the others.
        deltas: The text as exactly these stream deltas, instead of other text; read lazily, one at a time. Only a
            reply function may give an async iterator.
        tool_calls: Calls the assistant asks for, made with `tool_call`.
        function_call: The one call in the form that came before tools, made with `tool_call`.
        reasoning: The model's thoughts.
        refusal: Why the model refuses; then there is no text.
        audio: Spoken output, `Media("audio", transcript=…)`; then there is no text.
        annotations: The text's sources: `Citation`s, or mappings as the API writes them.
        logprobs: The entries to give where the request asks for log probabilities, instead of invented ones.
        variants: The answers for `n` choices, instead of the same one for each.
        finish_reason: Why the model stopped, whatever the rest implies: `stop`, `length`, `tool_calls`,
            `content_filter`, which every API writes in its own way, or an API's own word, such as `pause_turn`.
        usage: The tokens to report, instead of the estimate; also the whole object that an API or its SDK reported.
        model: The model name to answer with, instead of the one derived from the request's.
        fault: What goes wrong with the answer: `disconnect(…)`, `malformed(…)`, …, or a tuple of several.
        pace: How long it takes, instead of the rule's and the interceptor's `Pace`.

    Raises:
        ReplyError: An argument cannot be used, or two contradict each other.

    """

    parts: tuple[ReplyPart, ...]
    logprobs: tuple[Mapping[str, Any], ...] | None
    variants: tuple[Reply, ...]
    finish_reason: str | None
    usage: Usage | None
    model: str | None
    faults: tuple[Fault, ...]
    pace: Pace | None

    def __init__(self, *parts: str | ReplyPart | Reply | Mapping[str, Any], **options: Unpack[ReplyOptions]) -> None:
        given = cast("dict[str, Any]", options)
        if "parts" in given:  # by `dataclasses.replace`, which gives all fields
            parts, given = (*parts, *parts_of(given)), of_fields(given, Reply.__dataclass_fields__)
        _check_options(given)
        inner = [part for part in parts if isinstance(part, Reply)]
        kept = {name: value for reply in inner for name, value in _beside(reply) if value not in (None, ())}
        chosen = {**kept, **{name: value for name, value in given.items() if value is not None}}
        logprobs = chosen.get("logprobs")
        fields: dict[str, Any] = {
            "parts": (*_leading(given), *_flat(parts), *_following(given)),
            "logprobs": None if logprobs is None else tuple(logprobs),
            "variants": tuple(_variant(one) for one in chosen.get("variants", ())),
            "finish_reason": chosen.get("finish_reason"),
            "usage": usage_of(chosen.get("usage")),
            "model": chosen.get("model"),
            "faults": (*kept.get("faults", ()), *checked_faults("Reply(fault=…)", given.get("fault"))),
            "pace": checked_pace("Reply(pace=…)", chosen.get("pace")),
        }
        self.__dict__.update(fields)
        _check_whole(self)

    @cached_property
    def text(self) -> str:
        """The texts, joined; of deltas that can be read only once nothing."""
        if self.deltas is None:
            return "".join(part.text for part in self.parts if isinstance(part, Text))
        return "" if isinstance(self.deltas, Iterator) else "".join(self.deltas)

    @cached_property
    def deltas(self) -> Iterable[str] | None:
        """The text as exactly these stream deltas; None where nothing is said of them."""
        return next((part.deltas for part in self.parts if isinstance(part, Text) and part.deltas is not None), None)

    @cached_property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @cached_property
    def reasoning(self) -> str:
        """The thoughts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, Reasoning))

    @cached_property
    def refusal(self) -> str:
        """Why the model refuses; empty if it does not."""
        return "".join(part.text for part in self.parts if isinstance(part, Refusal))

    @cached_property
    def is_lasting(self) -> bool:
        """Whether it says the same each time it is written: nothing in it is an iterable or a mapping of a user's."""
        if self.logprobs is not None or (self.usage is not None and self.usage.extra):
            return False
        return all(map(_is_lasting, self.parts)) and all(one.is_lasting for one in self.variants)

    def replaced(self, **changes: Any) -> Reply:
        """Make the same reply with other values in some fields, which are taken as they are."""
        made = object.__new__(Reply)
        fields = ("parts", *(name for name, _ in _beside(self)))
        made.__dict__.update({name: getattr(self, name) for name in fields}, **changes)
        return made

    def with_deltas(self, deltas: tuple[str, ...]) -> Reply:
        """Make the same reply with its deltas as they were read."""
        return self.replaced(parts=tuple(_read(self.parts, deltas)))

    def __hash__(self) -> int:
        """Hash by identity: parts may hold mappings."""
        return id(self)

    def __repr__(self) -> str:
        """Show what was given."""
        words = [_shown(part) for part in self.parts]
        words += [f"{name}={value!r}" for name, value in _beside(self) if value not in (None, ())]
        return f"Reply({', '.join(words)})"


def _read(parts: Iterable[ReplyPart], deltas: tuple[str, ...]) -> Iterator[ReplyPart]:
    for part in parts:
        yield replace(part, deltas=deltas) if isinstance(part, Text) and part.deltas is not None else part


def _is_lasting(part: ReplyPart) -> bool:
    match part:
        case Text():
            return part.deltas is None or isinstance(part.deltas, tuple)
        case Media() | Citation() | Other():
            return not part.raw
        case Reasoning() | ToolCall() | Refusal():
            return True


def _beside(reply: Reply) -> list[tuple[str, Any]]:
    names = ("logprobs", "variants", "finish_reason", "usage", "model", "faults", "pace")
    return [(name, getattr(reply, name)) for name in names]


def _shown(part: ReplyPart) -> str:
    if isinstance(part, Text):
        return shorten(part.text, 40) if part.deltas is None else f"deltas={part.deltas!r}"
    return repr(part)


def _flat(parts: Iterable[object]) -> Iterator[ReplyPart]:
    """Give the parts of what was given: texts as `Text`, the parts of inner replies."""
    for part in parts:
        if isinstance(part, str):
            yield from (Text(part),) if part else ()
        elif isinstance(part, Reply):
            yield from part.parts
        elif isinstance(part, PARTS):
            yield part
        elif isinstance(part, Mapping):
            yield of_mapping(cast("Mapping[str, Any]", part))
        else:
            raise no_part(f"A part of a Reply is {part!r}", part)


def of_mapping(part: Mapping[str, Any]) -> Other:
    """Make a part of a mapping: an item that the API itself makes, as it writes it.

    Raises:
        ReplyError: It does not say its `type`, or cannot be written as JSON.

    """
    kind = part.get("type")
    if not isinstance(kind, str) or not kind:
        advice = "An item that the API itself makes has a type: {'type': 'web_search_call', …}."
        raise ReplyError(f"A part of a Reply is the mapping {dict(part)!r}", f"{advice} JSON content? structured(…).")
    return Other(kind, json.loads(to_json_text(dict(part))))


def _leading(given: Mapping[str, Any]) -> Iterator[ReplyPart]:
    """Make the parts that come before those given by position."""
    thought = given.get("reasoning") or ""
    if thought:
        yield thought if isinstance(thought, Reasoning) else Reasoning(thought)
    if given.get("text"):
        yield Text(given["text"])
    if given.get("deltas") is not None:
        yield Text(deltas=_deltas(given["deltas"]))


def _following(given: Mapping[str, Any]) -> Iterator[ReplyPart]:
    """Make the parts that come after those given by position."""
    if given.get("refusal"):
        yield Refusal(given["refusal"])
    if given.get("audio") is not None:
        yield given["audio"]
    for one in given.get("annotations") or ():
        yield one if isinstance(one, Citation) else Citation(raw=dict(one))
    yield from given.get("tool_calls") or ()
    call: ToolCall | None = given.get("function_call")
    if call is not None:
        yield ToolCall(call.name, call.arguments, call.id, "function_call")


def _is_list_of(kind: Any) -> Callable[[object], bool]:
    return lambda value: (
        isinstance(value, list | tuple) and all(isinstance(one, kind) for one in cast("Sequence[Any]", value))
    )


_STR: tuple[Callable[[object], bool], str] = (lambda value: isinstance(value, str), "a str")
FINISHES = get_args(FinishReason)
SLIP = 0.8
"""From this similarity on, a word is a neutral one misspelt, and none of an API's own."""


def _is_finish(value: object) -> bool:
    """Whether a value says why a model stopped: a neutral word, or what may be an API's own."""
    return isinstance(value, str) and (value in FINISHES or (bool(value) and nearest(value, FINISHES, SLIP) is None))


_OPTIONS: dict[str, tuple[Callable[[object], bool], str]] = {
    "text": _STR,
    "deltas": (lambda _: True, ""),  # said by `_deltas`
    "tool_calls": (_is_list_of(ToolCall), "a list of tool_call(…)"),
    "function_call": (lambda value: value is None or isinstance(value, ToolCall), "tool_call(…)"),
    "reasoning": (lambda value: isinstance(value, str | Reasoning), "a str, or reasoning(…)"),
    "refusal": _STR,
    "audio": (
        lambda value: value is None or (isinstance(value, Media) and value.kind == "audio"),
        "Media('audio', transcript=…)",
    ),
    "annotations": (_is_list_of((Citation, Mapping)), "a list of Citation(…)"),
    "logprobs": (lambda value: value is None or _is_list_of(Mapping)(value), "a list of mappings"),
    "variants": (lambda value: isinstance(value, list | tuple), "a list of replies, one for each choice"),
    "finish_reason": (
        lambda value: value is None or _is_finish(value),
        f"one of {', '.join(map(repr, FINISHES))}, or the API's own word, such as 'pause_turn'",
    ),
    "usage": (is_usage, "Usage(input_tokens=…, …), or the object that an API reported"),
    "model": (lambda value: value is None or isinstance(value, str), "a model's name"),
    "fault": (lambda _: True, ""),  # said by `checked_faults`
    "pace": (lambda _: True, ""),
}


def _check_options(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if name not in _OPTIONS:
            text = "The text needs no name: Reply('…'). " if name in TEXT_ELSEWHERE else ""
            raise ReplyError(f"Reply({name}=…) is nothing a Reply has", text + did_you_mean(name, _OPTIONS))
        fits, expected = _OPTIONS[name]
        if not fits(value):
            raise ReplyError(f"Reply({name}={value!r}) cannot be used", f"Give {expected}.")


def _check_whole(reply: Reply) -> None:
    """Refuse a reply that contradicts itself."""
    texts = [part for part in reply.parts if isinstance(part, Text)]
    said, streamed = bool(texts), any(part.deltas is not None for part in texts)
    calls = reply.tool_calls
    audio = any(isinstance(part, Media) and part.kind == "audio" for part in reply.parts)
    legacy = [call for call in calls if call.type == "function_call"]
    _refuse(streamed and len(texts) > 1, "text and deltas", "Give one: joined, the deltas are the text.")
    _refuse(reply.refusal and (said or calls or audio), "a refusal and an answer", "A model gives one of them.")
    _refuse(audio and said, "audio and text", "The text is the audio's transcript.")
    _refuse(legacy and len(calls) > 1, "tool_calls and function_call", "The second is the first's old form.")
    other = (reply.parts, reply.logprobs, reply.finish_reason)
    _refuse(reply.variants and any(other), "variants and an answer", "Make it a variant too.")
    _refuse(
        reply.finish_reason == "tool_calls" and not (calls or reply.variants),
        "finish_reason='tool_calls' and no tool call",
        "Add one with tool_call(…).",
    )


def _refuse(wrong: object, both: str, advice: str) -> None:
    if wrong:
        raise ReplyError(f"A Reply has both {both}", advice)


def _variant(value: object) -> Reply:
    from llm_intercept.replies.kinds import prepare  # noqa: PLC0415 - a variant is given as a reply is

    prepared = prepare(value)
    if not isinstance(prepared, Reply) or prepared.variants or prepared.faults or prepared.pace:
        raise ReplyError(f"A variant of a Reply is {value!r}", "A variant is text, tool calls or a Reply of its own.")
    return prepared


def checked_faults(name: str, given: object) -> tuple[Fault, ...]:
    """Return the faults in `given`: none, one, or a list of them.

    Raises:
        ReplyError: Something in it is no fault.

    """
    try:
        return as_faults(name, given)
    except SettingsError as error:
        raise ReplyError(f"{error.name} is {error.value!r}", f"Use {error.expected}.") from error


def checked_pace(name: str, given: object) -> Pace | None:
    """Return `given` if it is a pace or None.

    Raises:
        ReplyError: It is neither.

    """
    try:
        return check_pace(name, given)
    except SettingsError as error:
        raise ReplyError(f"{error.name} is {error.value!r}", f"Use {error.expected}.") from error


def _deltas(given: object) -> Iterable[str]:
    """Check deltas: an iterator's while they are read, the others' at once."""
    if isinstance(given, Computed):
        return given
    if isinstance(given, AsyncIterator):
        return Computed(cast("AsyncIterator[Any]", given))
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise ReplyError(f"Reply(deltas={given!r})", "Give an iterable of str, one for each stream delta.")
    checked = checked_deltas(cast("Iterable[Any]", given), "Reply(deltas=…)")
    if isinstance(given, Iterator | Sequence):
        return checked if isinstance(given, Iterator) else tuple(checked)
    return cast("Iterable[str]", given)


def checked_deltas(deltas: Iterable[Any], where: str) -> Iterator[str]:
    """Give deltas one by one.

    Raises:
        ReplyError: One is no str.

    """
    for number, delta in enumerate(deltas):
        if not isinstance(delta, str):
            raise ReplyError(f"Delta {number} of a reply is {delta!r}, not a str", "Each delta is a str.", where)
        yield delta
