"""Keeps responses, so that they can be continued and asked for.

Knows: the store, how a stream adds up. Must not know: who asks for them later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, items, json_object, mapping, plain, text
from llm_intercept.dialects.openai_responses.accumulate import accumulated
from llm_intercept.dialects.openai_responses.kept import CONVERSATION, RESPONSE, KeptResponse
from llm_intercept.dialects.openai_responses.listed import asked_listed
from llm_intercept.dialects.openai_responses.recall import conversation_id
from llm_intercept.dialects.shared.ready import is_event_text, stream_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.openai_responses.kept import KeptConversation, Later
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Step, WireResponse

FAILED = 300
"""HTTP statuses from here on bring no response."""
LAST = tuple(
    begun + kind
    for begun in (b"event: response.", b'data: {"type":"response.', b'data: {"type": "response.')
    for kind in (b"completed", b"incomplete", b"failed")
)
"""How the event begins that has the whole response."""
UNFINISHED = frozenset({"queued", "in_progress"})


def keep(
    request: LLMRequest,
    body: Mapping[str, Any],
    size: int,
    context: Context,
    *,
    later: Later | None = None,
    events: tuple[bytes, ...] = (),
    is_recorded: bool = False,
) -> None:
    """Keep a response, unless the request says otherwise; a conversation that it belongs to grows.

    Args:
        request: What was asked.
        body: The response, as it ended.
        size: How many bytes it has.
        context: Where it is kept.
        later: When it is worked on, if that is in the background.
        events: The events that tell it, if it is told in the background.
        is_recorded: Whether a tape gave it.

    """
    identifier, asked = text(body.get("id")), getattr(request, "said", request.raw)
    asked = request.as_sent() if asked is request.raw else asked
    if not identifier or not is_array(body.get("output")) or (is_recorded and body.get("status") in UNFINISHED):
        return
    size += len(request.content) + sum(map(len, events))
    before = getattr(request, "before", ())
    kept = KeptResponse(body, asked, before, context.identity, later, events, is_recorded)
    connection = getattr(request, "connection", None)
    if connection is not None:
        connection.stored.keep(RESPONSE, identifier, kept, size)
    if asked.get("store") is not False or later is not None:
        context.shelves.own.keep(RESPONSE, identifier, kept, size)  # the same id may be an outer one's too
    named = conversation_id(asked)
    conversation: KeptConversation | None = context.shelves.get(CONVERSATION, named) if named else None
    if conversation is not None:
        conversation.add([*asked_listed(kept), *map(plain, items(body["output"]))], size)
        context.shelves.keep(CONVERSATION, named, conversation, conversation.size)


def keeping(request: LLMRequest, response: WireResponse, context: Context, *, is_recorded: bool) -> WireResponse:
    """Keep the response that ready bytes bring, when they have passed to its end."""
    if response.status >= FAILED:
        return response
    if isinstance(response.chunks, tuple):
        _keep_bytes(request, b"".join(one for one in response.chunks if isinstance(one, bytes)), context, is_recorded)
        return response
    return response.with_chunks(_heard(request, response.chunks, context, is_recorded))


def _heard(request: LLMRequest, steps: Iterable[Step], context: Context, is_recorded: bool) -> Iterator[Step]:
    """Give the steps; the last event is kept before it is given, since the client may ask for it at once."""
    try:
        for step in steps:
            if isinstance(step, bytes) and step.startswith(LAST):
                _keep_bytes(request, step, context, is_recorded)
            yield step
    finally:
        close = getattr(steps, "close", None)
        if close is not None:
            close()


def _keep_bytes(request: LLMRequest, content: bytes, context: Context, is_recorded: bool) -> None:
    try:
        body = accumulated(stream_data(content)) if is_event_text(content) else mapping(json_object(content))
    except (ValueError, KeyError, TypeError):
        return  # a ready body that is no response
    keep(request, body, len(content), context, is_recorded=is_recorded)
