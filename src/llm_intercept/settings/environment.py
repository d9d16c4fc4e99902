"""The settings that the environment gives a process.

Knows: the `LLM_INTERCEPT*` variables. Must not know: what the settings do.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from llm_intercept.settings import BY_NAME, SWITCH, check_tape, refuse_unknown, said_in, values

if TYPE_CHECKING:
    from collections.abc import Mapping

OFF = ("off", "0", "false")
PLAYED = "LLM_INTERCEPT_PLAYED"
"""A file that the names of played takes are added to, one a line after its tape; `recordings prune` reads it."""
HEARD = "LLM_INTERCEPT_HEARD"
"""A file to which each process that is answered adds a line when it starts; `llm-intercept run` reads it."""
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
    refuse_unknown(ours, (*settings, PLAYED, PAIRS, HEARD, TOKEN), "the environment")
    found: dict[str, Any] = {"mode": mode}
    for variable, text in ours.items():
        setting = settings.get(variable)
        if setting is not None and (text or setting.kind.may_be_empty):
            value = setting.kind.check(variable, setting.kind.read(text))
            found[setting.name] = setting.kind.seen_from(os.getcwd(), value)  # noqa: PTH109 - pathlib is slow to import
    check_tape(mode, found.get("recordings"), BY_NAME["recordings"].variable)
    return found
