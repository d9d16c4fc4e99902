"""Which exchange of one run is which of another, when prompts, models or answers have changed between them.

Knows: requests as takes keep them. Must not know: where they are kept, what is done with the pairs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llm_intercept.recording.compare import differences, distance
from llm_intercept.recording.fingerprint import recorded_of
from llm_intercept.recording.likeness import likeness_of
from llm_intercept.recording.tape import canonical_of_request, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from llm_intercept.dialects.base import Recorded
    from llm_intercept.recording.take import TakeRequest

INSTRUCTIONS = frozenset({"system", "developer"})
ANOTHER_COURSE = 10.0  # what it counts, in fields that differ, that others speak or in another order
AROUND = 24  # how far apart in order two exchanges are still held against each other to find the nearest
IN_COMMON = 0.5  # two questions that have more than this share of their words in common are one, reworded
Pair = tuple[int | None, int | None]
Same = Callable[["Conversation"], Hashable]


@dataclass(frozen=True)
class Conversation:
    """A conversation up to the answer that a request asks for, held against those of another run.

    Args:
        request: The request, redacted, as a take keeps it.

    """

    request: TakeRequest

    @cached_property
    def canonical(self) -> dict[str, Any]:
        """What the request's fingerprint is taken from."""
        return canonical_of_request(self.request)

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint by which a take of the request is found."""
        return key_of(self.canonical).fingerprint

    @cached_property
    def course(self) -> tuple[str, ...]:
        """Who speaks in what order, but for instructions, which may come and go with a prompt."""
        roles = self._recorded.roles(self.canonical["body"])
        return tuple(role for role in roles if role not in INSTRUCTIONS)

    @cached_property
    def said(self) -> str:
        """What the user said last."""
        return self._recorded.last_user(self.canonical["body"])

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of what the user said last."""
        return frozenset(self.said.lower().split())

    @property
    def kind(self) -> Hashable:
        """What two requests have in common of which one can be the other in other words: the API, who speaks.

        Where nobody does, what is asked for is in the path.
        """
        place = () if self.course else (self.canonical["method"], self.canonical["path"])
        return id(self._recorded), self.course, place

    @property
    def turn(self) -> Hashable:
        """What two requests have in common that ask for the same answer of the same conversation."""
        return self.kind, self.said

    def apart(self, other: Conversation) -> float:
        """Say how far apart two requests are: one for each field, less where texts are alike, more for the course."""
        course = 0.0 if self.course == other.course else ANOTHER_COURSE
        return course + distance(differences(self.canonical, other.canonical))

    def is_reworded(self, other: Conversation) -> bool:
        """Whether the user says the same in other words, as far as words tell."""
        common = 2 * len(self.words & other.words)
        return common > IN_COMMON * (len(self.words) + len(other.words))

    @property
    def _recorded(self) -> Recorded:
        return recorded_of(self.request.method, self.request.url)


def paired(was: Iterable[TakeRequest], now: Iterable[TakeRequest]) -> list[Pair]:
    """Pair the requests of two runs, each in the order in which it was made.

    Those of one fingerprint are pairs, of several the equal ones first; then those that ask for the same answer of the
    same conversation, whatever their instructions, tools and settings; then those that are most alike.

    Args:
        was: The requests of the first run.
        now: Those of the second.

    Returns:
        The positions of both in their runs, None for what the other run has not: in the order of the first run, and
        after each pair what only the first run has there, then what only the second has.

    """
    return _Pairing([Conversation(one) for one in was], [Conversation(one) for one in now]).all()


class _Pairing:
    """The pairs of two runs, as they are found."""

    def __init__(self, was: Sequence[Conversation], now: Sequence[Conversation]) -> None:
        self._was, self._now = was, now
        self._found: dict[int, int] = {}
        self._left, self._right = dict.fromkeys(range(len(was))), dict.fromkeys(range(len(now)))

    def all(self) -> list[Pair]:
        for same in (_fingerprint_and_likeness, _fingerprint):
            self._in_order(same)
        self._nearest(lambda one: one.turn, lambda _, __: True)
        self._nearest(lambda one: one.kind, Conversation.is_reworded)
        return self._listed()

    def _add(self, left: int, right: int) -> None:
        self._found[left] = right
        del self._left[left], self._right[right]

    def _in_order(self, same: Same) -> None:
        """Pair those that are the same in something, the first with the first."""
        for lefts, rights in self._groups(same):
            for left, right in zip(lefts, rights, strict=False):
                self._add(left, right)

    def _nearest(self, same: Same, may_be: Callable[[Conversation, Conversation], bool]) -> None:
        """Pair those that are the same in something, the nearest first; of equally near ones those that come first."""
        for lefts, rights in self._groups(same):
            for _, _, left, right in sorted(self._distances(lefts, rights, may_be)):
                if left in self._left and right in self._right:
                    self._add(left, right)

    def _distances(
        self, lefts: list[int], rights: list[int], may_be: Callable[[Conversation, Conversation], bool]
    ) -> Iterator[tuple[float, int, int, int]]:
        for place, left in enumerate(lefts):
            begin = max(0, place - AROUND)
            for at, right in enumerate(rights[begin : place + AROUND], begin):
                one, other = self._was[left], self._now[right]
                if may_be(one, other):
                    yield round(one.apart(other), 1), abs(place - at), left, right

    def _groups(self, same: Same) -> list[tuple[list[int], list[int]]]:
        """Give what is not paired yet by what it is the same in, the positions of both runs."""
        groups: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for left in self._left:
            groups[same(self._was[left])][0].append(left)
        for right in self._right:
            groups[same(self._now[right])][1].append(right)
        return list(groups.values())

    def _listed(self) -> list[Pair]:
        """List pairs in the first run's order; after each what only the first has, then what only the second has."""
        rows: list[tuple[int, int, Pair]] = []
        before, origin = -1, {right: left for left, right in self._found.items()}
        for left in range(len(self._was)):
            before = left if left in self._found else before
            rows.append((before, int(left not in self._found), (left, self._found.get(left))))
        before = -1
        for right in range(len(self._now)):
            before = origin.get(right, before)
            if right not in origin:
                rows.append((before, 2, (None, right)))
        return [pair for *_, pair in sorted(rows, key=lambda row: row[:2])]


def _fingerprint_and_likeness(one: Conversation) -> Hashable:
    return one.fingerprint, likeness_of(one.request).exact


def _fingerprint(one: Conversation) -> Hashable:
    return one.fingerprint
