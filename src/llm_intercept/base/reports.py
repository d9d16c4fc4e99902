"""Lines of JSON that processes leave for the one that started them, in a file of a private folder.

Knows: files. Must not know: what the lines say. Writing never fails: what cannot be told is not told. Imports nothing
heavy: it runs at interpreter start.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 4_000_000
"""The bytes a file may have: what comes later is not told."""


def append(path: str, entry: Mapping[str, Any]) -> None:
    """Add a line to a file, which is made in a folder that is there; in one write, which systems do not interleave."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError:
        return
    try:
        if os.fstat(file).st_size < LONGEST:
            os.write(file, json.dumps(entry).encode() + b"\n")
    except OSError:
        return
    finally:
        os.close(file)


def take(path: str) -> list[dict[str, Any]]:
    """Return a file's lines and remove it; none where there is no file."""
    if not os.path.exists(path):  # noqa: PTH110 - as below; most often there is none
        return []
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - pathlib is slow where a block takes microseconds
            lines = file.read().splitlines()
        os.unlink(path)  # noqa: PTH108 - as above
    except OSError:
        return []
    return [entry for line in lines if (entry := _entry(line)) is not None]


def _entry(line: bytes) -> dict[str, Any] | None:
    """Read a line; None for one that a killed process did not write to its end."""
    try:
        entry: object = json.loads(line)
    except ValueError:
        return None
    return cast("dict[str, Any]", entry) if isinstance(entry, dict) else None
