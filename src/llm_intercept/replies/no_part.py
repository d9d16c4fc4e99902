"""What is given among the parts of a turn and cannot be one: where it goes.

Knows: faults and parts by their names. Must not know: how a reply is put together.
"""

from __future__ import annotations

from llm_intercept.errors import ReplyError
from llm_intercept.faults.base import Fault


def no_part(problem: str, part: object) -> ReplyError:
    """Make the error of what cannot be a part of a turn; what goes wrong with an answer is said beside its parts."""
    if isinstance(part, Fault):
        return ReplyError(problem, f"It goes beside the parts: Reply('text', fault={part!r}).")
    return ReplyError(problem, "A part is text, tool_call(…), reasoning(…) or a Reply.")
