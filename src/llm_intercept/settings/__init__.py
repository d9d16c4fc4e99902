"""What can be set, by argument or environment, and what each setting may be.

Knows: names and values. Must not know: what the settings do. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["mock", "replay", "record", "auto"]
UnmatchedPolicy = Literal["error", "raise", "warn", "passthrough"]
Scope = Literal["process", "context"]

MODES: tuple[str, ...] = get_args(Mode)
OFF = ("", "0", "off", "false")
RULE_FILES = (".toml", ".json", ".py")
DEFAULT_REPLY = "This is a mock request"


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    """What the `LLM_INTERCEPT*` variables ask for; `mode` is None when that is nothing, `reply` when none is given."""

    mode: str | None
    reply: str | None = None
    unmatched: str = "error"
    rules: str | None = None
    log: str | None = None
    recordings: str | None = None


def one_of(name: str, value: object, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`.

    Raises:
        SettingsError: It is not; the message lists the choices.

    """
    if isinstance(value, str) and value in choices:
        return value
    raise SettingsError(name, value, "one of " + ", ".join(map(repr, choices)))


def check_mode(name: str, value: object, recordings: tuple[str, object], also: tuple[str, ...] = ()) -> str:
    """Return `value` if it is a mode, or one of `also`, and has recordings where it needs them.

    Args:
        name: The setting's name.
        value: The mode.
        recordings: The name of the setting that says where recordings are, and its value.
        also: Words that are taken beside the modes.

    Raises:
        SettingsError: It is none; the message lists the choices.

    """
    mode = one_of(name, value, (*MODES, *also))
    if mode in MODES and mode != "mock" and not recordings[1]:
        raise SettingsError(recordings[0], recordings[1], f"a folder, which mode {mode!r} needs")
    return mode


def from_environment(environ: Mapping[str, str] = os.environ) -> EnvironmentSettings:
    """Read the `LLM_INTERCEPT*` variables.

    Raises:
        SettingsError: A variable has a value that cannot be used.

    """
    mode = environ.get("LLM_INTERCEPT", "").strip().lower()
    if mode in OFF:
        return EnvironmentSettings(None)
    recordings = environ.get("LLM_INTERCEPT_RECORDINGS") or None
    check_mode("LLM_INTERCEPT", mode, ("LLM_INTERCEPT_RECORDINGS", recordings), ("off", "0", "false"))
    unmatched = environ.get("LLM_INTERCEPT_UNMATCHED") or "error"
    one_of("LLM_INTERCEPT_UNMATCHED", unmatched, get_args(UnmatchedPolicy))
    rules = environ.get("LLM_INTERCEPT_RULES") or None
    if rules is not None:
        check_rules_file("LLM_INTERCEPT_RULES", rules)
    log = environ.get("LLM_INTERCEPT_LOG") or None
    return EnvironmentSettings(mode, environ.get("LLM_INTERCEPT_REPLY"), unmatched, rules, log, recordings)


def check_rules_file(name: str, value: object) -> str:
    """Return `value` if it names a file of rules.

    Raises:
        SettingsError: There is no such file, or its name has another ending.

    """
    path: object = os.fspath(cast("str | os.PathLike[str]", value)) if isinstance(value, str | os.PathLike) else None
    if not isinstance(path, str) or not path.endswith(RULE_FILES):
        raise SettingsError(name, cast("object", value), "the path of a .toml, .json or .py file")
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib is slow to import at interpreter start
        raise SettingsError(name, path, f"the path of a file; from {os.getcwd()} there is none of this name")  # noqa: PTH109
    return path
