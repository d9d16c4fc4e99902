"""Writes a report's page to a file: whole or not at all, and for its owner alone.

Knows: files. Must not know: what is in the report.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.errors import SettingsError
from llm_intercept.report.packing import packed
from llm_intercept.report.page import page

if TYPE_CHECKING:
    from llm_intercept.report.document import Report


def check_place(path: str | os.PathLike[str], said: str = "report") -> Path:
    """Return the path of a page that is to be written, from the root.

    Args:
        path: Where it is to be.
        said: What named the path, for the error.

    Raises:
        SettingsError: Its folder is not there, or it is a folder itself.

    """
    place = Path(path).absolute()
    if not place.parent.is_dir():
        raise SettingsError(said, str(place), f"a file in a folder that is there; {place.parent} is not")
    if place.is_dir():
        raise SettingsError(said, str(place), "the name of a file; this is a folder")
    return place


def write_page(report: Report, path: str | os.PathLike[str], said: str = "report") -> Path:
    """Write the page; what was there before stays until it is whole.

    Args:
        report: What it shows.
        path: Where it goes.
        said: What named the path, for the error.

    Returns:
        The path, from the root.

    Raises:
        SettingsError: It cannot be written.

    """
    place = check_place(path, said)
    content = page(packed(report)).encode(errors="backslashreplace")
    try:
        _replace(place, content)
    except OSError as error:
        raise SettingsError(said, str(place), f"a file that can be written ({error.strerror or error})") from error
    return place


def _replace(place: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name[:40]}.", suffix=".part", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(place)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
