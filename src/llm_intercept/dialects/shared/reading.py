"""What readers of requests have alike, whichever API: a request that is read at once, and what a refusal means.

Knows: heads of requests. Must not know: any API's bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from llm_intercept.dialects.base import UnreadableError
from llm_intercept.model.parts import Text
from llm_intercept.model.request import LLMRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.dialects.base import BadRequestError
    from llm_intercept.model.request import Message
    from llm_intercept.model.wire import WireRequest


def request_of(head: WireRequest, body: Mapping[str, Any], content: bytes, **fields: Any) -> LLMRequest:
    """Make a request of its head and body, with the fields of `LLMRequest` that were read from it."""
    sent: dict[str, Any] = {"raw": body, "headers": head.headers, "url": head.url, "method": head.method}
    return LLMRequest(**sent, content=content, **fields)


def last_spoken(messages: Iterable[Message]) -> str:
    """Find what the user said last, among messages from the last to the first; its texts with spaces between."""
    said = next((message.parts for message in messages if message.is_user), ())
    return " ".join(part.text for part in said if isinstance(part, Text))


def refuse(refusal: BadRequestError, maker: str, *, is_asked: bool) -> NoReturn:
    """Refuse what an API refuses, if it is the one that is asked: others may have its path for something else.

    Args:
        refusal: What the API says.
        maker: Whose API it is, for messages.
        is_asked: Whether host or client say that this API is asked.

    Raises:
        BadRequestError: It is asked.
        UnreadableError: Nothing says so.

    """
    if is_asked:
        raise refusal
    raise UnreadableError(f"{maker} would refuse it, and nothing says that it is asked: {refusal}") from refusal
