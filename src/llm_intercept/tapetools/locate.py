"""Finds tapes and takes by what is said on a command line.

Knows: folders and URLs. Must not know: commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.recording.config import store_at
from llm_intercept.recording.tape import LIKE_A_TAKE, Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.recording.take import Take


def tapes_at(locations: Iterable[str]) -> Iterator[tuple[str, Tape]]:
    """Give the tapes at some places: the place itself if it has takes, and every folder under it that has."""
    for location in locations:
        if "://" in location:
            yield location, Tape(store_at(location))
            continue
        for folder in sorted(
            {file.parent for file in Path(location).rglob("*.json") if LIKE_A_TAKE.fullmatch(file.name)}
        ):
            yield str(folder), Tape(store_at(folder))


def one_take(tape: Tape, begin: str) -> tuple[str, Take]:
    """Find the take whose name, slug or fingerprint is or has `begin`; raises `LookupError` unless there is one."""
    found = [(name, take) for name, take in tape.takes() if begin in {name, name.removesuffix(".json")}]
    found = found or [(name, take) for name, take in tape.takes() if begin in name]
    if len(found) != 1:
        names = "".join(f"\n  {name}" for name, _ in found[:10])
        raise LookupError(f"{begin!r} names {len(found)} takes of {tape.store.location}{':' if names else '.'}{names}")
    return found[0]
