"""The events of a response one by one: that it began, each item, that it ended.

Knows: the stream's frame (docs/wire.md 5.2). Must not know: what is said, who listens.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping, text
from llm_intercept.dialects.openai_responses.numbered import Numbered
from llm_intercept.dialects.openai_responses.output import Plan
from llm_intercept.dialects.openai_responses.raw import identified, items_of
from llm_intercept.dialects.openai_responses.response import in_stream, just_begun
from llm_intercept.dialects.openai_responses.telling import Event, Run, Teller
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from llm_intercept.base.tokens import Tokenizer

ENDS = frozenset({"completed", "incomplete", "failed"})
LATER = "background"


def events(
    asked: Mapping[str, Any],
    identity: str,
    teller: Teller,
    body: Mapping[str, Any],
    end: Callable[[], Mapping[str, Any]],
    ended: Callable[[Mapping[str, Any], int], None],
) -> Iterator[bytes | Awaited]:
    """Yield the events.

    Args:
        asked: The request's body.
        identity: What the padding follows from.
        teller: Tells the items.
        body: The response.
        end: Makes the response as it ended.
        ended: Hears of it, and how many bytes the last event has, before anybody else does.

    """
    pads = mapping(asked.get("stream_options")).get("include_obfuscation") is not False
    frames = Numbered(identity, pads=pads)
    begun = just_begun(body, asked)
    if begun.get(LATER) is True:
        queued = {**begun, "status": "queued"}
        yield frames.event(Event("response.created", {"response": queued}))
        yield frames.event(Event("response.queued", {"response": queued}))
    else:
        yield frames.event(Event("response.created", {"response": begun}))
    yield frames.event(Event("response.in_progress", {"response": begun}))
    with closing(teller.tell()) as telling:
        for one in telling:
            if isinstance(one, Run):
                yield from frames.run(one)
            elif isinstance(one, Awaited):
                yield one
            else:
                yield frames.event(one)
    last = end()
    status = text(last.get("status"))
    event = frames.event(Event(f"response.{status if status in ENDS else 'completed'}", {"response": last}))
    ended(last, len(event))
    yield event


def ready_teller(body: Mapping[str, Any], tokenizer: Tokenizer, model: str) -> Teller:
    """Make what tells a ready response, which is not bent to any request, and says what it says."""
    plan = Plan(list(items_of(body)), Budget())
    return Teller(plan, Splitter(tokenizer, text(body.get("model")) or model, plan.budget), is_stream=True)


def retold(body: Mapping[str, Any], asked: Mapping[str, Any], identity: str, tokenizer: Tokenizer) -> tuple[bytes, ...]:
    """Tell a response that was answered before."""
    whole = in_stream(identified(body))
    teller = ready_teller(whole, tokenizer, "")
    found = events(asked, identity, teller, whole, lambda: whole, lambda _, __: None)
    return tuple(one for one in found if isinstance(one, bytes))
