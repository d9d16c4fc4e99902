"""What a JSON body says, kept without the ids that every answer has anew.

A reply of which a request wants nothing else says the same to each. What it costs is kept beside the request, which
comes again at a server.

Knows: the parts in this folder. Must not know: what frames them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai_chat.chunks import choice
from llm_intercept.dialects.openai_chat.counts import usage
from llm_intercept.dialects.openai_chat.events import events
from llm_intercept.dialects.openai_chat.plan import PLANNED_BY, call_form, named_call, plans
from llm_intercept.dialects.openai_chat.turn import Turn
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.model.request import LLMRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.openai_chat.chunks import Choice
    from llm_intercept.dialects.openai_chat.frames import Envelope
    from llm_intercept.dialects.openai_chat.plan import Plan
    from llm_intercept.model.usage import Usage
    from llm_intercept.replies.reply import Reply

ANY = LLMRequest()
"""Stands for all requests that want nothing else of a reply."""


@dataclass(slots=True)
class Said:
    """What is said: the choices, the plans that they were made by, and which calls of the first have ids of ours."""

    planned: Sequence[Plan]
    choices: list[Choice]
    named: tuple[int, ...] = ()


@dataclass(slots=True)
class _Counted:
    """What was said to a request, by which tokenizer it was counted, and what it costs."""

    planned: Sequence[Plan]
    tokenizer: Tokenizer
    used: Usage


def said_to(request: LLMRequest, reply: Reply, context: Context, envelope: Envelope) -> Said:
    """Say what a reply says to a request."""
    if envelope.choices is None and PLANNED_BY.isdisjoint(request.raw):
        ours: Any = context.tokenizer  # and so hashed by identity, what a user gives too (`CheckedTokenizer`)
        kept = _to_any(reply, ours, envelope.model)
        if kept is not None:
            return _named_anew(kept, request, context.identity) if kept.named else kept
    planned = plans(request, reply, context.identity, envelope.choices)
    return _said(planned, context.tokenizer, envelope.model, envelope.created)


@lru_cache(maxsize=32)
def _to_any(reply: Reply, tokenizer: Tokenizer, model: str) -> Said | None:
    """Say what a reply says to any request; None of what may be another the next time, or is spoken."""
    planned = plans(ANY, reply, "")
    if any(plan.turn.audio is not None or plan.is_read_anew for plan in planned):
        return None
    said = _said(planned, tokenizer, model, 0)
    calls = Turn.of(reply.variants[0] if reply.variants else reply).tool_calls
    said.named = tuple(number for number, call in enumerate(calls) if not call.id)
    return said


def _named_anew(kept: Said, request: LLMRequest, identity: str) -> Said:
    """Give calls the ids of this answer."""
    made, own, form = kept.choices[0], derived(identity, 0), call_form(request)
    calls = list(made["message"]["tool_calls"])
    for number in kept.named:
        calls[number] = {**calls[number], "id": named_call(own, number, form)}
    return Said(kept.planned, [{**made, "message": {**made["message"], "tool_calls": calls}}])


def _said(planned: Sequence[Plan], tokenizer: Tokenizer, model: str, created: int) -> Said:
    return Said(planned, [choice(plan, events(plan, tokenizer, model, created), model) for plan in planned])


def counted(request: LLMRequest, said: Said, context: Context, envelope: Envelope) -> Usage:
    """Count what was said, and the prompt."""
    known: _Counted | None = request.beside.get(_Counted)
    if known is None or known.planned is not said.planned or known.tokenizer is not context.tokenizer:
        used = usage(request, said.planned, context.tokenizer, envelope.model)
        known = request.beside[_Counted] = _Counted(said.planned, context.tokenizer, used)
    return known.used
