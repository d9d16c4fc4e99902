"""Says of a request that no recording answers which recordings came near, why they were not taken, and what to do.

Knows: tapes and the facts errors are built from. Must not know: what becomes of the request.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.folders import absent, import_advice
from llm_intercept.engine import loosening
from llm_intercept.engine.across import Across, UnknownBeforeError, is_conversation
from llm_intercept.engine.explain import facts_of
from llm_intercept.engine.remedy import advice
from llm_intercept.engine.reread import api_of_take
from llm_intercept.facts import TakeFacts, Unmatched
from llm_intercept.recording.compare import differences, distance
from llm_intercept.recording.tape import SHORT, is_partial

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.engine.decide import Case
    from llm_intercept.engine.recorder import Recorder
    from llm_intercept.recording.sanitize import SanitizedRequest
    from llm_intercept.recording.take import Take
    from llm_intercept.recording.tape import Key

NEAREST = 2
MEND = (
    "Nothing else is played in its place. Restore the file, for example from version control, or delete it and record\n"
    "it again; 'llm-intercept recordings check' lists all that cannot be read."
)
LOOKED_AT = 500  # takes that are read to find the nearest: a miss in a tape of 100,000 answers within a second


def no_recording(recorder: Recorder, case: Case) -> Unmatched:
    """Say why no take answers a request."""
    sought, key = recorder.sought(case)
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
    own = tuple(_own(recorder, sought, key))
    for more in () if own and recorder.recordings.matching.is_across_apis else loosening.ACROSS:
        elsewhere = of_another_api(recorder, case, sought, more)
        if elsewhere:
            loosened = loosening.across(recorder.recordings, more)
            return Unmatched(facts_of(case), problem, (), loosened + advice(recorder), takes=elsewhere)
    near = (*own, *_nearest(recorder, case, sought))
    if not near:
        problem += f" {_nothing_in(str(recorder.recordings.location))}"
    read = [take for one in near[:NEAREST] if (take := recorder.tape.peek(one.name)) is not None]
    loosened = loosening.advice(recorder.recordings, sought, read)
    loosened = loosened or loosening.secret_advice(recorder.recordings, sought, read)
    remedy = loosened + advice(recorder, is_empty=not near)
    return Unmatched(facts_of(case), problem, (), remedy, takes=near[:NEAREST])


def _nothing_in(location: str) -> str:
    """Say why there is nothing to play, as where the name of a folder is misspelt."""
    why = absent(location)
    if why:
        return f"{why[0].upper()}{why[1:]}"
    advice = import_advice(location)
    return f"There are no recordings in it, but cassettes: {advice}" if advice else "There are no recordings in it."


def _of_another(recorder: Recorder, case: Case, key: Key) -> Iterator[TakeFacts]:
    """Say of a take of this very request that it continues another answer."""
    coming = recorder.tape.coming(key)
    if coming is not None and not recorder.follows(case, coming[1].request):
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


def of_another_api(
    recorder: Recorder, case: Case, sought: SanitizedRequest, more: tuple[str, ...]
) -> tuple[TakeFacts, ...]:
    """Say of takes of other APIs that they hold the same conversation, where they may not answer but for `more`."""
    match = recorder.recordings.matching
    ignored = loosening.ignoring(match, more)
    if match.key is not None or ignored == match.ignore or not is_conversation(case.dialect):
        return ()
    wider = Across(replace(match, ignore=ignored), recorder.recordings.redacting)
    found: list[TakeFacts] = []
    with suppress(UnknownBeforeError):
        asked = wider.of_asked(sought, case.shelves.stores)
        for name, take in _like(recorder, sought):
            api = api_of_take(take.request)
            if api is not case.dialect and is_conversation(api) and _said_in(wider, take) == asked:
                asks = f"{case.dialect.name} is asked"
                asks += f", of the model {case.request.model!r}" if loosening.MODEL in more else ""
                found.append(TakeFacts(name, f"it was recorded over {api.name}, and {asks}"))
    return tuple(found[:NEAREST])


def _said_in(wider: Across, take: Take) -> dict[str, Any] | None:
    try:
        return wider.of_take(take)
    except UnknownBeforeError:
        return None


def _like(recorder: Recorder, sought: SanitizedRequest) -> Iterator[tuple[str, Take]]:
    """Read takes; in a large tape, those with the same words first."""
    names = sorted(recorder.tape.names(), key=lambda name: (sought.key.slug not in name, name))
    for name in names[:LOOKED_AT]:
        take = recorder.tape.peek(name)
        if take is not None and not is_partial(name):
            yield name, take


def _nearest(recorder: Recorder, case: Case, sought: SanitizedRequest) -> list[TakeFacts]:
    """Find the takes that differ least."""
    found: list[tuple[float, TakeFacts]] = []
    now = recorder.said_now(sought, case)
    for name, take in _like(recorder, sought):
        differing = differences(recorder.said_then(take), now)
        if differing:
            facts = TakeFacts(name, _reason(len(differing)), tuple(_said(str(one)) for one in differing))
            found.append((distance(differing), facts))
    return [facts for _, facts in sorted(found, key=lambda one: one[0])[:NEAREST]]


def _reason(count: int) -> str:
    return "one field differs" if count == 1 else f"{count} fields differ"


def _said(difference: str) -> str:
    return difference.removeprefix("body.")
