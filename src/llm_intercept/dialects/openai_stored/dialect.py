"""OpenAI's stored chat completions as a dialect: lists, shows, changes and deletes what was answered with `store=True`.

Knows: the paths and the JSON (OpenAI's reference, "Chat Completions": list, get, update, delete, messages). Must not
know: rules, HTTP libraries, how a completion is made.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from llm_intercept.base.hosts import is_llm_place
from llm_intercept.base.json import is_object, items, json_object, mapping, text
from llm_intercept.dialects.openai.by_default import ByDefault, answer_of
from llm_intercept.dialects.openai.completions_kept import KIND, KeptCompletion
from llm_intercept.dialects.openai.flavor import is_openai_client
from llm_intercept.dialects.openai.pages import page
from llm_intercept.dialects.openai.refusals import missing
from llm_intercept.model.request import LLMRequest
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import WireRequest, WireResponse

PATH = re.compile(r"/chat/completions(?:/([^/]+)(/messages)?)?/?$")
METHODS = {(False, False): ("GET",), (True, False): ("GET", "POST", "DELETE"), (True, True): ("GET",)}
"""The methods of a list, of one completion, and of its messages."""
ECHOED = ("tool_choice", "seed", "top_p", "temperature", "presence_penalty", "frequency_penalty", "tools")
DEFAULTS = {"top_p": 1.0, "temperature": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
"""What of a request is shown beside its completion, and what that is where the request does not say."""


class OpenAIStored(ByDefault):
    """Stored chat completions, where a known host or one of OpenAI's SDKs is asked for them."""

    name = "openai.chat.stored"
    once = "it is about a stored completion, which is gone by then"
    what = "stored chat completions"

    def claims(self, head: WireRequest) -> bool:
        found = PATH.search(head.path)
        if found is None or head.method not in METHODS[bool(found[1]), bool(found[2])]:
            return False
        return is_llm_place(head.host, head.path) or is_openai_client(head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; raises `BadRequestError` where a change has no metadata."""
        body = json_object(content) or {}
        if head.method == "POST" and not is_object(body.get("metadata")) and "metadata" not in body:
            raise missing("metadata")
        return LLMRequest.made(head, body, content, api=self.name)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        parts = urlsplit(request.url)
        query = dict(parse_qsl(parts.query))
        found = PATH.search(parts.path)
        asked, of_messages = (unquote(found[1] or ""), bool(found[2])) if found is not None else ("", False)
        if not asked:
            kept: list[KeptCompletion] = [one for one in context.shelves.all(KIND) if _fits(one, query)]
            return answer_of(page([_shown(one) for one in kept], query), request, context)
        one: KeptCompletion | None = context.shelves.get(KIND, asked)
        if one is None:
            message = f"Chat completion with id '{asked}' not found."
            return self.fail(request, ErrorReply(404, message=message, type="invalid_request_error"), context.identity)
        if of_messages:
            return answer_of(page(_messages(one), query), request, context)
        if request.method == "DELETE":
            context.shelves.drop(KIND, asked)
            gone = {"object": "chat.completion.deleted", "id": asked, "deleted": True}
            return answer_of(gone, request, context)
        if request.method == "POST":
            one = replace(one, metadata=mapping(request.raw.get("metadata")))
            context.shelves.keep(KIND, asked, one, one.size)
        return answer_of(_shown(one), request, context)


def _fits(one: KeptCompletion, query: Mapping[str, str]) -> bool:
    """Whether a completion is of the model, and has the metadata, that a list is asked for."""
    wanted = {name[len("metadata[") : -1]: value for name, value in query.items() if name.startswith("metadata[")}
    if any(one.metadata.get(name) != value for name, value in wanted.items()):
        return False
    return query.get("model", "") in {"", text(one.body.get("model")), text(one.asked.get("model"))}


def _shown(one: KeptCompletion) -> dict[str, Any]:
    """Show a completion: as it was answered, and what was asked."""
    asked = {name: one.asked.get(name, DEFAULTS.get(name)) for name in ECHOED}
    user, wanted = one.asked.get("user"), one.asked.get("response_format")
    return {**one.body, **asked, "input_user": user, "metadata": dict(one.metadata), "response_format": wanted}


def _messages(one: KeptCompletion) -> list[dict[str, Any]]:
    """Show the messages that were asked, each with an id of its own."""
    return [
        _message(mapping(given), f"{one.body['id']}-{n}") for n, given in enumerate(items(one.asked.get("messages")))
    ]


def _message(given: Mapping[str, Any], identifier: str) -> dict[str, Any]:
    content = given.get("content")
    parts = items(content) or None
    said = "".join(text(mapping(part).get("text")) for part in parts) if parts is not None else content
    known = {"id": identifier, "role": given.get("role"), "content": said, "name": given.get("name")}
    return {**known, "content_parts": parts, **{key: value for key, value in given.items() if key not in known}}
