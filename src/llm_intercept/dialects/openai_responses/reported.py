"""What an answer cost, as Responses report it.

Knows: the keys (docs/wire.md 5.3). Must not know: what frames the numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, mapping
from llm_intercept.base.tokens import total
from llm_intercept.dialects.openai.costs import (
    choice_tokens,
    conversation_tokens,
    declared_tokens,
    schema_tokens,
    text_beside,
    token_count,
)
from llm_intercept.dialects.openai.token_rules import token_rules
from llm_intercept.dialects.openai_responses.items import CALLS
from llm_intercept.dialects.openai_responses.read import NAME
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.openai_responses.telling import Teller
    from llm_intercept.model.request import LLMRequest

END, SEVERAL_END = 1, 3
"""What the end of an answer costs, and of one with several calls."""
FUNCTIONS = frozenset({"function", "custom"})


def counted(request: LLMRequest, teller: Teller) -> Usage:
    """Count the prompt and what was said."""
    splitter = teller.splitter
    said = splitter.budget.with_unseen(_beside(request, teller))
    thought = splitter.budget.thought
    return Usage(prompt_tokens(request, splitter.tokenizer), said + thought, reasoning_tokens=thought)


def _beside(request: LLMRequest, teller: Teller) -> int:
    """Count what the answer costs beside what it says; unlike chat completions, Responses count its end."""
    said = [item["type"] for item in teller.plan.items]
    calls = sum(kind in CALLS for kind in said)
    if calls:
        return SEVERAL_END if calls > 1 else END
    return END + text_beside(request, teller.splitter.model) if "message" in said else 0


def prompt_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Estimate the tokens of a prompt: messages, the tools offered, the schema of the answer."""
    model, offered = request.model, request.tools
    functions = [tool.raw for tool in offered if tool.type in FUNCTIONS]
    hosted = [encode(tool.raw).decode() for tool in offered if tool.type not in FUNCTIONS]
    asked = declared_tokens(functions, tokenizer, model) + total(tokenizer, hosted, model)
    asked += choice_tokens(request, tokenizer) if functions else 0
    asked += schema_tokens(request, tokenizer)
    return token_rules(model).prompt + conversation_tokens(request.messages, tokenizer, model) + asked


def usage_json(used: Usage) -> dict[str, Any]:
    """Write usage with the keys of today's traffic."""
    return used.told_by(NAME) or {
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
