"""Text as it is generated: piece by piece, cut where the request says.

Knows: tokens, stop sequences, limits. Must not know: JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, cast

from llm_intercept.base.tokens import total
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.wire import Delta

TOGETHER = 128
"""How many pieces are made at a time, where nothing can come between them."""

Piece = tuple[str, tuple[str, ...]]
"""A stretch of text and the tokens it is made of."""


@dataclass(slots=True)
class Budget:
    """How many tokens one choice may still have, how many it had, and what ended it.

    `left` is None without a limit; `stopped` is the stop sequence that ended it, empty if none did.
    """

    left: int | None = None
    spent: int = 0
    cut: bool = False
    stopped: str = ""


@dataclass(slots=True)
class Splitter:
    """Splits text into pieces within a budget."""

    tokenizer: Tokenizer
    model: str
    budget: Budget

    def pieces(self, text: str | Iterable[Delta], stops: tuple[str, ...] = ()) -> Generator[Piece | Awaited]:
        """Yield pieces, each with the tokens it is made of; a str falls into its tokens, other text into its parts.

        The text ends before the first of `stops`, and where the budget is spent.
        """
        own = isinstance(text, str)
        parts: Iterable[Delta] = self.tokenizer.split(text, self.model) if isinstance(text, str) else text
        try:
            yield from self._within(parts, stops, own=own)
        finally:
            close: Callable[[], None] = getattr(text, "close", lambda: None)
            close()  # a generator of the user's ends when nobody reads on

    def unbroken(self, text: str | Iterable[Delta]) -> Unbroken:
        """Take a text that nothing of the request ends early, to be read as a whole or run by run, once."""
        return Unbroken(self, text)

    def _within(self, parts: Iterable[Delta], stops: tuple[str, ...], *, own: bool) -> Iterator[Piece | Awaited]:
        silent: tuple[str, ...] = ()  # tokens that end inside a character, and so say nothing yet
        for part in until(parts, stops, self.budget) if stops else parts:
            if isinstance(part, Awaited):
                yield part
                continue
            tokens = (part,) if own else tuple(self.tokenizer.split(part, self.model))
            allowed = self._take(len(tokens))
            if allowed < len(tokens):
                if allowed:
                    yield "".join(tokens[:allowed]), tokens[:allowed]
                self.budget.cut = True
                return
            if own and not part:
                silent += tokens
            else:
                yield part, (*silent, *tokens)
                silent = ()

    def _take(self, wanted: int) -> int:
        budget = self.budget
        taken = wanted if budget.left is None else min(wanted, budget.left)
        budget.spent += taken
        if budget.left is not None:
            budget.left -= taken
        return taken


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
        self.splitter.budget.spent += total(self.splitter.tokenizer, parts, self.splitter.model)
        return parts


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
