"""Responses that are worked on in the background: how far one is at a moment of simulated time.

Knows: the API's words for it (OpenAI's guide, "Background mode"). Must not know: who waits, how time passes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping
from llm_intercept.dialects.openai_responses.answered import LAST, keep
from llm_intercept.dialects.openai_responses.kept import KeptResponse, Later
from llm_intercept.dialects.openai_responses.raw import body_of
from llm_intercept.dialects.openai_responses.reported import read_usage
from llm_intercept.dialects.openai_responses.response import just_begun
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Step
    from llm_intercept.timing.clock import Clock

QUEUED = "queued"
WAITS = 0.5
"""How much of the time to the first token a response is queued; the API does not say."""


def begun(request: LLMRequest, whole: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Keep a response that is worked on from now on; returns it as it is now."""
    if not context.is_replay:
        keep(request, whole, len(str(whole)), context, later=_scheduled(whole, context))
    return {**just_begun(whole, request.raw), "status": QUEUED}


def begun_stream(request: LLMRequest, chunks: Iterable[Step], context: Context) -> Iterable[Step]:
    """Keep a response whose events are told now, and can be asked for again; the client may leave before their end."""
    steps: list[Step] = []
    for step in chunks:
        if isinstance(step, Awaited):  # what is computed while it is told, nobody knows before
            return _as_it_passes(request, [*steps, step], iter(chunks), context)
        steps.append(step)
    _keep_stream(request, steps, context)
    return tuple(steps)


def _as_it_passes(request: LLMRequest, first: list[Step], rest: Iterator[Step], context: Context) -> Iterator[Step]:
    passed: list[Step] = []
    for steps in (first, rest):
        for step in steps:
            passed.append(step)
            if isinstance(step, bytes) and step.startswith(LAST):
                _keep_stream(request, passed, context)
            yield step


def _keep_stream(request: LLMRequest, steps: list[Step], context: Context) -> None:
    events = tuple(step for step in steps if isinstance(step, bytes))
    whole = body_of(stream_data(events[-1]))
    keep(request, whole, 0, context, later=_scheduled(whole, context), events=events)


def _scheduled(whole: Mapping[str, Any], context: Context) -> Later:
    """Plan when a response is begun and done, as its pace has it; without one it is done at once."""
    now = context.clock.now()
    if context.pace is None:
        return Later(now, now)
    times, used = context.pace.times(context.identity), read_usage([whole])
    told = 0.0 if used is None else times.told(used.output_tokens)
    return Later(now + times.first * WAITS, now + times.first + told)


def status_of(kept: KeptResponse, clock: Clock) -> str:
    """Tell how far a response is; in virtual time, where nobody waits, it is further each time somebody asks."""
    later = kept.later
    if later is None:
        return str(kept.body.get("status"))
    if later.is_cancelled:
        return "cancelled"
    now = clock.now()
    if clock.is_virtual and now < later.ends:
        now = later.begins if now < later.begins < later.ends else later.ends
        clock.advance_to(now)
    if now >= later.ends:
        return str(kept.body.get("status"))
    return QUEUED if now < later.begins else "in_progress"


def shown(kept: KeptResponse, status: str) -> Mapping[str, Any]:
    """Show a response as it is when it has come so far."""
    if status == kept.body.get("status"):
        return kept.body
    return {**just_begun(kept.body, mapping(kept.asked)), "status": status}
