"""A batch of messages that is kept, and how far it is at a moment of simulated time.

Knows: the API's words for it (Anthropic's reference, "Message Batches"). Must not know: who answers its requests, who
waits, how time passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, json_object, mapping
from llm_intercept.dialects.anthropic.lines_of_head import moment
from llm_intercept.dialects.anthropic.wording import BROKEN, error_json
from llm_intercept.dialects.anthropic_messages.tokens_used import read_usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.dialects.base import Brought, Context
    from llm_intercept.timing.clock import Clock

KIND = "anthropic.batch"
OK = 200
DAY = 86_400.0
CANCELED = {"type": "canceled"}


@dataclass(slots=True)
class KeptBatch:
    """A batch.

    Attributes:
        id: Its id.
        url: Where its results are asked for.
        created: When it was made, in Unix seconds.
        begins: The same moment, in simulated seconds.
        ends: When its requests are answered, in simulated seconds.
        results: What answers each, by its own id.
        cancelled: When somebody ended it before, in simulated seconds.

    """

    id: str
    url: str
    created: float
    begins: float
    ends: float
    results: dict[str, dict[str, Any]]
    cancelled: float | None = None

    @property
    def has_results(self) -> bool:
        """Whether its requests were answered before anybody ended it."""
        return self.cancelled is None

    def lines(self) -> bytes:
        """Write the results, a line each."""
        told = ((name, result if self.has_results else CANCELED) for name, result in self.results.items())
        return b"".join(encode({"custom_id": name, "result": result}) + b"\n" for name, result in told)


def result_of(brought: Brought) -> dict[str, Any]:
    """Write what became of one request; its message says that it was answered in a batch."""
    body = json_object(brought.content)
    if brought.status == OK and body is not None:
        usage = {**mapping(body.get("usage")), "service_tier": "batch"}
        return {"type": "succeeded", "message": {**body, "usage": usage}}
    error = body if body is not None and body.get("type") == "error" else None
    text = brought.content.decode("utf-8", "replace")
    return {"type": "errored", "error": error or error_json(BROKEN, text or "Internal server error")}


def time_taken(results: Sequence[dict[str, Any]], context: Context) -> float:
    """Plan how many simulated seconds a batch takes: as long as its slowest request, and without a pace none."""
    if context.pace is None:
        return 0.0
    longest = 0.0
    for number, one in enumerate(results):
        used, times = read_usage([one.get("message")]), context.pace.times(f"{context.identity}{number}")
        longest = max(longest, times.first + (0.0 if used is None else times.told(used.output_tokens)))
    return longest


def is_ended(batch: KeptBatch, clock: Clock) -> bool:
    """Whether a batch is done; in virtual time, where nobody waits, it is when somebody asks."""
    if clock.is_virtual and clock.now() < batch.ends:
        clock.advance_to(batch.ends)
    return clock.now() >= batch.ends


def shown(batch: KeptBatch, *, is_done: bool) -> dict[str, Any]:
    """Write a batch as the API does."""
    is_stopped = batch.cancelled is not None
    counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    for result in batch.results.values():
        counts["processing" if not is_done else result["type"] if batch.has_results else "canceled"] += 1

    def at(seconds: float | None) -> str | None:
        return None if seconds is None else moment(batch.created + seconds - batch.begins)

    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": "ended" if is_done else "canceling" if is_stopped else "in_progress",
        "request_counts": counts,
        "ended_at": at(batch.ends) if is_done else None,
        "created_at": moment(batch.created),
        "expires_at": moment(batch.created + DAY),
        "archived_at": None,
        "cancel_initiated_at": at(batch.cancelled),
        "results_url": batch.url if is_done else None,
    }
