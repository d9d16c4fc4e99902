"""What differs between two takes or two tapes: each take is held against the one that asked the same there.

Knows: tapes, takes, the neutral vocabulary. Must not know: any API's JSON, terminals.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.engine.reread import read_request
from llm_intercept.model.parts import Reasoning, Refusal, Text, ToolCall
from llm_intercept.recording.bodies import answer_values
from llm_intercept.recording.compare import ABSENT, Difference, differences
from llm_intercept.recording.pairing import paired
from llm_intercept.recording.sameness import CHANGING_FIELDS, CHANGING_HEADERS
from llm_intercept.recording.take import document_of, read_take
from llm_intercept.recording.volatile import ON_REQUEST, VOLATILE
from llm_intercept.tapetools.listing import in_order, question_of
from llm_intercept.tapetools.locate import log_in_words, none_at, one_take, tapes_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.recording.take import Take
    from llm_intercept.recording.tape import Tape
    from llm_intercept.replies.reply import Reply

PASSING = re.compile(r"fingerprint|recorded_at|versions\b.*|response\.after_ms|response\.events\[\d+\]\.gap_ms")
"""What is another each time a request is made, or follows from what is."""
IDENTIFIER = re.compile("|".join((VOLATILE["uuid"], VOLATILE["call"])))
TIME = re.compile("|".join((VOLATILE["time"], ON_REQUEST["epoch"])))
HEADER = re.compile(r"(?:request|response)\.headers\.(?P<name>.+)")
ANSWER = "answer"
Named = tuple[str, "Take"]


class Takes(NamedTuple):
    """What a tape holds: its takes in order, and files that cannot be read, with what is wrong."""

    takes: list[Named]
    problems: list[tuple[str, str]]


class Place(NamedTuple):
    """What is at a place: tapes, by what their own places end with; or one take."""

    tapes: dict[str, Takes]
    take: Named | None = None


NO_TAKES = Takes([], [])


@dataclass(frozen=True, slots=True)
class Change:
    """A take that differs, or that only one side has.

    Attributes:
        was: Where it is on the first side; empty if it is not there.
        now: Where it is on the second side; empty if it is not there.
        question: The beginning of what was asked.
        fields: What differs: of the answer what is said, or its fields where these alone do.
        passing: What differs and is another each time anyway: times, versions, ids of requests.
        problem: Why a file cannot be read; empty of a take.

    """

    was: str
    now: str
    question: str
    fields: tuple[Difference, ...] = ()
    passing: tuple[Difference, ...] = ()
    problem: str = ""

    @property
    def is_lasting(self) -> bool:
        """Whether more differs than what is another each time anyway."""
        return bool(self.fields or self.problem) or not (self.was and self.now)

    def as_json(self) -> dict[str, Any]:
        """Say it as JSON."""
        fields = [_field(one) for one in (*self.fields, *self.passing)]
        said = {"was": self.was, "now": self.now, "question": self.question, "differences": fields}
        return {**said, "problem": self.problem} if self.problem else said


def changes(one: str, other: str) -> Iterator[Change]:
    """Compare two takes, or all takes of two tapes, or of two folders of tapes.

    Args:
        one: A file, a folder or URL, or a folder and a part of a take's name.
        other: The same.

    Raises:
        LookupError: There are no recordings at a place, or several takes where one is meant, or a take and a tape.
        DamagedTakeError: A file that is named is no take.

    """
    was, now = at_place(one), at_place(other)
    if was.take is not None and now.take is not None:
        yield from filter(None, (_compared(was.take, now.take),))
    elif was.take is not None or now.take is not None:
        raise LookupError(f"{one} and {other} are a take and a tape; give two takes, or two tapes.")
    for left, right in tapes_paired(was.tapes, now.tapes):
        yield from _of_tapes(was.tapes.get(left, NO_TAKES), now.tapes.get(right, NO_TAKES))


def at_place(place: str) -> Place:
    """Find what is at a place."""
    path = Path(place)
    if path.is_file():
        if a_log := log_in_words(path):
            raise LookupError(f"there are no recordings in {place}: {a_log}")
        return Place({}, (place, read_take(path.read_bytes(), path.name)))
    found = {location.removeprefix(place): (location, tape) for location, tape in tapes_at([place])}
    return Place({end: _read(*one) for end, one in found.items()}) if found else Place({}, _part_of_a_name(place))


def _read(location: str, tape: Tape) -> Takes:
    takes = [(f"{location}/{name}", take) for name, take in in_order(tape)]
    return Takes(takes, [(f"{location}/{name}", why) for name, why in sorted(tape.problems.items())])


def _part_of_a_name(place: str) -> Named:
    """Find the take that is meant by a tape and a part of a name, or a number."""
    folder, _, meant = place.rstrip("/").rpartition("/")
    tapes = list(tapes_at([folder])) if folder else []
    if len(tapes) != 1:
        raise LookupError(none_at(place))
    location, tape = tapes[0]
    _, (name, take) = one_take(tape, list(enumerate(in_order(tape), 1)), meant)
    return f"{location}/{name}", take


def tapes_paired(was: Iterable[str], now: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Pair tapes by where they are; two that are alone are a pair, whatever they are called."""
    lefts, rights = list(was), list(now)
    if len(lefts) == len(rights) == 1:
        yield lefts[0], rights[0]
    else:
        yield from ((end, end) for end in sorted({*lefts, *rights}))


def _of_tapes(was: Takes, now: Takes) -> Iterator[Change]:
    pairs = paired((take.request for _, take in was.takes), (take.request for _, take in now.takes))
    for left, right in pairs:
        one = None if left is None else was.takes[left]
        other = None if right is None else now.takes[right]
        yield from filter(None, (_compared(one, other),))
    yield from (Change(name, "", "", problem=why) for name, why in was.problems)
    yield from (Change("", name, "", problem=why) for name, why in now.problems)


def _compared(was: Named | None, now: Named | None) -> Change | None:
    """Compare two takes; None if they are the same."""
    there = now or was
    if there is None:
        return None
    question = question_of(read_request(there[1].request)[1])
    change = Change(was[0] if was else "", now[0] if now else "", question)
    if was is None or now is None:
        return change
    found = list(_between(was[1], now[1]))
    passing = tuple(one for one in found if _is_passing(one))
    fields = tuple(one for one in found if one not in passing)
    return replace(change, fields=fields, passing=passing) if found else None


def _between(was: Take, now: Take) -> Iterator[Difference]:
    """Give what differs: what answers say, or where they say the same, or cannot be read, their fields."""
    said_was, said_now = _said(was), _said(now)
    answers = differences(said_was, said_now, ANSWER) if said_was and said_now else []
    for one in differences(document_of(was), document_of(now)):
        if not (answers and one.path.startswith(("response.body", "response.events", "response.text"))):
            yield one
    yield from answers


def _said(take: Take) -> Any:
    """Say an answer in neutral words; nothing where it cannot be read back."""
    dialect, _ = read_request(take.request)
    replies = [_reply(one) for one in dialect.recorded.replies(answer_values(take.response))]
    return replies[0] if len(replies) == 1 else replies


def _reply(reply: Reply) -> dict[str, Any]:
    said: defaultdict[str, str] = defaultdict(str)
    for part in reply.parts:
        if isinstance(part, Text | Reasoning | Refusal):
            said[type(part).__name__.lower()] += part.text
    calls = [{"name": one.name, "arguments": one.arguments} for one in reply.parts if isinstance(one, ToolCall)]
    return {**said, **({"calls": calls} if calls else {}), "finish": reply.finish_reason}


def _is_passing(one: Difference) -> bool:
    header = HEADER.fullmatch(one.path)
    if header is not None:
        return any(fnmatchcase(header["name"], each) for each in CHANGING_HEADERS)
    return PASSING.fullmatch(one.path) is not None or (one.path.startswith("response.") and _is_made_anew(one))


def _is_made_anew(one: Difference) -> bool:
    """Whether an API says a value anew each time: an id or a time on both sides, or padding."""
    name = one.path.rpartition(".")[2]
    sides = [str(side) for side in (one.was, one.now)]
    is_id = name.lower().endswith("id") and all(map(IDENTIFIER.fullmatch, sides))
    return is_id or all(map(TIME.fullmatch, sides)) or name in CHANGING_FIELDS


def _field(one: Difference) -> dict[str, Any]:
    sides = {"was": one.was, "now": one.now}
    return {"path": one.path, **{side: value for side, value in sides.items() if value is not ABSENT}}
