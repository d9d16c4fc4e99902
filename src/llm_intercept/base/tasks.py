"""The asyncio task that runs here, found without loading asyncio for it.

Knows: asyncio. Must not know: why it is asked.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from typing import Any

serving: ContextVar[bool] = ContextVar("llm_intercept_serving", default=False)
"""Whether what runs here answers a connection of another task, so that it is not the task that asks."""


def asyncio_task() -> Any:
    """Return the task that runs here, None if there is none, or it asks for others."""
    if serving.get():
        return None
    current_task = getattr(sys.modules.get("asyncio"), "current_task", None)
    try:
        return None if current_task is None else current_task()
    except RuntimeError:  # no loop runs here
        return None
