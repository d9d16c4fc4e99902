"""The settings that the environment gives a process.

Knows: the `LLM_INTERCEPT*` variables. Must not know: what the settings do.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.errors import SettingsError
from llm_intercept.settings import BY_NAME, SWITCH, check_tape, refuse_unknown, said_in, values

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

OFF = ("off", "0", "false")
PLAYED = "LLM_INTERCEPT_PLAYED"
"""A file that the names of played takes are added to, one a line after its tape; `recordings prune` reads it."""
HEARD = "LLM_INTERCEPT_HEARD"
"""A file to which each process that is answered adds a line when it starts; `llm-intercept run` reads it."""
PARTS = "LLM_INTERCEPT_REPORT_PARTS"
"""A folder in which each process that is answered writes its calls down; `llm-intercept run --report` joins them."""
SERVED = "LLM_INTERCEPT_SERVED"
"""Host and port of the server beside a command, and what some variables were before they told of it, as JSON."""
PAIRS = "LLM_INTERCEPT_REKEY"
"""A file that pairs are added to, one JSON object a line; while it is named, each pair's old answer is played."""

TOKEN = "LLM_INTERCEPT_SERVE_TOKEN"  # noqa: S105 - the name of the variable
"""What a server's control asks for; `llm-intercept serve` reads it."""


def from_environment(environ: Mapping[str, str] = os.environ) -> dict[str, Any] | None:
    """Read the `LLM_INTERCEPT*` variables; None if nothing is asked for. Raises `SettingsError`."""
    mode = environ.get(SWITCH, "").strip().lower()
    if mode in {"", *OFF}:
        return None
    values.one_of(*BY_NAME["mode"].kind.choices, *OFF).check(SWITCH, mode)
    settings = {setting.variable: setting for setting in said_in("environment")}
    ours = {name: text for name, text in environ.items() if name.startswith(SWITCH + "_")}
    refuse_unknown(ours, (*settings, PLAYED, PAIRS, HEARD, PARTS, SERVED, TOKEN), "the environment")
    found: dict[str, Any] = {"mode": mode}
    for variable, text in ours.items():
        setting = settings.get(variable)
        if setting is not None and (text or setting.kind.may_be_empty):
            value = setting.kind.check(variable, setting.kind.read(text))
            found[setting.name] = setting.kind.seen_from(os.getcwd(), value)  # noqa: PTH109 - pathlib is slow to import
    check_tape(mode, found.get("recordings"), BY_NAME["recordings"].variable)
    return found


def served_at(environ: Mapping[str, str] = os.environ) -> str:
    """Name the server beside this command, by its host and port; empty where there is none."""
    return str(_served(environ).get("at", ""))


def restore(environ: MutableMapping[str, str] = os.environ) -> None:
    """Give variables back what the user said in them before they told of a server: here it is not needed."""
    for name, value in dict(_served(environ).get("before", {})).items():
        environ[name] = value


def _served(environ: Mapping[str, str]) -> dict[str, Any]:
    text = environ.get(SERVED)
    if not text:
        return {}
    try:
        told: object = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise SettingsError(SERVED, text, "what llm-intercept run says in it: leave it to that")
    return cast("dict[str, Any]", told)
