"""Counts what an answer cost, as chat completions reports it.

Knows: how OpenAI counts a prompt (its cookbook, "How to count tokens"). Must not know: what frames the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, mapping
from llm_intercept.base.tokens import total
from llm_intercept.dialects.openai.costs import ANSWER_TOKENS, MESSAGE_TOKENS, hidden_tokens, texts_of, token_count
from llm_intercept.dialects.openai.traits import traits
from llm_intercept.dialects.openai_chat.read import is_text_alone
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.openai_chat.plan import Plan
    from llm_intercept.model.request import LLMRequest


def usage(request: LLMRequest, plans: list[Plan], tokenizer: Tokenizer, model: str) -> Usage:
    """Count the prompt and what was said in all choices."""
    hidden = hidden_tokens(request, model)
    said = sum(plan.budget.with_unseen(hidden) for plan in plans)
    reasoning = sum(plan.budget.thought for plan in plans)
    return Usage(prompt_tokens(request, tokenizer), said + reasoning, reasoning_tokens=reasoning)


def prompt_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Estimate the tokens of a prompt: messages, names, tool calls and the tools offered."""
    texts = _plain_texts(request.raw.get("messages")) or [
        text for message in request.messages for text in texts_of(message)
    ]
    counted = ANSWER_TOKENS + MESSAGE_TOKENS * len(request.raw.get("messages") or request.messages)
    if "tools" in request.raw:
        texts += [encode(tool.raw.get(tool.type, {})).decode() for tool in request.tools]
    return counted + total(tokenizer, filter(None, texts), request.model)


def _plain_texts(messages: Any) -> list[str]:
    """Return the texts of messages that have nothing else, without reading them into values; else none."""
    texts: list[str] = []
    for message in messages or ():
        if not is_text_alone(message):
            return []
        texts.append(message["content"])
    return texts


def usage_json(used: Usage, model: str) -> dict[str, Any]:
    """Write usage with the keys of today's traffic (docs/wire.md 2.1)."""
    audio = traits(model).counts_by_kind
    prompt = {"cached_tokens": used.cache_read_tokens, "audio_tokens": 0}
    completion = {
        "reasoning_tokens": used.reasoning_tokens,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    }
    return {
        "prompt_tokens": used.input_tokens,
        "completion_tokens": used.output_tokens,
        "total_tokens": used.total_tokens,
        "prompt_tokens_details": {**prompt, "text_tokens": used.input_tokens, "image_tokens": 0} if audio else prompt,
        "completion_tokens_details": {**completion, "text_tokens": used.output_tokens} if audio else completion,
    }


def read_usage(values: Sequence[Any]) -> Usage | None:
    """Read the tokens an answer reports, the last time it does; None if it does not."""
    reported = (mapping(mapping(value).get("usage")) for value in reversed(values))
    counted = next((one for one in reported if one), None)
    if counted is None:
        return None
    prompt, completion = (
        mapping(counted.get("prompt_tokens_details")),
        mapping(counted.get("completion_tokens_details")),
    )
    return Usage(
        input_tokens=token_count(counted.get("prompt_tokens")),
        output_tokens=token_count(counted.get("completion_tokens")),
        cache_read_tokens=token_count(prompt.get("cached_tokens")),
        reasoning_tokens=token_count(completion.get("reasoning_tokens")),
    )
