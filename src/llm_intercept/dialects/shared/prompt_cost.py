"""What a conversation costs in tokens, estimated where an API does not say how it counts.

Knows: the neutral vocabulary, tokens. Must not know: any API's JSON.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.json import encode
from llm_intercept.base.tokens import total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.request import LLMRequest

MESSAGE_TOKENS = 4
"""What a message costs beside its text, its role included."""


def prompt_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Count messages, calls, answers of tools, and the tools that are offered."""
    return total(tokenizer, _texts(request), request.model) + MESSAGE_TOKENS * len(request.messages)


def _texts(request: LLMRequest) -> Iterator[str]:
    for message in request.messages:
        yield message.text
        for call in message.tool_calls:
            yield call.name
            yield call.arguments
    for tool in request.tools:
        yield encode(tool.raw).decode()
