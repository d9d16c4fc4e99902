"""What all of Anthropic's APIs do alike: fail, tell of rate limits, tell when to try again.

Knows: the parts in this folder, and ties them together. Must not know: one API's bodies.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from llm_intercept.dialects.anthropic.lines_of_head import limit_headers
from llm_intercept.dialects.anthropic.origin import is_asked
from llm_intercept.dialects.anthropic.wording import fail
from llm_intercept.dialects.base import Dialect, KeyHeader
from llm_intercept.dialects.shared.retry import RETRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireResponse
    from llm_intercept.replies.kinds import ErrorReply, LimitState

LONGEST = 4_294_967.0  # seconds: anthropic 2.14, `_calculate_retry_timeout`


class AnthropicDialect(Dialect):
    """One of Anthropic's APIs."""

    home = "api.anthropic.com"
    variables = MappingProxyType({"ANTHROPIC_BASE_URL": "{}"})
    keys = (
        KeyHeader(("ANTHROPIC_API_KEY",), ("api.anthropic.com",), "x-api-key", "{}"),
        KeyHeader(("ANTHROPIC_AUTH_TOKEN",), ("api.anthropic.com",)),
    )
    retry = replace(RETRY, longest=LONGEST)

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        return fail(request, error, identity)

    def is_asked(self, request: LLMRequest) -> bool:
        return is_asked(request)

    def limits(self, states: Sequence[LimitState], second: int) -> Headers:
        return limit_headers(states, second)
