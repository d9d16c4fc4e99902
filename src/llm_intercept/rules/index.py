"""Which of many rules can match a request: those whose clue it has, and those that have none.

Knows: clues and look-ups. Must not know: replies.
"""

from __future__ import annotations

import threading
from heapq import merge
from typing import TYPE_CHECKING

from llm_intercept.conditions.base import all_clues
from llm_intercept.rules.lookup import Strings, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from llm_intercept.conditions.base import Clue, Clues
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.rules.lookup import Numbers
    from llm_intercept.rules.rule import Rule

    Read = Callable[[LLMRequest], Iterable[Any]]

Shelf = Values | Strings
SHELVES: dict[str, type[Shelf]] = {"value": Values, "part": Strings}
"""Where a clue of each kind is kept."""


class Index:
    """The places of rules in their order, each kept under the clue that fewest others share.

    Everything in it only grows, at its end, so that it is read without a lock while rules are filed.
    """

    def __init__(self) -> None:
        self.filed = 0
        self._without: Numbers = []
        self._shelves: dict[tuple[str, Read], Shelf] = {}
        self._read: list[tuple[Read, Shelf]] = []
        self._lock = threading.Lock()

    def file(self, rules: Sequence[Rule]) -> None:
        """File the rules that are not filed yet."""
        with self._lock:
            for number, rule in enumerate(rules[self.filed :], self.filed):
                self._file(rule, number)
                self.filed = number + 1

    def candidates(self, request: LLMRequest) -> Iterable[int]:
        """Give the numbers of all filed rules that can match, in order; one may come twice, and newer ones too."""
        found = [numbers for read, shelf in self._read for value in read(request) for numbers in shelf.found(value)]
        if self._without:
            found.append(self._without)
        return found[0] if len(found) == 1 else merge(*found)

    def _file(self, rule: Rule, number: int) -> None:
        found = _clues(rule)
        if not found:
            self._without.append(number)
            return
        for clue in found[0] if len(found) == 1 else min(found, key=self._sharing):
            self._shelf(clue).add(clue.wanted, number)

    def _sharing(self, alternatives: Clues) -> int:
        shelves = ((self._shelves.get((clue.kind, clue.read)), clue) for clue in alternatives)
        return sum(shelf.count(clue.wanted) for shelf, clue in shelves if shelf is not None)

    def _shelf(self, clue: Clue) -> Shelf:
        shelf = self._shelves.get((clue.kind, clue.read))
        if shelf is None:
            shelf = self._shelves[clue.kind, clue.read] = SHELVES[clue.kind]()
            self._read.append((clue.read, shelf))
        return shelf


def _clues(rule: Rule) -> tuple[Clues, ...]:
    try:
        return all_clues(rule.conditions)
    except RecursionError:
        return ()
