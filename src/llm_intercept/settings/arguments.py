"""The value of every setting for one interceptor: what is given, else the project's, else the table's.

Knows: which comes before which. Must not know: what the settings do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llm_intercept.errors import SettingsError
from llm_intercept.settings import ARGUMENTS, BY_NAME, SETTINGS, Scope, check_tape, refuse_unknown
from llm_intercept.settings.pyproject import project_defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULTS = {setting.name: setting.default for setting in SETTINGS}


def chosen(given: Mapping[str, object], mode_from: str = "") -> dict[str, Any]:
    """Return the value of every setting, and as `mode_from` where the mode was said; raises `SettingsError`.

    Args:
        given: The arguments; one that is None is not given.
        mode_from: Where these come from, if from none of the code's.

    """
    refuse_unknown(given, ARGUMENTS)
    if "scope" in given:
        raise SettingsError("scope", given["scope"], "it in intercept(…): only a block has a scope")
    checked = {name: BY_NAME[name].kind.check(name, value) for name, value in given.items() if value is not None}
    project = project_defaults()
    found = {**DEFAULTS, **project, **checked}
    said = "argument" if "mode" in checked else "table" if "mode" in project else ""
    if "recordings" in checked and not said:
        found["mode"] = "replay"  # the one that does something with them and never asks the network
    found["mode_from"] = mode_from or said or "recordings"
    check_tape(found["mode"], found["recordings"])
    return found


def chosen_scope(given: Scope | None) -> Scope:
    """Return the scope of a block, or raise `SettingsError`."""
    if given is not None:
        return cast("Scope", BY_NAME["scope"].kind.check("scope", given))
    return cast("Scope", project_defaults().get("scope", BY_NAME["scope"].default))
