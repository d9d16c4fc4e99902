"""The messages of a request that are a role and a text, as most are, and nothing else.

Knows: messages of chat completions (OpenAI's reference). Must not know: what is made of their texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest

ALONE = frozenset({"role", "content"})


def is_text_alone(message: Any) -> bool:
    """Whether a message is a role and a text, and nothing else."""
    return message.__class__ is dict and message.keys() == ALONE and message["content"].__class__ is str


def plain_texts(request: LLMRequest) -> list[str]:
    """Return the texts of messages that have nothing else, without reading them into values; else none."""
    found: list[str] | None = request.beside.get(plain_texts)
    if found is None:
        messages = items(request.raw.get("messages"))
        texts = [message["content"] for message in messages if is_text_alone(message)]
        found = request.beside[plain_texts] = texts if len(texts) == len(messages) else []
    return found
