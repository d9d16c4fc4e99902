"""The neutral vocabulary: requests, parts, usage, and what passes on the wire.

The names below are loaded when they are first used: what passes on the wire is wanted at interpreter start, where
requests are not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.lazy import lazy_names

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest as LLMRequest
    from llm_intercept.model.request import Message as Message
    from llm_intercept.model.request import ToolResult as ToolResult
    from llm_intercept.model.request import Usage as Usage
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__, {"request": "LLMRequest Message ToolResult Usage"})
