"""Threads: conversations that the API remembers, so that a request sends no more than its new messages.

Knows: the store, the parameter and the API's words for what is not there (anthropic 2.14, `lib/threads`). Must not
know: how a message is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, items, json_object, mapping, plain, text
from llm_intercept.dialects.anthropic.wording import refused
from llm_intercept.dialects.anthropic_messages.accumulate import accumulated
from llm_intercept.dialects.anthropic_messages.read import MessagesRequest
from llm_intercept.dialects.shared.ready import is_event_text, stream_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Step, WireResponse
    from llm_intercept.stored.shelves import Shelves

KIND, THREAD, PREVIOUS = "anthropic.thread", "thread", "previous_message_id"
OF_ALL = ("system", "tools")
"""What a request that continues a thread does not say again (anthropic 2.14, `CREATE_ONLY_FIELDS`)."""
FAILED = 300
"""HTTP statuses from here on bring no message."""
LAST = b"event: message_stop"


@dataclass(frozen=True, slots=True)
class KeptThread:
    """A thread up to one of its answers.

    Attributes:
        messages: The messages, as they were sent and answered.
        fields: What else was said when it was made, and holds for all of it.

    """

    messages: tuple[Mapping[str, Any], ...]
    fields: Mapping[str, Any]


def continued(request: MessagesRequest, shelves: Shelves) -> MessagesRequest:
    """Complete a request by the thread that it continues.

    Raises:
        BadRequestError: Nobody here answered that.

    """
    asked = mapping(request.raw.get(THREAD))
    if asked.get("type") != "continue":
        return request
    identifier = text(asked.get(PREVIOUS))
    kept: KeptThread | None = shelves.get(KIND, identifier)
    if kept is None:
        message = f"No usable Thread state was found for `{PREVIOUS}` {identifier!r}. Replay the full conversation."
        raise refused(message, 404, "thread_not_found")
    return request.after(kept.messages, {**kept.fields, **request.raw})


def keep(request: LLMRequest, body: Mapping[str, Any], size: int, context: Context) -> None:
    """Keep a thread up to a message, if the request wants one."""
    identifier = text(body.get("id"))
    asked = request.as_sent()
    if not mapping(asked.get(THREAD)) or not identifier or not is_array(body.get("content")):
        return
    before, said = (request.before, request.said) if isinstance(request, MessagesRequest) else ((), asked)
    answer = {"role": "assistant", "content": plain(body["content"])}
    fields = {name: said[name] for name in OF_ALL if name in said}
    kept = KeptThread((*before, *map(mapping, items(asked.get("messages"))), answer), fields)
    context.shelves.own.keep(KIND, identifier, kept, size + len(request.content))


def keeping(request: LLMRequest, response: WireResponse, context: Context) -> WireResponse:
    """Keep the thread up to the message that ready bytes bring, when they have passed to its end."""
    if response.status >= FAILED or not mapping(request.raw.get(THREAD)):
        return response
    if isinstance(response.chunks, tuple):
        _keep_bytes(request, b"".join(one for one in response.chunks if isinstance(one, bytes)), context)
        return response
    return response.with_chunks(_heard(request, response.chunks, context))


def _heard(request: LLMRequest, steps: Iterable[Step], context: Context) -> Iterator[Step]:
    """Give the steps; the thread is kept before the last event is given, since the client may go on at once."""
    passed: list[bytes] = []
    try:
        for step in steps:
            if isinstance(step, bytes):
                passed.append(step)
                if LAST in step:
                    _keep_bytes(request, b"".join(passed), context)
            yield step
    finally:
        close = getattr(steps, "close", None)
        if close is not None:
            close()


def _keep_bytes(request: LLMRequest, content: bytes, context: Context) -> None:
    try:
        body = accumulated(stream_data(content)) if is_event_text(content) else mapping(json_object(content))
    except (ValueError, KeyError, TypeError):
        return  # a ready body that is no message
    keep(request, body, len(content), context)
