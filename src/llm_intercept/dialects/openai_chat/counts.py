"""Counts what an answer cost, as chat completions reports it.

Knows: how OpenAI counts a prompt (its cookbook, "How to count tokens"). Must not know: what frames the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, mapping
from llm_intercept.base.tokens import total
from llm_intercept.dialects.openai.costs import (
    MESSAGE_TOKENS,
    SYSTEM,
    SYSTEM_SAVES,
    choice_tokens,
    conversation_tokens,
    declared_tokens,
    schema_tokens,
    text_beside,
    token_count,
)
from llm_intercept.dialects.openai.plain_texts import plain_texts
from llm_intercept.dialects.openai.token_rules import token_rules
from llm_intercept.dialects.openai.traits import traits
from llm_intercept.dialects.openai_chat.read import NAME
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.openai_chat.plan import Plan
    from llm_intercept.model.request import LLMRequest

ASKING = frozenset({"tools", "functions", "response_format"})
"""The parameters that cost tokens."""


def usage(request: LLMRequest, plans: Sequence[Plan], tokenizer: Tokenizer, model: str) -> Usage:
    """Count the prompt and what was said in all choices."""
    beside = text_beside(request, model)
    said = reasoning = 0
    for plan in plans:
        said += plan.budget.with_unseen(0 if plan.turn.calls else beside)
        reasoning += plan.budget.thought
    return Usage(prompt_tokens(request, tokenizer), said + reasoning, reasoning_tokens=reasoning)


def prompt_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Estimate the tokens of a prompt: messages, the tools offered, the schema of the answer."""
    raw, model = request.raw, request.model
    texts = plain_texts(request)
    if texts:
        said = MESSAGE_TOKENS * len(texts) + total(tokenizer, texts, model)
    else:
        said = conversation_tokens(request.messages, tokenizer, model)
    if not ASKING.isdisjoint(raw):
        said += _asked(request, tokenizer)
    return token_rules(model).prompt + said


def _asked(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Count what a request asks for: tools, in either form, and a schema."""
    raw, model = request.raw, request.model
    functions = [mapping(tool.raw.get(tool.type)) for tool in request.tools] + items(raw.get("functions"))
    asked = declared_tokens(functions, tokenizer, model)
    if functions:
        has_system = any(message.role in SYSTEM for message in request.messages)
        asked += token_rules(model).tools_in_chat - SYSTEM_SAVES * has_system + choice_tokens(request, tokenizer)
    return asked + schema_tokens(request, tokenizer)


def usage_json(used: Usage, model: str) -> dict[str, Any]:
    """Write usage with the keys of today's traffic (docs/wire.md 2.1)."""
    reported = used.told_by(NAME)
    if reported is not None:
        return reported
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
