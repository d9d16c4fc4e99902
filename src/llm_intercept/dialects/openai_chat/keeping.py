"""Keeps the chat completions that a request asks to store.

Knows: the store, how a stream adds up. Must not know: who asks for them later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.json import json_object, mapping, text
from llm_intercept.dialects.openai.completions_kept import KIND, KeptCompletion
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.shared.ready import is_event_text, stream_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Step, WireResponse
    from llm_intercept.stored.shelves import Shelves

FAILED = 300
"""HTTP statuses from here on bring no completion."""


def keeping(response: WireResponse, request: LLMRequest, shelves: Shelves) -> WireResponse:
    """Keep the completion that a response brings, when its body has passed to its end."""
    if response.status >= FAILED:
        return response
    if isinstance(response.chunks, tuple):
        _keep(b"".join(one for one in response.chunks if isinstance(one, bytes)), request, shelves)
        return response
    return response.with_chunks(_heard(response.chunks, request, shelves))


def _heard(steps: Iterable[Step], request: LLMRequest, shelves: Shelves) -> Iterator[Step]:
    passed: list[bytes] = []
    for step in steps:
        if isinstance(step, bytes):
            passed.append(step)
        yield step
    _keep(b"".join(passed), request, shelves)


def _keep(content: bytes, request: LLMRequest, shelves: Shelves) -> None:
    try:
        body = accumulated(stream_data(content)) if is_event_text(content) else json_object(content)
    except (ValueError, KeyError, TypeError):
        return  # a ready body that is no completion
    if body is None or not text(body.get("id")) or "choices" not in body:
        return
    size = len(content) + len(request.content)
    asked = request.as_sent()
    made = KeptCompletion(body, asked, mapping(asked.get("metadata")), size)
    shelves.keep(KIND, body["id"], made, size)
