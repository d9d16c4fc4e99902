"""Finds tapes and takes by what is said on a command line.

Knows: folders and URLs. Must not know: commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.base.folders import absent
from llm_intercept.base.json import json_object, mapping
from llm_intercept.recording.config import store_at
from llm_intercept.recording.tape import LIKE_A_TAKE, Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from llm_intercept.recording.take import Take

    Listed = tuple[int, tuple[str, Take]]

LINE = 1 << 24
A_LOG = (
    "it is a log of calls, which has no answers in it. 'llm-intercept recordings lock' reads it. A page of all calls "
    "is written by 'llm-intercept run --report FILE', 'pytest --llm-report=FILE' or llm.report(FILE); 'view' reads "
    "it too."
)


def tapes_at(locations: Iterable[str]) -> Iterator[tuple[str, Tape]]:
    """Give the tapes at some places: the place itself if it has takes, and every folder under it that has.

    Raises:
        LookupError: A place is empty, as that of a script's variable that is not set.

    """
    for location in locations:
        if not location:
            raise LookupError("the place of a tape is empty. Give a folder or URL; '.' is the current folder.")
        if "://" in location:
            yield location, Tape(store_at(location))
            continue
        for folder in sorted(
            {file.parent for file in Path(location).rglob("*.json") if LIKE_A_TAKE.fullmatch(file.name)}
        ):
            yield str(folder), Tape(store_at(folder))


def none_at(location: str) -> str:
    """Say why there are no takes at a place, and what to give instead."""
    path = Path(location)
    told = f"there are no recordings in {location}"
    if "://" in location or path.is_dir():
        return f"{told}. They are made with LLM_INTERCEPT=record, or by pytest with --llm-mode=record."
    if path.is_file():
        return f"{told}: {log_in_words(path) or 'it is a file. Give the folder of the takes.'}"
    return f"{told}: {absent(location)}"


def log_in_words(path: Path) -> str:
    """Say what to do with a log of calls; empty of any other file."""
    with path.open("rb") as file:
        line = mapping(json_object(file.readline(LINE)))
    return A_LOG if "version" not in line and {"request", "url", "source"} <= line.keys() else ""


def one_take(tape: Tape, listed: Sequence[Listed], meant: str) -> Listed:
    """Find the take with a number, or whose name, slug or fingerprint is or has what is meant.

    Args:
        tape: The tape.
        listed: Its takes with their numbers.
        meant: A number, a name, or a part of one.

    Raises:
        LookupError: There is none, or there are several.

    """
    found = [one for one in listed if meant in {one[1][0], one[1][0].removesuffix(".json")}]
    found = found or [one for one in listed if meant == str(one[0])]
    found = found or [one for one in listed if meant in one[1][0]]
    if len(found) != 1:
        names = "".join(f"\n  {number} {name}" for number, (name, _) in found[:10])
        shown = names or f"\n  'llm-intercept recordings ls {tape.store.location}' lists what there is"
        raise LookupError(f"{meant!r} names {len(found)} takes of {tape.store.location}:{shown}")
    return found[0]
