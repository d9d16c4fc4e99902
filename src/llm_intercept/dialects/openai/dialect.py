"""What all of OpenAI's APIs do alike: fail, tell of rate limits, tell when to try again.

Knows: the parts in this folder, and ties them together. Must not know: one API's bodies.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from llm_intercept.dialects.base import Dialect
from llm_intercept.dialects.openai.entrance import check_key, check_path
from llm_intercept.dialects.openai.failures import USUAL, fail
from llm_intercept.dialects.openai.headers import limit_headers
from llm_intercept.dialects.openai.hosts.keys import KEYS
from llm_intercept.dialects.shared.retry import RETRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest, WireResponse
    from llm_intercept.replies.kinds import ErrorReply, LimitState


class OpenAIDialect(Dialect):
    """One of OpenAI's APIs.

    Attributes:
        manner: How it fails.
        path: What its path is behind the version; empty where it has several.

    """

    home = "api.openai.com"
    variables = MappingProxyType({"OPENAI_BASE_URL": "{}/v1", "OPENAI_API_BASE": "{}/v1"})
    keys = KEYS
    retry = RETRY
    manner = USUAL
    path = ""

    def validate_head(self, head: WireRequest, *, strictly: bool) -> None:
        """Refuse a path that OpenAI does not have; strictly, also a request without a key."""
        check_path(head, self.path)
        if strictly:
            check_key(head)

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        return fail(request, error, identity, self.manner)

    def limits(self, states: Sequence[LimitState], second: int) -> Headers:
        del second
        return limit_headers(states)
