"""What a rule answers with: `Reply`, and the short forms a user may give instead of one.

Knows: the neutral vocabulary. Must not know: any API's JSON, HTTP, which rule a reply belongs to.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, Literal, cast

from pydantic import ConfigDict, SkipValidation, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from llm_intercept.content import Usage  # noqa: TC001 - pydantic reads the annotation
from llm_intercept.errors import ReplyError

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]
ACCEPTED = (
    "A reply is a str, a Reply, an iterable of str (exactly these stream deltas), an exception, "
    "or a function of the request that returns one of these."
)


@pydantic_dataclass(frozen=True, config=ConfigDict(extra="forbid", arbitrary_types_allowed=True))
class Reply:
    """One answer of the model.

    Args:
        text: The assistant's text.
        deltas: The text as exactly these stream deltas, instead of `text`; read lazily, one at a time.
        finish_reason: Why the model stopped; by default `stop`.
        usage: The tokens to report, instead of the estimate.
        model: The model name to answer with, instead of the one derived from the request's.

    Raises:
        pydantic.ValidationError: A field has a value it cannot have.
        ReplyError: Both `text` and `deltas` are given.

    """

    text: str = ""
    _: KW_ONLY
    deltas: Annotated[Iterable[str] | None, SkipValidation] = None
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    model: str | None = None

    def __post_init__(self) -> None:
        """Refuse a reply that says its text twice."""
        if self.text and self.deltas is not None:
            raise ReplyError("A Reply has both text and deltas", "Give one: joined, the deltas are the text.")


@dataclass(frozen=True, slots=True)
class Raises:
    """The request fails with this exception."""

    error: BaseException | type[BaseException]


@dataclass(frozen=True, slots=True)
class Computed:
    """The reply is what this function of the request returns."""

    function: Callable[..., Any]


Prepared = Reply | Raises | Computed


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
        case Reply() | Raises() | Computed():
            return value
        case BaseException():
            return Raises(value)
        case type() if issubclass(value, BaseException):
            return Raises(value)
        case _ if callable(value):
            return Computed(value)
        case _:
            return _from_iterable(value, where)


def is_one_shot(prepared: Prepared) -> bool:
    """Tell whether a reply can be given only once: its deltas are an iterator, which is empty afterwards."""
    return isinstance(prepared, Reply) and isinstance(prepared.deltas, Iterator)


async def collect(deltas: AsyncIterator[str]) -> list[str]:
    """Read an asynchronous iterator of deltas to its end."""
    return [delta async for delta in deltas]


def explain(error: ValidationError, where: str) -> ReplyError:
    """Say in one line what pydantic found wrong with a reply's fields."""
    first = error.errors()[0]
    field = ".".join(map(str, first["loc"]))
    return ReplyError(f"Reply({field}={first['input']!r}): {first['msg']}", "See Reply's documentation.", where)


def _from_iterable(value: object, where: str) -> Reply:
    if isinstance(value, Iterator):
        return Reply(deltas=_checked(cast("Iterator[Any]", value), where))
    if isinstance(value, Mapping):
        raise ReplyError(
            f"A bare mapping cannot be a reply: {value!r}",
            "Did you mean JSON content? structured(mapping). A ready response body? raw(mapping).",
            where,
        )
    if not isinstance(value, Iterable) or isinstance(value, bytes | bytearray):
        raise ReplyError(f"{value!r} cannot be a reply: it is of type {type(value).__name__}", ACCEPTED, where)
    return Reply(deltas=tuple(_checked(cast("Iterable[Any]", value), where)))


def _checked(deltas: Iterable[Any], where: str) -> Iterator[str]:
    for number, delta in enumerate(deltas):
        if not isinstance(delta, str):
            raise ReplyError(f"Delta {number} of a reply is {delta!r}, not a str", ACCEPTED, where)
        yield delta
