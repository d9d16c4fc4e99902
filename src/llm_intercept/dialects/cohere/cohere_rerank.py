"""Cohere's ranks (version 2) as a dialect: documents by how near they are to a question, as default vectors have it.

Knows: the JSON of request and answer (Cohere's reference, "Rerank"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.cohere.cohere_origin import is_cohere, uuid_of
from llm_intercept.dialects.cohere.cohere_self import VERSION, CohereSelf, request_of
from llm_intercept.dialects.cohere.read import body_of, check_model, refused
from llm_intercept.dialects.shared.vectors import embedded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest, WireResponse

NAME, PATH, EARLIER = "cohere.rerank", "/v2/rerank", "/v1/rerank"
DIMENSIONS = 512
DECIMALS = 8


def _documents(body: Mapping[str, Any]) -> list[str]:
    return [one if isinstance(one, str) else text(mapping(one).get("text")) for one in items(body.get("documents"))]


def _check(body: Mapping[str, Any], model: str) -> None:
    if not text(body.get("query")).strip():
        raise refused("query must not be empty or be only whitespace")
    if not _documents(body):
        raise refused("list of documents must not be empty")
    check_model(model)


def scores(query: str, documents: list[str]) -> list[float]:
    """Score documents from 0 to 1 by the words they share with a question."""
    asked = embedded(query, DIMENSIONS)
    found = [sum(map(float.__mul__, asked, embedded(one, DIMENSIONS))) for one in documents]
    return [round(min(1.0, max(0.0, one)), DECIMALS) for one in found]


class CohereRerank(CohereSelf):
    """`/v2/rerank`, and `/v1/rerank` where host or client say that Cohere is asked."""

    name = NAME
    what = "ranks"

    def claims(self, head: WireRequest) -> bool:
        path = head.path.rstrip("/")
        return head.method == "POST" and (path.endswith(PATH) or (path.endswith(EARLIER) and is_cohere(head)))

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = body_of(head, content, _check)
        return request_of(NAME, text(body.get("model")), text(body.get("query")), head, body, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        del strictly
        _check(request.raw, request.model)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        found = scores(text(request.raw.get("query")), _documents(request.raw))
        ranked = sorted(range(len(found)), key=lambda index: -found[index])
        most = request.raw.get("top_n")
        results = [{"index": index, "relevance_score": found[index]} for index in ranked]
        said = {
            "id": uuid_of(context.identity),
            "results": results[:most] if is_int(most, 1) else results,
            "meta": {"api_version": VERSION, "billed_units": {"search_units": 1}},
        }
        return self.object(request, said, context)
