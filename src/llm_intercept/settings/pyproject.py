"""The defaults that `[tool.llm_intercept]` in pyproject.toml gives.

Knows: the file, its keys and what each may be. Must not know: what the settings do.
"""

from __future__ import annotations

import os
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from llm_intercept.errors import SettingsError
from llm_intercept.settings import MODES, Scope, UnmatchedPolicy, one_of
from llm_intercept.timing.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable


NAME = "llm_intercept"
TABLE = f"[tool.{NAME}]"
PATHS = frozenset({"rules", "log", "recordings"})


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
        tool: object = tomllib.loads(text).get("tool", {}) if NAME in text else {}
    except ValueError as error:  # it is not UTF-8, or not TOML
        raise SettingsError(f"{TABLE} in {file}", str(error), "a file that is TOML") from error
    if not isinstance(tool, dict):
        raise SettingsError(f"tool in {file}", tool, "a table, [tool], or leave it out")
    table: object = cast("dict[str, Any]", tool).get(NAME, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{TABLE} in {file}", table, "a table of settings")
    return {name: _checked(file, name, value) for name, value in cast("dict[str, Any]", table).items()}


def _checked(file: Path, name: str, value: Any) -> Any:
    """Return a value, paths made absolute; say where it stands if it cannot be used."""
    told = f"{name} in {TABLE} of {file}"
    if name not in KEYS:
        raise SettingsError(told, value, "one of the keys " + ", ".join(KEYS))
    try:
        CHECKS[name](name, value)
    except SettingsError as error:
        raise SettingsError(told, value, error.expected) from error
    return _absolute(file.parent, value) if name in PATHS else value


def _absolute(folder: Path, value: Any) -> str | list[str]:
    if isinstance(value, str):
        return value if "://" in value else str(folder / value)
    return [str(folder / one) for one in cast("list[str]", value)]


def _is(kind: type, expected: str) -> Callable[[str, Any], object]:
    def check(name: str, value: object) -> None:
        if type(value) is not kind:
            raise SettingsError(name, value, expected)

    return check


def _strings(expected: str) -> Callable[[str, Any], object]:
    def check(name: str, value: Any) -> None:
        many: list[object] = cast("list[object]", value) if isinstance(value, list) else [value]
        if not all(isinstance(one, str) and one.strip() for one in many):
            raise SettingsError(name, cast("object", value), expected)

    return check


CHECKS: dict[str, Callable[[str, Any], object]] = {
    "mode": lambda name, value: one_of(name, value, MODES),
    "recordings": _is(str, "the path of a folder, or a URL that fsspec knows"),
    "rules": _strings("the path of a .toml, .json or .py file, or a list of these"),
    "unmatched": lambda name, value: one_of(name, value, get_args(UnmatchedPolicy)),
    "passthrough": _strings("a list of hosts and models, such as ['api.mistral.ai', 'mistral-*']"),
    "seed": _is(int, "an int"),
    "log": _is(str, "the path of a file"),
    "all_used": _is(bool, "true or false"),
    "scope": lambda name, value: one_of(name, value, get_args(Scope)),
    "time_scale": lambda _, value: Clock(value),
}
KEYS = tuple(CHECKS)
