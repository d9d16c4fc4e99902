"""Whether Ollama is asked, where the path does not say it; its headers, errors and times.

Knows: Ollama's own words (ollama/ollama, `server/routes.go`). Must not know: one API's bodies.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.json import encode
from llm_intercept.dialects.base import Dialect
from llm_intercept.dialects.key_headers import KeyHeader
from llm_intercept.dialects.shared.error_words import HTTP_RETRY, message_of, status_of, told_to_wait
from llm_intercept.dialects.shared.http_headers import date_of, overridden
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import ErrorReply

JSON = "application/json; charset=utf-8"
STREAM = "application/x-ndjson"
CLOUD = ("ollama.com", ".ollama.com")
PORT = 11434
CLIENTS = ("ollama-python/", "ollama-js/", "ollama/")
WORDS = {
    "invalid_request": "invalid request",
    "context_length_exceeded": "the input length exceeds the context length",
    "invalid_api_key": "unauthorized",
    "permission_denied": "forbidden",
    "model_not_found": "model '{model}' not found",
    "rate_limit_exceeded": "you have reached your hourly usage limit, please upgrade to continue",
    "insufficient_quota": "you have reached your weekly usage limit, please upgrade to continue",
    "server_error": "an error was encountered while running the model: unexpected EOF",
    "bad_gateway": "upstream error",
    "service_unavailable": "server busy, please try again.  maximum pending requests exceeded",
    "overloaded": "server busy, please try again.  maximum pending requests exceeded",
}
STATUSES = {"overloaded": 503}
"""The statuses of errors that are named, where Ollama has others."""
ESCAPED = (
    (b"<", rb"\u003c"),
    (b">", rb"\u003e"),
    (b"&", rb"\u0026"),
    ("\u2028".encode(), rb"\u2028"),
    ("\u2029".encode(), rb"\u2029"),
)
TOKEN = 20_000_000  # nanoseconds that a token takes, fifty a second
READ = 1_000_000  # and one of the prompt
LOAD = 40_000_000


def is_ollama(head: WireRequest | LLMRequest) -> bool:
    """Whether host, port or client say that Ollama is asked."""
    host = urlsplit(head.url).hostname or ""
    if host == CLOUD[0] or host.endswith(CLOUD[1]):
        return True
    return is_its_port(head.url) or str(head.headers.get("user-agent", "")).lower().startswith(CLIENTS)


def is_its_port(url: str) -> bool:
    """Whether a URL has Ollama's port."""
    try:
        return urlsplit(url).port == PORT
    except ValueError:
        return False


def answer_headers(content_type: str, identity: Identity) -> Headers:
    """Make the headers of an answer."""
    return (("content-type", content_type), ("date", date_of(identity.second)))


def created_at(identity: Identity) -> str:
    """Write when an answer was made, as Go does."""
    moment = datetime.fromtimestamp(identity.second, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{int(identity[8:16], 16) % 10**9:09d}Z"


def metrics(prompt: int, said: int | None) -> dict[str, int]:
    """Write what an answer cost in tokens and nanoseconds; a number that is 0 is left out."""
    load, read, made = LOAD, READ * prompt, TOKEN * (said or 0)
    counted = {"total_duration": load + read + made, "load_duration": load, "prompt_eval_count": prompt}
    if said is not None:
        counted |= {"prompt_eval_duration": read, "eval_count": said, "eval_duration": made}
    return {name: number for name, number in counted.items() if number}


def go_json(value: object) -> bytes:
    """Write JSON as Go does, which escapes what HTML or JavaScript would read."""
    written = encode(value)
    for plain, escaped in ESCAPED:
        written = written.replace(plain, escaped)
    return written


class OllamaDialect(Dialect):
    """One of Ollama's APIs: how it fails, and tells clients to wait."""

    def is_asked(self, request: LLMRequest) -> bool:
        return is_ollama(request)

    home = "ollama.com"
    variables = MappingProxyType({"OLLAMA_HOST": "{}"})
    keys = (KeyHeader(("OLLAMA_API_KEY",), (home,), addresses=tuple(variables)),)
    retry = HTTP_RETRY

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        if isinstance(error.body, str | bytes):
            content, kind = error.body.encode() if isinstance(error.body, str) else error.body, "text/plain"
        else:
            said = {"error": message_of(error, request, WORDS)} if error.body is None else error.body
            content, kind = go_json(said), JSON
        headers = (*answer_headers(kind, identity), *told_to_wait(error, HTTP_RETRY))
        return WireResponse(status_of(error, STATUSES), overridden(headers, error.headers), (content,))
