"""What a report's page is given: a head with a row a call, and a detail a call, as plain JSON.

What is empty, false, 0 or None is left out of the JSON, to be small; the page puts it in again.

Knows: the fields and their units. Must not know: calls, takes, HTML.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticSerializationError

from llm_intercept.base.json import encode

VERSION = 1
PER_CHUNK = 50
"""So many details are packed together, and unpacked when one of them is looked at."""

ReportKind = Literal["calls", "takes", "live", "difference"]
PartKind = Literal["text", "reasoning", "tool_call", "tool_result", "refusal", "media", "citation", "other"]


def _sayable(value: object) -> object:
    """Write a lone surrogate, which UTF-8 cannot say, as its escape."""
    if isinstance(value, str) and not value.isascii():
        return value.encode(errors="backslashreplace").decode()
    return value


Said = Annotated[str, BeforeValidator(_sayable)]


class Plain(BaseModel):
    """A value of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    def as_json(self) -> str:
        """Write it down, without what has its default; what JSON in UTF-8 cannot say becomes U+FFFD."""
        try:
            return self.model_dump_json(exclude_defaults=True)
        except PydanticSerializationError:  # a lone surrogate in a value that a client sent
            return encode(self.model_dump(exclude_defaults=True)).decode()


class Side(Plain):
    """What a report is of; a difference has two."""

    name: Said = ""
    note: Said = ""


class Row(Plain):
    """What is shown of every call at once.

    Attributes:
        n: Its number, from 0: its place among the rows.
        side: The number of its side, from 0.
        test: The id of the test that made it; empty outside of tests.
        name: The name of its take.
        api: The API that was asked, as `LLMRequest.api` has it.
        model: The model that was asked.
        stream: Whether a stream was asked for.
        question: The beginning of what the user said last.
        answer: The beginning of what was answered.
        source: Where the answer came from, as `Call.source` has it; `take` of one on a tape.
        rule: The rule that answered.
        where: Where that was written.
        status: The HTTP status; 0 where there was no answer.
        outcome: The status, and what the answer ended with where it did not end well.
        failed: Whether it ended with an error.
        attempt: 1 for a request's first sending, 2 for its first retry.
        retry_of: The number of the call that it tries again.
        turn: Which answer of its conversation is asked for, from 1.
        input_tokens: Of the prompt.
        output_tokens: Of the answer.
        cost: US dollars at list prices; None where they are not known.
        started: Simulated seconds at which it came, since its interceptor was made; of a take, since the first take.
        real_started: The same moment in Unix seconds.
        first: Simulated seconds from there to the answer's first byte.
        duration: Simulated seconds from there to its last byte.
        real_duration: Real seconds from there to its last byte.
        chunks: How many pieces the answer came in; None of what came in one.
        faults: What went wrong on purpose.
        url: Where it was sent; credentials are taken out.
        method: The HTTP method.
        recorded_at: When a take was made, ISO 8601.
        under_way: Whether it has not ended: what is told of its answer is what has come so far.

    """

    n: int
    side: int = 0
    test: Said = ""
    name: Said = ""
    api: Said = ""
    model: Said = ""
    stream: bool = False
    question: Said = ""
    answer: Said = ""
    source: str = ""
    rule: Said | None = None
    where: Said | None = None
    status: int = 0
    outcome: Said = ""
    failed: bool = False
    attempt: int
    retry_of: int | None = None
    turn: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    started: float = 0.0
    real_started: float | None = None
    first: float | None = None
    duration: float = 0.0
    real_duration: float | None = None
    chunks: int | None = None
    faults: tuple[Said, ...] = ()
    url: Said = ""
    method: Said = ""
    recorded_at: Said | None = None
    under_way: bool = False


class Part(Plain):
    """A part of a message or an answer: of its fields those that its kind has.

    `data` is a `data:` URL, or empty where the content is elsewhere (`url`) or was left out; `raw` what the API has
    and we have no word for, as JSON text.
    """

    kind: PartKind
    text: Said = ""
    name: Said = ""
    arguments: Said = ""
    id: Said = ""
    is_error: bool = False
    mime: Said = ""
    media: str = ""
    data: Said = ""
    url: Said = ""
    title: Said = ""
    raw: Said = ""


class Message(Plain):
    """A message of a conversation: who says it (`system`, `user`, `assistant`, `tool`, …), and what."""

    role: Said = ""
    name: Said = ""
    parts: tuple[Part, ...] = ()


class OfferedTool(Plain):
    """A tool that a request offers; `parameters` is the JSON schema of its arguments."""

    name: Said = ""
    type: Said
    description: Said = ""
    parameters: Any = None


class Spent(Plain):
    """The tokens of a call; see `Usage`."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Choice(Plain):
    """One choice of an answer; most answers have one."""

    parts: tuple[Part, ...] = ()
    finish_reason: Said | None = None


class Told(Plain):
    """An answer as its API is read back: its choices, and the tokens it reports; `parts` are those of the first."""

    parts: tuple[Part, ...] = ()
    finish_reason: Said | None = None
    more: tuple[Choice, ...] = ()
    usage: Spent | None = None


class Moment(Plain):
    """An event of a stream, and the simulated seconds after the request when it was there."""

    at: float | None = None
    text: Said = ""


class Sent(Plain):
    """The request as it was sent, but for its secrets; `body` is JSON text, laid out, or what was sent instead."""

    method: Said = ""
    url: Said = ""
    headers: tuple[tuple[Said, Said], ...] = ()
    body: Said = ""


class Given(Plain):
    """The answer as it came, but for its secrets; `body` may be `base64:…`, and None where it is not kept."""

    status: int = 0
    headers: tuple[tuple[Said, Said], ...] = ()
    body: Said | None = None


class Failed(Plain):
    """A condition that a request does not fulfil."""

    condition: Said = ""
    expected: Said = ""
    got: Said = ""
    hint: Said = ""


class NearRule(Plain):
    """A rule that did not answer, and why not."""

    rule: Said = ""
    where: Said = ""
    failed: tuple[Failed, ...] = ()
    held: int = 0
    reason: Said = ""


class NearTake(Plain):
    """A take that was not played, why not, and what differs."""

    name: Said = ""
    reason: Said = ""
    differences: tuple[Said, ...] = ()


class Unanswered(Plain):
    """Why nothing answered: the explanation as it was told, the rules (the nearest first) and the takes it names."""

    text: Said = ""
    problem: Said = ""
    advice: Said = ""
    rules: tuple[NearRule, ...] = ()
    takes: tuple[NearTake, ...] = ()


class Detail(Plain):
    """What is shown of a call when it is looked at.

    Attributes:
        n: Its row's number.
        messages: The conversation, as it was sent.
        known: How many of the messages a call before it has told already, its answer included.
        continues: That call's number.
        tools: The tools that are offered.
        params: What else the body asks for.
        answer: What was answered, as its API is read; None where it cannot be read so.
        events: Of a stream, its events; None of any other answer.
        request: What was sent.
        response: What came; None where there was no answer, or it is not kept.
        error: What the call ended with.
        unmatched: Why nothing answered.
        retry_after: Simulated seconds that the client was told to wait.
        timeout: What the client waits for and how many seconds.
        partial: Why the take is not whole.

    """

    n: int
    messages: tuple[Message, ...] = ()
    known: int = 0
    continues: int | None = None
    tools: tuple[OfferedTool, ...] = ()
    params: dict[str, Any] = Field(default_factory=dict[str, Any])
    answer: Told | None = None
    events: tuple[Moment, ...] | None = None
    request: Sent = Sent()
    response: Given | None = None
    error: Said | None = None
    unmatched: Unanswered | None = None
    retry_after: float | None = None
    timeout: dict[str, float | None] | None = None
    partial: Said | None = None


class UsedRule(Plain):
    """A rule, and how often it answered."""

    number: int
    text: Said = ""
    where: Said = ""
    used: int = 0
    optional: bool = False
    test: Said = ""


class Pair(Plain):
    """A call of one side and the one of the other that it is; None where there is none.

    Attributes:
        left: The number of the row on the first side.
        right: That of the row on the second.
        same: Whether they say the same.
        what: What differs, a line each.

    """

    left: int | None = None
    right: int | None = None
    same: bool = False
    what: tuple[Said, ...] = ()


class Problem(Plain):
    """What could not be shown, and why: a damaged file, calls that were not kept."""

    name: Said = ""
    why: Said = ""


class Head(Plain):
    """What the page reads at once. `rows`, `pairs` and `rules` are in the order in which they are shown.

    Attributes:
        version: This format's version.
        tool: What made it.
        made_at: When, ISO 8601 in UTC.
        title: What it is of.
        kind: `calls`, `takes`, `live` (more comes), or `difference` (of two sides).
        sides: What it is of: one, or two of a difference.
        rows: A row a call.
        per_chunk: How many details are packed together.
        rules: The rules there were.
        pairs: Of a difference, which call is which.
        problems: What could not be shown.

    """

    version: int
    tool: str
    made_at: str
    title: Said
    kind: ReportKind
    per_chunk: int
    sides: tuple[Side, ...] = ()
    rows: tuple[Row, ...] = ()
    rules: tuple[UsedRule, ...] = ()
    pairs: tuple[Pair, ...] = ()
    problems: tuple[Problem, ...] = ()


class Since(Plain):
    """What has happened at a server since its page asked last.

    Attributes:
        run: Another one where the calls were cleared: the page then forgets its rows.
        after: What to ask with the next time.
        more: Whether more have ended since, which are told when it asks again.
        rows: The rows of calls that have ended since, and of those under way; one that is known already is another now.
        details: Their details.
        rules: The rules as they are now.
        problems: What cannot be shown.

    """

    run: str = ""
    after: int = 0
    more: bool = False
    rows: tuple[Row, ...] = ()
    details: tuple[Detail, ...] = ()
    rules: tuple[UsedRule, ...] = ()
    problems: tuple[Problem, ...] = ()


class Report(Plain):
    """All that a page shows."""

    head: Head
    details: tuple[Detail, ...] = ()
