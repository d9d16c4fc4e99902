"""The tape: takes in a store, found by their requests and played in the order in which they were recorded.

Knows: how takes are named. Must not know: where the store is, what is done with a take.

A name says which take it is of the same request, the request's words and its fingerprint, all of which follow from the
request. So a take is found by one open of one file, whatever else the tape holds, without an index that two processes
would have to share (docs/architecture.md, "Recordings").
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects import EVERY
from llm_intercept.recording.fingerprint import Match, slug
from llm_intercept.recording.store import SUFFIX
from llm_intercept.recording.take import DamagedTakeError, Take, document_of, read_take, write_take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_intercept.recording.store import Stamp, Store

SHORT = 12
PARTIAL = ".partial"
CHANGING_HEADERS = frozenset({"user-agent"}.union(*(each.recorded.changing_headers for each in EVERY)))
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
    body = take.request.body if take.request.text is None else take.request.text
    return match.canonical(take.request.method, take.request.url, body)


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

    def __init__(self, store: Store, loosened: Callable[[Take], str] | None = None) -> None:
        self.store = store
        self.problems: dict[str, str] = {}
        self.played: list[str] = []
        self.written: list[str] = []
        self._loosened = loosened
        self._index: dict[str, list[str]] | None = None
        self._taken: Counter[str] = Counter()
        self._made: Counter[str] = Counter()
        self._shelf = Shelf(store)
        self._lock = threading.RLock()

    def play(self, key: Key, *, repeat_last: bool = False) -> TapeHit | None:
        """Find the next take of a request, or the last again if there is none left; None if there is none."""
        with self._lock:
            number = self._taken[key.fingerprint] + 1
            while (name := self._name(key, number)) is not None:
                take = self._read(name) if number == 1 or self.store.may_have(name) else None
                if take is None and name not in self.problems:
                    break
                if take is not None and self._is_of(take, key):
                    self._taken[key.fingerprint] = number
                    self.played.append(name)
                    return TapeHit(name, take)
                number += 1
            return self._last(key) if repeat_last else None

    def peek(self, name: str) -> Take | None:
        """Read a take without playing it; None if it cannot be read, which is noted in `problems`."""
        return self._read(name)

    def taken(self, key: Key) -> int:
        """Count the takes of a request that were played."""
        return self._taken[key.fingerprint]

    def record(self, take: Take, *, since: float | None = None, key: Key | None = None) -> str:
        """Keep a take; return its name.

        Args:
            take: The take.
            since: Takes of the same request that are older than this (Unix seconds) are replaced; None adds to them.
            key: The key that it is found by, where that is not the fingerprint.

        """
        named = Key(take.fingerprint, slug(canonical_of(take)))
        content = write_take(take)
        with self._lock:
            number = self._made[_counted(take)] + 1
            if since is None and take.partial is None:
                number = max(number, self._taken[named.fingerprint] + 1 if self._loosened is None else 1)
            while not self._kept(named.name(number, partial=take.partial is not None), take, content, since):
                number += 1
            name = named.name(number, partial=take.partial is not None)
            self._made[_counted(take)] = number
            self.written.append(name)
            if take.partial is None:
                self._found_again(name, number, key or named)
            return name

    def takes(self) -> Iterator[tuple[str, Take]]:
        """Give all takes with their names, by name; those that cannot be read are noted in `problems`."""
        for name in sorted(self.store.names()):
            take = self._read(name)
            if take is not None:
                yield name, take

    def _kept(self, name: str, take: Take, content: bytes, since: float | None) -> bool:
        if self.store.create(name, content):
            return True
        if since is None:
            return False
        with self.store.locked():
            old = self._read(name)
            if old is not None and recorded_before(old, since) is False:
                return False
            if old is None or not same(old, take):
                self.store.replace(name, content)
            return True

    def _found_again(self, name: str, number: int, key: Key) -> None:
        """Count a take that was just recorded as one that was played: the next request wants the next one."""
        if self._loosened is None:
            self._taken[key.fingerprint] = max(self._taken[key.fingerprint], number)
        elif self._index is not None:
            self._index.setdefault(key.fingerprint, []).append(name)
            self._taken[key.fingerprint] = len(self._index[key.fingerprint])

    def _name(self, key: Key, number: int) -> str | None:
        if self._loosened is None:
            return key.name(number)
        if self._index is None:
            self._index = self._indexed(self._loosened)
        names = self._index.get(key.fingerprint, [])
        return names[number - 1] if number <= len(names) else None

    def _indexed(self, loosened: Callable[[Take], str]) -> dict[str, list[str]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for name, take in self.takes():
            if take.partial is None:
                found.setdefault(loosened(take), []).append((take.recorded_at, name))
        return {fingerprint: [name for _, name in sorted(names)] for fingerprint, names in found.items()}

    def _is_of(self, take: Take, key: Key) -> bool:
        return take.partial is None and (self._loosened is not None or take.fingerprint == key.fingerprint)

    def _last(self, key: Key) -> TapeHit | None:
        number = self._taken[key.fingerprint]
        name = self._name(key, number) if number else None
        return self._shelf.take(name, self._read) if name is not None else None

    def _read(self, name: str) -> Take | None:
        try:
            return read_take(self.store.read(name), name)
        except FileNotFoundError:
            return None
        except DamagedTakeError as error:
            self.problems[name] = error.why
        except OSError as error:
            self.problems[name] = f"it cannot be read ({error.strerror or error})"
        return None


def recorded_before(take: Take, moment: float) -> bool:
    """Whether a take is older than a moment in Unix seconds; one without a time is."""
    try:
        return datetime.fromisoformat(take.recorded_at).timestamp() < moment
    except ValueError:
        return True


def now() -> str:
    """The time as takes have it."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def same(one: Take, other: Take) -> bool:
    """Whether two takes differ only in what differs each time: times, gaps, versions, request ids."""
    return bool(_lasting(one) == _lasting(other))


def _lasting(take: Take) -> Any:
    document = document_of(take)
    for key in ("recorded_at", "versions"):
        document.pop(key, None)
    response = document["response"]
    response.pop("after_ms", None)
    for event in response.get("events", ()):
        event.pop("gap_ms")
    for side in (document["request"], response):
        headers = side.get("headers", {})
        side["headers"] = {key: value for key, value in headers.items() if not _changes_anyway(key)}
    return document


def _changes_anyway(header: str) -> bool:
    return any(fnmatchcase(header, one) for one in CHANGING_HEADERS)


def _counted(take: Take) -> str:
    return take.fingerprint + (PARTIAL if take.partial is not None else "")
