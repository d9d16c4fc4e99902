"""What all of Anthropic's APIs do alike: fail, tell of rate limits, tell when to try again.

Knows: the parts in this folder, and ties them together. Must not know: one API's bodies.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from llm_intercept.dialects.anthropic.lines_of_head import limit_headers
from llm_intercept.dialects.anthropic.origin import VERSION, is_asked, place_of
from llm_intercept.dialects.anthropic.wording import fail, refused
from llm_intercept.dialects.base import Dialect
from llm_intercept.dialects.key_headers import KeyHeader
from llm_intercept.dialects.shared.reading import ANY_KEY
from llm_intercept.dialects.shared.retry import RETRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest, WireResponse
    from llm_intercept.replies.kinds import ErrorReply, LimitState

TWICE = "/v1/v1/"
BASE = "The client adds the path, which begins with /v1, to its base_url, https://api.anthropic.com."
LONGEST = 4_294_967.0  # seconds: anthropic 2.14, `_calculate_retry_timeout`


class AnthropicDialect(Dialect):
    """One of Anthropic's APIs.

    Attributes:
        path: Its path; empty where it has several.

    """

    path = ""

    home = "api.anthropic.com"
    variables = MappingProxyType({"ANTHROPIC_BASE_URL": "{}"})
    keys = (
        KeyHeader(("ANTHROPIC_API_KEY",), (home,), "x-api-key", "{}", addresses=tuple(variables)),
        KeyHeader(("ANTHROPIC_AUTH_TOKEN",), (home,), addresses=tuple(variables)),
    )
    retry = replace(RETRY, longest=LONGEST)

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        return fail(request, error, identity)

    def validate_head(self, head: WireRequest, *, strictly: bool) -> None:
        """Refuse a path that Anthropic does not have; strictly, also a request without a key or a version."""
        if place_of(head.url) != "anthropic":
            return
        if head.path.startswith(TWICE) or (self.path and head.path.rstrip("/") != self.path):
            raise refused("Not Found", 404, hint=BASE)
        if strictly and not (head.headers.get("x-api-key") or head.headers.get("authorization")):
            raise refused("x-api-key header is required", 401, hint=ANY_KEY)
        if strictly and VERSION not in head.headers:
            raise refused(f"{VERSION}: header is required", hint=f"Send {VERSION}: 2023-06-01.")

    def is_asked(self, request: LLMRequest) -> bool:
        return is_asked(request)

    def limits(self, states: Sequence[LimitState], second: int) -> Headers:
        return limit_headers(states, second)
