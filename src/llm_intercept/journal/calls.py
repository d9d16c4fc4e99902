"""`llm.calls`: the exchanges so far, to count, filter and read.

Knows: calls, conditions. Must not know: how calls come about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from llm_intercept.base.checks import is_int
from llm_intercept.base.missing_names import says_what_was_meant
from llm_intercept.base.spelling import spelt_methods
from llm_intercept.base.words import counted, nearest
from llm_intercept.conditions.given import all_conditions
from llm_intercept.errors import ExpectationError, SettingsError
from llm_intercept.journal.journal import SOURCES
from llm_intercept.journal.shown_calls import SHOWN, as_table, in_lines
from llm_intercept.settings.of_others import OF_CALLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Unpack

    from rich.console import Console, ConsoleOptions, RenderableType

    from llm_intercept.conditions import Conditions
    from llm_intercept.conditions.given import ConditionLike
    from llm_intercept.journal.journal import Call, Source


@says_what_was_meant(OF_CALLS)
@spelt_methods
class Calls(Sequence["Call"]):
    """The calls of an interceptor in the order their requests arrived; it grows as they come."""

    def __init__(self, calls: list[Call]) -> None:
        self._calls = calls

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Calls: ...
    def __getitem__(self, index: int | slice) -> Call | Calls:
        return Calls(self._calls[index]) if isinstance(index, slice) else _lent(self._calls[index])

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return map(_lent, self._calls)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)  # pyright: ignore[reportUnknownArgumentType]

    __hash__ = None  # type: ignore[assignment]

    @property
    def last(self) -> Call:
        """The newest call.

        Raises:
            ExpectationError: There is none.

        """
        if not self._calls:
            raise ExpectationError("there was no call.")
        return _lent(self._calls[-1])

    def one(self) -> Call:
        """Return the only call.

        Raises:
            ExpectationError: There is none, or there are several, which the message lists.

        """
        if len(self._calls) != 1:
            found = f"there are {len(self._calls)}:" if self._calls else "there is none."
            raise ExpectationError(f"there was to be one call, and {found}", in_lines(self._calls, SHOWN))
        return _lent(self._calls[0])

    def clear(self) -> None:
        """Forget the calls so far."""
        self._calls.clear()

    def matching(
        self,
        *conditions: ConditionLike,
        source: Source | None = None,
        status: int | None = None,
        attempt: int | None = None,
        failed: bool | None = None,
        **wanted: Unpack[Conditions],
    ) -> Calls:
        """Return the calls whose requests fulfil conditions and that ended as said.

        Args:
            *conditions: As for `llm.on(…)`.
            source: Where the answer came from: `rule`, `recording`, `default`, `live`, `unmatched` or `refused`.
            status: The HTTP status of the answer.
            attempt: 1 for a request's first sending, 2 for its first retry, and so on.
            failed: Whether the exchange ended with an exception or an error status.
            **wanted: As for `llm.on(…)`: `model=`, `user=`, `tool=`, ….

        Raises:
            SettingsError: A condition or an outcome cannot be one, there is no condition of that name, or nothing is
                asked.

        """
        outcome = {"source": source, "status": status, "attempt": attempt, "failed": failed}
        ended = {name: _checked(name, value) for name, value in outcome.items() if value is not None}
        asked = all_conditions("matching", conditions, wanted, outcome)
        if not asked and not ended:
            raise SettingsError("matching()", "", "at least one condition")
        return Calls(
            [
                call
                for call in self._calls
                if all(getattr(call, name) == value for name, value in ended.items())
                and all(condition.holds(call.request) for condition in asked)
            ]
        )

    def __repr__(self) -> str:
        if not self._calls:
            return "<no calls>"
        return "\n".join([f"<{counted(len(self._calls), 'call')}>", *in_lines(self._calls)])

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield as_table(self._calls, options.max_width) if self._calls else repr(self)


def _lent(call: Call) -> Call:
    """Give a call to a user, who may change what its request holds."""
    call.request.lent()
    return call


def _checked(name: str, value: object) -> object:
    """Return an outcome that a call can have; of one that none can have, `matching` would find nothing for ever."""
    match name:
        case "source":
            can_be, expected = value in SOURCES, "one of " + ", ".join(map(repr, SOURCES))
            near = nearest(str(value), SOURCES)
            expected += f" (did you mean {near!r}?)" if near is not None else ""
        case "status":
            can_be, expected = (
                is_int(value, 100, 599) or value == 0,
                "an int from 100 to 599, or 0 for no answer",
            )
        case "attempt":
            can_be, expected = is_int(value, 1), "an int: 1 for a request's first sending"
        case _:
            can_be, expected = isinstance(value, bool), "True or False"
    if not can_be:
        raise SettingsError(f"matching({name}=…)", value, expected)
    return value
