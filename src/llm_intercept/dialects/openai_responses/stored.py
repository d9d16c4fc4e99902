"""Responses that were answered, as a dialect: shows, deletes and cancels them, and lists what they were asked.

Knows: the paths and the JSON (OpenAI's reference, "Responses": get, delete, cancel, input items). Must not know: rules,
HTTP libraries, how a response is made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from llm_intercept.base.hosts import is_llm_place
from llm_intercept.base.json import json_object
from llm_intercept.dialects.openai.by_default import ByDefault, answer_of, headers_of, query_of
from llm_intercept.dialects.openai.flavor import is_openai_client
from llm_intercept.dialects.openai.headers import STREAM
from llm_intercept.dialects.openai.pages import page
from llm_intercept.dialects.openai_responses import grammar
from llm_intercept.dialects.openai_responses.kept import RESPONSE, KeptResponse
from llm_intercept.dialects.openai_responses.later import shown, status_of
from llm_intercept.dialects.openai_responses.listed import all_listed
from llm_intercept.dialects.openai_responses.recall import no_response
from llm_intercept.dialects.openai_responses.streamed import retold
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model.request import LLMRequest
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.faults.base import Grammar
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.stored.shelves import Shelves

PATH = re.compile(r"/responses/([^/]+)(?:/(cancel|input_items))?/?$")
METHODS = {None: ("GET", "DELETE"), "cancel": ("POST",), "input_items": ("GET",)}
LONGEST_NUMBER = 18
"""How many digits of a number are read."""
FIRST = ("response.created", "response.queued", "response.in_progress")
"""The events that say that a response is begun."""


class StoredResponses(ByDefault):
    """Stored responses, where a known host or one of OpenAI's SDKs is asked for them."""

    name = "openai.responses.stored"
    once = "it is about a stored response, which is gone by then"
    what = "stored responses"
    grammar: Grammar = grammar

    def claims(self, head: WireRequest) -> bool:
        found = PATH.search(head.path)
        if found is None or head.method not in METHODS[found[2]]:
            return False
        return is_llm_place(head.host, head.path) or is_openai_client(head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; it has no model, since none is to do anything."""
        return LLMRequest.made(
            head, json_object(content) or {}, content, api=self.name, stream=query_of(head.url).get("stream") == "true"
        )

    def knows(self, request: LLMRequest, shelves: Shelves) -> bool:
        kept: KeptResponse | None = shelves.get(RESPONSE, _asked(request)[0])
        return kept is not None and not kept.is_recorded

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        identifier, what = _asked(request)
        kept: KeptResponse | None = context.shelves.get(RESPONSE, identifier)
        if kept is None:
            return self.fail(request, no_response(identifier), context.identity)
        if what == "input_items":
            query = {"order": "desc", **query_of(request.url)}
            return answer_of(page(list(all_listed(kept)), query), request, context)
        if what == "cancel":
            return self._cancelled(request, kept, context)
        if request.method == "DELETE":
            context.shelves.drop(RESPONSE, identifier)
            return answer_of({"id": identifier, "object": "response", "deleted": True}, request, context)
        if request.stream:
            return _streamed(request, kept, context)
        return answer_of(shown(kept, status_of(kept, context.clock)), request, context)

    def _cancelled(self, request: LLMRequest, kept: KeptResponse, context: Context) -> WireResponse:
        """End what is worked on; what is done or was cancelled before stays as it is."""
        later = kept.later
        if later is None:
            message = "Cannot cancel a synchronous response."
            return self.fail(request, ErrorReply(400, message=message, type="invalid_request_error"), context.identity)
        if context.clock.now() < later.ends:
            later.is_cancelled = True
        return answer_of(shown(kept, status_of(kept, context.clock)), request, context)


def _streamed(request: LLMRequest, kept: KeptResponse, context: Context) -> WireResponse:
    """Tell the events of a response from where the client stopped to listen."""
    query = query_of(request.url)
    after = query.get("starting_after", "")
    least = int(after[:LONGEST_NUMBER]) + 1 if after.isdecimal() else 0
    pads = query.get("include_obfuscation") != "false"
    events = kept.events or retold(kept.body, _asked_so(kept, pads=pads), kept.identity, context.tokenizer)
    if kept.later is not None and kept.later.is_cancelled:
        events = tuple(one for one in events if str(_data(one).get("type")) in FIRST)
    told = tuple(one for one in events if _number(one) >= least)
    return WireResponse(200, headers_of(request, context, STREAM), told)


def _asked_so(kept: KeptResponse, *, pads: bool) -> dict[str, object]:
    return {**kept.asked, "stream_options": {"include_obfuscation": pads}}


def _data(event: bytes) -> Mapping[str, Any]:
    found = stream_data(event)
    return found[0] if found else {}


def _number(event: bytes) -> int:
    found = _data(event).get("sequence_number")
    return found if isinstance(found, int) else 0


def _asked(request: LLMRequest) -> tuple[str, str]:
    """Read which response is meant, and what is to be done with it."""
    found = PATH.search(urlsplit(request.url).path)
    return (unquote(found[1]), found[2] or "") if found is not None else ("", "")
