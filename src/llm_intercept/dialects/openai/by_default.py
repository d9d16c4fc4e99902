"""What those of OpenAI's APIs have alike that answer by themselves where no rule says anything.

Knows: how they write objects. Must not know: what any of them answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from llm_intercept.base.json import encode
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.headers import CHANGING, JSON, KEPT, answer_headers
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.dialects.shared.own_answers import AnsweredByItself
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import RawReply


class Operation(AnsweredByItself, OpenAIDialect):
    """One of OpenAI's APIs that answers by itself, and tells of rate limits."""

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        return ready_headers(answer_headers(request.url, JSON, context.identity, request), ready)

    def written(self, value: Mapping[str, Any]) -> bytes:
        return written(value)


class ByDefault(Operation):
    """One of OpenAI's APIs that answers by itself, and tells of no rate limits."""

    recorded = Recorded(kept_headers=KEPT, changing_headers=CHANGING)

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        return ready_headers(headers_of(request, context), ready)


def ready_headers(headers: Headers, ready: RawReply | None) -> Headers:
    """Let a ready error be tried again at once, unless it says when."""
    return headers if ready is None else overridden(headers, retry_at_once(ready.status, ready.headers))


def answer_of(value: Mapping[str, Any], request: LLMRequest, context: Context) -> WireResponse:
    """Answer with an object."""
    return WireResponse(200, headers_of(request, context), (written(value),))


def written(value: Mapping[str, Any]) -> bytes:
    """Write an object as the API does."""
    return encode(value, indent=2) + b"\n"


def headers_of(request: LLMRequest, context: Context, kind: str = JSON) -> Headers:
    """Make the headers; these APIs tell of no rate limits."""
    headers = answer_headers(request.url, kind, context.identity)
    return tuple(one for one in headers if not one[0].startswith("x-ratelimit-"))


def query_of(url: str) -> dict[str, str]:
    """Read the parameters of a URL, the last of each name."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
