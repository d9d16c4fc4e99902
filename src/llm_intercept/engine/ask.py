"""Asks the user's function for a reply, and makes one of what it returns.

Knows: replies and what can be wrong with them. Must not know: which rule is chosen, how a reply is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from llm_intercept.engine.decide import FailedExchange
from llm_intercept.errors import AnswerError, LLMInterceptError, ReplyError, ReplyFunctionError
from llm_intercept.model.wire import Ask, NetworkFaultError
from llm_intercept.replies.computed import Computed, collected
from llm_intercept.replies.kinds import Callback, prepare
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.engine.decide import Case
    from llm_intercept.replies.kinds import Answer, Passthrough
    from llm_intercept.replies.raised import RaiseError


READY = (type(None), tuple, list)


def resolve(callback: Callback, case: Case) -> Generator[Any, Any, Answer | RaiseError | Passthrough]:
    """Ask the user's function for a reply.

    Raises:
        FailedExchange: It raised, or returned what cannot be a reply.

    """
    value = yield from _ask(case, callback.function, case.request.lent())
    where = f"what the function of rule {case.origin} returned, {case.where}"
    try:
        prepared = prepare(value, where, returned=True)
    except ReplyError as error:
        raise FailedExchange(error) from error
    if isinstance(prepared, Callback):
        problem = "A reply function returned another function"
        raise FailedExchange(ReplyError(problem, "Return the reply itself.", where))
    return prepared


def read_deltas(reply: Reply, case: Case) -> Generator[Any, Any, Reply]:
    """Read computed deltas to their end where the answer is asked for as a whole; a stream reads them as they come.

    Raises:
        FailedExchange: They raised, one is no str, or they have no end.

    """
    choice = case.request.tool_choice
    if case.request.stream and (choice is None or choice.mode != "required"):
        return reply
    collect = _collect if isinstance(reply.deltas, Computed) else collected
    try:
        deltas: list[str] = yield from _ask(case, collect, reply.deltas)
    except FailedExchange as failed:
        cause = failed.error.__cause__
        raise FailedExchange(placed(cause, case)) if isinstance(cause, ReplyError) else failed from cause
    return reply.with_deltas(tuple(deltas))


async def _collect(deltas: Computed) -> list[str]:
    return await deltas.collected()


def placed(error: ReplyError, case: Case) -> ReplyError:
    """Say of a reply that cannot be given which rule gave it, and where that was written."""
    place = f"rule {case.origin}, {case.where}" if case.where else str(case.origin)
    return error if error.where else ReplyError(error.problem, error.advice, place)


def are_computed(answer: object) -> TypeGuard[Reply]:
    """Whether the deltas of a reply are computed while they are read, by what the user wrote."""
    return isinstance(answer, Reply) and answer.deltas.__class__ not in READY


def _ask(case: Case, function: Any, argument: object) -> Generator[Any, Any, Any]:
    try:
        return (yield Ask(function, (argument,)))
    except NetworkFaultError as fault:  # the function simulates a failure, which is the request's
        failure = fault.seen
    except Exception as error:
        raise FailedExchange(ReplyFunctionError(str(case.origin), case.where, error)) from error
    raise failure


def whose(error: Exception, case: Case) -> LLMInterceptError:
    """Tell what a body raised: what computes its deltas did, or nobody but us can have."""
    if isinstance(error, LLMInterceptError):
        return error
    kind = ReplyFunctionError if are_computed(case.call.reply) else AnswerError
    return kind(str(case.origin), case.where, error)
