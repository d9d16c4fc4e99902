"""Text as it is generated: piece by piece, cut where the request says.

Knows: tokens, stop sequences, limits. Must not know: JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from llm_intercept.base.tokens import total
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.wire import Delta
    from llm_intercept.replies.reply import Reply

TOGETHER = 128
"""How many pieces are made at a time, where nothing can come between them."""

Piece = tuple[str, tuple[str, ...]]
"""A stretch of text and the tokens it is made of."""


@dataclass(slots=True)
class Budget:
    """How many tokens one choice may still have, how many it had, and what ended it.

    `left` is None without a limit; `thought` are those of thoughts that are told apart from what is said; `stopped` is
    the stop sequence that ended it, empty if none did.
    """

    left: int | None = None
    spent: int = 0
    cut: bool = False
    stopped: str = ""
    thought: int = 0

    @classmethod
    def of(cls, limit: int | None, *said: Reply, choices: int = 1) -> Budget:
        """Make the budget of one of some `choices`, of which the `said` replies tell the rest.

        A limit counts by an estimate. So it ends nothing of a reply that says itself why it finished, or how many
        tokens it has, and these fit.
        """
        if limit is None or any(_is_whole(reply, limit * choices) for reply in said):
            return cls()
        return cls(limit)

    def take(self, wanted: int) -> int:
        """Take some tokens, or what is left of the limit, and say how many."""
        if self.left is None:
            return wanted
        taken = min(wanted, self.left)
        self.left -= taken
        return taken

    def spend(self, wanted: int) -> bool:
        """Take what comes as a whole beside what is said, such as a call's name; whether it fits."""
        if self.left is None:  # as it is mostly, and this runs for each token
            self.spent += wanted
            return not self.cut
        taken = self.take(wanted)
        self.spent += taken
        self.cut = self.cut or taken < wanted
        return not self.cut

    def with_unseen(self, tokens: int) -> int:
        """Count what was said, with what an answer costs beside; what is cut at a limit has no more than the limit."""
        return self.spent + (0 if self.cut else tokens)


def _is_whole(reply: Reply, limit: int) -> bool:
    used = reply.usage
    return reply.finish_reason is not None or (used is not None and used.output_tokens <= limit)


@dataclass(slots=True)
class Splitter:
    """Splits text into pieces within a budget."""

    tokenizer: Tokenizer
    model: str
    budget: Budget

    def pieces(self, text: str | Iterable[Delta], stops: tuple[str, ...] = ()) -> Generator[Piece | Awaited]:
        """Yield pieces, each with the tokens it is made of; a str falls into its tokens, of other text each is one.

        The text ends before the first of `stops`, and where the budget is spent.
        """
        own = isinstance(text, str)
        parts: Iterable[Delta] = self.tokenizer.split(text, self.model) if isinstance(text, str) else text
        try:
            yield from self._within(parts, stops, own=own)
        finally:
            close: Callable[[], None] = getattr(text, "close", lambda: None)
            close()  # a generator of the user's ends when nobody reads on

    def whole(self, text: str) -> str:
        """Take a text within the budget, to be said at once."""
        return "".join(piece[0] for piece in self.pieces(text) if not isinstance(piece, Awaited))

    def thoughts(self, text: str) -> Iterator[str]:
        """Yield the tokens of a thought, within the budget, but for those that say nothing yet."""
        budget = self.budget
        for token in self.tokenizer.split(text, self.model):
            if not budget.take(1):
                budget.cut = True
                return
            budget.thought += 1
            if token:
                yield token

    def unbroken(self, text: str | Iterable[Delta]) -> Unbroken:
        """Take a text that nothing of the request ends early, to be read as a whole or run by run, once."""
        return Unbroken(self, text)

    def _within(self, parts: Iterable[Delta], stops: tuple[str, ...], *, own: bool) -> Iterator[Piece | Awaited]:
        silent: tuple[str, ...] = ()  # tokens that end inside a character, and so say nothing yet
        for part in until(parts, stops, self.budget) if stops else parts:
            if isinstance(part, Awaited):
                yield part
                continue
            tokens = (part,) if own or part else ()
            if not self.budget.spend(len(tokens)):
                return
            if own and not part:
                silent += tokens
            else:
                yield part, (*silent, *tokens)
                silent = ()


@dataclass(slots=True)
class Unbroken:
    """A text without stop sequences or limit; what is read of it is counted."""

    splitter: Splitter
    text: str | Iterable[Delta]

    def whole(self) -> str:
        """Return the text."""
        splitter, text = self.splitter, self.text
        if isinstance(text, str):
            splitter.budget.spent += total(splitter.tokenizer, (text,), splitter.model) if text else 0
            return text
        return "".join(part for run in self.runs() if not isinstance(run, Awaited) for part in run)

    def runs(self) -> Generator[Sequence[str] | Awaited]:
        """Yield the pieces, some at a time; none is empty unless it was given so.

        An iterator's pieces come one by one, each when it is wanted.
        """
        text = self.text
        try:
            if isinstance(text, str):
                yield from self._own(iter(self.splitter.tokenizer.split(text, self.splitter.model)))
            elif isinstance(text, tuple | list):
                parts = cast("Sequence[str]", text)
                for start in range(0, len(parts), TOGETHER):
                    yield self._given(parts[start : start + TOGETHER])
            else:
                for part in text:
                    yield part if isinstance(part, Awaited) else self._given((part,))
        finally:
            close: Callable[[], None] = getattr(text, "close", lambda: None)
            close()  # a generator of the user's ends when nobody reads on

    def _own(self, tokens: Iterator[str]) -> Iterator[Sequence[str]]:
        while run := tuple(islice(tokens, TOGETHER)):
            self.splitter.budget.spent += len(run)
            yield run if all(run) else [token for token in run if token]

    def _given(self, parts: Sequence[str]) -> Sequence[str]:
        self.splitter.budget.spent += sum(map(bool, parts))
        return parts


class EvenlyCut(Unbroken):
    """A text that comes in pieces of so many characters; its tokens are counted all the same."""

    __slots__ = ()

    def runs(self) -> Generator[Sequence[str] | Awaited]:
        """Yield all pieces at a time."""
        yield tuple(evenly(self.whole()))


def evenly(text: str) -> Iterator[str]:
    """Cut a text into pieces of 4, 5, 6, 4, 5, 6 … characters."""
    begin = 0
    for size in cycle((4, 5, 6)):
        if begin >= len(text):
            return
        yield text[begin : begin + size]
        begin += size


def until(parts: Iterable[Delta], stops: tuple[str, ...], budget: Budget) -> Iterator[Delta]:
    """Yield `parts` up to the first stop sequence, which is noted, holding back no more than could still become one."""
    longest = max(map(len, stops))
    held: list[str] = []
    for part in parts:
        if isinstance(part, Awaited):
            yield part
            continue
        held.append(part)
        text = "".join(held)
        found = [(text.find(stop), stop) for stop in stops if stop in text]
        if found:
            position, budget.stopped = min(found, key=itemgetter(0))
            yield from _first(held, position)
            return
        while held and len(text) - len(held[0]) >= longest - 1:
            text = text[len(held[0]) :]
            yield held.pop(0)
    yield from held


def _first(parts: list[str], length: int) -> Iterator[str]:
    for part in parts:
        if length <= 0:
            return
        yield part[:length]
        length -= len(part)
