"""Where takes are kept: a small protocol, and a local folder.

Knows: names and bytes, atomic writes. Must not know: what a take is. `recording/remote.py` keeps them behind fsspec.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
import uuid
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from llm_intercept.errors import SettingsError
from llm_intercept.recording import locks, sessions
from llm_intercept.recording.sizes import MOST_IN_A_FILE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from llm_intercept.recording.sessions import Session

SUFFIX = ".json"
TEMPORARY = ".tmp-"
WRITING = ".writing.lock"
READING = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
BLOCK = 65_536
FRESH = 2_000_000_000  # nanoseconds, the coarsest clock of a file system: two changes within it may look like one
STALE = 3600.0  # seconds after which a temporary file is what a killed process left
PATIENCE = 2.0  # seconds that Windows may refuse to move a file over one that somebody reads just now
PAUSE = 0.005


class Stamp(NamedTuple):
    """What another content would have another of: nanoseconds of two changes, bytes, the file's number."""

    written: int
    changed: int
    size: int
    number: int


class Store(Protocol):
    """Keeps named bytes; every write is whole or not at all.

    Attributes:
        location: Where, as it was said.
        place: Where, as it is the same however it was said: a folder's real path.

    """

    location: str
    place: str

    def read(self, name: str, /) -> bytes:
        """Return what is kept under a name.

        Raises:
            FileNotFoundError: There is nothing.
            OSError: It is no file, or one that is too large, or it cannot be read.

        """
        ...

    def may_have(self, name: str, /) -> bool:
        """Tell, faster than by reading, whether there may be something under a name."""
        ...

    def stamp(self, name: str, /) -> Stamp | None:
        """Return what is another when the content is another; None if there is nothing, or it cannot be told."""
        ...

    def create(self, name: str, content: bytes, /) -> bool:
        """Keep `content` under a new name; False if the name is taken."""
        ...

    def replace(self, name: str, content: bytes, /) -> None:
        """Keep `content` under a name, whether or not it is taken."""
        ...

    def delete(self, name: str, /) -> None:
        """Keep nothing under a name any longer."""
        ...

    def shift(self, names: Sequence[str], /) -> None:
        """Move what the last of some names has before the others, each of which has then what the one before had."""
        ...

    def names(self) -> Iterator[str]:
        """Give the names of all files, in no order."""
        ...

    def session(self, *, patience: float = locks.PATIENCE) -> Session:
        """Join the recording session that is going on here, or begin one; `patience` is seconds to wait for a lock."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Hold off the other processes of the session, to look before writing."""
        ...


class FolderStore:
    """Takes as the files of a local folder, which is made when the first take is recorded."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder).absolute()  # a program may change its working directory
        self.location = str(folder)
        self.place = os.path.realpath(self._folder)
        self._prefix = os.path.join(self._folder, "")  # noqa: PTH118 - joined once, for the one open of a look-up
        if self._folder.exists() and not self._folder.is_dir():
            raise SettingsError("recordings", self.location, "a folder; this is a file")
        self._lock, self._is_locked = threading.RLock(), False

    def read(self, name: str, /) -> bytes:
        """Return a file's content; a look-up is one open, and a file object would cost as much again."""
        descriptor = os.open(self._prefix + name, READING)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            return _content(descriptor)
        finally:
            os.close(descriptor)

    def may_have(self, name: str, /) -> bool:
        return os.access(self._prefix + name, os.F_OK)

    def stamp(self, name: str, /) -> Stamp | None:
        """Return a file's times, size and number; None of one that was changed just now, as it may be again unseen."""
        try:
            found = os.stat(self._prefix + name)  # noqa: PTH116 - without a Path for each look-up
        except OSError:
            return None
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < FRESH:
            return None
        return Stamp(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)

    def create(self, name: str, content: bytes, /) -> bool:
        with self._temporary(content) as temporary:
            return self._place(temporary, self._folder / name)

    def replace(self, name: str, content: bytes, /) -> None:
        with self._temporary(content) as temporary:
            _move(temporary, self._folder / name)
        self._sync_folder()

    def delete(self, name: str, /) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def shift(self, names: Sequence[str], /) -> None:
        """Move by links, so that whoever is killed in the middle leaves some take twice, and none lost."""
        with self._again(names[-1]) as last:
            for number in range(len(names) - 1, 0, -1):
                with self._again(names[number - 1]) as before:
                    _move(before, self._folder / names[number])
            _move(last, self._folder / names[0])
        self._sync_folder()

    def names(self) -> Iterator[str]:
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                        yield entry.name
        except FileNotFoundError:
            return

    def session(self, *, patience: float = locks.PATIENCE) -> Session:
        """Join the session of all who record into this folder now, or begin one."""
        is_new = not self._folder.is_dir()
        self._folder.mkdir(parents=True, exist_ok=True)
        joined = sessions.join(self.place, self._prefix, patience, is_new=is_new)
        if joined.is_first:
            self.clean()  # it looks at every name
        return joined

    @contextmanager
    def locked(self) -> Generator[None]:
        with self._lock:
            if self._is_locked:
                yield
                return
            with locks.locked(self._prefix + WRITING):
                self._is_locked = True
                try:
                    yield
                finally:
                    self._is_locked = False

    @contextmanager
    def _temporary(self, content: bytes) -> Generator[Path]:
        """Write a file that is not found by its name yet; whatever comes of it, nothing of it is left."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._unfinished()
        try:
            with path.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield path
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    @contextmanager
    def _again(self, name: str) -> Generator[Path]:
        """Give a file another name for a moment, or its content to another file where there are no links."""
        path = self._unfinished()
        try:
            os.link(self._folder / name, path)
        except OSError:
            with self._temporary(self.read(name)) as copy:
                yield copy
            return
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _unfinished(self) -> Path:
        return self._folder / f"{TEMPORARY}{os.getpid()}-{uuid.uuid4().hex}"

    def _place(self, temporary: Path, path: Path) -> bool:
        """Give the temporary file its name, unless that is taken; no moment has half of it."""
        try:
            if os.name == "nt":
                temporary.rename(path)
            else:
                os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            with self.locked():
                if os.path.lexists(path):
                    return False
                _move(temporary, path)
        self._sync_folder()
        return True

    def _sync_folder(self) -> None:
        if os.name == "nt":
            return
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def clean(self) -> list[str]:
        """Remove what killed processes left half-written; return the names."""
        left: list[str] = []
        for path in self._folder.glob(TEMPORARY + "*") if self._folder.is_dir() else ():
            with suppress(OSError):  # another process has just finished with it, or it is nothing of ours
                found = path.lstat()
                if stat.S_ISREG(found.st_mode) and time.time() - found.st_mtime > STALE:
                    path.unlink()
                    left.append(path.name)
        return left


def _move(path: Path, to: Path) -> None:
    """Give a file the name of another; Windows refuses that while somebody has the other open, as a reader has."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            path.replace(to)
        except PermissionError:
            if os.name != "nt" or time.monotonic() >= until:
                raise
            time.sleep(PAUSE)
        else:
            return


def _content(descriptor: int) -> bytes:
    """Read a file to its end, unless that is too far away."""
    found: list[bytes] = []
    size = 0
    while part := os.read(descriptor, BLOCK):
        found.append(part)
        size += len(part)
        if size > MOST_IN_A_FILE:
            raise OSError(errno.EFBIG, f"it is larger than the {MOST_IN_A_FILE >> 20} MB that a take may have")
    return b"".join(found)
