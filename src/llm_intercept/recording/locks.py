"""Locks between processes: files in a tape's folder that are held for a moment, or as long as somebody records.

Knows: flock, and that a name in a folder may be a trap: a link, a pipe, a lock that is never given back. Must not know:
what is locked.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

PATIENCE = 10.0  # seconds: a lock is held for milliseconds, so a longer one is no longer in use, or held on purpose
PAUSE = 0.002
WRONG = "a link or something else that is no plain file is where llm-intercept's lock file should be: delete it"
SAFELY = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))  # which each system has some of
FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | SAFELY
NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


def open_lock(path: str) -> int:
    """Open a lock file, which is made if there is none.

    Raises:
        OSError: It cannot be made, or what is there is no plain file of one name.

    """
    try:
        descriptor = os.open(path, FLAGS, 0o666)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OSError(errno.ELOOP, WRONG, path) from None
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise OSError(errno.EINVAL, WRONG, path)
    return descriptor


def hold(path: str, *, exclusive: bool, patience: float = PATIENCE) -> int:
    """Open a lock file and lock it; return its descriptor, whose closing gives the lock back.

    Args:
        path: The file.
        exclusive: Whether nobody else may hold it.
        patience: How many seconds to wait for whoever holds it.

    Raises:
        TimeoutError: It is held by somebody else for longer.
        OSError: It cannot be opened.

    """
    until = time.monotonic() + patience
    while True:
        descriptor = open_lock(path)
        try:
            locked = _lock_until(descriptor, until, exclusive=exclusive)
            if locked and _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
        if not locked:
            told = f"another process has kept {path} locked for {patience:g} s: end it, then delete the file"
            raise TimeoutError(told)


@contextmanager
def locked(path: str) -> Generator[None]:
    """Hold a lock that nobody else holds, and leave no file behind."""
    descriptor = hold(path, exclusive=True)
    try:
        yield
    finally:
        remove(descriptor, path)


def remove(descriptor: int, path: str) -> None:
    """Give a lock back, and delete its file if nobody else holds it."""
    try:
        is_ours = try_lock(descriptor, exclusive=True) and _is_at(descriptor, path)
        if is_ours and os.name != "nt":
            _delete(path)
    finally:
        os.close(descriptor)
    if is_ours and os.name == "nt":  # it deletes no file that is open, so nobody has it where this one goes
        _delete(path)


def _delete(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - a text, as everywhere here


def _lock_until(descriptor: int, until: float, *, exclusive: bool) -> bool:
    while not try_lock(descriptor, exclusive=exclusive):
        if time.monotonic() >= until:
            return False
        time.sleep(PAUSE)
    return True


def _is_at(descriptor: int, path: str) -> bool:
    """Whether the file that is open is still the one of that name: the last holder deletes it."""
    try:
        found = os.lstat(path)
    except OSError:
        return os.name == "nt"
    return os.name == "nt" or os.path.samestat(found, os.fstat(descriptor))


if sys.platform == "win32":

    def try_lock(descriptor: int, *, exclusive: bool) -> bool:
        """Lock without waiting; Windows has no shared locks, so each process is a session of its own there."""
        import msvcrt  # noqa: PLC0415 - Windows alone has it

        if not exclusive:
            return True
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:

    def try_lock(descriptor: int, *, exclusive: bool) -> bool:
        """Lock without waiting; a file system without locks has one process at a time, and says yes."""
        import fcntl  # noqa: PLC0415 - Windows has none

        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        return True
