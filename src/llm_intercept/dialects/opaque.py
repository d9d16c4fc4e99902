"""The null dialect: everything that no API claims, as far as all model APIs are alike.

It stands for unclaimed paths of known hosts, for paths that a rule names, for bodies that are not JSON, and for
recordings of other traffic. Nothing is said in it but what is ready.

Knows: what the APIs that have no room of their own (and what of
Responses is none of its dialect's) write where recordings look.
Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from llm_intercept.base.checks import is_int
from llm_intercept.base.hosts import is_llm_host, is_llm_place
from llm_intercept.base.json import decode, encode, items, mapping, text
from llm_intercept.base.multipart import digest, field_of, form_of
from llm_intercept.base.questions import Question, asks_a_model, body_asks_a_model
from llm_intercept.base.sse import frame
from llm_intercept.dialects.anthropic.anthropic_paths import ANTHROPICS
from llm_intercept.dialects.base import Dialect, Recorded
from llm_intercept.dialects.cohere.cohere_paths import COHERES
from llm_intercept.dialects.google.google_paths import GOOGLES
from llm_intercept.dialects.no_streams import NoStreams
from llm_intercept.dialects.openai.apis import OPENAIS
from llm_intercept.dialects.openai.failures import fail, retry_at_once
from llm_intercept.dialects.openai.flavor import is_openai_client
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.retry import RETRY
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Text
from llm_intercept.model.request import LLMRequest, Message
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ErrorReply, RawReply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.shared.other_apis import KnownApi, OtherApis
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.wire import EventKind, WireRequest
    from llm_intercept.replies.kinds import Answer

OF_AN_API = re.compile(
    r"/v[0-9][a-z0-9]*/(?:models|files|uploads|audio|images|videos|moderations|batches|fine_tuning|assistants|threads"
    r"|vector_stores|conversations|chat|responses|messages|completions|embeddings|embed|rerank)(?:[/:]|$)"
    r"|/api/(?:chat|generate|embed|embeddings|tags|show)$"
)
"""The paths that model APIs have, whatever is asked of them."""
MODELS = re.compile(r"/v[0-9][a-z0-9]*/models(?:/.+)?$|/api/tags$")
"""Where models are listed, or one of them is told."""
MODEL_IN_PATH = re.compile(r"/(?:models|deployments|model)/([^/:]+)(?=[:/]|$)")
UNSPOKEN: tuple[OtherApis, ...] = (ANTHROPICS, GOOGLES, COHERES, OPENAIS)
"""Whose APIs are known by their paths: OpenAI's last, since its client is one of them all."""
LAST = re.compile(rb"^data: ?\[DONE\]|^event: ?response\.(?:completed|incomplete|failed)\b", re.MULTILINE)
EVENT = re.compile(rb"(?:\xef\xbb\xbf)?(?:data|event|id|retry)?:")
EVENTS = "text/event-stream"
IN_USAGE = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
}
"""Where the APIs report what `Usage` has."""
DETAILS = {
    "cache_read_tokens": (("input_tokens_details", "prompt_tokens_details"), "cached_tokens"),
    "reasoning_tokens": (("output_tokens_details", "completion_tokens_details"), "reasoning_tokens"),
}


class OpaqueGrammar(NoStreams):
    """The grammar of streams that nobody here can read: all that is known is where one may end."""

    def kind(self, event: bytes, /) -> EventKind:
        return "done" if self.is_last(event) else "other"

    def is_last(self, event: bytes, /) -> bool:
        """Whether one of the APIs ends its streams with the event."""
        return LAST.search(event.rstrip().replace(b"\r\n", b"\n").rpartition(b"\n\n")[2]) is not None


class Opaque(Dialect):
    """What stands in where no API claims a request.

    Args:
        makers: Gives the APIs whose makers' hosts are known, and in whose words a request to these fails.

    """

    name = ""
    once = "nobody here knows its API, so it may change something there"
    grammar: Grammar = OpaqueGrammar()
    retry = RETRY

    def __init__(self, makers: Callable[[], Sequence[Dialect]]) -> None:
        self._makers = makers

    def claims(self, head: WireRequest) -> bool:
        """Whether the request goes to a known host of model APIs, by its URL or by the `Host` it names."""
        named = str(head.headers.get("host", "")).partition(":")[0]
        return is_llm_place(head.host, head.path) or is_llm_host(named)

    def asks_a_model(self, head: WireRequest) -> Question:
        """Whether the head says that it is a question to a model, whatever the host; these are recorded too."""
        return asks_a_model(head.method, head.path, head.headers)

    def is_question(self, head: WireRequest, content: bytes | None) -> bool:
        """Whether host, path or body say that a model is asked; a body that nobody can look at (None) may say it."""
        asks = self.asks_a_model(head)
        if asks == "yes" or self.claims(head):
            return True
        return asks == "perhaps" and (content is None or body_asks_a_model(head.path, content))

    def is_of_an_api(self, head: WireRequest) -> bool:
        """Whether the path is one that model APIs have, whatever the host: while a tape plays, none goes out."""
        return self.asks_a_model(head) != "no" or OF_AN_API.search(head.path.rstrip("/")) is not None

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read what all APIs have alike: the model, and who said what; of a form its parts, of anything else a hash."""
        form: dict[str, Any] | None = None
        try:
            body: Mapping[str, Any] = mapping(decode(content)) if content else {}
        except (ValueError, RecursionError):
            form = form_of(head.headers.get("content-type", ""), content)
            body = {"content_hash": digest(content)} if form is None else form
        api = _known(head)
        return LLMRequest.made(
            head,
            body,
            content,
            api=api[1].name if api is not None else "",
            model=(text(body.get("model")) if form is None else field_of(form, "model")) or _model_in(head.path),
            messages=tuple(messages_of(body)),
            stream=body.get("stream") is True if form is None else field_of(form, "stream") == "true",
        )

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Send a ready body or an error; raises `ReplyError` at any other, which nobody here can write."""
        match answer:
            case RawReply():
                return _ready(answer)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case _:
                raise _unwritable(request, answer)

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        """Write an error as the maker does whose host or client it is, else as most do, which is as OpenAI does."""
        makers = () if is_openai_client(request.headers) else self._makers()
        maker = next((one for one in makers if one.is_asked(request)), None)
        return fail(request, error, identity) if maker is None else maker.fail(request, error, identity)

    def essence(self, request: LLMRequest) -> Any:
        """Tell requests apart by their method too: the same path lists, shows, makes and deletes."""
        return {"method": request.method, "url": request.url, "body": request.raw}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the APIs that requests are read as, though nobody here speaks them."""
        return tuple(one.name for maker in UNSPOKEN for one in maker.apis)

    def called(self, head: WireRequest) -> str:
        """Say whose API it is, `OpenAI's files API`; empty where nobody here knows."""
        found = _known(head)
        return "" if found is None else found[0].called(found[1], head)

    def home_of(self, head: WireRequest) -> str:
        """Name the host that has an API which a request is for; empty where nobody here knows."""
        found = _known(head)
        return "" if found is None else found[0].home

    def ready_answer(self, head: WireRequest) -> str:
        """Write the `raw(…)` that would answer a request, as a user does."""
        found = _known(head)
        if found is None:
            return "raw({})"
        answer, kind = found[0].smallest_answer(found[1], head)
        return f"raw({answer!r}, headers={{'content-type': {kind!r}}})" if kind else f"raw({answer!r})"

    def why_once(self, request: LLMRequest) -> str:
        """Say that nobody knows what it does, but of what reads at a path that model APIs have."""
        path = urlsplit(request.url).path.rstrip("/")
        if request.method != "GET" or OF_AN_API.search(path) is None:
            return self.once
        return "" if MODELS.search(path) else "it is about something that the API keeps, which may be gone by then"

    def in_same_shape(self, request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
        """Whatever is recorded is played as it is."""
        del request, asked, is_stream
        return True


def _ready(answer: RawReply) -> WireResponse:
    """Send a ready body: JSON, events, or bytes, which are JSON where they can be read so."""
    body = answer.body
    if isinstance(body, bytes):
        kind, content = _kind(body), body
    elif isinstance(body, tuple):
        kind, content = EVENTS, b"".join(frame(encode(one).decode()) for one in body)
    else:
        kind, content = "application/json", encode(body)
    named = (("content-type", kind),) if content else ()
    headers = (*named, *retry_at_once(answer.status, answer.headers))
    return WireResponse(answer.status, overridden(headers, answer.headers), (content,))


def _kind(body: bytes) -> str:
    if EVENT.match(body):
        return EVENTS
    if not body.lstrip().startswith((b"{", b"[")):
        return "application/octet-stream"
    try:
        decode(body)
    except (ValueError, RecursionError):
        return "application/octet-stream"
    return "application/json"


def _known(head: WireRequest) -> tuple[OtherApis, KnownApi] | None:
    """Find whose API a request is for, and which."""
    for maker in UNSPOKEN:
        api = maker.find(head)
        if api is not None:
            return maker, api
    return None


def _unwritable(request: LLMRequest, answer: Answer) -> ReplyError:
    from llm_intercept.secrets.urls import shown_url  # noqa: PLC0415 - only the error needs it

    problem = f"{answer!r} cannot be written for {request.method} {shown_url(request.url)}: nobody here knows its API"
    return ReplyError(problem, "Give its answer ready: raw({…}), raw(b'…'), or api_error(…) for a failure.")


def _model_in(path: str) -> str:
    """Read the model of an API that has it in the path (Gemini's, Azure's, Bedrock's); empty if none is there."""
    found = MODEL_IN_PATH.search(path)
    return unquote(found[1]) if found is not None else ""


def messages_of(body: Mapping[str, Any]) -> Iterator[Message]:
    """Give what is said, wherever an API has it: in messages or input items."""
    if isinstance(body.get("input"), str):
        yield Message(role="user", parts=(Text(body["input"]),))
    for key in ("messages", "input"):
        for one in items(body.get(key)):
            said = mapping(one)
            role = "user" if isinstance(one, str) else text(said.get("role")) or text(said.get("type"))
            yield Message(role=role, parts=tuple(map(Text, texts_of(one))), raw=said)


def texts_of(message: Any) -> Iterator[str]:
    """Give the texts of what an API has for one message: a str, or its content."""
    if isinstance(message, str):
        yield message
        return
    content = mapping(message).get("content")
    if isinstance(content, str):
        yield content
    for part in items(content):
        if text(mapping(part).get("text")):
            yield mapping(part)["text"]


def _last_user(body: Any) -> str:
    messages = reversed(list(messages_of(mapping(body))))
    return next((message.said for message in messages if message.role == "user" and message.parts), "")


def _roles(body: Any) -> list[str]:
    return [message.role for message in messages_of(mapping(body))]


def _usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports; an API that reports them in several events adds to what it said before."""
    reported: dict[str, Any] = {}
    for value in values:
        reported |= _reported(mapping(value))
    return Usage(**reported) if reported else None


def _reported(event: Mapping[str, Any]) -> dict[str, int]:
    around = (event, mapping(event.get("response")))
    found: dict[str, int] = {}
    for counted in (mapping(one.get("usage")) for one in around):
        for name, keys in IN_USAGE.items():
            numbers: list[int] = [counted[key] for key in keys if is_int(counted.get(key), 0)]
            found |= {name: numbers[0]} if numbers else {}
        for name, (keys, inner) in DETAILS.items():
            details = [mapping(counted.get(key)).get(inner) for key in keys]
            counts: list[int] = [one for one in details if is_int(one, 0)]
            found |= {name: counts[0]} if counts else {}
    return found


Opaque.recorded = Recorded(
    last_user=_last_user,
    roles=_roles,
    usage=_usage,
    not_in_key=frozenset({"stream_options", "user", "metadata", "store", "service_tier", "seed"})
    | frozenset({"prompt_cache_key", "prompt_cache_retention", "safety_identifier"}),
    false_by_default=frozenset({"stream"}),  # what answers it can be played in its own shape alone
    call_ids=(("call_id", None),),
    call_id=r"call_[A-Za-z0-9]{8,}",
    delta_fields=frozenset({"text", "delta"}),
    indices=("output_index", "content_index", "item_id"),
)
