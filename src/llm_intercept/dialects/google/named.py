"""Fields by their names in Google's JSON, which may be in camel case or, as in the protocol buffers, in snake case.

Knows: both spellings. Must not know: any message.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from llm_intercept.base.json import mapping

_CAPITAL = re.compile(r"(?<!^)[A-Z]")


def got(value: object, name: str) -> Any:
    """Return the field of an object that is called `name` in camel case, however it is spelt; None if it has none."""
    fields = mapping(value)
    return fields[name] if name in fields else fields.get(snake(name))


@lru_cache(maxsize=256)
def snake(name: str) -> str:
    """Spell a name in snake case."""
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)
