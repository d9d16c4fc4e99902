"""A reply that is an exception: the request fails with it.

Knows: exceptions. Must not know: libraries' own, rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from llm_intercept.errors import ReplyError

SAID = "raised by llm-intercept, as the rule asks"
"""The message of an exception that is given as its class."""


@dataclass(frozen=True, slots=True)
class RaiseError:
    """The request fails with this exception."""

    error: BaseException | type[BaseException]

    def made(self) -> BaseException:
        """Return the exception; of a class, a new one."""
        return self.error if isinstance(self.error, BaseException) else self.error(SAID)


def raised_of(kind: type[BaseException]) -> RaiseError:
    """Make the reply of an exception's class.

    Raises:
        ReplyError: It needs more than a message, as SDKs' own exceptions for an answer do.

    """
    raised = RaiseError(kind)
    try:
        raised.made()
    except Exception as error:
        advice = "Give an instance of it. For an API's error use api_error(429): the SDK makes its exception of that."
        raise ReplyError(f"{kind.__name__} cannot be made from a message alone", advice) from error
    return raised
