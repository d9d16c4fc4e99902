"""`llm-intercept run`: a program with every model's answer ours, in it and in the Python processes it starts.

Knows: click, the settings' table, how Python is started. Must not know: how requests are answered.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from llm_intercept.base.foreign import FOREIGN
from llm_intercept.base.version import DISTRIBUTION
from llm_intercept.base.words import did_you_mean
from llm_intercept.cli.check import rules_of
from llm_intercept.errors import SettingsError
from llm_intercept.settings import BY_NAME, check_tape, said_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PYTHON = re.compile(r"python[0-9.]*(\.exe)?$")
QUESTION = f"""
import sys
if "llm_intercept._startup" not in sys.modules:
    from importlib import metadata
    try:
        print(metadata.version("{FOREIGN}"))
    except metadata.PackageNotFoundError:
        pass
    sys.exit(1)
"""
"""What a Python is asked: whether it starts llm-intercept, and if not, whether it has the other program instead."""


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add a flag for each setting that a process can be given."""
    for setting in reversed(said_in("run")):
        words = click.Choice(setting.kind.choices) if setting.kind.choices else click.STRING
        default = f" [default: {setting.default}]" if setting.default not in (None, ()) else ""
        shown = f"{setting.help[0].upper()}{setting.help[1:]}.{default}"
        function = click.option(setting.flag, type=words, help=shown)(function)
    return function


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...], **given: str | None) -> None:
    """Run COMMAND with every chat completion answered, in it and in the Python processes it starts.

    Examples: llm-intercept run --reply "hi" -- python app.py;
    llm-intercept run --mode auto --recordings recordings/demo -- python app.py
    """
    try:
        variables = _variables({"mode": "mock", **{name: text for name, text in given.items() if text is not None}})
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    if command[0].startswith("-"):
        flags = [setting.flag for setting in said_in("run")]
        raise click.UsageError(f"There is no option {command[0]}. {did_you_mean(command[0], flags)}")
    program = shutil.which(command[0])
    if program is None:
        raise click.ClickException(
            f"there is no command {command[0]!r}. Put the whole command after --, as in: "
            "llm-intercept run -- python app.py"
        )
    _check_interpreter(program, command)
    rules = variables.get(BY_NAME["rules"].variable)
    if rules is not None:
        rules_of(rules)
    os.execvpe(program, command, {**os.environ, **variables})  # noqa: S606 - running it is what was asked for


def _variables(given: Mapping[str, str]) -> dict[str, str]:
    """Make the environment variables of the flags that are given; raises `SettingsError`, which names the flag."""
    for name, text in given.items():
        BY_NAME[name].kind.check(BY_NAME[name].flag, BY_NAME[name].kind.read(text))
    check_tape(given["mode"], given.get("recordings"), BY_NAME["recordings"].flag)
    return {BY_NAME[name].variable: BY_NAME[name].kind.seen_from(str(Path.cwd()), text) for name, text in given.items()}


def _check_interpreter(program: str, command: tuple[str, ...]) -> None:
    """Refuse a Python that would not start llm-intercept, and so would call the real API."""
    python = _interpreter(Path(program))
    if python is None:
        return
    environment = {**os.environ, "LLM_INTERCEPT": "mock"}
    asked = subprocess.run([python, "-c", QUESTION], capture_output=True, check=False, text=True, env=environment)  # noqa: S603
    if asked.returncode:
        version = asked.stdout.strip()
        other = f" (but {FOREIGN} {version}, which is another program)" if version else ""
        raise click.ClickException(
            f"{python}, which runs {command[0]!r}, has no {DISTRIBUTION} installed{other}: the program would call the "
            f"real API. Install it there: {python} -m pip install {DISTRIBUTION}"
        )
    option = _switching_site_off(command[1:]) if PYTHON.search(command[0]) else ""
    if option:
        raise click.ClickException(
            f"Python's option {option} switches off the start-up that llm-intercept needs: the program would call the "
            "real API. Leave it out."
        )


def _switching_site_off(arguments: tuple[str, ...]) -> str:
    """Find -S among Python's own options, which come before the program; empty if it is not there."""
    following = iter(arguments)
    for argument in following:
        if not argument.startswith("-") or argument.startswith("--") or argument == "-":
            return ""
        for position, letter in enumerate(argument[1:], 2):
            if letter == "S":
                return argument
            if letter in "cm":
                return ""
            if letter in "WX":
                if position == len(argument):
                    next(following, None)
                break
    return ""


def _interpreter(program: Path) -> str | None:
    """Find the Python that would run a program: itself, or the one its first line names."""
    if PYTHON.search(program.name):
        return str(program)
    with program.open("rb") as file:
        first = file.readline(512)
    if not first.startswith(b"#!"):
        return None
    words = first[2:].decode(errors="replace").split()
    named = next((word for word in words if PYTHON.search(word)), None)
    return shutil.which(named) if named is not None else None
