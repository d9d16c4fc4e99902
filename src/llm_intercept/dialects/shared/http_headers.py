"""Headers as every API has them: how they are overridden, and the date among them.

Knows: HTTP. Must not know: any API's headers.
"""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.model.wire import Headers


def overridden(headers: Headers, given: Headers) -> Headers:
    """Put `given` headers in the place of those of the same name, or after them."""
    if not given:
        return headers
    names = {name.lower() for name, _ in given}
    return (*(one for one in headers if one[0] not in names), *given)


@lru_cache(maxsize=4)
def date_of(second: int) -> str:
    """Write a moment, in Unix seconds, as HTTP does."""
    return formatdate(second, usegmt=True)
