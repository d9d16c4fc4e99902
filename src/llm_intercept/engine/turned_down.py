"""Refuses a request in the words of its API, where nothing answers it or an answer cannot be written.

Knows: dialects. Must not know: why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.engine.identity import of_text, told_now
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.engine.decide import Case
    from llm_intercept.model.wire import WireResponse


def refusal(case: Case, status: int, message: str, code: str) -> WireResponse:
    """Refuse a request in the API's own shape, so that an SDK raises it at once instead of trying again.

    The same message has the same request id.
    """
    error = ErrorReply(status, message=message, code=code, is_final=True)
    return case.dialect.fail(case.request, error, told_now(of_text(message), case.service.clock))
