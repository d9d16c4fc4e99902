"""What those of Google's APIs have alike that answer by themselves where no rule says anything.

Knows: how they write objects. Must not know: what any of them answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.google.dialect import GoogleDialect
from llm_intercept.dialects.google.front_end import CHANGING, JSON, KEPT, answer_headers
from llm_intercept.dialects.google.json_text import pretty
from llm_intercept.dialects.shared.own_answers import AnsweredByItself
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import RawReply


class SelfAnswered(AnsweredByItself, GoogleDialect):
    """One of Google's APIs that answers by itself."""

    recorded = Recorded(kept_headers=KEPT, changing_headers=CHANGING)

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        del ready
        return answer_headers(request.url, JSON, context.identity)

    def written(self, value: Mapping[str, Any]) -> bytes:
        return written(value)


def written(value: Any) -> bytes:
    """Write an object as the API does."""
    return pretty(value) + b"\n"


def answer_of(value: Mapping[str, Any], request: LLMRequest, context: Context) -> WireResponse:
    """Answer with an object."""
    return WireResponse(200, answer_headers(request.url, JSON, context.identity), (written(value),))
