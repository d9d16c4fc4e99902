"""A session: all who record into one place at the same time, in whatever process, and the names they recorded.

Takes of a session are never replaced by it; earlier ones are. So it is names that decide, and no clock. Knows: a
folder's lock file, in which the names stand while the session lasts. Must not know: what a take is.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from contextlib import suppress

from llm_intercept.recording import locks

FILE = ".session.lock"


class Session:
    """One's part in a session, until it is closed or dropped.

    Args:
        shared: What all parts in this process have in common.
        is_first: Whether it is the first of this process.

    Attributes:
        process: The process that joined; a fork of it has to join by itself.

    """

    def __init__(self, shared: _Shared, *, is_first: bool) -> None:
        self._shared: _Shared | None = shared
        self.is_first, self.process = is_first, os.getpid()

    def has(self, name: str) -> bool:
        """Whether something was recorded under a name; asked under the store's lock."""
        return self._shared is not None and self._shared.has(name)

    def add(self, name: str) -> None:
        """Note that something is about to be recorded under a name, under the store's lock."""
        if self._shared is not None:
            self._shared.add(name)

    def close(self) -> None:
        """End this part; the session ends with its last."""
        shared, self._shared = self._shared, None
        if shared is not None and self.process == os.getpid():
            _leave(shared)

    def __del__(self) -> None:
        if self._shared is not None and self.process == os.getpid():
            _DROPPED.append(self._shared)  # left at the next joining: this may run in the middle of one


class _Shared:
    """A process's part in a session; without a folder the session is this process's alone."""

    def __init__(self, place: str, folder: str | None, patience: float, *, is_new: bool) -> None:
        self.place = place
        self.parts = 0
        self._new = folder if is_new else None
        self._names: set[str] = set()
        self._read = 0
        self._path = None if folder is None else os.path.join(folder, FILE)  # noqa: PTH118 - a text, as in locks
        self._file = None if self._path is None else _joined(self._path, patience)

    def has(self, name: str) -> bool:
        if self._file is not None:
            self._learn(self._file)
        return name in self._names

    def add(self, name: str) -> None:
        self._names.add(name)
        if self._file is not None:
            os.write(self._file, f"{name}\n".encode())

    def end(self) -> None:
        if self._file is not None and self._path is not None:
            locks.remove(self._file, self._path)
        if self._new is not None:
            with suppress(OSError):
                os.rmdir(self._new)  # noqa: PTH106 - it was made for the lock file, and nothing was recorded

    def _learn(self, file: int) -> None:
        """Read what was added since, by any process; every line is whole, since it was written under the lock."""
        while True:
            os.lseek(file, self._read, os.SEEK_SET)
            found = os.read(file, 65_536)
            known = found.rpartition(b"\n")[0]
            if not known:
                return
            self._names.update(known.decode("utf-8", "replace").split("\n"))
            self._read += len(known) + 1


_ALL: dict[tuple[int, str], _Shared] = {}
_DROPPED: deque[_Shared] = deque()
_LOCK = threading.RLock()


def join(place: str, folder: str | None, patience: float = locks.PATIENCE, *, is_new: bool = False) -> Session:
    """Join the session that is going on at a place, or begin one.

    Args:
        place: What tells the place from others in this process.
        folder: Where the lock file is, which must exist; None for a session of this process alone.
        patience: How many seconds to wait for the lock.
        is_new: Whether the folder was made for this, and goes again if nothing is recorded in it.

    Raises:
        OSError: The lock file cannot be had, or is held by somebody who does not record.

    """
    _leave_dropped()
    with _LOCK:
        key = os.getpid(), place
        is_first = key not in _ALL
        if is_first:
            _ALL[key] = _Shared(place, folder, patience, is_new=is_new)
        _ALL[key].parts += 1
        return Session(_ALL[key], is_first=is_first)


@atexit.register
def _leave_dropped() -> None:
    """Leave for those that were dropped without a word, such as a client that was recorded and never closed."""
    while _DROPPED:
        _leave(_DROPPED.popleft())


def _leave(shared: _Shared) -> None:
    with _LOCK:
        shared.parts -= 1
        if not shared.parts and _ALL.get((os.getpid(), shared.place)) is shared:
            del _ALL[os.getpid(), shared.place]
            shared.end()


def _joined(path: str, patience: float) -> int:
    """Share the lock of a session; whoever finds that nobody holds it begins one, and forgets the last one's names."""
    descriptor = locks.open_lock(path)
    try:
        if locks.try_lock(descriptor, exclusive=True):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)
    return locks.hold(path, exclusive=False, patience=patience)
