"""Cohere's embeddings (version 2) as a dialect: a vector for each text, in the types that are asked for.

Knows: the JSON of request and answer (Cohere's reference, "Embed"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import base64
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.cohere.cohere_laws import check_texts
from llm_intercept.dialects.cohere.cohere_origin import CHANGING, is_cohere, uuid_of
from llm_intercept.dialects.cohere.cohere_self import VERSION, CohereSelf, request_of
from llm_intercept.dialects.cohere.read import body_of, check_model, refused
from llm_intercept.dialects.shared.embedding import MOST_DIMENSIONS, EmbedsByItself
from llm_intercept.model.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest, WireResponse

NAME, PATH, EARLIER = "cohere.embed", "/v2/embed", "/v1/embed"
USUAL = 1024
DIMENSIONS = {"embed-v4.0": 1536, "embed-english-light-v3.0": 384, "embed-multilingual-light-v3.0": 384}
BITS = 8
LARGEST = 127


def inputs_of(body: Mapping[str, Any]) -> list[str]:
    """Return what is to be embedded; of an input in parts its texts, of an image alone its URL."""
    texts = [one for one in items(body.get("texts")) if isinstance(one, str)]
    given = ["".join(map(_said, items(mapping(one).get("content")))) for one in items(body.get("inputs"))]
    return [*texts, *given, *(one for one in items(body.get("images")) if isinstance(one, str))]


def _said(part: Any) -> str:
    return text(mapping(part).get("text")) or text(mapping(mapping(part).get("image_url")).get("url"))


def _check(body: Mapping[str, Any], model: str) -> None:
    if not inputs_of(body):
        raise refused("exactly one of texts, inputs or images must be provided")
    check_model(model)


def _whole(vector: Sequence[float]) -> list[int]:
    return [max(-LARGEST - 1, min(LARGEST, round(one * LARGEST))) for one in vector]


def _bits(vector: Sequence[float]) -> list[int]:
    """Write the sign of each number as a bit, eight in a byte."""
    bits = "".join("1" if one > 0 else "0" for one in vector)
    return [int(bits[at : at + BITS].ljust(BITS, "0"), 2) for at in range(0, len(bits), BITS)]


TYPES: dict[str, Callable[[Sequence[float]], Any]] = {
    "float": list,
    "int8": _whole,
    "uint8": lambda vector: [one + LARGEST + 1 for one in _whole(vector)],
    "binary": lambda vector: [one - LARGEST - 1 for one in _bits(vector)],
    "ubinary": _bits,
    "base64": lambda vector: base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode(),
}


def _usage(values: Sequence[Any]) -> Usage | None:
    billed = mapping(mapping(mapping(values[0] if values else None).get("meta")).get("billed_units"))
    tokens = billed.get("input_tokens")
    return Usage(int(tokens)) if isinstance(tokens, int | float) and tokens >= 0 else None


class CohereEmbed(EmbedsByItself, CohereSelf):
    """`/v2/embed`, and `/v1/embed` where host or client say that Cohere is asked."""

    name = NAME
    recorded = Recorded(
        last_user=lambda body: "\n".join(inputs_of(mapping(body))),
        roles=lambda _: ["user"],
        usage=_usage,
        changing_headers=CHANGING,
    )

    def claims(self, head: WireRequest) -> bool:
        path = head.path.rstrip("/")
        return head.method == "POST" and (path.endswith(PATH) or (path.endswith(EARLIER) and is_cohere(head)))

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = body_of(head, content, _check)
        return request_of(NAME, text(body.get("model")), "\n".join(inputs_of(body)), head, body, content)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        del strictly
        _check(request.raw, request.model)
        if is_cohere(request):  # and not Bedrock, which may take another number
            check_texts(request.raw)

    def inputs(self, request: LLMRequest) -> list[str]:
        return inputs_of(request.raw)

    def dimensions(self, request: LLMRequest) -> int:
        wanted = request.raw.get("output_dimension")
        return min(wanted, MOST_DIMENSIONS) if is_int(wanted, 1) else DIMENSIONS.get(request.model, USUAL)

    def answer(
        self, request: LLMRequest, vectors: Sequence[Sequence[float]], used: Usage, context: Context
    ) -> WireResponse:
        asked = [one for one in items(request.raw.get("embedding_types")) if text(one) in TYPES]
        path = urlsplit(request.url).path.rstrip("/")
        is_plain = not asked and not path.endswith(PATH)
        by_type = {kind: [TYPES[kind](vector) for vector in vectors] for kind in asked or ["float"]}
        said: dict[str, Any] = {
            "id": uuid_of(context.identity),
            "embeddings": by_type["float"] if is_plain else by_type,
            "texts": items(request.raw.get("texts")),
            "response_type": "embeddings_floats" if is_plain else "embeddings_by_type",
        }
        if path.endswith((PATH, EARLIER)):  # and not where Bedrock invokes the model
            said["meta"] = {"api_version": VERSION, "billed_units": {"input_tokens": used.input_tokens}}
        return self.object(request, said, context)
