"""Message batches as a dialect: makes, shows, lists, cancels and deletes them, and gives their results.

Each request in a batch is answered as if it came by itself, by the same rules.

Knows: the paths and the JSON (Anthropic's reference, "Message Batches"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import unquote, urlsplit, urlunsplit

from llm_intercept.base.hosts import is_llm_place
from llm_intercept.base.json import encode, is_array, is_object, items, json_object, mapping, text
from llm_intercept.dialects.anthropic.block_ids import FIRST, number58
from llm_intercept.dialects.anthropic.by_itself import AnthropicByItself, page
from llm_intercept.dialects.anthropic.origin import VERSION
from llm_intercept.dialects.anthropic.wording import refused
from llm_intercept.dialects.anthropic_messages.batch_kept import (
    KIND,
    KeptBatch,
    is_ended,
    result_of,
    shown,
    time_taken,
)
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.model.request import LLMRequest
from llm_intercept.model.wire import WireRequest, WireResponse
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.stored.shelves import Shelves

PATH = re.compile(r"^(.*/messages)/batches(?:/([^/]+)(?:/(cancel|results))?)?/?$")
LINES = "application/x-jsonl"


class Asked(NamedTuple):
    """What is asked: the path of the messages, which batch, and what is to be done with it."""

    messages: str
    batch: str
    what: str


class MessageBatches(AnthropicByItself):
    """Batches of messages, where a known host or one of Anthropic's clients is asked for them."""

    name = "anthropic.batches"
    once = "it is about a batch, which is gone by then or is worked on for hours"
    what = "message batches"
    links = ("results_url",)

    def claims(self, head: WireRequest) -> bool:
        if head.method not in {"GET", "POST", "DELETE"} or PATH.match(head.path) is None:
            return False
        return is_llm_place(head.host, head.path) or VERSION in head.headers

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; it has no model, since each of those in it has its own."""
        body = json_object(content) or {}
        if head.method == "POST" and not _asked(head.url).batch:
            _check(body)
        return LLMRequest.made(head, body, content, api=self.name)

    def brings(self, request: LLMRequest) -> Sequence[tuple[WireRequest, bytes]]:
        """Give the requests of a batch that is made."""
        asked, url = _asked(request.url), urlsplit(request.url)
        if request.method != "POST" or asked.batch:
            return ()
        sent_to, host = urlunsplit(url._replace(path=asked.messages)), url.hostname or ""
        head = WireRequest("POST", sent_to, host, asked.messages, cast("Mapping[str, str]", request.headers))
        return [(head, encode(params)) for params in _requests(request.raw).values()]

    def knows(self, request: LLMRequest, shelves: Shelves) -> bool:
        return shelves.get(KIND, _asked(request.url).batch) is not None

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        asked = _asked(request.url)
        if not asked.batch:
            return self._made(request, context) if request.method == "POST" else self._listed(request, context)
        batch: KeptBatch | None = context.shelves.get(KIND, asked.batch)
        if batch is None:
            message = f"Could not find message batch with id {asked.batch}"
            return self.fail(request, ErrorReply(404, message=message, is_final=True), context.identity)
        if asked.what == "cancel":
            return self._cancelled(request, batch, context)
        is_done = is_ended(batch, context.clock)
        if asked.what == "results":
            return self._results(request, batch, context, is_done=is_done)
        if request.method == "DELETE":
            return self._deleted(request, batch, context, is_done=is_done)
        return self.answered(shown(batch, is_done=is_done), request, context)

    def _made(self, request: LLMRequest, context: Context) -> WireResponse:
        results = [result_of(one) for one in context.around.brought]
        now, identifier = context.clock.now(), f"msgbatch_{FIRST}{number58(context.identity)}"
        url = urlsplit(context.around.asked_at)
        place = urlunsplit(url._replace(path=f"{url.path.rstrip('/')}/{identifier}/results", query=""))
        ends = now + time_taken(results, context)
        named = dict(zip(_requests(request.raw), results, strict=True))
        batch = KeptBatch(identifier, place, context.identity.second, now, ends, named)
        context.shelves.own.keep(KIND, identifier, batch, 3 * len(request.content))
        return self.answered(shown(batch, is_done=False), request, context)

    def _listed(self, request: LLMRequest, context: Context) -> WireResponse:
        batches: list[KeptBatch] = context.shelves.all(KIND)
        newest = [shown(one, is_done=context.clock.now() >= one.ends) for one in reversed(batches)]
        return self.answered(page(newest, request.url), request, context)

    def _cancelled(self, request: LLMRequest, batch: KeptBatch, context: Context) -> WireResponse:
        """End what is worked on; what is done stays as it is."""
        now = context.clock.now()
        if now < batch.ends and batch.cancelled is None:
            batch.cancelled = now
        return self.answered(shown(batch, is_done=now >= batch.ends), request, context)

    def _results(self, request: LLMRequest, batch: KeptBatch, context: Context, *, is_done: bool) -> WireResponse:
        if not is_done:
            message = f"Message batch {batch.id} has no available results; it has not finished processing."
            return self.fail(request, ErrorReply(404, message=message, is_final=True), context.identity)
        headers = overridden(self.headers(request, context), (("content-type", LINES),))
        return WireResponse(200, headers, (batch.lines(),))

    def _deleted(self, request: LLMRequest, batch: KeptBatch, context: Context, *, is_done: bool) -> WireResponse:
        if not is_done:
            message = f"Message batch {batch.id} cannot be deleted while it is being processed; cancel it first."
            return self.fail(request, ErrorReply(400, message=message, is_final=True), context.identity)
        context.shelves.drop(KIND, batch.id)
        return self.answered({"id": batch.id, "type": "message_batch_deleted"}, request, context)


def _asked(url: str) -> Asked:
    found = PATH.match(urlsplit(url).path)
    return Asked("", "", "") if found is None else Asked(found[1], unquote(found[2] or ""), found[3] or "")


def _requests(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the bodies of a batch's requests by their own ids; none is told as a stream."""
    given = map(mapping, items(body.get("requests")))
    return {
        text(one.get("custom_id")): {
            name: value for name, value in mapping(one.get("params")).items() if name != "stream"
        }
        for one in given
    }


def _check(body: Mapping[str, Any]) -> None:
    """Refuse a batch whose requests cannot be told apart; what is wrong with one of them is its own result."""
    given = body.get("requests")
    if not is_array(given):
        raise refused("requests: Field required" if given is None else "requests: Input should be a valid list")
    if not given:
        raise refused("requests: List should have at least 1 item after validation, not 0")
    for number, one in enumerate(items(given)):
        if not text(mapping(one).get("custom_id")):
            raise refused(f"requests.{number}.custom_id: Field required")
        if not is_object(mapping(one).get("params")):
            raise refused(f"requests.{number}.params: Field required")
    if len({one["custom_id"] for one in items(given)}) < len(items(given)):
        raise refused("requests: custom_id must be unique for each request within the batch")
