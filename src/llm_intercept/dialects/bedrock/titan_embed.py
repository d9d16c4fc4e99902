"""Amazon's Titan embeddings as a dialect: a vector for a text, an image or both.

Knows: the JSON of request and answer (Amazon's "Titan Text Embeddings", "Titan Multimodal Embeddings"). Must not know:
rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import encode, items, json_object, mapping, text
from llm_intercept.dialects.base import BadRequestError, Recorded, UnreadableError
from llm_intercept.dialects.bedrock.aws_origin import JSON, BedrockDialect, answer_headers, counts
from llm_intercept.dialects.bedrock.invoke import EMBEDDINGS, PATH, asked_by
from llm_intercept.dialects.shared.embedding import EmbedsByItself
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.model.parts import Text
from llm_intercept.model.request import LLMRequest, Message
from llm_intercept.model.usage import Usage
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import RawReply

MODELS = re.compile(r"amazon\.titan-embed|titan-e1t")
FIRST, USUAL = 1536, 1024
DIMENSIONS = (256, 384, 512, 1024)
"""Those that may be asked for, of texts or of images."""


def _signs(vector: Sequence[float]) -> list[int]:
    return [int(one > 0) for one in vector]


WRITTEN: dict[str, Callable[[Sequence[float]], Any]] = {"float": list, "binary": _signs}
"""How a vector is written by the type that is asked for."""


class TitanEmbeddings(BedrockDialect, EmbedsByItself):
    """`/model/amazon.titan-embed-…/invoke`."""

    name = EMBEDDINGS
    recorded = Recorded(
        last_user=lambda body: text(mapping(body).get("inputText")),
        roles=lambda _: ["user"],
        usage=lambda values: _usage(mapping(values[0] if values else None)),
        kept_headers=("x-amzn-errortype", "x-amzn-bedrock-*"),
        changing_headers=("x-amzn-requestid",),
    )

    def claims(self, head: WireRequest) -> bool:
        found = PATH.search(head.path)
        return found is not None and head.method == "POST" and MODELS.search(unquote(found[1])) is not None

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = json_object(content)
        if body is None:
            raise UnreadableError("Its body is not a JSON object, or one too deep to read")
        _check(body)
        said = text(body.get("inputText"))
        messages = (Message(role="user", parts=(Text(said),)),) if said else ()
        return LLMRequest.made(head, body, content, api=EMBEDDINGS, model=asked_by(head.url)[0], messages=messages)

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        del strictly
        _check_dimensions(request.raw)

    def inputs(self, request: LLMRequest) -> list[str]:
        return [text(request.raw.get("inputText")) or text(request.raw.get("inputImage"))]

    def dimensions(self, request: LLMRequest) -> int:
        wanted = _dimensions(request.raw)
        usual = FIRST if "-text-v1" in request.model or "e1t" in request.model else USUAL
        return wanted if usual == USUAL and wanted in DIMENSIONS else usual

    def answer(
        self, request: LLMRequest, vectors: Sequence[Sequence[float]], used: Usage, context: Context
    ) -> WireResponse:
        (vector,) = vectors
        types = [one for one in items(request.raw.get("embeddingTypes")) if text(one) in WRITTEN]
        made: dict[str, Any] = {"embedding": list(vector)} if not types or "float" in types else {}
        if "-text-v2" in request.model:
            made["embeddingsByType"] = {one: WRITTEN[one](vector) for one in types or ["float"]}
        made["inputTextTokenCount"] = used.input_tokens
        headers = (*answer_headers(JSON, context.identity), *counts(used))
        return WireResponse(200, headers, (self.written(made),))

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        del request
        return overridden(answer_headers(JSON, context.identity), ready.headers if ready is not None else ())

    def written(self, value: Mapping[str, Any]) -> bytes:
        return encode(value)


def _dimensions(body: Mapping[str, Any]) -> int | None:
    wanted = body.get("dimensions", mapping(body.get("embeddingConfig")).get("outputEmbeddingLength"))
    return wanted if is_int(wanted, 1) else None


def _check(body: Mapping[str, Any]) -> None:
    """Refuse what has nothing to embed."""
    if not text(body.get("inputText")) and not text(body.get("inputImage")):
        raise BadRequestError(ErrorReply(400, message=MISSING))


def _check_dimensions(body: Mapping[str, Any]) -> None:
    """Refuse numbers of dimensions that there are not."""
    wanted = _dimensions(body)
    if wanted is not None and wanted not in DIMENSIONS:
        told = f"Malformed input request: #/dimensions: {wanted} is not a valid enum value, please reformat your input"
        raise BadRequestError(ErrorReply(400, message=f"{told} and try again."))


MISSING = "Malformed input request: #: required key [inputText] not found, please reformat your input and try again."


def _usage(body: Mapping[str, Any]) -> Usage | None:
    counted = body.get("inputTextTokenCount")
    return Usage(counted) if is_int(counted, 0) else None
