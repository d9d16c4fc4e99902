"""Changes tapes: takes out what is not played, gives takes a new request; all is a plan before it is done.

Knows: tapes, and which files are takes: nothing else is ever renamed or deleted. Must not know: commands.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.errors import RecordingError
from llm_intercept.recording.compare import Difference, differences
from llm_intercept.recording.config import store_at
from llm_intercept.recording.take import Take, TakeRequest, write_take
from llm_intercept.recording.tape import A_TAKE, Tape, canonical_of, key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one file: it gets another name, and maybe another content, or it goes."""

    name: str
    new_name: str | None = None
    content: bytes | None = None

    def __str__(self) -> str:
        return f"{self.name}: deleted" if self.new_name is None else f"{self.name} -> {self.new_name}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A take and the request that is to be its from now on."""

    place: str
    name: str
    old: Take
    new: Take

    @property
    def differences(self) -> list[Difference]:
        """What differs between the two requests."""
        return differences(canonical_of(self.old)["body"], canonical_of(self.new)["body"])


def is_of_a_take(name: str, take: Take) -> bool:
    """Whether a file that holds a take is named as one, and by its own fingerprint."""
    found = A_TAKE.fullmatch(name)
    return found is not None and take.fingerprint.startswith(found["fingerprint"])


def played_in(file: Path, tape: Tape) -> set[str]:
    """Read the names of the takes of one tape that a run played; raises `OSError` if there is no such file."""
    found: set[str] = set()
    for line in file.read_text(errors="surrogateescape").split("\n"):
        place, _, name = line.rpartition("\t")
        if tape.store.place in {place, os.path.realpath(place)}:
            found.add(name)
    return found


def prune_plan(tape: Tape, played: Collection[str]) -> list[Step]:
    """Plan to delete the takes that were not played (a partial one never is), and to close the gaps."""
    mine = [name for name, take in tape.takes() if is_of_a_take(name, take)]
    gone = [name for name in mine if name not in played]
    return [*map(Step, gone), *closing(tape, [name for name in mine if name in played], gone)]


def closing(tape: Tape, names: Iterable[str], gone: Collection[str] = ()) -> list[Step]:
    """Plan to number the takes of each request from one on: the look-up ends at the first that is missing.

    Args:
        tape: The tape.
        names: The takes that will be there.
        gone: The takes that will not. Any other file that is named as a take keeps its name, and its number.

    """
    mine = set(names)
    listed = {*tape.names(), *mine}.difference(gone)
    left: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(name for name in listed if A_TAKE.fullmatch(name)):
        left[name.partition("-")[2]].append(name)
    steps: list[Step] = []
    for rest, kept in left.items():
        if mine.issuperset(kept):
            numbered = ((name, f"{number:03d}-{rest}") for number, name in enumerate(sorted(kept, key=_number), 1))
            steps += [Step(name, wanted) for name, wanted in numbered if name != wanted]
    return steps


def carry_out(tape: Tape, steps: Iterable[Step]) -> None:
    """Do what was planned, in order.

    Raises:
        RecordingError: Somebody has changed the tape since.
        OSError: A file cannot be written.

    """
    for step in steps:
        if step.new_name is not None:
            content = step.content if step.content is not None else tape.store.read(step.name)
            if not tape.store.create(step.new_name, content):
                raise RecordingError(
                    f"{step.new_name} is there by now, so {step.name} and what follows stayed as it was."
                )
        tape.store.delete(step.name)


def pairs_in(file: Path) -> list[Pair]:
    """Read what a run under `rekey` paired; of a take that several processes paired, the first."""
    found: dict[tuple[str, str], Pair] = {}
    for line in filter(None, file.read_text().split("\n")) if file.exists() else ():
        said = json.loads(line)
        place = said["tape"], said["name"]
        old = Tape(store_at(place[0])).peek(place[1])
        if old is not None and place not in found and is_of_a_take(place[1], old):
            found[place] = Pair(*place, old, _renewed(old, TakeRequest.model_validate(said["request"])))
    return list(found.values())


def rekey_plan(tape: Tape, pairs: Iterable[Pair]) -> list[Step]:
    """Plan to write takes under their new requests, and to close the gaps that they leave."""
    mine = {name for name, take in tape.takes() if is_of_a_take(name, take)}
    taken = set(tape.names())
    steps: list[Step] = []
    for pair in pairs:
        key, number = key_of(canonical_of(pair.new)), 1
        while key.name(number) in taken:
            number += 1
        taken.add(key.name(number))
        steps.append(Step(pair.name, key.name(number), write_take(pair.new)))
    gone = {step.name for step in steps}
    new = {step.new_name for step in steps if step.new_name is not None}
    return [*steps, *closing(tape, (mine - gone) | new, gone)]


def _number(name: str) -> int:
    return int(name.partition("-")[0])


def _renewed(old: Take, request: TakeRequest) -> Take:
    made = old.model_copy(update={"request": request})
    return made.model_copy(update={"fingerprint": key_of(canonical_of(made)).fingerprint})
