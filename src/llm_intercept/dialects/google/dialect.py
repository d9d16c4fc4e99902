"""What all of Google's APIs do alike: fail, and tell when to try again; of rate limits they tell nothing.

Knows: the parts in this folder, and ties them together. Must not know: one API's bodies.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.dialects.base import BadRequestError, Dialect
from llm_intercept.dialects.google.places import is_at_google, is_googles, keyed
from llm_intercept.dialects.google.retry_info import RETRY
from llm_intercept.dialects.google.rpc_status import fail, not_found
from llm_intercept.dialects.key_headers import KeyHeader
from llm_intercept.dialects.shared.reading import ANY_KEY
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest, WireResponse
    from llm_intercept.replies.kinds import LimitState


TWICE = re.compile(r"/v\d\w*/v\d")
BASE = "The client adds the version and the path to its base_url, which has neither."


class GoogleDialect(Dialect):
    """One of Google's APIs."""

    home = "generativelanguage.googleapis.com"
    variables = MappingProxyType({"GOOGLE_GEMINI_BASE_URL": "{}"})
    keys = (
        KeyHeader(("GEMINI_API_KEY", "GOOGLE_API_KEY"), (home,), "x-goog-api-key", "{}", addresses=tuple(variables)),
    )
    retry = RETRY

    def validate_head(self, head: WireRequest, *, strictly: bool) -> None:
        """Refuse a path with its version twice; strictly, also a request without a key."""
        if not is_at_google(head.url):
            return
        if TWICE.match(head.path):
            raise BadRequestError(ErrorReply(404, body=not_found(head.path)), BASE)
        if strictly and not keyed(head):
            raise BadRequestError(ErrorReply(403, "permission_denied"), ANY_KEY)

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        return fail(request, error, identity)

    def is_asked(self, request: LLMRequest) -> bool:
        return is_googles(urlsplit(request.url).hostname or "", request.headers)

    def limits(self, states: Sequence[LimitState], second: int) -> Headers:
        del states, second
        return ()
