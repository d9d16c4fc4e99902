"""The defaults that `[tool.llm_intercept]` in pyproject.toml gives.

Knows: the file and its keys. Must not know: what the settings do.
"""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from llm_intercept.errors import SettingsError

TABLE = "[tool.llm_intercept]"
KEYS = (
    "mode",
    "recordings",
    "rules",
    "unmatched",
    "passthrough",
    "seed",
    "log",
    "all_used",
    "scope",
    "time_scale",
)
PATHS = frozenset({"rules", "log", "recordings"})


def project_defaults() -> dict[str, Any]:
    """Return the table's values, paths made absolute; empty where no pyproject.toml at or above here has the table.

    Raises:
        SettingsError: The table has a key that is not known, or the file is not TOML.

    """
    file = _nearest(os.getcwd())  # noqa: PTH109 - pathlib is slow where a block takes microseconds
    try:
        return _read(file, os.stat(file).st_mtime_ns) if file is not None else {}  # noqa: PTH116
    except FileNotFoundError:
        return {}


@lru_cache(maxsize=16)
def _nearest(folder: str) -> Path | None:
    return next(
        (file for one in (Path(folder), *Path(folder).parents) if (file := one / "pyproject.toml").is_file()), None
    )


@lru_cache(maxsize=16)
def _read(file: Path, modified: int) -> dict[str, Any]:  # noqa: ARG001 - a changed file is another one
    try:
        tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{TABLE} in {file}", str(error), "a file that is TOML") from error
    table: object = tool.get("llm_intercept", {})
    if not isinstance(table, dict):
        raise SettingsError(f"{TABLE} in {file}", table, "a table of settings")
    given = cast("dict[str, Any]", table)
    for name in given:
        if name not in KEYS:
            raise SettingsError(f"{name} in {TABLE} of {file}", given[name], "one of the keys " + ", ".join(KEYS))
    return {name: _absolute(file.parent, value) if name in PATHS else value for name, value in given.items()}


def _absolute(folder: Path, value: Any) -> Any:
    if isinstance(value, str) and "://" in value:
        return value
    if isinstance(value, str):
        return str(folder / value)
    return [str(folder / one) for one in cast("list[str]", value)] if isinstance(value, list) else value
