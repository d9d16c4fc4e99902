"""Rules for openai's own tests, which ask for ids that nobody answered before: what they name is there.

Used by `nox -s own_tests`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept import auto, raw

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept import Interceptor, LLMRequest

MODELS = ("gpt-6-astra", "gpt-4o-mini", "ft:gpt-4o-mini:acemeco:suffix:abc123")
COMPLETION = {
    "id": "completion_id",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello.", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
}
MESSAGE = {"id": "completion_id-0", "role": "assistant", "content": "Hi.", "refusal": None}


RESPONSE = {
    "id": "resp_677efb5139a88190b512bc3fef8e535d",
    "object": "response",
    "created_at": 1,
    "status": "completed",
    "model": "gpt-4o",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
CONVERSATION = {"id": "conv_123", "object": "conversation", "created_at": 1, "metadata": {}}
ITEM = {"id": "msg_abc", "type": "message", "status": "completed", "role": "user", "content": []}


def is_deleted(request: LLMRequest) -> bool:
    """Whether something is to be deleted."""
    return request.method == "DELETE"


def _page(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": [one], "first_id": one["id"], "last_id": one["id"], "has_more": False}


def rules(llm: Interceptor) -> None:
    """Answer for what the tests name."""
    for model in MODELS:
        gone = {"id": model, "object": "model", "deleted": True}
        llm.on(is_deleted, url=f"*/models/{model}").reply(raw(gone))
        llm.on(url=f"*/models/{model}").reply(raw({"id": model, "object": "model", "created": 1, "owned_by": "me"}))
    gone = {"id": "completion_id", "object": "chat.completion.deleted", "deleted": True}
    llm.on(is_deleted, url="*/chat/completions/completion_id").reply(raw(gone))
    llm.on(url="*/chat/completions/completion_id").reply(raw(COMPLETION))
    llm.on(url="*/chat/completions/completion_id/messages").reply(raw(_page(MESSAGE)))
    stored = "openai.responses.stored"
    llm.on(api=stored, url="*/input_items").reply(raw(_page(ITEM)))
    llm.on(api=stored).reply(raw(RESPONSE))
    conversations = "openai.conversations"
    item, gone = "*/items/msg_abc", {"id": "conv_123", "object": "conversation.deleted", "deleted": True}
    llm.on(is_deleted, api=conversations, url=item).reply(raw(CONVERSATION))
    llm.on(is_deleted, api=conversations).reply(raw(gone))
    llm.on(api=conversations, url=item).reply(raw(ITEM))
    llm.on(api=conversations, url="*/items").reply(raw(_page(ITEM)))
    llm.on(api=conversations, url="*/conversations/conv_123").reply(raw(CONVERSATION))
    llm.reply(auto())
