"""The workloads that run in a process: what is done again and again, and how many units each time is.

Knows: the clients' public calls. Must not know: any contender, any clock.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from harness.bodies import MESSAGES, PERSON, TOOL, numbered
from harness.case import CannotError, Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.case import Wiring

CONCURRENT = 1000
SDK_CHUNKS = 300
RAW_CHUNKS = 2000
MANY = 10_000
KEY = "none"
OK = 200


@dataclass(frozen=True, slots=True)
class Workload:
    """One line of the table.

    Attributes:
        name: Names it in results.
        title: Names it in the table.
        unit: What one unit is.
        case: What has to be answered.
        make: Makes the operation from a session.
        kind: Whether the operation is a plain function, a coroutine function, or makes clients itself.
        heavy: Whether a segment has to be longer, because one operation is, or beginning to answer.
        warm: Whether each block begins with an operation that is not timed.

    """

    name: str
    title: str
    unit: str
    case: Case
    make: Callable[[Session], Any]
    kind: Literal["sync", "async"] = "sync"
    heavy: bool = False
    warm: bool = True


@dataclass(slots=True)
class Session:
    """Clients of one family, wired to whoever answers."""

    family: Any
    case: Case
    wiring: Wiring

    def http(self, *, is_async: bool = False) -> Any:
        """Make an HTTP client.

        Raises:
            CannotError: Who answers is no client's mock.

        """
        if self.wiring.calls is not None:
            raise CannotError("answers its own calls alone")
        kind = self.family.AsyncClient if is_async else self.family.Client
        return kind(transport=self.wiring.transport) if self.wiring.transport is not None else kind()

    def sdk(self, *, is_async: bool = False) -> Any:
        """Make an SDK client."""
        import openai  # noqa: PLC0415 - raw workloads need none

        kind = openai.AsyncOpenAI if is_async else openai.OpenAI
        http = self.http(is_async=is_async)
        return kind(api_key=KEY, base_url=self.wiring.base_url, http_client=http, max_retries=0)

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"{self.wiring.base_url}/chat/completions"


def sdk_json(session: Session) -> Any:
    if session.wiring.calls:
        return session.wiring.calls.json
    create = session.sdk().chat.completions.create
    more: dict[str, Any] = {"tools": [TOOL]} if session.case.kind == "tool" else {}
    return lambda: len(create(model="gpt-4o", messages=MESSAGES, **more).choices)


def sdk_json_async(session: Session) -> Any:
    if session.wiring.calls:
        return session.wiring.calls.ajson
    create = session.sdk(is_async=True).chat.completions.create

    async def operation() -> int:
        return len((await create(model="gpt-4o", messages=MESSAGES)).choices)

    return operation


def sdk_concurrent(session: Session) -> Any:
    one = sdk_json_async(session)
    size = session.case.size or CONCURRENT

    async def operation() -> int:
        return sum(await asyncio.gather(*(one() for _ in range(size))))

    return operation


def sdk_structured(session: Session) -> Any:
    from pydantic import BaseModel  # noqa: PLC0415 - the SDK brings it

    class Person(BaseModel):
        name: str
        age: int
        languages: list[str]

    parse = session.sdk().chat.completions.parse
    expected = Person(**PERSON)

    def operation() -> int:
        found = parse(model="gpt-4o", messages=MESSAGES, response_format=Person).choices[0].message.parsed
        return 1 if found == expected else 0

    return operation


def sdk_stream(session: Session) -> Any:
    if session.wiring.calls:
        return session.wiring.calls.stream
    create = session.sdk().chat.completions.create
    return lambda: sum(1 for _ in create(model="gpt-4o", messages=MESSAGES, stream=True))


def sdk_stream_async(session: Session) -> Any:
    if session.wiring.calls:
        return session.wiring.calls.astream
    create = session.sdk(is_async=True).chat.completions.create

    async def operation() -> int:
        stream = await create(model="gpt-4o", messages=MESSAGES, stream=True)
        return sum([1 async for _ in stream])

    return operation


def raw_post(session: Session) -> Any:
    client, url, body = session.http(), session.url, session.case.request()
    return lambda: int(client.post(url, json=body).status_code == OK)


def raw_post_each(session: Session) -> Any:
    """Send a request of the tape that was not sent before, until all were."""
    client, url = session.http(), session.url
    bodies = itertools.cycle([numbered(number) for number in range(session.case.size)])
    return lambda: int(client.post(url, json=next(bodies)).status_code == OK)


def raw_lines(session: Session) -> Any:
    client, url, body = session.http(), session.url, session.case.request()

    def operation() -> int:
        with client.stream("POST", url, json=body) as response:
            return sum(1 for line in response.iter_lines() if line)

    return operation


def raw_bytes(session: Session) -> Any:
    """Count by the blank line after each frame: what is read together holds several."""
    client, url, body = session.http(), session.url, session.case.request()

    def operation() -> int:
        with client.stream("POST", url, json=body) as response:
            return sum(piece.count(b"\n\n") for piece in response.iter_raw())

    return operation


def make_client(session: Session) -> Any:
    """Make an SDK client: by itself, or for the floor around a ready HTTP client."""
    import openai  # noqa: PLC0415 - raw workloads need none

    own = session.http()
    ready = own if session.wiring.transport is not None else None
    return lambda: int(openai.OpenAI(api_key=KEY, http_client=ready) is not None)


SAID, GIVEN, READY = (Case(kind, RAW_CHUNKS) for kind in ("stream", "deltas", "raw"))
SDK_SAID, RECORDED = Case("stream", SDK_CHUNKS), Case("record", RAW_CHUNKS)
EXACT, SUBSTRING, TAPE = (Case(kind, MANY) for kind in ("exact", "substring", "replay"))
REPLAY = "replay, a tape of 10,000"
LAST = "10,000 rules, the last matches"
WORKLOADS = (
    Workload("sdk_json", "openai SDK, JSON", "call", Case(), sdk_json),
    Workload("sdk_json_async", "openai SDK, JSON, async", "call", Case(), sdk_json_async, "async"),
    Workload("sdk_tool", "openai SDK, tool call", "call", Case("tool"), sdk_json),
    Workload("sdk_structured", "openai SDK, structured output", "call", Case("structured"), sdk_structured),
    Workload("sdk_concurrent", "1,000 concurrent async calls", "call", Case(), sdk_concurrent, "async", warm=False),
    Workload("raw_post", "raw POST", "call", Case(), raw_post),
    Workload("sdk_stream", "openai SDK, stream", "chunk", SDK_SAID, sdk_stream),
    Workload("sdk_stream_async", "openai SDK, stream, async", "chunk", SDK_SAID, sdk_stream_async, "async"),
    Workload("raw_lines", "raw stream, lines, of a text", "chunk", SAID, raw_lines),
    Workload("raw_lines_deltas", "raw stream, lines, of deltas given", "chunk", GIVEN, raw_lines),
    Workload("raw_lines_ready", "raw stream, lines, of ready chunks", "chunk", READY, raw_lines),
    Workload("raw_bytes", "raw stream, bytes, of a text", "chunk", SAID, raw_bytes),
    Workload("rules_exact", f"{LAST}: exact", "call", EXACT, raw_post, heavy=True),
    Workload("rules_substring", f"{LAST}: substring", "call", SUBSTRING, raw_post, heavy=True),
    Workload("replay_first", f"{REPLAY}: played the first time", "call", TAPE, raw_post_each, heavy=True),
    Workload("replay", f"{REPLAY}: played again", "call", TAPE, raw_post, heavy=True),
    Workload("make_client", "making a client while intercepting", "client", Case(), make_client),
    Workload("record_stream", "recording a stream", "chunk", RECORDED, raw_lines),
)
BY_NAME = {one.name: one for one in WORKLOADS}
