"""The take: one recorded exchange as one JSON file that people read; one reader and one writer.

Knows: the file's format and its version. Must not know: how takes are found, where they are kept.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from llm_intercept.base.checks import is_int
from llm_intercept.base.framings import framing_of
from llm_intercept.base.json import DEEPEST, loads, mapping
from llm_intercept.errors import LLMInterceptError
from llm_intercept.recording.json_writer import compact, indented, spaced

VERSION = 1
INDENT = 2
LONGEST = 10**10  # milliseconds, some months: more is no time that anything waits
AROUND = 8  # levels of a take around what it holds
NO_EVENTS = f'\n{" " * 2 * INDENT}"events": []'
"""How the events of a response are written where there are none: nothing else of that name is as deep in a take."""
BEFORE_EVENTS = ("status", "headers", "after_ms", "layout", "body")


class DamagedTakeError(LLMInterceptError):
    """A file of a tape cannot be read as a take; a request that needs it is a miss, and the others are played."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name}: {why}")


class Part(BaseModel):
    """A value of a take; an unknown field is an error, since this version would lose it when it writes."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class TakeRequest(Part):
    """What was asked: `body` if it is JSON, else `text`."""

    method: str
    url: str
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    body: Any = None
    text: str | None = None


class Layout(Part):
    """How a JSON body was laid out on the wire, so that its bytes can be made again; the default is OpenAI's."""

    indent: int | None = Field(default=2, ge=0, le=8)
    spaced: bool = True
    ascii: bool = False
    end: str = "\n"


class Event(Part):
    """One event, `gap_ms` after the one before: `data` if it says compact JSON as such events do, else `text`."""

    gap_ms: int = Field(ge=0, le=LONGEST)
    data: Any = None
    text: str | None = None


class TakeResponse(Part):
    """What was answered: a JSON `body`, the `events` of a stream, `text`, or the `base64` of anything else.

    `after_ms` is the time to the first byte, `layout` that of the body where it is not the usual one.
    """

    status: int = Field(ge=100, le=599)
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    after_ms: int | None = Field(default=None, ge=0, le=LONGEST)
    layout: Layout | None = None
    body: Any = None
    events: tuple[Event, ...] | None = None
    text: str | None = None
    base64: str | None = None

    @field_validator("base64")
    @classmethod
    def _is_base64(cls, value: str | None) -> str | None:
        if value is not None:
            b64decode(value, validate=True)
        return value

    @model_validator(mode="after")
    def _is_framed(self) -> TakeResponse:
        """Refuse an event that its stream cannot have, as an edited take may; a stream of text can have any."""
        framing = framing_of(self.headers.get("content-type", ""))
        if framing is not None and not framing.is_text:
            for event in self.events or ():
                if event.text is None:
                    framing.framed(compact([event.data])[0])
        return self


class Take(Part):
    """One exchange.

    Attributes:
        version: The format's version.
        fingerprint: The full fingerprint of the request, in hex.
        recorded_at: When the request was made, ISO 8601 in UTC.
        versions: The versions of what recorded it, by name.
        partial: Why the answer is not whole, if it is not; a partial take is never played.
        request: What was asked.
        response: What was answered.

    """

    version: Literal[1] = 1
    fingerprint: str = Field(pattern=r"^[0-9a-f]{64}$")
    recorded_at: str = ""
    versions: dict[str, str] = Field(default_factory=dict[str, str])
    partial: str | None = None
    request: TakeRequest
    response: TakeResponse


def read_take(content: bytes, name: str) -> Take:
    """Read a take from a file's content; raises `DamagedTakeError` if it is none, or one of another version."""
    try:
        take = Take.model_validate_json(content)
    except ValidationError:  # or JSON that Python reads and pydantic does not: a lone surrogate, deep nesting
        take = _read_plainly(content, name)
    take = take if "version" in take.model_fields_set else _read_plainly(content, name)
    try:
        urlsplit(take.request.url).path.encode()
    except ValueError as error:  # of an edited one: nothing is found out about such a request, nor could it be sent
        raise DamagedTakeError(name, f"its request.url is wrong: {error}") from None
    return take


def _read_plainly(content: bytes, name: str) -> Take:
    """Read a take as Python reads JSON, and say what is wrong with it."""
    try:
        document = loads(content, DEEPEST + AROUND)
    except ValueError as error:
        raise DamagedTakeError(name, _known_damage(content) or f"it is not JSON ({error})") from None
    version = mapping(document).get("version")
    if version != VERSION:
        found = f"version {version!r}" if "version" in mapping(document) else "no version"
        newer = "; a newer one wrote it, so upgrade this one" if is_int(version, VERSION + 1) else ""
        raise DamagedTakeError(name, f"it has {found}, and this llm-intercept reads version {VERSION}{newer}")
    try:
        return Take.model_validate(document)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise DamagedTakeError(name, f"its {where or 'content'} is wrong: {problem['msg']}") from None


def _known_damage(content: bytes) -> str:
    """Say what happened to a file that is not JSON, where that can be seen."""
    if not content.strip():
        return "it is empty"
    if content.startswith(b"version https://git-lfs"):
        return "it is a pointer of git-lfs, and not JSON: fetch the file with 'git lfs pull'"
    if b"\n<<<<<<< " in b"\n" + content:
        return "it has git's marks of a merge conflict in it, and is not JSON"
    return ""


def write_take(take: Take) -> bytes:
    """Write a take: the same take gives the same bytes, and an event has a line of its own."""
    document = document_of(take)
    events = document["response"].get("events")
    if events:
        document["response"]["events"] = []
    text = indented(document, INDENT)
    if events:
        lines = f",\n{' ' * 3 * INDENT}".join(spaced(events))
        text = text.replace(NO_EVENTS, f"{NO_EVENTS[:-1]}\n{' ' * 3 * INDENT}{lines}\n{' ' * 2 * INDENT}]", 1)
    return (text + "\n").encode(errors="backslashreplace")  # a lone surrogate, which only an escape can say


def document_of(take: Take) -> dict[str, Any]:
    """Make the JSON value of a take, without what has its default."""
    dumped = take.model_dump(exclude_defaults=True, exclude={"response": {"events"}})
    document: dict[str, Any] = {"version": VERSION, **dumped}
    if take.response.events is not None:
        document["response"] = _with_events(document["response"], take.response.events)
    return document


def _with_events(response: dict[str, Any], events: tuple[Event, ...]) -> dict[str, Any]:
    """Put events where they belong: pydantic takes longer than all else over those of a long stream."""
    before = {name: response.pop(name) for name in BEFORE_EVENTS if name in response}
    return {**before, "events": [_event_document(event) for event in events], **response}


def _event_document(event: Event) -> dict[str, Any]:
    if event.text is None and event.data is not None:
        return {"gap_ms": event.gap_ms, "data": event.data}
    return event.model_dump(exclude_defaults=True)


def is_older(recorded_at: str, days: float) -> bool:
    """Whether a take was made more than so many days ago; of one that does not say when, nothing is known."""
    try:
        made = datetime.fromisoformat(recorded_at)
    except ValueError:
        return False
    return datetime.now(UTC) - made.astimezone(UTC) > timedelta(days=days)
