"""The kinds of replies, and how what a user gives becomes one of them.

Knows: replies. Must not know: any API's JSON, HTTP, which rule a reply belongs to.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeGuard, Union, cast, get_args

from llm_intercept.base.json import is_model, to_json_text
from llm_intercept.errors import ReplyError
from llm_intercept.faults.base import Fault
from llm_intercept.model.parts import ReplyPart
from llm_intercept.model.request import LLMRequest
from llm_intercept.replies.computed import Computed
from llm_intercept.replies.no_part import no_part
from llm_intercept.replies.raised import RaiseError, raised_of
from llm_intercept.replies.reply import PARTS, Reply, checked_deltas, of_mapping
from llm_intercept.replies.taken import Taken, taken
from llm_intercept.settings import DEFAULT_REPLY
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from pydantic import BaseModel

    from llm_intercept.model.usage import Usage
    from llm_intercept.timing.pace import Pace

ACCEPTED = (
    "A reply is a str, a Reply, tool_call(…), structured(…), refusal(…), reasoning(…), a list of these as the parts of "
    "one turn, raw(…), auto(), api_error(…), embedding(…), moderation(…), passthrough(), a fault, a response of an "
    "HTTP library or an SDK's own object, a pydantic instance (its JSON), an iterable of str (exactly these stream "
    "deltas), an exception, or a function of the request that returns one of these."
)


CalledTools = Literal["each once"]
"""Which of the tools that are offered `auto(tools=…)` calls before it ends: each, once in a conversation."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """A ready response body: a JSON object, the chunks of a stream, or bytes to send as they are.

    `made_by` is the SDK's class that it was an object of: of another API's, it is said anew in the one that is asked.
    """

    body: Mapping[str, Any] | tuple[Mapping[str, Any], ...] | bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    pace: Pace | None = None
    made_by: str = ""

    def __repr__(self) -> str:
        """Show the reply as a user makes one."""
        return f"raw({shorten(str(self.body), 40)}{_extras(self.faults, self.pace)})"


@dataclass(frozen=True, slots=True)
class AutoReply:
    """The smallest valid answer to whatever the request asks for; `text` where it asks for no more than text.

    `tools` says which of the tools that are offered are called first; None for those that must be.
    """

    text: str = DEFAULT_REPLY
    faults: tuple[Fault, ...] = ()
    pace: Pace | None = None
    tools: CalledTools | None = None

    def __repr__(self) -> str:
        """Show the reply as a user makes one; a fault that is given by itself is that fault."""
        if self == AutoReply(faults=self.faults[:1]) and self.faults:
            return repr(self.faults[0])
        said = "" if self.text == DEFAULT_REPLY else shorten(self.text, 40)
        tools = "" if self.tools is None else f", tools={self.tools!r}"
        return f"auto({said}{tools}{_extras(self.faults, self.pace)})".replace("(, ", "(")


@dataclass(frozen=True, slots=True)
class LimitState:
    """How much a rate limit leaves: of so many requests or tokens a minute, and the seconds until all are back."""

    unit: str
    limit: int
    remaining: int
    reset: float


@dataclass(frozen=True, slots=True)
class LimitHit:
    """Which limit a request met: its unit, how much of it was used, and how much the request asked for."""

    unit: str
    limit: int
    used: int
    requested: int


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An API error; what is not said here, the dialect says in its API's own words.

    Attributes:
        status: The HTTP status.
        name: The error's name in `api_error`, empty for a status that has none.
        message: What it says.
        code: Its code, as the user gave it.
        type: Its type, as the user gave it.
        param: The parameter it is about, as the user gave it.
        retry_after: Seconds the client is told to wait; None lets it try again at once, where that may help.
        headers: Headers beside the usual ones.
        body: A whole body instead.
        is_final: Whether the client is told not to try again.
        hit: The rate limit that was met.
        limits: What is left of the rate limits.
        given: The status or name that the user gave, for messages.

    """

    status: int
    name: str = ""
    message: str | None = None
    code: str | None = None
    type: str | None = None
    param: str | None = None
    retry_after: float | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    is_final: bool = False
    hit: LimitHit | None = None
    limits: tuple[LimitState, ...] = ()
    given: int | str = field(default=0, compare=False)
    faults: tuple[Fault, ...] = ()
    pace: Pace | None = None

    def __repr__(self) -> str:
        """Show the reply as a user makes one."""
        code = f", code={self.code!r}" if self.code else ""
        return f"api_error({(self.given or self.status)!r}{code}{_extras(self.faults, self.pace)})"


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors to answer an embeddings request with, one for each input; fewer begin again."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage | None = None
    faults: tuple[Fault, ...] = ()
    pace: Pace | None = None

    def __repr__(self) -> str:
        """Show the reply as a user makes one."""
        return f"embedding({', '.join(shorten(str(list(vector)), 40)[1:-1] for vector in self.vectors)})"


@dataclass(frozen=True, slots=True)
class Moderations:
    """What a moderation finds in each input: categories and their scores, None for one that is just found."""

    results: tuple[Mapping[str, float | None], ...]
    faults: tuple[Fault, ...] = ()
    pace: Pace | None = None

    def __repr__(self) -> str:
        """Show the reply as a user makes one."""
        shown = [", ".join(_found(name, score) for name, score in one.items()) for one in self.results]
        made = [f"moderation({one})" for one in shown]
        return made[0] if len(made) == 1 else f"[{', '.join(made)}]"


@dataclass(frozen=True, slots=True)
class Passthrough:
    """The request goes out to the network, and its answer comes from there."""

    def __repr__(self) -> str:
        """Show the reply as a user makes one."""
        return "passthrough()"


@dataclass(frozen=True, slots=True)
class Callback:
    """The reply is what this function of the request returns."""

    function: Callable[..., Any]
    name: str = field(default="", compare=False)


OfAnother = Embeddings | Moderations
"""A reply that answers one API alone, which is no conversation."""

Answer = Reply | RawReply | AutoReply | ErrorReply | OfAnother
"""A reply that a dialect writes as a response."""

OF_ANOTHER: tuple[type[OfAnother], ...] = get_args(OfAnother)
ANSWERS: tuple[type[Answer], ...] = get_args(Answer)

ANSWERS_ALL = (AutoReply, ErrorReply, RaiseError, Passthrough)
"""The kinds of replies that mean the same whatever the API; a text does not, nor does a ready body or a function."""

READY = (RawReply, ErrorReply, RaiseError, Passthrough)
"""The kinds of replies that can be given though nobody knows which API is asked."""

Prepared = Answer | RaiseError | Passthrough | Callback
"""What a user's reply becomes."""

Kinds = tuple[type[Prepared], ...]


class ResponseLike(Protocol):
    """A response of an HTTP library such as httpx, given to be answered with."""

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""
        ...

    def read(self) -> bytes:
        """Return the body."""
        ...


ReplyLike = Union[  # and not `|`, which would have to load pydantic
    str,
    Prepared,
    ReplyPart,
    Fault,
    "BaseModel",
    BaseException,
    type[BaseException],
    Iterable["str | ReplyPart | Reply | BaseModel | Moderations"],
    ResponseLike,
    Callable[[LLMRequest], Any],
]
"""What a user may give as a reply."""


def prepare(value: object, where: str = "", *, returned: bool = False) -> Prepared:
    """Turn what a user gave as a reply into a form the engine can use.

    Args:
        value: A reply, or one of its short forms.
        where: The place in the user's code, for the message.
        returned: Whether a reply function returned it for one request; only then it may be computed while it streams.

    Raises:
        ReplyError: `value` cannot be a reply; the message says what can.

    """
    try:
        prepared = _prepared(value, where)
        if not returned and is_computed(prepared):
            problem = f"{value!r} streams what an async iterator gives, which belongs to one event loop and one answer"
            raise ReplyError(problem, "Give the function that makes it: reply(function), with `async def` and `yield`.")
    except ReplyError as error:
        if error.where or not where:
            raise
        raise ReplyError(error.problem, error.advice, where) from error.__cause__
    return prepared


def _prepared(value: object, where: str = "") -> Prepared:
    match value:
        case str():
            return Reply(value)
        case Reply() | RawReply() | AutoReply() | ErrorReply() | RaiseError() | Passthrough() | Callback():
            return value
        case Embeddings() | Moderations():
            return value
        case _ if isinstance(value, PARTS):
            return Reply(value)
        case _ if isinstance(value, Fault):
            return AutoReply(faults=(value,))
        case BaseException():
            return RaiseError(value)
        case type() if issubclass(value, BaseException):
            return raised_of(value)
        case type():
            raise ReplyError(f"{value!r} is a class, which cannot be a reply", "Give an instance of it.")
        case _:
            return _from_object(value, where)


def _from_object(value: object, where: str) -> Prepared:
    ready = taken(value)
    if ready is not None:
        return _of(ready)
    if is_model(value):
        return Reply(to_json_text(value))
    if callable(value):
        _check_function(value)
        return Callback(value)
    return _from_iterable(value, where)


def _check_function(function: Callable[..., Any]) -> None:
    """Refuse a function that cannot be called with the request alone.

    Raises:
        ReplyError: It takes no argument, or more than one.

    """
    try:
        inspect.signature(function).bind(None)
    except TypeError as error:
        name = getattr(function, "__qualname__", repr(function))
        advice = "A reply function takes the request. To decorate a function, write @intercept() with parentheses."
        raise ReplyError(f"{name} cannot be called with the request ({error})", advice) from error
    except ValueError:  # a built-in that does not say its parameters
        return


def _from_iterable(value: object, where: str) -> Prepared:
    if isinstance(value, AsyncIterator):
        return Reply(deltas=Computed(cast("AsyncIterator[Any]", value), where))
    if isinstance(value, Iterator):
        return Reply(deltas=checked_deltas(cast("Iterator[Any]", value), where))
    if isinstance(value, Mapping):
        raise ReplyError(
            f"A bare mapping cannot be a reply: {value!r}",
            "Did you mean JSON content? structured(mapping). A ready response body? raw(mapping).",
        )
    if not isinstance(value, Iterable) or isinstance(value, bytes | bytearray | set | frozenset):
        kind = type(cast("object", value)).__name__
        raise ReplyError(f"{cast('object', value)!r} cannot be a reply: it is of type {kind}", ACCEPTED)
    parts: tuple[Any, ...] = tuple(cast("Iterable[Any]", value))
    if {type(part) for part in parts} <= {str}:
        return Reply(deltas=parts)
    if {type(part) for part in parts} == {Moderations}:
        return Moderations(tuple(result for part in parts for result in part.results))
    if type(cast("object", value)) in {list, tuple} and {type(part) for part in parts} <= {int, float}:
        raise ReplyError(f"{parts!r} are numbers", "A vector is embedding([…]).")
    ready = taken(list(parts))
    return _of(ready) if ready is not None else _one_turn(parts)


def _of(ready: Taken) -> RawReply:
    return RawReply(ready.body, ready.status, ready.headers, made_by=ready.made_by)


def _one_turn(parts: tuple[object, ...]) -> Reply:
    """Make one assistant turn of its parts, in order."""
    return Reply(*(_part(number, part) for number, part in enumerate(parts)))


def _part(number: int, part: object) -> str | ReplyPart | Reply:
    if isinstance(part, (str, PARTS)):
        return part
    if isinstance(part, Mapping) and "type" in part:
        return of_mapping(cast("Mapping[str, Any]", part))
    prepared = _prepared(cast("object", part))
    if isinstance(prepared, Reply) and prepared.deltas is None and not prepared.variants:
        return prepared
    raise no_part(f"Part {number} of a reply is {part!r}, which cannot be part of a turn", cast("object", part))


def is_ready(prepared: Prepared) -> bool:
    """Whether a reply can be given whatever is asked: a ready body, an error, a fault, the real answer."""
    return isinstance(prepared, READY) or (isinstance(prepared, AutoReply) and bool(prepared.faults))


def is_computed(prepared: Prepared) -> TypeGuard[Reply]:
    """Whether a reply's deltas are made by an async iterator while they are streamed."""
    return isinstance(prepared, Reply) and isinstance(prepared.deltas, Computed)


def is_one_shot(prepared: Prepared) -> bool:
    """Whether a reply can be given only once: its deltas are an iterator, which is empty afterwards."""
    return isinstance(prepared, Reply) and isinstance(prepared.deltas, Iterator)


def _found(name: str, score: float | None) -> str:
    return repr(name) if score is None else f"{name}={score}" if name.isidentifier() else f"**{{{name!r}: {score}}}"


def _extras(faults: tuple[Fault, ...], pace: Pace | None) -> str:
    shown = [f"fault={faults[0] if len(faults) == 1 else faults!r}"] if faults else []
    shown += [f"pace={pace!r}"] if pace is not None else []
    return "".join(f", {one}" for one in shown)
