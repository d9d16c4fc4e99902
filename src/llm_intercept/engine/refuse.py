"""Refuses a request in the API's own shape, so that an SDK raises it at once instead of trying again.

Knows: dialects. Must not know: why a request is refused.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from llm_intercept.dialects.base import ErrorFacts

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.wire import WireResponse

NO_RETRY = ("x-should-retry", "false")


def refuse(dialect: Dialect, status: int, message: str, code: str) -> WireResponse:
    """Write a refusal; the same message has the same request id."""
    identity = hashlib.blake2b(message.encode(errors="replace"), digest_size=40).hexdigest()
    return dialect.write_error(ErrorFacts(status, message, code=code, headers=(NO_RETRY,)), identity)
