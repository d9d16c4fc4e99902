"""Rules for openai's own tests, which ask for ids that nobody answered before: what they name is there.

Used by `nox -s openai_own`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept import auto, raw

if TYPE_CHECKING:
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


def is_deleted(request: LLMRequest) -> bool:
    """Whether something is to be deleted."""
    return request.method == "DELETE"


def rules(llm: Interceptor) -> None:
    """Answer for what the tests name."""
    for model in MODELS:
        gone = {"id": model, "object": "model", "deleted": True}
        llm.on(is_deleted, url=f"*/models/{model}").reply(raw(gone))
        llm.on(url=f"*/models/{model}").reply(raw({"id": model, "object": "model", "created": 1, "owned_by": "me"}))
    gone = {"id": "completion_id", "object": "chat.completion.deleted", "deleted": True}
    llm.on(is_deleted, url="*/chat/completions/completion_id").reply(raw(gone))
    llm.on(url="*/chat/completions/completion_id").reply(raw(COMPLETION))
    page = {"object": "list", "data": [MESSAGE], "first_id": MESSAGE["id"], "last_id": MESSAGE["id"], "has_more": False}
    llm.on(url="*/chat/completions/completion_id/messages").reply(raw(page))
    llm.reply(auto())
