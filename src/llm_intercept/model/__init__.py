"""The neutral vocabulary: requests, messages and their parts, usage, and what passes between a door and the engine.

The names below are loaded when they are first used: what passes on the wire is wanted at interpreter start, where
requests are not.

Knows: nothing but itself. Must not know: any API, any HTTP library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.lazy import lazy_names

if TYPE_CHECKING:
    from llm_intercept.model.parts import Citation as Citation
    from llm_intercept.model.parts import FinishReason as FinishReason
    from llm_intercept.model.parts import Media as Media
    from llm_intercept.model.parts import Other as Other
    from llm_intercept.model.parts import Part as Part
    from llm_intercept.model.parts import Reasoning as Reasoning
    from llm_intercept.model.parts import Refusal as Refusal
    from llm_intercept.model.parts import ReplyPart as ReplyPart
    from llm_intercept.model.parts import Text as Text
    from llm_intercept.model.parts import ToolCall as ToolCall
    from llm_intercept.model.parts import ToolResult as ToolResult
    from llm_intercept.model.request import LLMRequest as LLMRequest
    from llm_intercept.model.request import Message as Message
    from llm_intercept.model.request import OutputFormat as OutputFormat
    from llm_intercept.model.request import Tool as Tool
    from llm_intercept.model.request import ToolChoice as ToolChoice
    from llm_intercept.model.usage import Usage as Usage
else:
    __getattr__, __dir__, __all__ = lazy_names(
        __name__,
        {
            "parts": "Citation FinishReason Media Other Part Reasoning Refusal ReplyPart Text ToolCall ToolResult",
            "request": "LLMRequest Message OutputFormat Tool ToolChoice",
            "usage": "Usage",
        },
    )
