"""What a conversation costs in tokens beside its texts, whichever of OpenAI's APIs it is asked in.

Knows: how OpenAI counts a prompt (its cookbook, "How to count tokens"). Must not know: how the numbers are reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.tokens import count
from llm_intercept.dialects.openai.traits import traits

if TYPE_CHECKING:
    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.parts import ToolCall
    from llm_intercept.model.request import LLMRequest, Message

MESSAGE_TOKENS = 4  # every message costs this beside its text, its role included
ANSWER_TOKENS = 3  # and the answer's beginning this
# What a call costs beside its name and arguments: the medians of the recorded ones, alone and in company.
LONE_CALL_TOKENS = 7
CALL_TOKENS = 13


def hidden_tokens(request: LLMRequest, model: str) -> int:
    """Count what the model's family adds to every choice unseen; after a tool's answer it is a third."""
    hidden = traits(model).hidden_tokens
    return hidden // 3 if hidden and request.messages and request.messages[-1].role == "tool" else hidden


def call_tokens(call: ToolCall, calls: int, tokenizer: Tokenizer, model: str) -> int:
    """Count what one of so many `calls` costs beside its arguments."""
    return (CALL_TOKENS if calls > 1 else LONE_CALL_TOKENS) + count(tokenizer, call.name, model)


def texts_of(message: Message) -> list[str]:
    """Return what of a message costs tokens."""
    called = [text for call in message.tool_calls for text in (call.name, call.arguments)]
    return [message.name, message.text, *called]


def token_count(value: object) -> int:
    """Read a number of tokens as an answer reports it; 0 where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
