"""Asks the user's function for a reply, and makes one of what it returns.

Knows: replies and what can be wrong with them. Must not know: which rule is chosen, how a reply is written.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from llm_intercept.errors import LLMInterceptError, ReplyError, ReplyFunctionError
from llm_intercept.model.wire import Ask, NetworkFaultError
from llm_intercept.replies.reply import Computed, collect, explain, prepare

if TYPE_CHECKING:
    from collections.abc import Generator

    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.reply import Answer, Faulty, LetOut, Raises
    from llm_intercept.rules.rule import Rule


class FailedExchange(Exception):  # noqa: N818 - it carries the error, it is none
    """A user's function or reply is broken: `error` says how."""

    def __init__(self, error: LLMInterceptError) -> None:
        self.error = error


def resolve(
    computed: Computed, rule: Rule, request: LLMRequest
) -> Generator[Any, Any, Answer | Faulty | Raises | LetOut]:
    """Ask the user's function for a reply."""
    value = yield from _ask(rule, computed.function, request)
    if isinstance(value, AsyncIterator):
        value = yield from _ask(rule, collect, cast("AsyncIterator[str]", value))
    return _prepared(value, rule)


def _ask(rule: Rule, function: Any, argument: object) -> Generator[Any, Any, Any]:
    try:
        return (yield Ask(function, (argument,)))
    except NetworkFaultError as fault:  # the function simulates a failure, which is the request's
        failure = fault.seen
    except Exception as error:
        raise FailedExchange(ReplyFunctionError(str(rule), rule.where, error)) from error
    raise failure


def _prepared(value: object, rule: Rule) -> Answer | Faulty | Raises | LetOut:
    where = f"what the function of rule {rule} returned, {rule.where}"
    try:
        prepared = prepare(value, where)
    except ReplyError as error:
        raise FailedExchange(error) from error
    except ValidationError as error:
        raise FailedExchange(explain(error, where)) from error
    if isinstance(prepared, Computed):
        raise FailedExchange(
            ReplyError("A reply function returned another function", "Return the reply itself.", where)
        )
    return prepared


def instance(error: BaseException | type[BaseException]) -> BaseException:
    """Make the exception to raise.

    Raises:
        FailedExchange: It is a class that cannot be made from a message alone.

    """
    if isinstance(error, BaseException):
        return error
    try:
        return error("raised by llm-intercept, as the rule asks")
    except Exception as failure:
        problem = f"{error.__name__} cannot be made from a message alone"
        raise FailedExchange(
            ReplyError(problem, "Give an instance of the exception instead of the class.")
        ) from failure
