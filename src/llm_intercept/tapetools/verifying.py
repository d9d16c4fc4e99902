"""Asks the real API again what a tape has answers to, and says what is another in the new ones.

Knows: takes, what dialects say of what can be sent again and of answers. Must not know: commands. Nothing of a
tape is changed: what is to be kept is recorded.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from llm_intercept.base.hosts import is_local
from llm_intercept.base.json import encode
from llm_intercept.base.prices import price
from llm_intercept.clients.activation import on_its_way
from llm_intercept.clients.family import installed
from llm_intercept.dialects.base import BadRequestError
from llm_intercept.engine.recorder import PASSING
from llm_intercept.engine.reread import api_of_take, read_request
from llm_intercept.recording.bodies import Chunk, answer_values, content_of, response_of
from llm_intercept.recording.redaction import Redaction
from llm_intercept.secrets.credentials import NOTHING, credentials
from llm_intercept.secrets.looks import MARK
from llm_intercept.shown import shorten
from llm_intercept.stored.shelves import Shelves, Stored
from llm_intercept.tapetools.answer_shape import shape_changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.recording.take import Take, TakeRequest, TakeResponse
    from llm_intercept.secrets.credentials import Secrets

Outcome = Literal["same", "changed", "not answered", "not sent"]
NOT_SENT_AGAIN = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization"}
    | {"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""What is of a connection, and not of the request that a tape has; a hostile one could cut the request in two by it."""
PATIENCE = 600.0
"""Seconds that an API may be silent, as OpenAI's SDKs have it."""
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of a take: `changes` says what is another, `why` what kept it from being sent or answered."""

    tape: str
    name: str
    outcome: Outcome
    changes: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """A take whose request can be sent again."""

    tape: str
    name: str
    take: Take
    dialect: Dialect
    model: str

    @property
    def host(self) -> str:
        """The host, with its port if the URL has one, and without a user's name."""
        return _host(self.take.request.url)

    @property
    def cost(self) -> float | None:
        """What it cost when it was recorded, in US dollars; None where nobody knows."""
        usage = self.dialect.recorded.usage(answer_values(self.take.response))
        return None if usage is None else price(self.model, usage.input_tokens, usage.output_tokens)


def sorted_out(tape: str, name: str, take: Take, *, unencrypted: bool = False) -> Again | Verified:
    """Say of a take whether its request can be sent again, or why not; `unencrypted`: also without encryption."""
    _, request = read_request(take.request)
    why = why_not(take, unencrypted=unencrypted)
    if why:
        return Verified(tape, name, "not sent", why=why)
    return Again(tape, name, take, api_of_take(take.request), request.model)


def why_not(take: Take, *, unencrypted: bool = False) -> str:
    """Say why a take's request cannot be sent again, or its answer tells nothing; empty if it can."""
    asked, (dialect, request) = take.request, read_request(take.request)
    if take.partial is not None:
        return f"its answer is not whole ({take.partial}), so there is nothing to compare with"
    if once := api_of_take(asked).why_once(request):
        return once
    parts = urlsplit(asked.url)
    if parts.scheme not in {"http", "https"}:
        return "it was not asked over HTTP"
    if parts.scheme == "http" and not (unencrypted or is_local(parts.hostname or "")):
        return "it was asked without encryption (http), and a key that is sent so can be read by others (--unencrypted)"
    if asked.text:
        return "its body is no JSON, and a tape keeps of such a body what can be read"
    if MARK in encode(asked.body).decode() or MARK in urlsplit(asked.url).path:
        return "redaction took something out of its request"
    return _continues(dialect, request)


def _continues(dialect: Dialect, request: LLMRequest) -> str:
    try:
        dialect.recall(request, Shelves((), Stored()))
    except BadRequestError:
        return "it continues an answer that the API kept, which may be gone by now"
    return ""


class Sender:
    """Sends requests of takes again, by httpx or httpx2, whoever answers in this process.

    Args:
        headers: What shows a key, by host.

    Raises:
        SettingsError: Neither library is installed.

    """

    def __init__(self, headers: Mapping[str, Mapping[str, str]]) -> None:
        self._headers = headers
        self._library: Any = installed("verify")
        timeout = self._library.Timeout(PATIENCE, connect=10.0)
        self._client: Any = self._library.Client(timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def verified(self, again: Again) -> Verified:
        """Ask again, and compare."""
        headers = self._headers.get(again.host, {})
        shown = credentials("", (("authorization", value) for value in headers.values()))
        try:
            now = self.answer(again.take.request, headers)
        except (self._library.HTTPError, self._library.InvalidURL, ValueError) as error:  # a header that is no ASCII
            why = f"{type(error).__name__}: {shorten(Redaction().text(str(error), shown), SHOWN)}"
            return Verified(again.tape, again.name, "not answered", why=why)
        was = again.take.response
        if now.status in PASSING and now.status != was.status:
            return Verified(again.tape, again.name, "not answered", why=f"{now.status}: {_error_of(now, shown)}")
        changes = tuple(changes_in(was, now, again.dialect, shown))
        return Verified(again.tape, again.name, "changed" if changes else "same", changes)

    def answer(self, asked: TakeRequest, headers: Mapping[str, str]) -> TakeResponse:
        """Send a request; returns the whole answer, as a take would keep it if nothing were redacted."""
        with on_its_way(urlsplit(asked.url).hostname or ""):
            return self._sent(asked, headers)

    def _sent(self, asked: TakeRequest, headers: Mapping[str, str]) -> TakeResponse:
        lowered = ((name.lower(), value) for name, value in asked.headers.items())  # of an edited take: any case
        told = {name: value for name, value in lowered if name not in NOT_SENT_AGAIN and value != MARK}
        told |= {name.lower(): value for name, value in headers.items()}
        content = None if asked.body is None else encode(asked.body)
        begun, chunks = time.monotonic(), list[Chunk]()
        with self._client.stream(asked.method, _without_credentials(asked.url), headers=told, content=content) as one:
            for piece in one.iter_bytes():
                chunks.append(Chunk(piece, (time.monotonic() - begun) * 1000))
        kept = {name.lower(): value for name, value in one.headers.items()}
        return response_of(one.status_code, kept, [chunk for chunk in chunks if chunk.content])


def changes_in(was: TakeResponse, now: TakeResponse, dialect: Dialect, shown: Secrets = NOTHING) -> Iterator[str]:
    """Say what is another in an answer: its status, its type, its shape, why it ended, which tools it calls.

    Args:
        was: The recorded answer.
        now: The new one.
        dialect: The API's.
        shown: The credentials that were sent, which an error may repeat.

    """
    if was.status != now.status:
        yield f"status {was.status} became {now.status}: {_error_of(now, shown)}"
        return
    types = [one.headers.get("content-type", "").partition(";")[0].strip() for one in (was, now)]
    if types[0] != types[1]:
        yield f"content type {types[0] or 'none'} became {types[1] or 'none'}"
    yield from shape_changes(was, now, dialect)
    for what, before, after in zip(
        ("finish reason", "tools called"), _meant(was, dialect), _meant(now, dialect), strict=True
    ):
        if before != after:
            yield f"{what}: {_listed(before)} became {_listed(after)}"


def _meant(response: TakeResponse, dialect: Dialect) -> tuple[list[str], list[str]]:
    """Read why each choice of an answer ended, and the names of the tools that it calls."""
    try:
        replies = dialect.recorded.replies(answer_values(response))
    except Exception:  # noqa: BLE001 - an answer may be anything; `recordings check` tells what cannot be read
        return [], []
    names = {call.name for reply in replies for call in reply.tool_calls}
    return [reply.finish_reason or ("call" if reply.tool_calls else "stop") for reply in replies], sorted(names)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _error_of(response: TakeResponse, shown: Secrets) -> str:
    """Say what an error says, without what was sent as a secret or looks like one."""
    return shorten(Redaction().text(content_of(response).decode(errors="replace"), shown), SHOWN)


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _without_credentials(url: str) -> str:
    """Leave out a user's name, and the parameters that redaction took the value of: a key goes in a header."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if value != MARK]
    return parts._replace(netloc=_host(url), query=urlencode(kept)).geturl()
