"""What a rule answers with: `Reply`, its short forms, and how a user's value becomes one of them.

Knows: the neutral vocabulary. Must not know: any API's JSON, HTTP, which rule a reply belongs to.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from llm_intercept.base.json import encode, to_json_text
from llm_intercept.base.sse import DONE, frame
from llm_intercept.errors import ReplyError, SettingsError, shorten
from llm_intercept.faults.values import FAULTS, Fault, as_faults
from llm_intercept.model.request import LLMRequest, Raw, Unchecked, Usage, Value
from llm_intercept.settings import DEFAULT_REPLY
from llm_intercept.timing.pace import Pace, check_pace

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]
ACCEPTED = (
    "A reply is a str, a Reply, tool_call(…), structured(…), refusal(…), raw(…), auto(), api_error(…), a list of "
    "these as the parts of one turn, a pydantic instance (its JSON), an iterable of str (exactly these stream deltas), "
    "an exception, or a function of the request that returns one of these."
)


class ToolCall(Value):
    """A tool call to answer with; `arguments` is JSON text to the letter, of a custom tool its free-form input."""

    name: str = Field(min_length=1)
    arguments: str = "{}"
    id: str | None = Field(default=None, min_length=1)
    type: Literal["function", "custom"] = "function"

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"tool_call({self.name!r}, {shorten(self.arguments, 40)})"


class Audio(Value):
    """Spoken output: base64 `data` (by default a moment of silence) and its `transcript`."""

    transcript: str
    data: str | None = None
    id: str | None = None


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid", arbitrary_types_allowed=True))
class Reply:
    """One answer of the model.

    Args:
        text: The assistant's text.
        deltas: The text as exactly these stream deltas, instead of `text`; read lazily, one at a time.
        tool_calls: The calls the assistant asks for, made with `tool_call`.
        function_call: The one call in the form that came before tools, made with `tool_call`.
        reasoning: The model's thoughts, in the field compatible hosts use (`reasoning_content`).
        refusal: Why the model refuses; then there is no text.
        audio: Spoken output; then there is no text.
        annotations: URL citations, as in OpenAI's reference.
        logprobs: The `logprobs.content` entries to give where the request asks for logprobs, instead of invented ones.
        variants: The answers for `n` choices, instead of the same one for each.
        finish_reason: Why the model stopped, whatever the rest implies.
        usage: The tokens to report, instead of the estimate.
        model: The model name to answer with, instead of the one derived from the request's.
        fault: What goes wrong with the answer: `disconnect(…)`, `malformed(…)`, …, or a tuple of several.
        pace: How long it takes, instead of the rule's and the interceptor's `Pace`.

    Raises:
        pydantic.ValidationError: A field has a value it cannot have.
        ReplyError: The fields contradict each other.

    """

    text: str = ""
    _: KW_ONLY
    deltas: Unchecked[Iterable[str] | None] = None
    tool_calls: tuple[ToolCall, ...] = ()
    function_call: ToolCall | None = None
    reasoning: str = ""
    refusal: str = ""
    audio: Audio | None = None
    annotations: tuple[Raw, ...] = ()
    logprobs: tuple[Raw, ...] | None = None
    variants: Unchecked[tuple[Any, ...]] = ()
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    model: str | None = None
    fault: Unchecked[Fault | tuple[Fault, ...] | None] = None
    pace: Unchecked[Pace | None] = None

    def __post_init__(self) -> None:
        """Refuse a reply that contradicts itself."""
        try:
            object.__setattr__(self, "fault", as_faults("Reply(fault=…)", self.fault) or None)
            check_pace("Reply(pace=…)", self.pace)
        except SettingsError as error:
            raise ReplyError(f"{error.name} is {error.value!r}", f"Use {error.expected}.") from error
        said = bool(self.text) or self.deltas is not None
        calls = bool(self.tool_calls) or self.function_call is not None
        _refuse(self.text and self.deltas is not None, "text and deltas", "Give one: joined, the deltas are the text.")
        _refuse(self.refusal and (said or calls or self.audio), "a refusal and an answer", "A model gives one of them.")
        _refuse(self.audio and said, "audio and text", "The text is the audio's transcript.")
        _refuse(
            self.tool_calls and self.function_call,
            "tool_calls and function_call",
            "The second is the first's old form.",
        )
        other = (self.refusal, self.audio, self.reasoning, self.annotations, self.logprobs, self.finish_reason)
        _refuse(self.variants and (said or calls or any(other)), "variants and an answer", "Make it a variant too.")
        _refuse(
            self.finish_reason == "function_call" and not (self.function_call or self.variants),
            "finish_reason='function_call' and no call",
            "Add it as function_call=tool_call(…).",
        )
        _refuse(
            self.finish_reason == "tool_calls" and not (self.tool_calls or self.variants),
            "finish_reason='tool_calls' and no tool call",
            "Add one with tool_call(…).",
        )
        object.__setattr__(self, "deltas", _deltas(self.deltas))
        if not isinstance(cast("object", self.variants), list | tuple):
            raise ReplyError(f"Reply(variants={self.variants!r})", "Give a list of replies, one for each choice.")
        object.__setattr__(self, "variants", tuple(self._variant(one) for one in self.variants))

    @cached_property
    def is_text_and_calls(self) -> bool:
        """Whether it says nothing but a text and calls of tools."""
        other = (self.function_call, self.reasoning, self.refusal, self.audio, self.annotations, self.variants)
        return self.deltas is None and not any(other)

    def __repr__(self) -> str:
        """Say what was given."""
        given = ((one.name, getattr(self, one.name)) for one in fields(self) if one.name != "text")
        words = [shorten(self.text, 40)] if self.text else []
        words += [f"{name}={value!r}" for name, value in given if value not in (None, "", ())]
        return f"Reply({', '.join(words)})"

    def _variant(self, value: object) -> Reply:
        prepared = prepare(value)
        if not isinstance(prepared, Reply) or prepared.variants or prepared.fault or prepared.pace:
            raise ReplyError(
                f"A variant of a Reply is {value!r}", "A variant is text, tool calls or a Reply of its own."
            )
        return prepared


def _deltas(given: object) -> Any:
    """Check deltas: an iterator's while they are read, the others' at once."""
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ReplyError(f"Reply(deltas={given!r})", "Give an iterable of str, one for each stream delta.")
    checked = _checked(cast("Iterable[Any]", given), "Reply(deltas=…)")
    if isinstance(given, Iterator):
        return checked
    if isinstance(given, Sequence):
        list(checked)
    return cast("Iterable[str]", given)


def _refuse(wrong: object, both: str, advice: str) -> None:
    if wrong:
        raise ReplyError(f"A Reply has both {both}", advice)


@dataclass(frozen=True)
class RawReply:
    """A ready response body: a JSON object, the chunks of a stream, or bytes to send as they are."""

    body: Mapping[str, Any] | tuple[Mapping[str, Any], ...] | bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"raw({shorten(str(self.body), 40)})"

    @cached_property
    def events(self) -> tuple[bytes, ...]:
        """The events of a stream, one a chunk, and the one that ends it."""
        chunks = self.body if isinstance(self.body, tuple) else ()
        return (*(frame(encode(chunk).decode()) for chunk in chunks), DONE)


@dataclass(frozen=True, slots=True)
class AutoReply:
    """The smallest valid answer to whatever the request asks for; `text` where it asks for no more than text."""

    text: str = DEFAULT_REPLY

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "auto()" if self.text == DEFAULT_REPLY else f"auto({shorten(self.text, 40)})"


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An API error; where there is no message, `words` are the API's own, with {model} and {retry} to fill in."""

    status: int
    code: str | None = None
    message: str | None = None
    type: str | None = None
    param: str | None = None
    retry_after: float | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    words: str = field(default="", compare=False)

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"api_error({self.status}{f', code={self.code!r}' if self.code else ''})"


@dataclass(frozen=True, slots=True)
class Raises:
    """The request fails with this exception."""

    error: BaseException | type[BaseException]


@dataclass(frozen=True, slots=True)
class LetOut:
    """The request goes out to the network, and its answer comes from there."""

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return "passthrough()"


@dataclass(frozen=True, slots=True)
class Computed:
    """The reply is what this function of the request returns."""

    function: Callable[..., Any]
    name: str = field(default="", compare=False)


Answer = Reply | RawReply | AutoReply | ErrorReply


@dataclass(frozen=True, slots=True)
class Faulty:
    """An answer of any kind, what goes wrong with it, and how long it takes."""

    answer: Answer
    faults: tuple[Fault, ...] = ()
    pace: Pace | None = None

    def __repr__(self) -> str:
        """Say it as the user wrote it."""
        return f"faulty({', '.join(map(repr, (self.answer, *self.faults)))})"


Prepared = Answer | Faulty | Raises | LetOut | Computed

ReplyLike = (
    str
    | ToolCall
    | Prepared
    | Fault
    | BaseModel
    | BaseException
    | type[BaseException]
    | Iterable[str | ToolCall | Answer]
    | AsyncIterable[str]
    | Callable[[LLMRequest], object]
)
"""What a user may give as a reply: a `Reply`, its short forms, or a function of the request that returns one."""


def prepare(value: object, where: str = "") -> Prepared:
    """Turn what a user gave as a reply into a form the engine can use.

    Args:
        value: A reply, or one of its short forms.
        where: The place in the user's code, for the message.

    Raises:
        ReplyError: `value` cannot be a reply; the message says what can.

    """
    match value:
        case str():
            return Reply(value)
        case ToolCall():
            return Reply(tool_calls=(value,))
        case Reply() | RawReply() | AutoReply() | ErrorReply() | Raises() | LetOut() | Computed() | Faulty():
            return value
        case _ if isinstance(value, FAULTS):
            return Faulty(AutoReply(), (value,))
        case BaseException():
            return Raises(value)
        case type() if issubclass(value, BaseException):
            return Raises(value)
        case BaseModel():
            return Reply(to_json_text(value))
        case type():
            raise ReplyError(f"{value!r} is a class, which cannot be a reply", "Give an instance of it.", where)
        case _ if callable(value):
            _check_function(value, where)
            return Computed(value)
        case _:
            return _from_iterable(value, where)


def _check_function(function: Callable[..., Any], where: str) -> None:
    """Refuse a function that cannot be called with the request alone.

    Raises:
        ReplyError: It takes no argument, or more than one.

    """
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        name = getattr(function, "__qualname__", repr(function))
        advice = "A reply function takes the request. To decorate a function, write @intercept() with parentheses."
        raise ReplyError(f"{name} cannot be called with the request ({error})", advice, where) from error
    except ValueError:  # a built-in that does not say its parameters
        return


def is_one_shot(prepared: Prepared) -> bool:
    """Tell whether a reply can be given only once: its deltas are an iterator, which is empty afterwards."""
    answer = prepared.answer if isinstance(prepared, Faulty) else prepared
    return isinstance(answer, Reply) and isinstance(answer.deltas, Iterator)


async def collect(deltas: AsyncIterator[str]) -> list[str]:
    """Read an asynchronous iterator of deltas to its end."""
    return [delta async for delta in deltas]


def explain(error: ValidationError, where: str) -> ReplyError:
    """Say in one line what pydantic found wrong with a reply's fields."""
    first = error.errors()[0]
    name = ".".join(map(str, first["loc"]))
    return ReplyError(f"Reply({name}={first['input']!r}): {first['msg']}", "See Reply's documentation.", where)


def _from_iterable(value: object, where: str) -> Reply:
    given: Any = value
    if isinstance(value, Iterator):
        return Reply(deltas=_checked(given, where))
    if isinstance(value, Mapping):
        raise ReplyError(
            f"A bare mapping cannot be a reply: {value!r}",
            "Did you mean JSON content? structured(mapping). A ready response body? raw(mapping).",
            where,
        )
    if not isinstance(value, Iterable) or isinstance(value, bytes | bytearray | set | frozenset):
        problem = f"{given!r} cannot be a reply: it is of type {type(given).__name__}"
        raise ReplyError(problem, ACCEPTED, where)
    parts: tuple[Any, ...] = tuple(given)
    if {type(part) for part in parts} <= {str}:
        return Reply(deltas=parts)
    return _one_turn(parts, where)


def _one_turn(parts: tuple[object, ...], where: str) -> Reply:
    """Join the parts of one assistant turn: texts are concatenated, tool calls follow each other."""
    whole = Reply()
    for number, part in enumerate(parts):
        prepared = prepare(part, where)
        if not isinstance(prepared, Reply) or prepared.deltas is not None or prepared.variants:
            problem = f"Part {number} of a reply is {part!r}, which cannot be part of a turn"
            raise ReplyError(problem, "A turn is made of text, tool calls and Replies.", where)
        whole = _joined(whole, prepared, where)
    return whole


def _joined(first: Reply, second: Reply, where: str) -> Reply:
    changes: dict[str, Any] = {}
    for one in fields(first):
        ours, theirs = getattr(first, one.name), getattr(second, one.name)
        if (
            isinstance(ours, str | tuple)
            and isinstance(theirs, str | tuple)
            and one.name not in {"model", "finish_reason"}
        ):
            changes[one.name] = cast("Any", ours) + theirs
        elif theirs is not None:
            changes[one.name] = theirs
    try:
        return replace(first, **changes)
    except ReplyError as error:
        raise ReplyError(error.problem, error.advice, where) from error


def _checked(deltas: Iterable[Any], where: str) -> Iterator[str]:
    for number, delta in enumerate(deltas):
        if not isinstance(delta, str):
            raise ReplyError(f"Delta {number} of a reply is {delta!r}, not a str", ACCEPTED, where)
        yield delta
