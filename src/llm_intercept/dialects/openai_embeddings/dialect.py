"""OpenAI's embeddings as a dialect: a vector for each input, in numbers or base64.

Knows: the parts in this folder, and ties them together. Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

from llm_intercept.base.tokens import total
from llm_intercept.dialects.openai.by_default import Operation, ready_headers
from llm_intercept.dialects.openai.flavor import flavor_of, is_held
from llm_intercept.dialects.openai.headers import JSON, answer_headers
from llm_intercept.dialects.openai.of_its_types import UNRECOGNIZED, check_types
from llm_intercept.dialects.openai_embeddings import read
from llm_intercept.dialects.openai_embeddings.read import dimensions_of, inputs_of, is_base64
from llm_intercept.dialects.openai_embeddings.recorded import RECORDED
from llm_intercept.dialects.openai_embeddings.write import body_of, restated
from llm_intercept.dialects.shared.vectors import embedded
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ANSWERS_ALL, Embeddings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.base import Context
    from llm_intercept.dialects.openai_embeddings.write import Vector
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import Answer, RawReply

ANSWERING = {"text-embedding-ada-002": "text-embedding-ada-002-v2"}
"""The names that OpenAI and Azure answer with, where they are others than those asked for."""

TYPES = ("openai.types.embedding_create_params", "EmbeddingCreateParams")
"""Where the SDK has the type of a request."""


class OpenAIEmbeddings(Operation):
    """Embeddings, as api.openai.com, Azure and every compatible host speak them."""

    name = read.NAME
    path = read.PATH
    what = "embeddings"
    advice = "Give vectors, embedding([0.1, 0.2]), a ready body, raw({…}), or auto() for the default ones."
    recorded = RECORDED
    takes = (*ANSWERS_ALL, Embeddings)

    def claims(self, head: WireRequest) -> bool:
        return head.method == "POST" and head.path.rstrip("/").endswith(read.PATH)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return read.read(head, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what OpenAI and Azure refuse; others' hosts, strictly alone, what these may take."""
        read.check_asked(request.raw)
        if strictly or is_held(request):
            read.check(request.raw, request.url)
            check_types(request.raw, *TYPES, strictly=strictly, unknown=UNRECOGNIZED)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        if not isinstance(answer, Embeddings):
            return super().respond(request, answer, context)
        given = zip(inputs_of(request.raw), cycle(answer.vectors), strict=False)
        return _written(request, (vector for _, vector in given), answer.usage, context)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        dimensions = dimensions_of(request.raw)
        return _written(request, (embedded(one, dimensions) for one in inputs_of(request.raw)), None, context)

    def ready(self, request: LLMRequest, body: bytes | Mapping[str, Any]) -> bytes:
        return super().ready(request, restated(body, is_base64=is_base64(request.raw)))

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        return ready_headers(_headers(request, request.model, context.identity), ready)

    def in_same_shape(self, request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
        return not is_stream and is_base64(request.raw) == is_base64(asked)


def _written(request: LLMRequest, vectors: Iterable[Vector], usage: Usage | None, context: Context) -> WireResponse:
    used = usage or Usage(_tokens(request, context.tokenizer))
    context.note_usage(used)
    model = ANSWERING.get(request.model, request.model) if flavor_of(request.url) != "compatible" else request.model
    body = body_of(vectors, model, used.input_tokens, is_base64=is_base64(request.raw))
    return WireResponse(200, _headers(request, model, context.identity), (body,))


def _tokens(request: LLMRequest, tokenizer: Tokenizer) -> int:
    inputs = inputs_of(request.raw)
    texts = total(tokenizer, (one for one in inputs if isinstance(one, str)), request.model)
    return texts + sum(len(one) for one in inputs if not isinstance(one, str))


def _headers(request: LLMRequest, model: str, identity: Identity) -> Headers:
    """Make the headers, of which OpenAI has more than for a conversation (docs/wire.md 9.1.3)."""
    headers = answer_headers(request.url, JSON, identity, request)
    if flavor_of(request.url) != "openai":
        return headers
    return (*headers, ("access-control-allow-origin", "*"), ("openai-model", model))
