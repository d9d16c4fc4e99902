"""What those of Cohere's APIs have alike that answer by themselves where no rule says anything.

Knows: how they write objects. Must not know: what any of them answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.cohere.cohere_origin import CHANGING, JSON, CohereDialect, answer_headers
from llm_intercept.dialects.shared.own_answers import AnsweredByItself
from llm_intercept.model.parts import Text
from llm_intercept.model.request import LLMRequest, Message
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import RawReply

VERSION = {"version": "2"}


class CohereSelf(AnsweredByItself, CohereDialect):
    """One of Cohere's APIs that answers by itself."""

    recorded = Recorded(changing_headers=CHANGING)

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        del request, ready
        return answer_headers(JSON, context.identity)

    def written(self, value: Mapping[str, Any]) -> bytes:
        return encode(value)

    def object(self, request: LLMRequest, value: Mapping[str, Any], context: Context) -> WireResponse:
        """Answer with an object."""
        return WireResponse(200, self.headers(request, context), (self.written(value),))


def request_of(
    api: str, model: str, said: str, head: WireRequest, body: Mapping[str, Any], content: bytes
) -> LLMRequest:
    """Make a request that says something and is no conversation."""
    return LLMRequest.made(
        head, body, content, api=api, model=model, messages=(Message(role="user", parts=(Text(said),)),) if said else ()
    )
