"""What a conversation costs in tokens beside its texts, whichever of OpenAI's APIs it is asked in.

Knows: how OpenAI counts prompts and answers (docs/wire.md 2.4). Must not know: how the numbers are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, is_array, is_object, items, mapping
from llm_intercept.base.tokens import count, total
from llm_intercept.dialects.openai.declared import declared
from llm_intercept.dialects.openai.media_tokens import media_tokens
from llm_intercept.dialects.openai.token_rules import token_rules
from llm_intercept.model.parts import Media, Reasoning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.openai.token_rules import TokenRules
    from llm_intercept.model.request import LLMRequest, Message

MESSAGE_TOKENS = 4  # every message costs this beside its text, its role included
NAME_TOKENS = 1  # and a name in it this
# Each of several calls costs this beside its name and arguments, and all together the other.
EACH_CALL_TOKENS, CALLS_TOKENS = 6, 16
SEALED_BESIDE, SEALED = 980, 5.5  # the characters of encrypted thoughts: beside them, and of each token
SYSTEM_SAVES = 4  # tools are declared in the system's message, where there is one
NAMED_CHOICE_TOKENS = 4  # a choice of a tool costs this beside its name
SYSTEM = frozenset({"system", "developer"})
BY_SCHEMA = "json_schema"


@dataclass(frozen=True, slots=True)
class CallCosts:
    """What the calls of an answer cost beside their arguments; one that the request names costs nothing.

    Attributes:
        calls: How many there are.
        is_named: Whether the request names the one tool that is to be called.

    """

    calls: int
    is_named: bool

    def of(self, number: int, name: str, tokenizer: Tokenizer, model: str) -> int:
        """Count what a call costs: its `number` from 0, and its `name`."""
        if self.is_named:
            return 0
        beside = EACH_CALL_TOKENS + CALLS_TOKENS * (number == 0) if self.calls > 1 else token_rules(model).call
        return beside + count(tokenizer, name, model)


def named_tool(request: LLMRequest) -> str:
    """Return the name of the one tool that the request wants to be called, empty if it names none."""
    choice = request.tool_choice
    return choice.tools[0] if choice is not None and choice.mode == "required" and len(choice.tools) == 1 else ""


def text_beside(request: LLMRequest, model: str) -> int:
    """Count what an answer that is text costs beside it."""
    rules = token_rules(model)
    wanted = request.output_format
    by_schema, has_tools = wanted is not None and wanted.type == BY_SCHEMA, bool(request.raw.get("tools"))
    if by_schema:
        return rules.text_by_schema + rules.by_schema_with_tools * has_tools
    after_tool = rules.text_after_tool and request.messages and request.messages[-1].tool_results
    return (rules.text_after_tool if after_tool else rules.text) + rules.with_tools * has_tools


def conversation_tokens(messages: Iterable[Message], tokenizer: Tokenizer, model: str) -> int:
    """Count messages: texts, names, calls and media."""
    rules = token_rules(model)
    texts: list[str] = []
    tokens = 0
    for message in messages:
        calls = message.tool_calls
        texts += [message.text, message.name, *(text for call in calls for text in (call.name, call.arguments))]
        tokens += MESSAGE_TOKENS + NAME_TOKENS * bool(message.name)
        tokens += _told(len(calls), rules)
        tokens += sum(_unsaid(part, tokenizer, model) for part in message.parts if isinstance(part, Media | Reasoning))
    return tokens + total(tokenizer, filter(None, texts), model)


def _unsaid(part: Media | Reasoning, tokenizer: Tokenizer, model: str) -> int:
    """Count what is no text: media, and thoughts that only the API can read."""
    if isinstance(part, Media):
        return media_tokens(part, tokenizer, model)
    return max(0, round((len(part.encrypted) - SEALED_BESIDE) / SEALED))


def _told(calls: int, rules: TokenRules) -> int:
    """Count what calls that were made together cost beside their names and arguments."""
    return rules.told_calls + EACH_CALL_TOKENS * calls if calls > 1 else rules.told_call * calls


def declared_tokens(functions: Sequence[Mapping[str, Any]], tokenizer: Tokenizer, model: str) -> int:
    """Count what functions cost that are offered, beside what their API adds."""
    return count(tokenizer, declared(functions), model) + token_rules(model).tools if functions else 0


def choice_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Count what a choice of one tool costs."""
    name = named_tool(request)
    return NAMED_CHOICE_TOKENS + count(tokenizer, name, request.model) if name else 0


def schema_tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    """Count what the schema of an answer costs: its compact JSON, but for what objects say of further fields."""
    wanted = request.output_format
    if wanted is None or wanted.type != BY_SCHEMA:
        return 0
    return 1 + count(tokenizer, encode(_closed(wanted.schema)).decode(), request.model)


def _closed(schema: Any) -> Any:
    if is_object(schema):
        return {name: _closed(value) for name, value in mapping(schema).items() if name != "additionalProperties"}
    return [_closed(one) for one in items(schema)] if is_array(schema) else schema


def token_count(value: object) -> int:
    """Read a number of tokens as an answer reports it; 0 where it is none."""
    return value if type(value) is int and value > 0 else 0
