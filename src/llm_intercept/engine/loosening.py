"""Says by which setting a recording would answer a request that differs only in what changes, or in a secret's mark.

Knows: takes, and what `Recordings` can be told. Must not know: how the nearest take is found.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from llm_intercept.recording.compare import differences
from llm_intercept.recording.fingerprint import API
from llm_intercept.recording.tape import canonical_of, canonical_of_request
from llm_intercept.recording.volatile import ON_REQUEST, VOLATILE
from llm_intercept.secrets.looks import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.recording.config import Recordings
    from llm_intercept.recording.fingerprint import Match
    from llm_intercept.recording.sanitize import SanitizedRequest
    from llm_intercept.recording.take import Take

MODEL = "$.model"
ACROSS = ((API,), (API, MODEL))
"""What may be ignored beside, so that a take of another API answers: of another maker's there is another model."""
MORE = [names for size in range(1, len(ON_REQUEST) + 1) for names in combinations(ON_REQUEST, size)]
"""What may be taken for what changes, the least first."""


def setting(recordings: Recordings, sought: SanitizedRequest, takes: Iterable[Take]) -> str:
    """Write the setting that lets one of the takes answer; empty if there is none."""
    match = recordings.matching
    if match.key is not None or not isinstance(match.volatile, tuple):
        return ""
    near = [take for take in takes if not _same(match, take, sought)]  # one that is the same has been played
    for names in MORE:
        wider = replace(match, volatile=tuple(dict.fromkeys((*match.volatile, *names))))
        if any(_same(wider, take, sought) for take in near):
            given = f", ignore={_said(match.ignore)!r}" if match.ignore else ""
            return f"Recordings({str(recordings.location)!r}{given}, volatile={wider.volatile!r})"
    return ""


def _same(match: Match, take: Take, sought: SanitizedRequest) -> bool:
    """Whether a take and a request have the same key."""
    return canonical_of(take, match) == canonical_of_request(sought.request, match)


def advice(recordings: Recordings, sought: SanitizedRequest, takes: Iterable[Take]) -> str:
    """Say what to do where only what changes with the time differs; empty where more does."""
    found = setting(recordings, sought, takes)
    return f"Only a date or a time differs. Let that make no difference: recordings={found}\n" if found else ""


def secret_advice(recordings: Recordings, sought: SanitizedRequest, takes: Iterable[Take]) -> str:
    """Say what to do where a request has in clear what the tape has a mark for; empty where more differs.

    When it was recorded, an answer before it had said the secret, which was then looked for in all that came. On the
    tape it stands nowhere, so in replay nobody knows it.
    """
    match = recordings.matching
    if match.key is not None or not any(_has_mark_for(match, take, sought) for take in takes):
        return ""
    return (
        "Only what the tape has [redacted] for differs. When that was recorded, an answer had said it as a secret; now "
        "the program\nhas it from elsewhere. Name it, so that it is always taken out: "
        f"recordings=Recordings({str(recordings.location)!r}, redaction=Redaction(patterns=(…,)))\n"
    )


def _has_mark_for(match: Match, take: Take, sought: SanitizedRequest) -> bool:
    found = differences(canonical_of(take, match), canonical_of_request(sought.request, match))
    return bool(found) and all(
        isinstance(one.was, str) and isinstance(one.now, str) and is_marked(one.was, one.now) for one in found
    )


def is_marked(was: str, now: str) -> bool:
    """Whether a text is another one with marks in it; a pattern of many marks would take for ever."""
    first, *between = was.split(MARK)
    if not between or not now.startswith(first):
        return False
    *between, last = between
    at = len(first)
    for piece in between:
        found = now.find(piece, at + 1)
        if found < 0:
            return False
        at = found + len(piece)
    return now.endswith(last) and len(now) - len(last) > at


def ignoring(match: Match, more: tuple[str, ...]) -> tuple[str, ...]:
    """Return what is ignored, and more of it."""
    return tuple(dict.fromkeys((*match.ignore, *more)))


def across(recordings: Recordings, more: tuple[str, ...]) -> str:
    """Say by which setting, which ignores more, a recording of another API answers."""
    match, place = recordings.matching, str(recordings.location)
    ignored = ignoring(match, more)
    changing = "" if match.volatile == tuple(VOLATILE) else f", volatile={match.volatile!r}"
    setting = f"recordings=Recordings({place!r}, ignore={_said(ignored)!r}{changing})"
    return f"The same conversation over another API. Let it answer: {setting}\n"


def _said(ignored: tuple[str, ...]) -> str | tuple[str, ...]:
    return ignored[0] if len(ignored) == 1 else ignored
