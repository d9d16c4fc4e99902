"""OpenAI's moderations as a dialect: nothing is found, unless a reply says so.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from llm_intercept.dialects.openai.by_default import Operation, written
from llm_intercept.dialects.openai.headers import JSON, answer_headers
from llm_intercept.dialects.openai.ids import dated_id
from llm_intercept.dialects.openai_moderations import read
from llm_intercept.dialects.openai_moderations.categories import result_of
from llm_intercept.dialects.openai_moderations.read import inputs_of, is_omni, kinds_of
from llm_intercept.dialects.openai_moderations.recorded import RECORDED
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ANSWERS_ALL, Moderations

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.replies.kinds import Answer

NOTHING = Moderations(({},))
DATED = {"text-moderation-latest": "text-moderation-007", "text-moderation-stable": "text-moderation-007"}
"""The names that OpenAI answers with, where they are others than those asked for."""


class OpenAIModerations(Operation):
    """Moderations, as OpenAI has them."""

    name = read.NAME
    path = read.PATH
    what = "a moderation"
    advice = "Give what is found, moderation('violence', hate=0.9), or auto() for nothing."
    recorded = RECORDED
    takes = (*ANSWERS_ALL, Moderations)

    def claims(self, head: WireRequest) -> bool:
        return head.method == "POST" and head.path.rstrip("/").endswith(read.PATH)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what OpenAI refuses."""
        del strictly
        read.check(request.raw)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        if isinstance(answer, Moderations):
            return _written(request, answer, context.identity)
        return super().respond(request, answer, context)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        return _written(request, NOTHING, context.identity)


def _written(request: LLMRequest, answer: Moderations, identity: Identity) -> WireResponse:
    omni = is_omni(request.model)
    given = zip(inputs_of(request.raw), cycle(answer.results), strict=False)
    results = [
        result_of(found, kinds_of(one), derived("moderation", request.model, one), is_omni=omni) for one, found in given
    ]
    named = f"modr-{identity[:32]}" if omni else dated_id("modr", identity)
    body = {"id": named, "model": DATED.get(request.model, request.model), "results": results}
    headers = answer_headers(request.url, JSON, identity)
    return WireResponse(200, headers, (written(body),))
