"""The JSON body of an ordinary answer: text and tool calls, filled into a template instead of written anew.

Knows: when nothing in a request or reply asks for more. Must not know: the layout, which is the general writer's own.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from llm_intercept.content import Usage
from llm_intercept.dialects.chat.deltas import choice
from llm_intercept.dialects.chat.events import Argued, Called, Finished, Said, call_tokens
from llm_intercept.dialects.chat.frames import Envelope, OpenAIFrames
from llm_intercept.dialects.chat.identity import derived
from llm_intercept.dialects.chat.models import traits
from llm_intercept.dialects.chat.pieces import Budget
from llm_intercept.dialects.chat.templates import HOLE, Template, quoted
from llm_intercept.dialects.chat.turn import Plan, identified, stops
from llm_intercept.dialects.chat.usage import hidden_tokens, prompt_tokens, usage_json
from llm_intercept.jsontext import is_object, items
from llm_intercept.replies import Reply, ToolCall
from llm_intercept.tokens import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.content import LLMRequest
    from llm_intercept.dialects.base import Writing
    from llm_intercept.dialects.chat.events import Event

MOST_BYTES = 4  # of a character; a token has at least one


def _fits(limit: object, reply: Reply) -> bool:
    """Tell whether a reply is within a limit of tokens whatever they are."""
    characters = len(reply.text) + sum(len(call.arguments) for call in reply.tool_calls)
    return not isinstance(limit, int) or characters * MOST_BYTES <= limit


HARMLESS: dict[str, Callable[[Any, Reply], bool]] = {
    "n": lambda value, _: not isinstance(value, int) or value == 1,
    "max_tokens": _fits,
    "max_completion_tokens": _fits,
    "stop": lambda value, reply: not any(stop in reply.text for stop in stops(value)),
    "logprobs": lambda value, _: value is not True,
    "tool_choice": lambda value, reply: value in (None, "auto") or (value == "none" and not reply.tool_calls),
    "function_call": lambda value, _: not is_object(value),
    "modalities": lambda value, _: "audio" not in items(value),
    "parallel_tool_calls": lambda value, reply: value is not False or len(reply.tool_calls) <= 1,
}
"""The parameters that bear on an answer, and whether one has no bearing on this one."""


def is_ordinary(request: LLMRequest, reply: Reply) -> bool:
    """Tell whether a reply is text and calls alone, and nothing in the request's parameters changes that."""
    if not reply.is_text_and_calls:
        return False
    asked = request.raw
    return HARMLESS.keys().isdisjoint(asked) or all(
        harmless(asked[name], reply) for name, harmless in HARMLESS.items() if name in asked
    )


def ordinary_body(request: LLMRequest, reply: Reply, writing: Writing, envelope: Envelope) -> bytes | None:
    """Write the body and note the usage; None if the text cannot be filled in as it is.

    Args:
        request: The request.
        reply: A reply that is ordinary for it.
        writing: As for every writer.
        envelope: What the body says beside the choice.

    """
    calls = identified(reply, derived(writing.identity, 0)).tool_calls if reply.tool_calls else ()
    template = _template(envelope.model, envelope.service_tier, bool(reply.text), tuple(call.type for call in calls))
    used = reply.usage or _usage(request, reply, writing, envelope.model)
    reason = reply.finish_reason or ("tool_calls" if calls else "stop")
    said = (quoted(reply.text),) if reply.text or not calls else ()
    called = [quoted(text) for call in calls for text in (call.id or "", call.name, call.arguments)]
    counted = (used.prompt_tokens, used.completion_tokens, used.total_tokens, used.cached_tokens, used.reasoning_tokens)
    head, tail = (f'"{envelope.id}"', envelope.created, *said, *called), (f'"{reason}"', *counted)
    fingerprint = (f'"{envelope.fingerprint}"',) if envelope.fingerprint else ()
    try:
        body = template.filled((*head, *tail, *fingerprint)).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return None
    writing.note_usage(used)
    return body


def _usage(request: LLMRequest, reply: Reply, writing: Writing, model: str) -> Usage:
    tokenizer = writing.tokenizer
    said = count(tokenizer, reply.text, model) if reply.text else 0
    for call in reply.tool_calls:
        said += call_tokens(call, len(reply.tool_calls), tokenizer, model)
        said += count(tokenizer, call.arguments, model)
    said += hidden_tokens(request, model)
    return Usage(prompt_tokens=prompt_tokens(request, tokenizer), completion_tokens=said)


@lru_cache(maxsize=256)
def _template(model: str, tier: str | None, says_text: bool, kinds: tuple[Any, ...]) -> Template:
    """Let the general writer write a body of holes."""
    calls = tuple(ToolCall(id=HOLE, name=HOLE, arguments=HOLE, type=kind) for kind in kinds)
    plan = Plan(0, Reply(HOLE if says_text else "", tool_calls=calls), Budget(), "", (), None)
    events: list[Event] = [Said("content", HOLE)] if says_text or not calls else []
    for number, call in enumerate(calls):
        events += [Called(number, call), Argued(number, call, HOLE)]
    holes: Any = HOLE
    said = choice(plan, [*events, Finished(holes)], shows_logprobs=traits(model).has_logprobs)
    fingerprint = HOLE if traits(model).has_fingerprint else None
    envelope = Envelope(HOLE, holes, model, fingerprint, "00", service_tier=tier)
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")
    counted: Any = SimpleNamespace(**dict.fromkeys(names, HOLE))
    return Template(OpenAIFrames(envelope, include_usage=False).body([said], usage_json(counted, model)))
