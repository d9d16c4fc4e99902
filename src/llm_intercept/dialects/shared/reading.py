"""What readers of requests have alike, whichever API: what was said last, and whose a request is.

Knows: neutral messages. Must not know: any API's bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects.base import BadRequestError, UnreadableError
from llm_intercept.model.parts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from llm_intercept.model.request import Message

ANY_KEY = "Send a key: while the request is answered here, any text will do."
"""What a program is to change whose request has no key."""


NOBODYS = "Its body names no model, and neither its host, its path nor its client says that one is asked"


def last_spoken(messages: Iterable[Message]) -> str:
    """Find what the user said last, among messages from the last to the first; its texts with spaces between."""
    said = next((message.parts for message in messages if message.is_user), ())
    return " ".join(part.text for part in said if isinstance(part, Text))


def check_whose(maker: str, check: Callable[[], None], *, is_asked: bool) -> None:
    """Let be what nothing but its path says is an API's, and the API would refuse: others may have the path too.

    Args:
        maker: Whose API it is, for messages.
        check: Raises `BadRequestError` for what the API refuses.
        is_asked: Whether host or client say that this API is asked; then `Dialect.validate` refuses it.

    Raises:
        UnreadableError: It is refused, and nothing says so.

    """
    if is_asked:
        return
    try:
        check()
    except BadRequestError as refusal:
        told = str(refusal).removesuffix(".")
        raise UnreadableError(f"{maker} would refuse it, and nothing says that it is asked: {told}") from refusal
