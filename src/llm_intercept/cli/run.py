"""`llm-intercept run`: a program with every model's answer ours, in it and in the Python processes it starts.

Knows: click, the settings' table, how Python is started. Must not know: how requests are answered.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from llm_intercept.base import reports
from llm_intercept.base.foreign import FOREIGN
from llm_intercept.base.version import DISTRIBUTION
from llm_intercept.base.words import did_you_mean
from llm_intercept.cli.check import rules_of
from llm_intercept.cli.endings import NoProgram, failure
from llm_intercept.cli.flags import example, settings_flags
from llm_intercept.cli.heard import Heard
from llm_intercept.cli.terminal import say_error
from llm_intercept.cli.waiting import status_of
from llm_intercept.errors import SettingsError
from llm_intercept.settings import BY_NAME, check_tape, said_in
from llm_intercept.settings.environment import HEARD, PARTS

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from llm_intercept.cli.beside import Beside

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


TOOLS = ("hatch", "invoke", "nox", "pdm", "pipenv", "pipx", "poetry", "tox", "uv")
"""Modules that are run by one Python to start another."""
UNHEARD = (
    "nothing was intercepted: no Python that {{command!r}} started has said that it is answered by llm-intercept{at}, "
    "so nothing was mocked: what was asked of a model went to the real API. Each Python that asks needs "
    "llm-intercept-transport installed: inside `sh -c`, `make` and `uvx` (uvx --with llm-intercept-transport …) it may "
    "be another one than here; and -S and an emptied environment switch it off. "
)
AT_SOCKET = ", and nothing came to the socket that the others are told of"
UNASKED = (
    "What is no such Python asks where {names} in its environment say: give it to its client, where that does not read "
    "these."
)
NOT_ASKED = (
    "nothing was intercepted: no process that is answered asked a model anything, and nothing came to the socket. If "
    "the command was to ask one, it did so in a way that is not known here, or not at all; else it needs no "
    "`llm-intercept run`."
)
NO_SERVER = (
    "What is no Python at all is answered at a socket, which needs pip install 'llm-intercept-transport[serve]'."
)


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    short_help="Run a program that is answered.",
    epilog=example(
        'run --reply "hi" -- python app.py',
        "run --mode auto --recordings recordings/demo -- python app.py",
        "run --rules rules.toml -- node app.js",
    ),
)
@settings_flags()
@click.option("--report", "page", type=click.Path(dir_okay=False), help="Write one page that shows all calls.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def run(command: tuple[str, ...], page: str | None, **given: str | None) -> None:
    """Run COMMAND with every question to a model answered, in it and in the processes it starts.

    Pythons that have llm-intercept are answered in process. All others, in any language, are told of a server by the
    variables that the APIs' clients read (OPENAI_BASE_URL, …); it needs the extra serve.
    """
    chosen = {name: text for name, text in given.items() if text is not None}
    chosen.setdefault("mode", "replay" if "recordings" in chosen else "mock")  # as `intercept(recordings=…)` does
    try:
        variables = _variables(chosen)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    if command[0].startswith("-"):
        flags = [setting.flag for setting in said_in("run")]
        raise click.UsageError(f"There is no option {command[0]}. {did_you_mean(command[0], flags)}")
    program = shutil.which(command[0])
    if program is None:
        raise failure(
            f"there is no command {command[0]!r}. Put the whole command after --, as in: "
            "llm-intercept run -- python app.py",
            NoProgram,
        )
    from llm_intercept.cli.beside import Beside, can_serve  # noqa: PLC0415 - it imports all dialects

    _check_interpreter(program, command)
    rules = variables.get(BY_NAME["rules"].variable)
    if rules is not None:
        rules_of(rules)
    environment = {**os.environ, **variables}
    with _reported(page, command, environment):
        if can_serve():
            status = _run_beside(program, command, Beside(environment), is_quiet=_is_quiet(environment))
        else:
            status, entries = _run(program, command, environment)
            advice = UNHEARD.format(at="") + NO_SERVER
            status = _told(command, status, Heard(entries), _is_quiet(environment), advice)
    sys.exit(status)


@contextmanager
def _reported(page: str | None, command: tuple[str, ...], environment: dict[str, str]) -> Generator[None]:
    """Have all processes write their calls down, and write the page at the end, if one is asked for."""
    if page is None:
        yield
        return
    from llm_intercept.report.gathered import Gathered  # noqa: PLC0415 - it imports all dialects
    from llm_intercept.report.page_file import check_place, write_page  # noqa: PLC0415 - as above
    from llm_intercept.report.run_parts import joined  # noqa: PLC0415 - as above

    try:
        place = check_place(page, "--report")
        with tempfile.TemporaryDirectory(prefix="llm-intercept-", ignore_cleanup_errors=True) as folder:
            environment[PARTS] = folder
            here = Gathered(folder).begin()
            try:
                yield
            finally:
                here.stop()
            write_page(joined(folder, Path(command[0]).name), place, "--report")
    except SettingsError as error:
        raise failure(str(error)) from error
    click.echo(f"llm-intercept: the report of all calls is in {place}", err=True)


def _run_beside(program: str, command: tuple[str, ...], beside: Beside, *, is_quiet: bool) -> int:
    """Run a command beside a server, of which its environment tells; return its status, or a failure."""
    from llm_intercept.errors import LLMInterceptError  # noqa: PLC0415 - click is all that `--help` needs

    status, entries, problem = 0, list[dict[str, Any]](), None
    try:
        with beside.serving() as environment:
            status, entries = _run(program, command, environment)
    except LLMInterceptError as error:
        problem = error
    advice = UNHEARD.format(at=AT_SOCKET) + UNASKED.format(names=", ".join(beside.names))
    status = _told(command, status, Heard(entries, beside.count), is_quiet, advice)
    if problem is not None:
        say_error(problem)
    return status or int(problem is not None)


def _is_quiet(environment: Mapping[str, str]) -> bool:
    return bool(environment.get(BY_NAME["quiet"].variable))


def _variables(given: Mapping[str, str]) -> dict[str, str]:
    """Make the environment variables of the flags that are given; raises `SettingsError`, which names the flag."""
    for name, text in given.items():
        BY_NAME[name].kind.check(BY_NAME[name].flag, BY_NAME[name].kind.read(text))
    check_tape(given["mode"], given.get("recordings"), BY_NAME["recordings"].flag)
    if "recordings" in given:
        from llm_intercept.recording.config import check_played  # noqa: PLC0415 - it imports pydantic

        check_played(given["mode"], given["recordings"], BY_NAME["recordings"].flag)
    return {BY_NAME[name].variable: BY_NAME[name].kind.seen_from(str(Path.cwd()), text) for name, text in given.items()}


def _run(program: str, command: tuple[str, ...], environment: Mapping[str, str]) -> tuple[int, list[dict[str, Any]]]:
    """Run a command to its end; return its status, and what the processes told that are answered."""
    with tempfile.TemporaryDirectory(prefix="llm-intercept-", ignore_cleanup_errors=True) as folder:
        file = str(Path(folder, "heard"))
        status = status_of(program, command, {**environment, HEARD: file})
        return status, reports.take(file)


def _told(command: tuple[str, ...], status: int, heard: Heard, is_quiet: bool, advice: str) -> int:
    """Say what was answered; where nobody could be, or nobody asked, that is a failure."""
    if not heard.is_answered and not heard.at_socket:
        click.echo(f"Error: {advice.format(command=command[0])}", err=True)
        return status or 1
    if not heard.asked:
        click.echo(f"Error: {NOT_ASKED}", err=True)
        return status or 1
    if not is_quiet:
        click.echo(f"llm-intercept: {heard}.", err=True)
    return status


def _check_interpreter(program: str, command: tuple[str, ...]) -> None:
    """Refuse a Python that would not start llm-intercept, and so would call the real API; say so of a script's.

    A script may be a tool in an environment of its own (poetry, tox, pipx), which only starts another Python.
    """
    python = _interpreter(Path(program))
    if python is None or (PYTHON.search(Path(program).name) and _starts_others(command)):
        return
    problem = _without_us(python)
    if problem and not PYTHON.search(Path(program).name):
        click.echo(
            f"llm-intercept: {python}, which runs {command[0]!r}, {problem}: what it asks a model itself goes to the "
            "real API, where it does not heed OPENAI_BASE_URL and its kin. The Pythons that it starts are answered, "
            "where they have it.",
            err=True,
        )
    elif problem:
        raise failure(
            f"{python}, which runs {command[0]!r}, {problem}: the program would call the real API. Install it there: "
            f"{python} -m pip install {DISTRIBUTION}. If it only starts a Python that has it, or heeds OPENAI_BASE_URL "
            "and its kin, which tell of a server, write env before it."
        )
    option = _switching_site_off(command[1:]) if PYTHON.search(Path(program).name) else ""
    if option:
        raise failure(
            f"Python's option {option} switches off the start-up that llm-intercept needs: the program would call the "
            "real API. Leave it out; or, if the program heeds OPENAI_BASE_URL and its kin, write env before it."
        )


def _without_us(python: str) -> str:
    """Say that a Python does not start llm-intercept; empty if it does."""
    environment = {**os.environ, "LLM_INTERCEPT": "mock", "LLM_INTERCEPT_QUIET": "true"}
    asked = subprocess.run([python, "-c", QUESTION], capture_output=True, check=False, text=True, env=environment)  # noqa: S603
    if not asked.returncode:
        return ""
    version = asked.stdout.strip()
    other = f" (but {FOREIGN} {version}, which is another program)" if version else ""
    return f"has no {DISTRIBUTION} installed{other}"


def _starts_others(command: tuple[str, ...]) -> bool:
    """Whether a Python is told to run a tool that starts other Pythons: `python -m tox`."""
    module = command[command.index("-m") + 1 :][:1] if "-m" in command else ()
    return tuple(module) in {(name,) for name in TOOLS}


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
