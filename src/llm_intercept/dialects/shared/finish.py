"""Why an answer ended, as far as an API has a word for it.

Knows: the neutral words, which every API takes. Must not know: any API's own; a dialect says them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.words import did_you_mean
from llm_intercept.errors import ReplyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.replies.reply import Reply


def finish_of(reply: Reply, words: Mapping[str, str], api: str) -> str | None:
    """Return an API's word for why a reply ends; None where the reply does not say.

    `words` are the API's words by the neutral ones, and its own by themselves.

    Raises:
        ReplyError: The API has none.

    """
    given = reply.finish_reason
    if given is None:
        return None
    found = words.get(given)
    if found is None:
        raise ReplyError(f"A reply has finish_reason={given!r}, which {api} cannot say", did_you_mean(given, words))
    return found
