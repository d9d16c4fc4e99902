"""The command line: `llm-intercept run`, `check` and `recordings`.

Knows: click, the environment variables. Must not know: how requests are answered.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from llm_intercept import __version__
from llm_intercept.cli.recordings import recordings
from llm_intercept.errors import SettingsError
from llm_intercept.settings import DEFAULT_REPLY, MODES, UnmatchedPolicy, check_mode

if TYPE_CHECKING:
    from llm_intercept.rules.rule import Rule

PYTHON = re.compile(r"python[0-9.]*(\.exe)?$")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Answer an unmodified program's LLM calls at the HTTP transport."""


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "--reply",
    help=f"What every chat completion is answered with; without it {DEFAULT_REPLY!r}, or the smallest valid answer "
    "where the request asks for a schema or a tool.",
)
@click.option(
    "--rules",
    type=click.Path(exists=True, dir_okay=False),
    help="A .toml, .json or .py file of rules, which come before --reply.",
)
@click.option("--log", type=click.Path(dir_okay=False), help="A file that each call is appended to as a line of JSON.")
@click.option(
    "--unmatched",
    type=click.Choice(get_args(UnmatchedPolicy)),
    default="error",
    show_default=True,
    help="What happens to other requests that go to a known LLM host.",
)
@click.option("--mode", type=click.Choice(MODES), default="mock", show_default=True, help="Where answers come from.")
@click.option("--recordings", "tape", metavar="FOLDER|URL", help="The tape, which modes replay, record and auto need.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(
    reply: str | None,
    rules: str | None,
    log: str | None,
    unmatched: str,
    mode: str,
    tape: str | None,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with every chat completion answered, in it and in the Python processes it starts.

    Examples: llm-intercept run --reply "hi" -- python app.py;
    llm-intercept run --mode auto --recordings recordings/demo -- python app.py
    """
    try:
        check_mode("--mode", mode, ("--recordings", tape))
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    program = shutil.which(command[0])
    if program is None:
        raise click.ClickException(
            f"there is no command {command[0]!r}. Put the whole command after --, as in: "
            "llm-intercept run -- python app.py"
        )
    _check_interpreter(program, command)
    if rules is not None:
        _rules_of(rules)
    given = {"REPLY": reply, "RULES": rules and os.path.abspath(rules), "LOG": log and os.path.abspath(log)}  # noqa: PTH100
    if tape is not None:
        given["RECORDINGS"] = tape if "://" in tape else os.path.abspath(tape)  # noqa: PTH100
    environment = {"LLM_INTERCEPT": mode, "LLM_INTERCEPT_UNMATCHED": unmatched}
    environment |= {f"LLM_INTERCEPT_{name}": value for name, value in given.items() if value is not None}
    os.execvpe(program, command, {**os.environ, **environment})  # noqa: S606 - running it is what was asked for


@main.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--schema", is_flag=True, help="Print the JSON schema of .toml and .json files instead, for editors.")
def check(file: str | None, schema: bool) -> None:
    """Check a FILE of rules: that it can be used, and that every rule can answer.

    Ends with 1 if a rule never can, because an earlier one answers whatever it would match.
    """
    if schema:
        from llm_intercept.rulefiles.load import json_schema  # noqa: PLC0415 - it imports pydantic

        click.echo(json.dumps(json_schema(), indent=2))
        return
    if file is None:
        raise click.UsageError("Give the file of rules to check, or --schema.")
    rules, pairs = _rules_of(file)
    for rule, by in pairs:
        click.echo(f"{rule.where}: {rule} can never answer: {by} ({by.where}) comes first and answers instead.")
    click.echo(
        f"{file}: {len(rules)} rules, " + (f"{len(pairs)} of them can never answer." if pairs else "all can answer.")
    )
    if pairs:
        raise SystemExit(1)


def _rules_of(file: str) -> tuple[list[Rule], list[tuple[Rule, Rule]]]:
    """Read a file of rules; return them and which of them are shadowed by which."""
    from llm_intercept.errors import LLMInterceptError  # noqa: PLC0415 - these import pydantic
    from llm_intercept.interceptor.interceptor import Interceptor  # noqa: PLC0415
    from llm_intercept.rules.shadow import shadowed  # noqa: PLC0415

    try:
        book = Interceptor(rules=file).engine.book
    except LLMInterceptError as error:
        raise click.ClickException(str(error)) from error
    rules = [*book.rules, *book.catch_alls]
    return rules, shadowed(rules)


def _check_interpreter(program: str, command: tuple[str, ...]) -> None:
    """Refuse a Python that would not start llm-intercept, and so would call the real API."""
    python = _interpreter(Path(program))
    if python is None:
        return
    question = [python, "-c", "import sys; sys.exit('llm_intercept._startup' not in sys.modules)"]
    found = subprocess.run(question, capture_output=True, check=False, env={**os.environ, "LLM_INTERCEPT": "mock"})  # noqa: S603
    if found.returncode:
        raise click.ClickException(
            f"{python}, which runs {command[0]!r}, has no llm-intercept installed: the program would call the real "
            f"API. Install it there: {python} -m pip install llm-intercept"
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


main.add_command(recordings)
