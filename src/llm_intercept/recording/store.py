"""Where takes are kept: a small protocol, and a local folder.

Knows: names and bytes, atomic writes. Must not know: what a take is. `recording/remote.py` keeps them behind fsspec.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import tempfile
import threading
import time
import uuid
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple, Protocol

from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

SUFFIX = ".json"
TEMPORARY = ".tmp-"
READING = os.O_RDONLY | getattr(os, "O_BINARY", 0)
BLOCK = 65_536
FRESH = 2_000_000_000  # nanoseconds, the coarsest clock of a file system: two changes within it may look like one
STALE = 3600.0  # seconds after which a temporary file is what a killed process left


class Stamp(NamedTuple):
    """What another content would have another of: nanoseconds of two changes, bytes, the file's number."""

    written: int
    changed: int
    size: int
    number: int


class Store(Protocol):
    """Keeps named bytes; every write is whole or not at all."""

    location: str

    def read(self, name: str, /) -> bytes:
        """Return what is kept under a name; raises `FileNotFoundError` if there is nothing."""
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

    def names(self) -> Iterator[str]:
        """Give the names of all takes, in no order."""
        ...

    def session(self) -> float:
        """Join the recording session that is going on here, or begin one; return when it began, in Unix seconds."""
        ...

    def locked(self) -> AbstractContextManager[None]:
        """Hold off the other processes of the session, to look before writing."""
        ...


class FolderStore:
    """Takes as the files of a local folder, which is made when the first take is written."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        self.location = str(folder)
        self._prefix = os.path.join(os.fspath(folder), "")  # noqa: PTH118 - joined once, for the one open of a look-up
        if self._folder.exists() and not self._folder.is_dir():
            raise SettingsError("recordings", self.location, "a folder; this is a file")

    def read(self, name: str, /) -> bytes:
        """Return a file's content; a look-up is one open, and a file object would cost as much again."""
        descriptor = os.open(self._prefix + name, READING)
        try:
            return b"".join(iter(partial(os.read, descriptor, BLOCK), b""))
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
        temporary = self._temporary(content)
        try:
            return self._place(temporary, self._folder / name)
        finally:
            temporary.unlink(missing_ok=True)

    def replace(self, name: str, content: bytes, /) -> None:
        self._temporary(content).replace(self._folder / name)
        self._sync_folder()

    def delete(self, name: str, /) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def names(self) -> Iterator[str]:
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    if entry.name.endswith(SUFFIX) and not entry.name.startswith("."):
                        yield entry.name
        except FileNotFoundError:
            return

    def session(self) -> float:
        """Join the session of the processes that record into this folder now, or begin one, until this process ends."""
        folder = str(self._folder.resolve())
        if (os.getpid(), folder) not in _sessions:
            self.clean()  # once: it looks at every name
        return _session(folder)

    @contextmanager
    def locked(self) -> Generator[None]:
        with _lock_file(str(self._folder.resolve()), "write") as file, _THREADS:
            _flock(file, exclusive=True)
            yield

    def _temporary(self, content: bytes) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{TEMPORARY}{os.getpid()}-{uuid.uuid4().hex}"
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return path

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
                if path.exists():
                    return False
                temporary.replace(path)
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
            with suppress(FileNotFoundError):  # another process has just finished with it
                if time.time() - path.stat().st_mtime > STALE:
                    path.unlink()
                    left.append(path.name)
        return left


_THREADS = threading.RLock()
_sessions: dict[tuple[int, str], tuple[float, IO[bytes]]] = {}


@atexit.register
def _end_sessions() -> None:
    """Give the locks back in order; the system does so anyway, also for a process that is killed."""
    for _, file in _sessions.values():
        file.close()
    _sessions.clear()


def _session(folder: str) -> float:
    """Keep a shared lock until the process ends; the first to find no lock held begins the session.

    A session has one beginning for all its processes, also where two start at once: a lock is shared only after the
    time was written under an exclusive one, and the time is read again then.
    """
    with _THREADS:
        known = _sessions.get((os.getpid(), folder))
        if known is not None:
            return known[0]
        file = _lock_file(folder, "session")
        if os.name == "nt":  # it has no shared locks: each process is a session of its own
            _sessions[os.getpid(), folder] = time.time(), file
            return _sessions[os.getpid(), folder][0]
        if _flock(file, exclusive=True, wait=False):
            file.seek(0)
            file.write(f"{time.time():017.6f}".encode())
            file.flush()
        _flock(file, exclusive=False)
        file.seek(0)
        began = float(file.read() or time.time())
        _sessions[os.getpid(), folder] = began, file
        return began


def _lock_file(folder: str, purpose: str) -> IO[bytes]:
    """Open the lock file of a folder; it is kept apart, since a tape is under version control."""
    owner = os.getuid() if hasattr(os, "getuid") else 0
    home = Path(tempfile.gettempdir()) / f"llm-intercept-{owner}"
    home.mkdir(mode=0o700, exist_ok=True)
    path = home / f"{hashlib.blake2b(folder.encode(), digest_size=12).hexdigest()}.{purpose}"
    path.touch()
    return path.open("r+b")


if os.name == "nt":

    def _flock(file: IO[bytes], *, exclusive: bool, wait: bool = True) -> bool:
        import msvcrt  # noqa: PLC0415 - Windows alone has it

        del exclusive
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True

else:

    def _flock(file: IO[bytes], *, exclusive: bool, wait: bool = True) -> bool:
        import fcntl  # noqa: PLC0415 - Windows has none

        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            fcntl.flock(file, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
