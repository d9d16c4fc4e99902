"""Turns a request down in its API's words: what nothing answers, what fails here, what the API itself would refuse.

Knows: dialects, the journal, what `unmatched=` says. Must not know: why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.engine.identity import of_text, told_now
from llm_intercept.engine.readings import as_far_as_read
from llm_intercept.engine.sending_on import send_on
from llm_intercept.engine.warned import warn
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.journal.journal import Call
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import BadRequestError, Dialect
    from llm_intercept.engine.decide import Case
    from llm_intercept.engine.exchange import Engine
    from llm_intercept.errors import LLMInterceptError
    from llm_intercept.facts import Unmatched
    from llm_intercept.model.wire import Exchange, WireRequest, WireResponse


def unmatched(engine: Engine, case: Case, facts: Unmatched) -> Exchange:
    """End the exchange of a request that nothing answers, as `unmatched=` says; raises `UnmatchedRequestError`."""
    call = case.call
    call.source = "unmatched"
    if engine.lets_unmatched_out:
        if engine.unmatched == "warn":
            warn(str(facts))
        return (yield from send_on(call))
    engine.journal.note_unmatched(facts)
    call.error = UnmatchedRequestError([facts])
    if engine.unmatched == "raise":
        call.finish()
        raise call.error
    call.status = 404
    return call.finish_with(_refusal(case, 404, str(facts), "llm_intercept_unmatched"))


def broken(engine: Engine, case: Case, error: LLMInterceptError) -> WireResponse:
    """Answer where what was to answer fails."""
    call = case.call
    engine.journal.note_failure(error)
    call.status, call.error = 500, error
    return call.finish_with(_refusal(case, 500, str(error), "llm_intercept_failed"))


def refused(
    engine: Engine, error: BadRequestError, head: WireRequest, dialect: Dialect, content: bytes
) -> WireResponse:
    """Answer what the API itself would refuse."""
    request = as_far_as_read(dialect, head, content)
    digest = engine.identities.digest(request.raw, engine.seed)
    started = engine.service.clock.now()
    call = engine.journal.note(Call(request, digest=digest, started=started, timeout=head.timeout))
    call.source, call.status, call.error = "refused", error.error.status, error
    identity = told_now(engine.identities.next(digest, dialect.name, stream=False), engine.service.clock)
    return call.finish_with(dialect.fail(request, error.error, identity))


def _refusal(case: Case, status: int, message: str, code: str) -> WireResponse:
    """Refuse a request in the API's own shape, so that an SDK raises it at once instead of trying again.

    The same message has the same request id.
    """
    error = ErrorReply(status, message=message, code=code, is_final=True)
    return case.dialect.fail(case.request, error, told_now(of_text(message), case.service.clock))
