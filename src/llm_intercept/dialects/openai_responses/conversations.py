"""OpenAI's conversations as a dialect: made, shown, changed and deleted, they and their items.

Knows: the paths and the JSON (OpenAI's reference, "Conversations"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from llm_intercept.base.hosts import is_llm_place
from llm_intercept.base.json import items, json_object, mapping
from llm_intercept.dialects.openai.by_default import ByDefault, answer_of, query_of
from llm_intercept.dialects.openai.flavor import is_openai_client
from llm_intercept.dialects.openai.pages import page
from llm_intercept.dialects.openai.refusals import missing
from llm_intercept.dialects.openai_responses.item_ids import item_id
from llm_intercept.dialects.openai_responses.kept import CONVERSATION, KeptConversation
from llm_intercept.dialects.openai_responses.listed import listed
from llm_intercept.dialects.openai_responses.recall import no_conversation
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.model.request import LLMRequest
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.openai_responses.kept import Item
    from llm_intercept.model.wire import WireRequest, WireResponse
    from llm_intercept.stored.shelves import Shelves

PATH = re.compile(r"/conversations(?:/([^/]+)(?:/(items)(?:/([^/]+))?)?)?/?$")
METHODS = (("POST",), ("GET", "POST", "DELETE"), ("GET", "POST"), ("GET", "DELETE"))
"""The methods of all conversations, of one, of its items, and of one of these."""


class Conversations(ByDefault):
    """Conversations, where a known host or one of OpenAI's SDKs is asked for them."""

    name = "openai.conversations"
    once = "it is about a conversation that the API keeps, which is gone by then or stays each time"
    what = "conversations"
    is_listed_apart = True

    def claims(self, head: WireRequest) -> bool:
        found = PATH.search(head.path)
        if found is None or head.method not in METHODS[sum(map(bool, found.groups()))]:
            return False
        return is_llm_place(head.host, head.path) or is_openai_client(head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; raises `BadRequestError` where it does not say what is to be added or changed."""
        body = json_object(content) or {}
        asked, _, of_items = _asked(head.path)
        if head.method == "POST" and asked:
            needed = "items" if of_items else "metadata"
            if needed not in body:
                raise missing(needed)
        return LLMRequest.made(head, body, content, api=self.name)

    def knows(self, request: LLMRequest, shelves: Shelves) -> bool:
        return shelves.get(CONVERSATION, _asked(urlsplit(request.url).path)[0]) is not None

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        asked, item, of_items = _asked(urlsplit(request.url).path)
        if not asked:
            return answer_of(_shown(_made(request, context)), request, context)
        kept: KeptConversation | None = context.shelves.get(CONVERSATION, asked)
        if kept is None:
            return self.fail(request, no_conversation(asked), context.identity)
        if item:
            return self._one(request, kept, item, context)
        if of_items:
            return _items(request, kept, context)
        if request.method == "DELETE":
            context.shelves.drop(CONVERSATION, asked)
            gone = {"id": asked, "object": "conversation.deleted", "deleted": True}
            return answer_of(gone, request, context)
        if request.method == "POST":
            kept.metadata = mapping(request.raw.get("metadata"))
        return answer_of(_shown(kept), request, context)

    def _one(self, request: LLMRequest, kept: KeptConversation, item: str, context: Context) -> WireResponse:
        """Show an item, or take it out; the conversation is what is answered then."""
        found = next((one for one in kept.items if one.get("id") == item), None)
        if found is None:
            message = f"Item with id '{item}' not found."
            return self.fail(request, ErrorReply(404, message=message, type="invalid_request_error"), context.identity)
        if request.method == "DELETE":
            kept.remove(item)
            return answer_of(_shown(kept), request, context)
        return answer_of(found, request, context)


def _asked(path: str) -> tuple[str, str, bool]:
    """Read which conversation is meant and which item, and whether it is about items."""
    found = PATH.search(path)
    if found is None:
        return "", "", False
    return unquote(found[1] or ""), unquote(found[3] or ""), bool(found[2])


def _made(request: LLMRequest, context: Context) -> KeptConversation:
    """Make a conversation, with the items it begins with, and keep it."""
    identity, made = context.identity, context.identity.second
    kept = KeptConversation(f"conv_{item_id(identity, made, 0)}", made, mapping(request.raw.get("metadata")))
    kept.add(_new(request, context), len(request.content))
    context.shelves.own.keep(CONVERSATION, kept.id, kept, kept.size)
    return kept


def _new(request: LLMRequest, context: Context) -> list[Item]:
    identity = derived(context.identity, "items")
    return listed(map(mapping, items(request.raw.get("items"))), identity, context.identity.second)


def _items(request: LLMRequest, kept: KeptConversation, context: Context) -> WireResponse:
    if request.method == "POST":
        new = _new(request, context)
        kept.add(new, len(request.content))
        context.shelves.keep(CONVERSATION, kept.id, kept, kept.size)
        return answer_of(page(new, {"limit": "100"}), request, context)
    return answer_of(page(kept.items, {"order": "desc", **query_of(request.url)}), request, context)


def _shown(kept: KeptConversation) -> Mapping[str, Any]:
    metadata = dict(kept.metadata)
    return {"id": kept.id, "object": "conversation", "created_at": kept.created, "metadata": metadata}
