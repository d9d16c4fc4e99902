"""The tape: takes in a store, found by their requests and played in the order in which they were asked for.

Knows: how takes are named. Must not know: where the store is, what is done with a take.

A name says which take it is of the same request, the request's words and its fingerprint, all of which follow from the
request. So a take is found by one open of one file, whatever else the tape holds, without an index that two processes
would have to share (docs/architecture.md, "Recordings"). Which of several takes it is, `recording/several.py` tells.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import RecordingError
from llm_intercept.recording.fingerprint import Match, slug
from llm_intercept.recording.likeness import likeness_of
from llm_intercept.recording.loosened import index
from llm_intercept.recording.sameness import same
from llm_intercept.recording.several import Numbers, Several
from llm_intercept.recording.sizes import MOST_IN_A_FILE
from llm_intercept.recording.store import SUFFIX
from llm_intercept.recording.take import DamagedTakeError, Take, read_take, write_take
from llm_intercept.recording.writing import WRITER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_intercept.recording.likeness import Asked
    from llm_intercept.recording.loosened import Loosened
    from llm_intercept.recording.sessions import Session
    from llm_intercept.recording.store import Stamp, Store
    from llm_intercept.recording.take import TakeRequest

SHORT = 12
PARTIAL = ".partial"
LIKE_A_TAKE = re.compile(r"\d{3,}-.+\.json")
A_TAKE = re.compile(r"\d{3,}-(?P<words>[a-z0-9-]+)-(?P<fingerprint>[0-9a-f]{12})(?:\.partial)?\.json")
SHELF = 4_000_000  # bytes of files whose takes are kept in memory, to be played again
DEFAULT = Match()


@dataclass(frozen=True, slots=True)
class Key:
    """What a request is found by: its full fingerprint, and the words of the file name."""

    fingerprint: str
    slug: str

    def name(self, number: int, *, partial: bool = False) -> str:
        """Name the take that is the `number`th (from 1) of this request."""
        return f"{number:03d}-{self.slug}-{self.fingerprint[:SHORT]}{PARTIAL if partial else ''}{SUFFIX}"


def key_of(canonical: dict[str, Any]) -> Key:
    """Make the key of a canonical request."""
    return Key(DEFAULT.fingerprint(canonical), slug(canonical))


def canonical_of(take: Take, match: Match = DEFAULT) -> dict[str, Any]:
    """Make the canonical request of a take."""
    return canonical_of_request(take.request, match)


def canonical_of_request(asked: TakeRequest, match: Match = DEFAULT) -> dict[str, Any]:
    """Make the canonical request of one as it is kept."""
    return match.canonical(asked.method, asked.url, asked.body if asked.text is None else asked.text)


def is_partial(name: str) -> bool:
    """Whether a take's name says that it is not whole."""
    return name.endswith(PARTIAL + SUFFIX)


@dataclass(eq=False, slots=True)
class TapeHit:
    """A take that answers a request, and what the player `made` of it, to be kept while the take is."""

    name: str
    take: Take
    made: Any = None


class Shelf:
    """Takes that were played again, while what they were read from stays the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[Stamp, TapeHit]] = {}
        self._size = 0

    def take(self, name: str, read: Callable[[str], Take | None]) -> TapeHit | None:
        """Give a take as it is in the store now; it is read only if that is not what it was."""
        stamp = self._store.stamp(name)
        kept = self._kept.get(name)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        take = read(name)
        found = None if take is None else TapeHit(name, take)
        if found is not None and stamp is not None and stamp.size <= SHELF:
            self._keep(stamp, found)
        return found

    def _keep(self, stamp: Stamp, found: TapeHit) -> None:
        self._size += stamp.size
        if self._size > SHELF:
            self._kept.clear()
            self._size = stamp.size
        self._kept[found.name] = stamp, found


class Tape:
    """The takes of one store.

    Args:
        store: Where they are.
        loosened: Where takes are found by something else than what their names say: makes that of a take. All takes
            are read for it, once.

    Attributes:
        problems: The files that could not be read, by name, and why.
        played: The names of the takes that were played.
        written: The names of the takes that were recorded.

    """

    def __init__(self, store: Store, loosened: Loosened | None = None) -> None:
        self.store = store
        self.problems: dict[str, str] = {}
        self.played: list[str] = []
        self.written: list[str] = []
        self._loosened = loosened
        self._index: dict[str, list[str]] | None = None
        self._several: dict[str, Several] = {}
        self._recorded: dict[str, Numbers] = {}
        self._begun = count()
        self._shelf = Shelf(store)
        self._lock = threading.RLock()

    def play(self, key: Key, asked: Asked | None = None, *, repeat_last: bool = False) -> TapeHit | None:
        """Find the take of a request that comes next, or the last again if there is none left.

        Of several with one key those of an equal request are meant, in order; where none is equal, the next in order.

        Args:
            key: What the request is found by.
            asked: The request, to be held against those of the takes; without it, order alone decides.
            repeat_last: Whether the last is played again.

        Returns:
            The take; None if there is none left, if a file that comes before it is damaged (see `damaged`), or if it
            continues another answer than the request does.

        """
        WRITER.wait(self.store.place, "" if self._loosened is not None else key.fingerprint)
        with self._lock:
            several = self._several.setdefault(key.fingerprint, Several())
            take = self._at(key, several.next)
            if take is not None and (asked is None or self._is_plain(key, asked, several, take)):
                return self._hit(key, several, several.next, take, asked)
            if take is not None and asked is not None:
                number = self._meant(key, asked, several)
                take = None if number is None else self._at(key, number)
                if number is not None and take is not None:
                    return self._hit(key, several, number, take, asked)
            return self._last(key, several, asked) if repeat_last and not self.damaged(key) else None

    def peek(self, name: str) -> Take | None:
        """Read a take without playing it; None if it cannot be read, which is noted in `problems`."""
        return self._read(name)

    def coming(self, key: Key) -> tuple[str, Take] | None:
        """Read the take of a request that comes next in order, without playing it; None if there is none."""
        number = self._several.get(key.fingerprint, Several()).next
        name, take = self._name(key, number), self._at(key, number)
        return (name, take) if name is not None and take is not None else None

    def taken(self, key: Key) -> int:
        """Count the takes of a request that were played."""
        return self._several.get(key.fingerprint, Several()).count

    def damaged(self, key: Key) -> dict[str, str]:
        """Give the files that a request cannot do without and that cannot be read, with what is wrong with them."""
        if not self.problems:
            return {}
        if self._loosened is None:
            several = self._several.get(key.fingerprint, Several())
            found = [key.name(several.next), key.name(several.seen + 1)]
        else:
            found = [name for name in self.problems if key.slug in name]
        return {name: self.problems[name] for name in found if name in self.problems}

    def begin(self) -> int:
        """Say that a request is on its way that will be recorded; takes are in the order of what this returns."""
        return next(self._begun)

    def record(
        self,
        take: Take,
        *,
        session: Session | None = None,
        replaces: bool = True,
        key: Key | None = None,
        began: int = -1,
    ) -> str:
        """Keep a take.

        Args:
            take: The take.
            session: Who records at this time; None if nobody else does.
            replaces: Whether takes of the same request that are not of the session are replaced.
            key: The key that it is found by, where that is not the fingerprint.
            began: When its request began, by `begin`; by default now.

        Returns:
            Its name. It is another's in the end if a take is recorded later whose request began earlier.

        Raises:
            OSError: It cannot be written.
            RecordingError: It is larger than what is read again.

        """
        named, content = Key(take.fingerprint, slug(canonical_of(take))), write_take(take)
        if len(content) > MOST_IN_A_FILE:
            raise RecordingError(f"its take would be larger than the {MOST_IN_A_FILE >> 20} MB that are read again")
        partial = take.partial is not None
        with self._lock:
            numbers = self._recorded.setdefault(_counted(take), Numbers())
            number = numbers.last + 1
            if not (replaces and session) and not partial and self._loosened is None:
                several = self._several.get(take.fingerprint, Several())
                number = max(number, several.next, several.seen + 1)
            while not self._kept(named.name(number, partial=partial), take, content, session, replaces):
                number += 1
            return self._placed(named, take, numbers, number, key or named, self.begin() if began < 0 else began)

    def names(self) -> list[str]:
        """Give the names of the files that are named as takes, sorted."""
        return sorted(name for name in self.store.names() if LIKE_A_TAKE.fullmatch(name))

    def takes(self) -> Iterator[tuple[str, Take]]:
        """Give all takes with their names, by name; those that cannot be read are noted in `problems`."""
        for name in self.names():
            take = self._read(name)
            if take is not None:
                yield name, take

    def _is_plain(self, key: Key, asked: Asked, several: Several, take: Take) -> bool:
        """Whether the next take is the one that is meant; else all that have its key are known afterwards."""
        if asked.is_plainly(take.request):
            return True
        alone = self._name(key, 2)
        if several.next == 1 and (alone is None or not self.store.may_have(alone)):
            return True
        self._learn(key, several)
        return False

    def _meant(self, key: Key, asked: Asked, several: Several) -> int | None:
        """Choose among several takes of a key, whose requests are known: the first equal one, else the first.

        A request whose own takes were all played gets no other's, unless the tape ignores what differs. Nor does one
        get the first where the next is damaged, which may be its own.
        """
        number = several.equal(asked.likeness)
        if number is not None or self.damaged(key):
            return number
        is_used_up = self._loosened is None and several.has_had(asked.likeness)
        return several.next if not is_used_up and several.next <= several.seen else None

    def _learn(self, key: Key, several: Several) -> None:
        """Read the takes of a key that were not read yet, up to the first that cannot be read."""
        while (take := self._at(key, several.seen + 1)) is not None:
            several.learn(likeness_of(take.request))

    def _hit(self, key: Key, several: Several, number: int, take: Take, asked: Asked | None) -> TapeHit | None:
        if asked is not None and not asked.continues(take.request):
            return None
        name = self._name(key, number) or ""
        several.play(number)
        self.played.append(name)
        return TapeHit(name, take)

    def _last(self, key: Key, several: Several, asked: Asked | None) -> TapeHit | None:
        """Find the take to play again: the last of an equal request, or of all."""
        number = several.count
        if asked is not None and number > 1:
            self._learn(key, several)
            number = several.last(asked.likeness)
        name = self._name(key, number) if number else None
        return self._shelf.take(name, self._read) if name is not None else None

    def _at(self, key: Key, number: int) -> Take | None:
        """Read a take of a key by its number; None if there is none, or a file that is none of it, a problem."""
        name = self._name(key, number)
        if name is None or (number > 1 and not self.store.may_have(name)):
            return None
        take = self._read(name)
        if take is None or self._loosened is not None:
            return take
        if take.fingerprint == key.fingerprint and take.partial is None:
            return take
        self.problems[name] = "it is partial" if take.partial is not None else "it is of another request than its name"
        return None

    def _kept(self, name: str, take: Take, content: bytes, session: Session | None, replaces: bool) -> bool:
        """Keep a take under a name, unless that is taken by another that is not to be replaced."""
        if session is None:
            return self.store.create(name, content)
        with self.store.locked():
            if session.has(name):
                return False
            is_new = self.store.create(name, content)
            if is_new or replaces:
                session.add(name)
            if replaces and not is_new:
                self._replace(name, take, content)
            return is_new or replaces

    def _replace(self, name: str, take: Take, content: bytes) -> None:
        """Write over a take, unless it says the same."""
        old = self._read(name)
        if old is None or not same(old, take):
            self.store.replace(name, content)
        self.problems.pop(name, None)

    def _placed(self, named: Key, take: Take, numbers: Numbers, number: int, key: Key, began: int) -> str:
        """Put a take that has just been written before those whose requests began later."""
        partial = take.partial is not None
        names = [named.name(one, partial=partial) for one in numbers.insert(number, began)]
        if len(names) > 1:
            self.store.shift(names)
        self.written.append(named.name(number, partial=partial))
        if not partial:
            self._found_again(names, number, key)
        return names[0]

    def _found_again(self, names: list[str], number: int, key: Key) -> None:
        """Count a take that was just recorded as one that was played: the next request wants the next one."""
        several = self._several.setdefault(key.fingerprint, Several())
        if self._loosened is None:
            several.play(number)
        elif self._index is not None:
            self._index.setdefault(key.fingerprint, []).append(names[-1])
            several.play(len(self._index[key.fingerprint]))
        if len(names) > 1:
            several.forget()

    def _name(self, key: Key, number: int) -> str | None:
        if self._loosened is None:
            return key.name(number)
        if self._index is None:
            self._index = index(self.takes(), self._loosened, self._read)
        names = self._index.get(key.fingerprint, [])
        return names[number - 1] if number <= len(names) else None

    def _read(self, name: str) -> Take | None:
        try:
            take = read_take(self.store.read(name), name)
        except FileNotFoundError:
            self.problems.pop(name, None)
        except DamagedTakeError as error:
            self.problems[name] = error.why
        except OSError as error:
            self.problems[name] = f"it cannot be read ({error.strerror or error})"
        else:
            self.problems.pop(name, None)
            return take
        return None


def now() -> str:
    """The time as takes have it."""
    return moment(time.time())


def moment(seconds: float) -> str:
    """Write a moment, in Unix seconds, as takes have it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _counted(take: Take) -> str:
    return take.fingerprint + (PARTIAL if take.partial is not None else "")
