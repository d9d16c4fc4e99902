"""The JSON body of an ordinary answer: text and tool calls, filled into a template instead of written anew.

Knows: when nothing in a request or reply asks for more. Must not know: the layout, which is the general writer's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items
from llm_intercept.base.tokens import SHORT, EstimatingTokenizer, count, total
from llm_intercept.dialects.openai_chat.deltas import choice
from llm_intercept.dialects.openai_chat.events import Argued, Called, Finished, Said, call_tokens
from llm_intercept.dialects.openai_chat.frames import Envelope, OpenAIFrames
from llm_intercept.dialects.openai_chat.hosts import manner
from llm_intercept.dialects.openai_chat.identity import completion_id, created, derived, fingerprint
from llm_intercept.dialects.openai_chat.models import answering_model, traits
from llm_intercept.dialects.openai_chat.pieces import Budget
from llm_intercept.dialects.openai_chat.templates import HOLE, Template, pieces, quoted
from llm_intercept.dialects.openai_chat.turn import Plan, identified, stops
from llm_intercept.dialects.openai_chat.usage import hidden_tokens, prompt_tokens, usage_json
from llm_intercept.model.request import Usage
from llm_intercept.replies.reply import Reply, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.base import Writing
    from llm_intercept.dialects.openai_chat.events import Event
    from llm_intercept.model.request import LLMRequest

BEFORE_TEXTS = 2
"""The holes before those of what is said: the id and the time."""
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
    identity = writing.identity
    if reply.tool_calls or len(reply.text) > SHORT:
        calls = identified(reply, derived(identity, 0)).tool_calls if reply.tool_calls else ()
        said = _said(model, reply.text, reply.finish_reason, calls)
    else:
        said = _short_text(model, reply.text, reply.finish_reason)
    if said is None:
        return None
    used = reply.usage or _usage(request, reply, writing.tokenizer, model, said)
    prompt, completion = used.prompt_tokens, used.completion_tokens
    counts = (prompt, completion, prompt + completion, used.cached_tokens, used.reasoning_tokens)
    tail = (quoted(fingerprint(identity)),) if said.has_fingerprint else ()
    try:
        body = said.template.filled((quoted(completion_id(identity)), created(identity), *counts, *tail)).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return None
    writing.note_usage(used)
    return body


@dataclass(slots=True)
class _Said:
    """A body in which all is said but its id, its time, its counts and its fingerprint, if it has one."""

    template: Template
    has_fingerprint: bool
    tokens: int | None = None
    """How many the text has for the built-in tokenizer, where that is known."""


def _said(model: str, text: str, finish_reason: str | None, calls: tuple[ToolCall, ...]) -> _Said | None:
    """Say an answer; None for a model whose usage says more."""
    shape = _shape(model, bool(text), tuple(call.type for call in calls))
    if shape is None:
        return None
    texts = [quoted(text)] if text or not calls else []
    for call in calls:
        texts += (quoted(call.id or ""), quoted(call.name), quoted(call.arguments))
    reason = finish_reason or ("tool_calls" if calls else "stop")
    return _Said(shape.template.with_texts(BEFORE_TEXTS, [*texts, quoted(reason)]), shape.has_fingerprint)


@lru_cache(maxsize=256)
def _short_text(model: str, text: str, finish_reason: str | None) -> _Said | None:
    """Say a text that may be given again."""
    said = _said(model, text, finish_reason, ())
    return None if said is None else replace(said, tokens=total(EstimatingTokenizer(), (text,), model))


def _is_harmless(asked: Mapping[str, Any], reply: Reply) -> bool:
    """Tell whether no parameter of the request bears on the reply."""
    return HARMLESS.keys().isdisjoint(asked) or all(
        harmless(asked[name], reply) for name, harmless in HARMLESS.items() if name in asked
    )


def _usage(request: LLMRequest, reply: Reply, tokenizer: Tokenizer, model: str, said: _Said) -> Usage:
    if said.tokens is not None and type(tokenizer) is EstimatingTokenizer:
        spent = said.tokens
    else:
        spent = count(tokenizer, reply.text, model) if reply.text else 0
        for call in reply.tool_calls:
            spent += call_tokens(call, len(reply.tool_calls), tokenizer, model)
            spent += count(tokenizer, call.arguments, model)
    return Usage.counted(prompt_tokens(request, tokenizer), spent + hidden_tokens(request, model))


@lru_cache(maxsize=256)
def _shape(model: str, says_text: bool, kinds: tuple[Any, ...]) -> _Said | None:
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
    return _Said(Template(pieces(body)), own.has_fingerprint)
