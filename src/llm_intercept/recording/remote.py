"""Takes behind an fsspec URL (`s3://…`, `gs://…`, `memory://…`, `file://…`), for a team or a fleet that shares a tape.

Knows: fsspec, the extra `llm-intercept-transport[fsspec]`. Must not know: what a take is.
"""

from __future__ import annotations

import errno
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import SettingsError
from llm_intercept.recording import locks, sessions
from llm_intercept.recording.sizes import MOST_IN_A_FILE
from llm_intercept.recording.store import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llm_intercept.recording.sessions import Session


class RemoteStore:
    """Takes as the objects under a URL.

    A put to an object store is whole or not at all. A new name is made in the mode `create`, which holds where two
    processes ask at once if the file system has conditional puts (S3 does). A local folder's URL is kept by
    `FolderStore`, which does what a disk needs: links, fsync, locks.

    Args:
        url: An fsspec URL; chained ones (`simplecache::s3://…`) too.

    Raises:
        SettingsError: fsspec or what it needs for the URL is not installed, or there is no such file system.

    """

    def __init__(self, url: str) -> None:
        self.location = url.rstrip("/")
        try:
            fsspec = import_module("fsspec")
            self._files, self._root = fsspec.core.url_to_fs(self.location)
        except ImportError as error:
            raise SettingsError(
                "recordings",
                url,
                f"it with llm-intercept-transport[fsspec] and what its file system needs installed ({error})",
            ) from error
        except ValueError as error:
            raise SettingsError("recordings", url, f"a folder or an fsspec URL ({error})") from error
        self.place = self.location

    def read(self, name: str, /) -> bytes:
        content: bytes = self._files.cat_file(self._path(name), end=MOST_IN_A_FILE + 1)
        if len(content) > MOST_IN_A_FILE:
            raise OSError(errno.EFBIG, f"it is larger than the {MOST_IN_A_FILE >> 20} MB that a take may have")
        return content

    def may_have(self, name: str, /) -> bool:
        """Tell that there may be an object: asking for it takes as long as reading it."""
        del name
        return True

    def stamp(self, name: str, /) -> None:
        """Tell nothing: what tells an object from its successor has another name in each file system."""
        del name

    def create(self, name: str, content: bytes, /) -> bool:
        if self._files.exists(self._path(name)):
            return False
        try:
            self._files.pipe_file(self._path(name), content, mode="create")
        except FileExistsError:
            return False
        return True

    def replace(self, name: str, content: bytes, /) -> None:
        self._files.pipe_file(self._path(name), content)

    def delete(self, name: str, /) -> None:
        if self._files.exists(self._path(name)):
            self._files.rm_file(self._path(name))

    def names(self) -> Iterator[str]:
        try:
            found: list[Any] = self._files.ls(self._root, detail=False)
        except FileNotFoundError:
            return
        for path in found:
            name = str(path).rpartition("/")[2]
            if name.endswith(SUFFIX) and not name.startswith("."):
                yield name

    def shift(self, names: Sequence[str], /) -> None:
        """Move from the last name on; what is interrupted leaves some take twice, and none lost but the last."""
        last = self.read(names[-1])
        for before, name in reversed(list(pairwise(names))):
            self.replace(name, self.read(before))
        self.replace(names[0], last)

    def session(self, *, patience: float = locks.PATIENCE) -> Session:
        """Join the session of this process, or begin one: nothing tells it of other processes."""
        return sessions.join(self.place, None, patience)

    def locked(self) -> AbstractContextManager[None]:
        """Hold off nobody: object stores have no locks."""
        return nullcontext()

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if self._root else name
