"""Requests of OpenAI's that are no question to a model, and that its own API answers where no rule says anything.

Knows: which replies mean one. Must not know: what any of them answers.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from llm_intercept.base.json import encode
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.headers import CHANGING, JSON, KEPT, answer_headers
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ANSWERS_ALL, AutoReply, ErrorReply, RawReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.kinds import Answer


class ByDefault(OpenAIDialect):
    """An API that answers by itself.

    Attributes:
        what: What is asked for, for messages.

    """

    what: str
    recorded = Recorded(kept_headers=KEPT, changing_headers=CHANGING)
    takes = ANSWERS_ALL
    default = AutoReply()

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        match answer:
            case AutoReply():
                return self.own(request, context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply(body=bytes() | dict() as body):
                headers = overridden(headers_of(request, context), retry_at_once(answer.status, answer.headers))
                content = body if isinstance(body, bytes) else written(body)
                return WireResponse(answer.status, overridden(headers, answer.headers), (content,))
            case _:
                problem = f"{answer!r} cannot answer a request for {self.what}"
                raise ReplyError(problem, "Give a ready body, raw({…}), or auto() for what the API itself would say.")

    @abstractmethod
    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        """Write what the API answers."""

    def essence(self, request: LLMRequest) -> Any:
        return {"method": request.method, "url": request.url, "body": request.raw}


def answer_of(value: Mapping[str, Any], request: LLMRequest, context: Context) -> WireResponse:
    """Answer with an object."""
    return WireResponse(200, headers_of(request, context), (written(value),))


def written(value: Mapping[str, Any]) -> bytes:
    """Write an object as the API does."""
    return encode(value, indent=2) + b"\n"


def headers_of(request: LLMRequest, context: Context, kind: str = JSON) -> tuple[tuple[str, str], ...]:
    """Make the headers; these APIs tell of no rate limits."""
    headers = answer_headers(request.url, kind, context.identity)
    return tuple(one for one in headers if not one[0].startswith("x-ratelimit-"))


def query_of(url: str) -> dict[str, str]:
    """Read the parameters of a URL, the last of each name."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
