"""The defaults that `[tool.llm_intercept]` in pyproject.toml gives.

Knows: the file. Must not know: what the settings do.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from llm_intercept.errors import SettingsError
from llm_intercept.settings import TABLE, refuse_unknown, said_in

NAME = "llm_intercept"
KEYS = {setting.name: setting.kind for setting in said_in("pyproject")}


def project_defaults() -> dict[str, Any]:
    """Return the table's values, paths made absolute; empty where no pyproject.toml at or above here has the table.

    Raises:
        SettingsError: The table has a key that is not known or a value that cannot be used, or the file that names it
            is not TOML.

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
        text = file.read_text(encoding="utf-8")
        tool: object = _tool(text) if NAME in text else {}
    except ValueError as error:  # it is not UTF-8, or not TOML
        raise SettingsError(f"{TABLE} in {file}", str(error), "a file that is TOML") from error
    if not isinstance(tool, dict):
        raise SettingsError(f"tool in {file}", tool, "a table, [tool], or leave it out")
    table: object = cast("dict[str, Any]", tool).get(NAME, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{TABLE} in {file}", table, "a table of settings")
    values = cast("dict[str, Any]", table)
    refuse_unknown(values, KEYS, f"{TABLE} of {file}")
    return {name: _checked(file, name, value) for name, value in values.items()}


def _tool(text: str) -> object:
    import tomllib  # noqa: PLC0415 - most files do not name us, and are not parsed

    return tomllib.loads(text).get("tool", {})


def _checked(file: Path, name: str, value: Any) -> Any:
    """Return a value, paths made absolute; say where it stands if it cannot be used."""
    return KEYS[name].check(f"{name} in {TABLE} of {file}", KEYS[name].seen_from(str(file.parent), value))
