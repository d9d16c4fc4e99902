"""What an answer cost, as Responses report it.

Knows: the keys (docs/wire.md 5.3). Must not know: what frames the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, mapping
from llm_intercept.base.tokens import total
from llm_intercept.dialects.openai.costs import ANSWER_TOKENS, MESSAGE_TOKENS, hidden_tokens, texts_of, token_count
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.openai_responses.telling import Teller
    from llm_intercept.model.request import LLMRequest


def counted(request: LLMRequest, teller: Teller) -> Usage:
    """Count the prompt and what was said."""
    splitter = teller.splitter
    said = splitter.budget.with_unseen(hidden_tokens(request, splitter.model))
    thought = splitter.budget.thought
    return Usage(prompt_tokens(request, splitter.tokenizer), said + thought, reasoning_tokens=thought)


def prompt_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Estimate the tokens of a prompt: messages, tool calls and the tools offered."""
    texts = [text for message in request.messages for text in texts_of(message)]
    texts += [encode(tool).decode() for tool in items(request.raw.get("tools"))]
    return ANSWER_TOKENS + MESSAGE_TOKENS * len(request.messages) + total(tokenizer, filter(None, texts), request.model)


def usage_json(used: Usage) -> dict[str, Any]:
    """Write usage with the keys of today's traffic."""
    return {
        "input_tokens": used.input_tokens,
        "input_tokens_details": {
            "cache_write_tokens": used.cache_write_tokens,
            "cached_tokens": used.cache_read_tokens,
        },
        "output_tokens": used.output_tokens,
        "output_tokens_details": {"reasoning_tokens": used.reasoning_tokens},
        "total_tokens": used.total_tokens,
    }


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports, the last time it does; None if it does not."""
    told = (mapping(value) for value in reversed(values))
    reported = (mapping((mapping(one.get("response")) or one).get("usage")) for one in told)
    found = next((one for one in reported if one), None)
    if found is None:
        return None
    asked, said = mapping(found.get("input_tokens_details")), mapping(found.get("output_tokens_details"))
    return Usage(
        input_tokens=token_count(found.get("input_tokens")),
        output_tokens=token_count(found.get("output_tokens")),
        cache_read_tokens=token_count(asked.get("cached_tokens")),
        cache_write_tokens=token_count(asked.get("cache_write_tokens")),
        reasoning_tokens=token_count(said.get("reasoning_tokens")),
    )
