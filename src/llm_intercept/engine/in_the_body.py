"""Obeys litellm's mock parameters, which any request's body may carry.

Knows: the engine that is asked, what the parameters make. Must not know: rules, how a reply is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.engine.decide import FailedExchange
from llm_intercept.errors import LLMInterceptError, ReplyError
from llm_intercept.replies.kinds import Callback
from llm_intercept.replies.mock_params import mocked

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.engine.decide import Case
    from llm_intercept.replies.kinds import Prepared

IN_THE_BODY = "mock_response, in the request's body"


def asked_for(case: Case) -> Generator[Any, Any, Prepared | None]:
    """Give the reply that a request's body asks for; None if it asks for none.

    Raises:
        FailedExchange: It asks for what cannot be given, or for more than a budget allows.

    """
    call, engine = case.call, case.engine
    call.started = engine.service.clock.now()
    try:
        found = mocked(case.request.raw)
        if found is None:
            return None
        call.source, case.origin = "rule", IN_THE_BODY
    except LLMInterceptError as error:
        engine.journal.note(call)
        raise FailedExchange(error) from error
    engine.journal.note(call)
    try:
        engine.check_budget()
    except LLMInterceptError as error:
        raise FailedExchange(error) from error
    if found.delay:
        yield from case.pause(found.delay)
    if isinstance(found.reply, Callback):
        raise FailedExchange(ReplyError(f"{IN_THE_BODY}, is a function", "Give the reply itself."))
    return found.reply
