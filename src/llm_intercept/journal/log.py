"""Calls as JSON lines in a file that several processes may write at once; it is a convenience and breaks no program.

Knows: calls, files, that nothing secret is written. Must not know: why a call ended as it did.
"""

from __future__ import annotations

import os
import stat
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.errors import LogLossWarning, SettingsError

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Call

FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class CallLog:
    """Appends each call as one line in one write, which systems do not interleave; only its owner can read the file.

    Raises:
        SettingsError: The file cannot be opened, or is a pipe, a socket or a folder.

    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        self._is_cut = False
        self._is_told = False
        try:
            file = self._open()
        except OSError as error:
            raise SettingsError("log", str(self.path), f"a file that can be written ({error.strerror})") from error
        os.close(file)

    def __call__(self, call: Call) -> None:
        """Write a call; where that cannot be done, warn the first time and go on."""
        try:
            self._write(encode(line(call)) + b"\n")
        except Exception as error:  # noqa: BLE001 - whatever fails here, the program under test has nothing to do with it
            self._lost(error)

    def _open(self) -> int:
        file = os.open(self.path, FLAGS, 0o600)
        kind = os.fstat(file).st_mode
        if stat.S_ISREG(kind) or stat.S_ISCHR(kind):  # a terminal, /dev/null
            return file
        os.close(file)
        raise OSError(0, "it is no regular file")

    def _write(self, content: bytes) -> None:
        file = self._open()
        try:
            content = b"\n" + content if self._is_cut else content
            written = os.write(file, content)
        finally:
            os.close(file)
        self._is_cut = written < len(content)
        if self._is_cut:
            raise OSError(0, f"only {written} of {len(content)} bytes were written")

    def _lost(self, error: Exception) -> None:
        if self._is_told:
            return
        self._is_told = True
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        message = f"llm-intercept: a call is missing in the log {self.path} ({why}), and others may be."
        try:
            warnings.warn(message, LogLossWarning, stacklevel=4)
        except LogLossWarning:  # where warnings are errors, this one would be an error of the program's request
            sys.stderr.write(f"{message}\n")


def line(call: Call) -> dict[str, Any]:
    """Return what the log says of a call: never its headers, nor the URL's query, nor what looks like a secret."""
    from llm_intercept.secrets.credentials import credentials  # noqa: PLC0415 - most programs have no log
    from llm_intercept.secrets.redactor import Redactor  # noqa: PLC0415 - as above

    secrets, said, found = credentials(call.request.url, call.request.headers.items()), _said(call), set[str]()
    redacted: dict[str, Any] = Redactor(secrets, heard=found).whole(said)
    more = secrets.and_found(found)
    if more is not secrets:  # what stood under a secret's name in one place is said by no other
        redacted = Redactor(more).whole(said)
    return redacted


def _said(call: Call) -> dict[str, Any]:
    from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - as above

    request, usage = call.request, call.usage
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "process": os.getpid(),
        "test": os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0] or None,
        "source": call.source,
        "status": call.status,
        "error": f"{type(call.error).__name__}: {call.error}" if call.error is not None else None,
        "attempt": call.attempt,
        "duration": round(call.duration, 6),
        "rule": str(call.rule) if call.rule is not None else None,
        "where": call.rule.where if call.rule is not None else None,
        "url": shown_url(request.url).partition("?")[0],
        "api": request.api,
        "model": request.model,
        "stream": request.stream,
        "turn": request.turn,
        "last_user": request.last_user,
        "tools": [tool.name for tool in request.tools],
        "usage": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens} if usage else None,
        "request": request.raw,
    }
