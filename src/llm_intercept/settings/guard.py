"""What a block tells the processes that are started inside it: the value it gives `LLM_INTERCEPT`.

Knows: how it is written and read. Must not know: blocks, engines. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.settings import SWITCH

if TYPE_CHECKING:
    from collections.abc import Mapping

BEGINNING = "block {"
LONGEST = 8_000
"""The characters that the variable may have: systems limit a process's environment, on Windows to 32,767 in all."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What a process that is started inside a block does with its requests to models.

    Attributes:
        where: The place of the block, for messages.
        process: The id of the process that the block is in.
        settings: The settings of the block, as arguments; mode `block` where its answers cannot be passed on.
        reply: The text it answers where no rule does; None for none.
        auto: Whether it answers `auto()` where no rule does.
        why: Why its answers cannot be passed on; empty where they are.
        report: A file that is told of each call; empty for none.

    """

    where: str
    process: int
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reply: str | None = None
    auto: bool = False
    why: str = ""
    report: str = ""

    def __str__(self) -> str:
        return "block " + json.dumps({name: getattr(self, name) for name in self.__slots__}, separators=(",", ":"))


def is_guard(value: str | None) -> bool:
    """Whether a value of the variable is a block's, and not a user's own."""
    return value is not None and value.startswith(BEGINNING)


def guard_of(environ: Mapping[str, str] = os.environ) -> Guard | None:
    """Read the variable; None where no block has set it, or one of another version of this package."""
    value = environ.get(SWITCH)
    return read(value) if value is not None and is_guard(value) else None


def read(text: str) -> Guard:
    """Read what `str(guard)` wrote; what cannot be read refuses everything."""
    try:
        return Guard(**json.loads(text.removeprefix("block ")))
    except (ValueError, TypeError):  # of another version
        return Guard("an unknown place", 0, {"mode": "block"}, why="it is of another version of llm-intercept")
