"""What readers of requests have alike, whichever API: what was said last, and what a refusal means.

Knows: heads of requests. Must not know: any API's bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from llm_intercept.dialects.base import UnreadableError
from llm_intercept.model.parts import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.dialects.base import BadRequestError
    from llm_intercept.model.request import Message


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
