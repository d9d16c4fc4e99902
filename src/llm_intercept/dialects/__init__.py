"""The APIs that can be answered: each a folder or file behind four functions, listed in one literal tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.dialects import openai_chat as chat

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.wire import WireRequest

DIALECTS: tuple[Dialect, ...] = (chat,)


def claimed_by(request: WireRequest) -> Dialect | None:
    """Find the dialect that answers requests like this one; None if there is none."""
    for dialect in DIALECTS:
        if dialect.claims(request):
            return dialect
    return None
