"""`llm-intercept recordings lock`: the prompts of a suite in one file that is reviewed with the code.

Knows: click, files. Must not know: what a prompt is.
"""

from __future__ import annotations

import json
import os
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llm_intercept.base.json import mapping
from llm_intercept.cli.endings import Finding, failure
from llm_intercept.cli.flags import example
from llm_intercept.cli.tapes_given import tapes_given
from llm_intercept.cli.terminal import say
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.recording.take import TakeRequest
    from llm_intercept.tapetools.prompts import Prompts

FILE = "prompts.lock"


@click.command(short_help="Write the prompts into one file.", epilog=example("recordings lock tapes/ --check"))
@click.argument("tape", nargs=-1, required=True)
@click.option("--file", "path", default=FILE, show_default=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; show what differs, and end with 1 if anything does.")
def lock(tape: tuple[str, ...], path: Path, check: bool) -> None:
    """Write the prompts of each TAPE into one file: models, system texts, first messages, tools, schemas of answers.

    Each text is there once, as lines, after the tapes that use it, so that a change of a prompt is seen in review. TAPE
    may also be a log of calls (`log=`, --llm-log), for tests without tapes. Use --check in CI, or in a pre-commit hook.
    """
    if path.is_symlink():
        advice = "It is a link: what it leads to would be shown, or written. Name the file itself, or delete the link."
        raise SettingsError("--file", str(path), advice=advice)
    wanted = _prompts(tape, path.absolute().parent).written()
    there = path.read_text(encoding="utf-8", errors="backslashreplace") if path.exists() else None
    if there == wanted:
        say(f"{path} is as the tapes are")
    elif check:
        for line in unified_diff((there or "").splitlines(), wanted.splitlines(), str(path), "the tapes", lineterm=""):
            say(line)
        why = "is not there" if there is None else "is not as the tapes are"
        command = f"llm-intercept recordings lock {' '.join(tape)}{f' --file {path}' if path != Path(FILE) else ''}"
        raise failure(f"{path} {why}. If this is meant, write it with: {command}", Finding)
    else:
        _write(path, wanted)
        say(f"{path} is written{'' if there is None else ' anew'}")


def _write(path: Path, wanted: str) -> None:
    from llm_intercept.report.page_file import check_place  # noqa: PLC0415 - as below

    try:
        check_place(path, "--file").write_text(wanted, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SettingsError("--file", str(path), f"a file that can be written ({error.strerror})") from error


def _prompts(tape: tuple[str, ...], beside: Path) -> Prompts:
    """Read the prompts; a place is named as it is seen from the file's folder."""
    from llm_intercept.tapetools.prompts import Prompts  # noqa: PLC0415 - it imports pydantic

    made, logs = Prompts(), [one for one in tape if Path(one).is_file()]
    for location, request in _of_tapes(tuple(one for one in tape if one not in logs)):
        made.add(_seen_from(beside, location), request)
    for test, request in _of_logs(logs):
        made.add(test, request)
    return made


def _of_tapes(locations: tuple[str, ...]) -> Iterator[tuple[str, TakeRequest]]:
    for location, one in tapes_given(locations) if locations else ():
        yield from ((location, take.request) for _, take in one.takes() if take.partial is None)
        if one.problems:
            listed = "".join(f"\n  {name}: {why}" for name, why in sorted(one.problems.items()))
            raise failure(f"files in {location} cannot be read, so their prompts are not known:{listed}")


def _of_logs(files: list[str]) -> Iterator[tuple[str, TakeRequest]]:
    """Give the requests in logs, each with the test that made it, or with the log."""
    from llm_intercept.recording.take import TakeRequest  # noqa: PLC0415 - as above
    from llm_intercept.tapetools.prompts import of_log  # noqa: PLC0415 - as above

    for file in files:
        for number, line in enumerate(Path(file).read_bytes().splitlines(), 1):
            try:
                test, asked = of_log(mapping(json.loads(line)))
                yield test or file, TakeRequest(**asked)
            except ValueError as error:
                told = f"{file} is no log of calls: its line {number} is none ({error}). Of takes, give the folder"
                raise failure(told) from None


def _seen_from(folder: Path, location: str) -> str:
    return location if "://" in location else Path(os.path.relpath(location, folder)).as_posix()
