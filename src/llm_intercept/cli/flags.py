"""A flag for each setting that a process can be given, for every command that takes them; and examples of commands.

Knows: click, the settings' table. Must not know: what a command does with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from llm_intercept.settings import said_in
from llm_intercept.settings.values import TRUTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def example(*lines: str) -> str:
    """Write examples as they stand under a command's help."""
    return "\b\n" + "\n".join(
        [f"Example{'s' if len(lines) > 1 else ''}:", *(f"  llm-intercept {one}" for one in lines)]
    )


def settings_flags(without: Sequence[str] = ()) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a decorator that adds the flags to a command, but for some settings."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        for setting in reversed(said_in("run")):
            if setting.name in without:
                continue
            default = f" [default: {setting.default}]" if setting.default not in (None, (), False) else ""
            shown = f"{setting.help[0].upper()}{setting.help[1:]}.{default}"
            if setting.kind is TRUTH:
                function = click.option(setting.flag, is_flag=True, flag_value="true", default=None, help=shown)(
                    function
                )
            else:
                words = click.Choice(setting.kind.choices) if setting.kind.choices else click.STRING
                function = click.option(setting.flag, type=words, help=shown)(function)
        return function

    return add
