"""What the families of OpenAI's models count beside the texts of prompts and answers.

Knows: the counts (docs/wire.md 2.4). Must not know: requests, replies, how the numbers are reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a family counts, in tokens; what is not said of one is as gpt-4o has it.

    Attributes:
        text: Beside an answer that is text.
        text_by_schema: Beside one that follows a schema.
        text_after_tool: Beside one that follows an answer of a tool.
        with_tools: More beside a text where tools are offered.
        by_schema_with_tools: More beside one that follows a schema then.
        call: Beside the name and the arguments of a lone call.
        prompt: Beside a prompt.
        tools: Beside the declarations of tools.
        tools_in_chat: More beside those that chat completions declare, without a system's message.
        told_call: Beside a lone call that the prompt tells.
        told_calls: Beside several that it tells together, without what each of them costs.

    """

    text: int = 0
    text_by_schema: int = 0
    text_after_tool: int = 0
    with_tools: int = 1
    by_schema_with_tools: int = 5
    call: int = 7
    prompt: int = 3
    tools: int = 3
    tools_in_chat: int = 6
    told_call: int = 5
    told_calls: int = 18


_GPT_4 = TokenRules()
_FIRST_GPT_4 = replace(_GPT_4, call=4)
_REASONING = TokenRules(
    text=9,
    text_by_schema=13,
    text_after_tool=3,
    with_tools=0,
    by_schema_with_tools=0,
    call=16,
    prompt=2,
    tools=9,
    tools_in_chat=85,
    told_call=12,
    told_calls=29,
)
_FAMILIES = (
    (re.compile(r"gpt-4(?:-0\d{3})?$"), _FIRST_GPT_4),
    (re.compile(r"gpt-5\.(?:[4-9]|\d\d)"), replace(_REASONING, text=3, text_by_schema=7, call=10, tools_in_chat=4)),
    (re.compile(r"gpt-5"), _REASONING),
    (re.compile(r"o3-mini"), replace(_REASONING, text=10, text_by_schema=10, tools=6)),
    (re.compile(r"o\d"), replace(_REASONING, text=12, text_by_schema=12, tools=6)),
)


@lru_cache(maxsize=256)
def token_rules(model: str) -> TokenRules:
    """Look up the rules of `model`'s family; one that is not known has those of gpt-4o."""
    name = model.rpartition("/")[2]
    return next((rules for pattern, rules in _FAMILIES if pattern.match(name)), _GPT_4)
