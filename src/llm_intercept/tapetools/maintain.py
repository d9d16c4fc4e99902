"""Changes tapes: takes out what is not played, gives takes a new request.

Knows: tapes. Must not know: commands.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.recording.compare import Difference, differences
from llm_intercept.recording.config import store_at
from llm_intercept.recording.take import Take, TakeRequest, write_take
from llm_intercept.recording.tape import Tape, canonical_of, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Pair:
    """A take and the request that is to be its from now on."""

    location: str
    name: str
    old: Take
    new: Take

    @property
    def differences(self) -> list[Difference]:
        """What differs between the two requests."""
        return differences(canonical_of(self.old)["body"], canonical_of(self.new)["body"])


def played_in(file: Path, location: str) -> set[str]:
    """Read the names of the takes of one tape that a run played."""
    lines = (line.rstrip("\n").split("\t") for line in file.read_text().splitlines()) if file.exists() else iter(())
    wanted = os.path.abspath(location)  # noqa: PTH100 - as it was written, links unresolved
    return {name for tape, name in lines if tape == wanted}


def unplayed(tape: Tape, played: set[str]) -> list[str]:
    """List the takes that were not played; a partial one never is."""
    return sorted(name for name in tape.store.names() if name not in played)


def prune(tape: Tape, names: Iterable[str]) -> None:
    """Delete takes."""
    for name in names:
        tape.store.delete(name)
    close_gaps(tape)


def close_gaps(tape: Tape) -> None:
    """Number the takes of each request from one on, without gaps: the look-up ends at the first that is missing."""
    left: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(tape.store.names()):
        left[name.partition("-")[2]].append(name)
    for rest, kept in left.items():
        for number, name in enumerate(kept, 1):
            wanted = f"{number:03d}-{rest}"
            if name != wanted and tape.store.create(wanted, tape.store.read(name)):
                tape.store.delete(name)


def pairs_in(file: Path) -> list[Pair]:
    """Read what a run under `rekey` paired; of a take that several processes paired, the first."""
    found: dict[tuple[str, str], Pair] = {}
    for line in file.read_text().splitlines() if file.exists() else ():
        said = json.loads(line)
        place = said["tape"], said["name"]
        old = Tape(store_at(place[0])).peek(place[1])
        if old is not None and place not in found:
            found[place] = Pair(*place, old, _renewed(old, TakeRequest.model_validate(said["request"])))
    return list(found.values())


def rekey(pair: Pair) -> str:
    """Write a take under its new request and delete it under the old one; return its name."""
    store = store_at(pair.location)
    key, number = key_of(canonical_of(pair.new)), 1
    while not store.create(key.name(number), write_take(pair.new)):
        number += 1
    store.delete(pair.name)
    return key.name(number)


def _renewed(old: Take, request: TakeRequest) -> Take:
    made = old.model_copy(update={"request": request})
    return made.model_copy(update={"fingerprint": key_of(canonical_of(made)).fingerprint})
