"""Rules for anthropic's own tests, which ask for ids that nobody answered before: what they name is there.

Used by `nox -s own_tests`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept import auto, raw

if TYPE_CHECKING:
    from llm_intercept import Interceptor, LLMRequest

NAME = "model_id"
MODEL = {
    "type": "model",
    "id": NAME,
    "display_name": "Mine",
    "created_at": "2026-01-01T00:00:00Z",
    "lifecycle": "active",
}
BATCH = {
    "id": "message_batch_id",
    "type": "message_batch",
    "processing_status": "in_progress",
    "request_counts": dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0),
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z",
}
GONE = {"id": BATCH["id"], "type": "message_batch_deleted"}


def is_deleted(request: LLMRequest) -> bool:
    """Whether something is to be deleted."""
    return request.method == "DELETE"


def rules(llm: Interceptor) -> None:
    """Answer for what the tests name."""
    llm.on(url=f"*/models/{NAME}*").reply(raw(MODEL))
    llm.on(is_deleted, url=f"*/batches/{BATCH['id']}*").reply(raw(GONE))
    for place in (f"*/batches/{BATCH['id']}*", f"*/batches/{BATCH['id']}/cancel*"):
        llm.on(url=place).reply(raw(BATCH))
    llm.reply(auto())
