"""Calls as JSON lines in a file that several processes may write at once.

Knows: calls, files. Must not know: why a call ended as it did.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from llm_intercept.base.json import encode
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from llm_intercept.journal.journal import Call


class CallLog:
    """Appends each call as one line in one write, which systems do not interleave; raises `SettingsError`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        os.close(self._open())

    def __call__(self, call: Call) -> None:
        """Write a call."""
        file = self._open()
        try:
            os.write(file, encode(line(call)) + b"\n")
        finally:
            os.close(file)

    def _open(self) -> int:
        try:
            return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise SettingsError("log", str(self.path), f"a file that can be written ({error.strerror})") from error


def line(call: Call) -> dict[str, Any]:
    """Return what the log says of a call: never its headers, nor the URL's query, which hold keys."""
    request, usage = call.request, call.usage
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "process": os.getpid(),
        "source": call.source,
        "status": call.status,
        "error": f"{type(call.error).__name__}: {call.error}" if call.error is not None else None,
        "attempt": call.attempt,
        "duration": round(call.duration, 6),
        "rule": str(call.rule) if call.rule is not None else None,
        "where": call.rule.where if call.rule is not None else None,
        "url": urlunsplit((*urlsplit(request.url)[:3], "", "")),
        "api": request.api,
        "model": request.model,
        "stream": request.stream,
        "turn": request.turn,
        "last_user": request.last_user,
        "tools": [tool.name for tool in request.tools],
        "usage": {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens} if usage else None,
        "request": request.raw,
    }
