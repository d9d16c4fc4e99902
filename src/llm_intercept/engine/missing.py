"""Says of a request that no recording answers which recordings came near, why they were not taken, and what to do.

Knows: tapes and the facts errors are built from. Must not know: what becomes of the request.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.base.json import mapping
from llm_intercept.engine import loosening
from llm_intercept.engine.explain import facts_of
from llm_intercept.facts import TakeFacts, Unmatched
from llm_intercept.recording.compare import differences, distance
from llm_intercept.recording.tape import SHORT, canonical_of, is_partial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.engine.decide import Case
    from llm_intercept.engine.recorder import Recorder
    from llm_intercept.recording.sanitize import SanitizedRequest
    from llm_intercept.recording.tape import Key

NEAREST = 2
MEND = (
    "Nothing else is played in its place. Restore the file, for example from version control, or delete it and record\n"
    "it again; 'llm-intercept recordings check' lists all that cannot be read."
)
LOOKED_AT = 500  # takes that are read to find the nearest: a miss in a tape of 100,000 answers within a second


def no_recording(recorder: Recorder, case: Case) -> Unmatched:
    """Say why no take answers a request."""
    sought, key = recorder.sought(case.head, case.request)
    location = recorder.tape.store.location
    problem = f"llm-intercept: no recording in {location} answers this request."
    damaged = tuple(TakeFacts(name, f"it is damaged: {why}") for name, why in recorder.tape.damaged(key).items())
    if damaged:
        return Unmatched(
            facts_of(case),
            f"llm-intercept: a recording in {location} that this request needs is damaged.",
            (),
            MEND,
            takes=damaged,
        )
    other = tuple(_of_another(recorder, case, key))
    if other:
        return Unmatched(facts_of(case), problem, (), advice(recorder), takes=other)
    near = (*_own(recorder, sought, key), *_nearest(recorder, sought))
    if not near:
        problem += " There are no recordings in it."
    read = filter(None, (recorder.tape.peek(one.name) for one in near[:NEAREST]))
    loosened = loosening.advice(recorder.recordings, sought, read)
    return Unmatched(facts_of(case), problem, (), loosened + advice(recorder), takes=near[:NEAREST])


def advice(recorder: Recorder) -> str:
    """Say how the request is recorded."""
    location = shlex.quote(str(recorder.recordings.location))
    command = f"LLM_INTERCEPT=auto LLM_INTERCEPT_RECORDINGS={location} {_command()}"
    why = " (in CI mode 'auto' records nothing)" if recorder.mode == "auto" else ""
    return (
        f"Record it{why}: mode='auto' instead of the code's mode='replay', --llm-mode auto for pytest's llm_mock,"
        "\nor, for a program that says nothing:\n"
        f"  {command}\n"
        f"If only the prompt changed, keep the old answer without paying: llm-intercept recordings rekey {location} -- "
        f"{_command()}"
    )


def _command() -> str:
    """Say how this program was started, as far as that can be told."""
    program = Path(sys.argv[0] if sys.argv and sys.argv[0] not in {"", "-c"} else "app.py")
    if program.name == "app.py":
        return "python app.py"
    module = program.name == "__main__.py"
    return shlex.join(["python", *(["-m", program.parent.name] if module else [str(program)]), *sys.argv[1:]])


def _of_another(recorder: Recorder, case: Case, key: Key) -> Iterator[TakeFacts]:
    """Say of a take of this very request that it continues another answer."""
    coming = recorder.tape.coming(key)
    if coming is not None and not case.dialect.follows(case.request, mapping(coming[1].request.body)):
        yield TakeFacts(
            coming[0], "it continues another answer: what was answered before has changed since it was recorded"
        )


def _own(recorder: Recorder, sought: SanitizedRequest, key: Key) -> Iterator[TakeFacts]:
    """Say of the takes of this very request why they are not played."""
    taken = recorder.tape.taken(key)
    if taken:
        times = "once, and it has" if taken == 1 else f"{taken} times, and they have"
        reason = f"it was recorded {times} been played; Recordings(…, repeat_last=True) plays the last again"
        yield TakeFacts(sought.key.name(taken), reason)
    short = sought.key.fingerprint[:SHORT]
    for name in recorder.tape.names():
        if short in name and is_partial(name):
            yield TakeFacts(name, "it is partial: the stream was not read to its end when it was recorded")
        elif short in name and name > sought.key.name(taken + 1):
            yield TakeFacts(name, f"the take before it, {sought.key.name(taken + 1)}, is missing")


def _nearest(recorder: Recorder, sought: SanitizedRequest) -> list[TakeFacts]:
    """Find the takes that differ least; in a large tape, among those with the same words first."""
    tape = recorder.tape
    names = sorted(tape.names(), key=lambda name: (sought.key.slug not in name, name))
    found: list[tuple[float, TakeFacts]] = []
    for name in names[:LOOKED_AT]:
        take = tape.peek(name)
        if take is None or is_partial(name):
            continue
        differing = differences(canonical_of(take), sought.canonical)
        if differing:
            facts = TakeFacts(name, _reason(len(differing)), tuple(_said(str(one)) for one in differing))
            found.append((distance(differing), facts))
    return [facts for _, facts in sorted(found, key=lambda one: one[0])[:NEAREST]]


def _reason(count: int) -> str:
    return "one field differs" if count == 1 else f"{count} fields differ"


def _said(difference: str) -> str:
    return difference.removeprefix("body.")
