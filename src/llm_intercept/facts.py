"""What happened, as typed facts that say themselves: a request, a rule that did not answer, a recording not played.

Knows: words. Must not know: HTTP libraries, rules, dialects; they hand over facts as plain values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from llm_intercept.shown import HIDDEN, hidden, indented, may_be_alike, shorten, visible

SHOWN_RULES = 3
HELD = 0.5  # what a condition that holds counts in a rule's favour, against 1.0 for one that fails
SHOWN_DIFFERENCES = 8
MAY_DIFFER = (
    f"{HIDDEN} stands for what looks like a secret, and may be what differs; "
    "llm.calls.last.request.raw has it as it was sent"
)


@dataclass(frozen=True, slots=True, repr=False)
class _Facts:
    """Facts that a test may print: it sees what they have, without what looks like a secret."""

    def __repr__(self) -> str:
        values = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self))
        return visible(f"{type(self).__name__}({values})")


@dataclass(frozen=True, slots=True, repr=False)
class RequestFacts(_Facts):
    """A request in short, for messages; its URL is one that may be shown."""

    method: str
    url: str
    model: str = ""
    last_user: str = ""
    tools: tuple[str, ...] = ()
    stream: bool = False

    def __str__(self) -> str:
        lines = [visible(f"{self.method} {self.url}")]
        if self.model:
            lines.append(f"  model:     {visible(self.model)}{' (stream)' if self.stream else ''}")
        if self.last_user:
            lines.append(f"  last user: {shorten(self.last_user)}")
        if self.tools:
            lines.append(f"  tools:     {visible(', '.join(self.tools))}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, repr=False)
class Verdict(_Facts):
    """What a condition says of a request, and why.

    Attributes:
        holds: Whether the request fulfils the condition.
        subject: What of the request is looked at: `model`, `user`, `json.temperature`.
        expected: What the condition asks for.
        got: What the request has.
        hint: What the user may have meant, if that can be guessed.
        distance: How far the request is from fulfilling it: 0.0 (it does) to 1.0.
        also: What else is not as it asks for, where it looks at several places.
        unsaid: Of how many more places nothing is said.

    """

    holds: bool
    subject: str
    expected: str
    got: str
    hint: str = ""
    distance: float = 1.0
    also: tuple[Verdict, ...] = ()
    unsaid: int = 0

    def __str__(self) -> str:
        every = (self, *self.also)
        lines = [line for verdict in every for line in _compared(verdict)]
        more = [f"… and at {self.unsaid} more places"] if self.unsaid else []
        note = [f"hint: {MAY_DIFFER}"] if any(map(_hides, every)) else []
        return "\n".join([*lines, *more, *note])


def _compared(verdict: Verdict) -> list[str]:
    pad = " " * (len(verdict.subject) + 2)
    lines = [f"{verdict.subject}: expected {verdict.expected}", f"{pad}got      {verdict.got}"]
    return [*lines, f"{pad}hint: {verdict.hint}"] if verdict.hint else lines


def _hides(verdict: Verdict) -> bool:
    """Whether a secret is not shown, and what is shown of two texts does not say where they differ."""
    expected, got = hidden(verdict.expected), hidden(verdict.got)
    return not verdict.holds and HIDDEN in f"{expected}{got}" and may_be_alike(expected, got)


@dataclass(frozen=True, slots=True, repr=False)
class RuleFacts(_Facts):
    """A rule that did not answer: its text, its place, the conditions that fail, how many hold, and why it did not."""

    rule: str
    where: str
    failed: tuple[Verdict, ...] = ()
    held: int = 0
    reason: str = ""

    @property
    def distance(self) -> float:
        """How far the request is from it: the sum of its conditions' distances, less a little for each that holds."""
        if not self.failed:
            return -math.inf
        return sum(verdict.distance for verdict in self.failed) - HELD * self.held

    def __str__(self) -> str:
        lines = [self.rule, f"  at {self.where}"]
        for verdict in self.failed:
            lines += indented(str(verdict), 2)
        if self.held and self.failed:
            lines.append(f"  ({self.held} of its {self.held + len(self.failed)} conditions hold{_s(self.held)})")
        if self.reason:
            lines += indented(self.reason, 2)
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, repr=False)
class TakeFacts(_Facts):
    """A recorded exchange that was not played: its file, why not, and the fields that differ."""

    name: str
    reason: str
    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            visible(f"{self.name}: {self.reason}"),
            *(visible(f"  {one}") for one in self.differences[:SHOWN_DIFFERENCES]),
        ]
        more = len(self.differences) - SHOWN_DIFFERENCES
        return "\n".join([*lines, f"  and {more} more"] if more > 0 else lines)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an interceptor answers nothing that its rules do not answer, and what to do."""

    problem: str
    advice: str


@dataclass(frozen=True, slots=True, repr=False)
class Unmatched(_Facts):
    """One request that nothing answered, with what is needed to explain it; `str()` of it is the explanation.

    Attributes:
        request: The request in short: `method`, `url`, `model`, `last_user`, `tools`, `stream`.
        problem: What happened.
        rules: Rules that came near, each with its place and the conditions that fail.
        advice: What to do.
        headed: Whether a heading stands above the rules.
        count: How many rules there are.
        takes: Recorded exchanges that came near, each with the fields that differ.

    """

    request: RequestFacts
    problem: str
    rules: tuple[RuleFacts, ...] = ()
    advice: str = ""
    headed: bool = True
    count: int = 0
    takes: tuple[TakeFacts, ...] = ()

    def __str__(self) -> str:
        lines = [self.problem, *indented(str(self.request), 2)]
        nearest = sorted(self.rules, key=lambda rule: rule.distance)[:SHOWN_RULES]
        if nearest and self.headed:
            lines.append(_heading(len(nearest), max(self.count, len(self.rules))))
        for number, rule in enumerate(nearest, 1):
            lines += indented(f"{number}. {rule}" if self.headed else str(rule), 2)
        if self.takes:
            lines.append("the nearest recording:" if len(self.takes) == 1 else "the nearest recordings:")
        for take in self.takes:
            lines += indented(str(take), 2)
        return visible("\n".join([*lines, self.advice] if self.advice else lines), lines=True)


def _heading(shown: int, count: int) -> str:
    if shown < count:
        return f"the nearest {shown} of {count} rules:"
    return "the rule tried:" if count == 1 else f"the {count} rules tried, the nearest first:"


def _s(count: int) -> str:
    """The ending of a verb's third person: `1 holds`, `2 hold`."""
    return "s" if count == 1 else ""


@dataclass(frozen=True, slots=True)
class RedactedFacts:
    """What of an answer redaction changed: the field, and why; never what it was."""

    path: str
    kind: str

    def __str__(self) -> str:
        return f"{self.path}: {self.kind}"


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """Where a secret is kept in a tape: the file, the field, and what kind of secret it is; never the secret."""

    name: str
    path: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name}: {self.path}: {self.kind}"
