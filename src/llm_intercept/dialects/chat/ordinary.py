"""The JSON body of an ordinary answer: text and tool calls, filled into a template instead of written anew.

Knows: when nothing in a request or reply asks for more. Must not know: the layout, which is the general writer's own.
"""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from llm_intercept.content import Usage
from llm_intercept.declared import dataclass
from llm_intercept.dialects.chat.deltas import choice
from llm_intercept.dialects.chat.events import Argued, Called, Finished, Said, call_tokens
from llm_intercept.dialects.chat.frames import Envelope, OpenAIFrames
from llm_intercept.dialects.chat.hosts import manner
from llm_intercept.dialects.chat.identity import completion_id, created, derived, fingerprint
from llm_intercept.dialects.chat.models import answering_model, traits
from llm_intercept.dialects.chat.pieces import Budget
from llm_intercept.dialects.chat.templates import HOLE, Template, quoted
from llm_intercept.dialects.chat.turn import Plan, identified, stops
from llm_intercept.dialects.chat.usage import hidden_tokens, prompt_tokens, usage_json
from llm_intercept.jsontext import is_object, items
from llm_intercept.replies import Reply, ToolCall
from llm_intercept.tokens import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.content import LLMRequest
    from llm_intercept.dialects.base import Writing
    from llm_intercept.dialects.chat.events import Event
    from llm_intercept.tokens import Tokenizer

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


def ordinary_body(request: LLMRequest, reply: Reply, writing: Writing) -> bytes | None:
    """Write the body and note the usage; None where it has to be written anew.

    A reply is ordinary if it is text and calls alone, for a host that frames bodies as OpenAI does, and nothing in the
    request's parameters changes it.
    """
    spoken = manner(request.url)
    if not reply.is_text_and_calls or spoken == "azure" or not _is_harmless(request.raw, reply):
        return None
    model = reply.model or answering_model(request.model, dated=spoken == "openai")
    shape = _shape(model, bool(reply.text), tuple([call.type for call in reply.tool_calls]))
    if shape is None:
        return None
    identity = writing.identity
    said = [quoted(reply.text)] if reply.text or not reply.tool_calls else []
    for call in identified(reply, derived(identity, 0)).tool_calls if reply.tool_calls else ():
        said += (quoted(call.id or ""), quoted(call.name), quoted(call.arguments))
    reason = reply.finish_reason or ("tool_calls" if reply.tool_calls else "stop")
    used = reply.usage or _usage(request, reply, writing.tokenizer, model)
    head = (quoted(completion_id(identity)), created(identity), *said, quoted(reason))
    tail = (quoted(fingerprint(identity)),) if shape.has_fingerprint else ()
    try:
        body = shape.template.filled((*head, *_counts(used), *tail)).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return None
    writing.note_usage(used)
    return body


def _is_harmless(asked: Mapping[str, Any], reply: Reply) -> bool:
    """Tell whether no parameter of the request bears on the reply."""
    return HARMLESS.keys().isdisjoint(asked) or all(
        harmless(asked[name], reply) for name, harmless in HARMLESS.items() if name in asked
    )


def _counts(used: Usage) -> tuple[int, ...]:
    return used.prompt_tokens, used.completion_tokens, used.total_tokens, used.cached_tokens, used.reasoning_tokens


def _usage(request: LLMRequest, reply: Reply, tokenizer: Tokenizer, model: str) -> Usage:
    said = count(tokenizer, reply.text, model) if reply.text else 0
    for call in reply.tool_calls:
        said += call_tokens(call, len(reply.tool_calls), tokenizer, model)
        said += count(tokenizer, call.arguments, model)
    said += hidden_tokens(request, model)
    return Usage.counted(prompt_tokens(request, tokenizer), said)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the bodies of one model have in common whose message has a text or not, and so many calls."""

    template: Template
    has_fingerprint: bool


@lru_cache(maxsize=256)
def _shape(model: str, says_text: bool, kinds: tuple[Any, ...]) -> _Shape | None:
    """Let the general writer write a body of holes; None for a model whose usage says more."""
    own = traits(model)
    if own.counts_by_kind:
        return None
    calls = tuple(ToolCall(id=HOLE, name=HOLE, arguments=HOLE, type=kind) for kind in kinds)
    plan = Plan(0, Reply(HOLE if says_text else "", tool_calls=calls), Budget(), "", (), None)
    events: list[Event] = [Said("content", HOLE)] if says_text or not calls else []
    for number, call in enumerate(calls):
        events += [Called(number, call), Argued(number, call, HOLE)]
    hole: Any = HOLE
    said = choice(plan, [*events, Finished(hole)], shows_logprobs=own.has_logprobs)
    envelope = Envelope(HOLE, hole, model, HOLE if own.has_fingerprint else None, "00")
    names = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")
    counted: Any = SimpleNamespace(**dict.fromkeys(names, HOLE))
    body = OpenAIFrames(envelope, include_usage=False).body([said], usage_json(counted, model))
    return _Shape(Template(body), own.has_fingerprint)
