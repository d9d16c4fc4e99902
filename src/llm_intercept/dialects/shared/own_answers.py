"""Requests that are no question to a model, and that an API answers by itself where no rule says anything.

Knows: which replies mean one. Must not know: what any of them answers.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.base import Dialect
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ANSWERS_ALL, AutoReply, ErrorReply, RawReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import Answer, Kinds


class AnsweredByItself(Dialect):
    """An API that answers by itself.

    Attributes:
        what: What is asked for, for messages.
        advice: What to give instead of what cannot answer it.

    """

    what: str
    advice = "Give a ready body, raw({…}), or auto() for what the API itself would say."
    takes: Kinds | None = ANSWERS_ALL
    default = AutoReply()

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        match answer:
            case AutoReply():
                return self.own(request, context)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply(body=bytes() | dict() as body):
                headers = overridden(self.headers(request, context, answer), answer.headers)
                return WireResponse(answer.status, headers, (self.ready(request, body),))
            case _:
                raise ReplyError(f"{answer!r} cannot answer a request for {self.what}", self.advice)

    def ready(self, request: LLMRequest, body: bytes | Mapping[str, Any]) -> bytes:
        """Make of a ready body what is sent."""
        del request
        return body if isinstance(body, bytes) else self.written(body)

    @abstractmethod
    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        """Write what the API answers."""

    @abstractmethod
    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        """Make the headers of an answer, of its own or of a ready one."""

    @abstractmethod
    def written(self, value: Mapping[str, Any]) -> bytes:
        """Write an object as the API does."""

    def essence(self, request: LLMRequest) -> Any:
        return {"method": request.method, "url": request.url, "body": request.raw}
