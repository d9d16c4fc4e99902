"""Ollama's embeddings as dialects: of several texts, and in the form that came before that, of one.

Knows: the JSON of both (ollama/ollama, `api/types.go`). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.base import Recorded
from llm_intercept.dialects.ollama.declined import check_model, refused
from llm_intercept.dialects.ollama.ollama_origin import JSON, OllamaDialect, answer_headers, go_json, is_ollama, metrics
from llm_intercept.dialects.ollama.raw import read_usage
from llm_intercept.dialects.ollama.read import body_of
from llm_intercept.dialects.shared.embedding import MOST_DIMENSIONS, EmbedsByItself
from llm_intercept.model.parts import Text
from llm_intercept.model.request import LLMRequest, Message
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.usage import Usage
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import RawReply

SEVERAL, ONE = "/api/embed", "/api/embeddings"
USUAL = 768
DIMENSIONS = {"all-minilm": 384, "mxbai-embed-large": 1024, "bge-m3": 1024, "snowflake-arctic-embed": 1024}
"""How many numbers a model's vectors have, where they are others."""


def inputs_of(body: Mapping[str, Any]) -> list[str]:
    """Return what is to be embedded, in either form."""
    given = body.get("input", body.get("prompt", ""))
    return [given] if isinstance(given, str) else [one for one in items(given) if isinstance(one, str)]


def _check(body: Mapping[str, Any]) -> None:
    given = body.get("input", body.get("prompt"))
    if given is None or not (isinstance(given, str) or all(isinstance(one, str) for one in items(given) or [given])):
        raise refused("invalid input type")
    check_model(body)


class OllamaEmbed(OllamaDialect, EmbedsByItself):
    """`/api/embed`, and `/api/embeddings` where something else says too that Ollama is asked."""

    name = "ollama.embed"
    recorded = Recorded(
        last_user=lambda body: "\n".join(inputs_of(mapping(body))),
        roles=lambda _: ["user"],
        usage=read_usage,
        not_in_key=frozenset({"keep_alive"}),
    )

    def claims(self, head: WireRequest) -> bool:
        path = head.path.rstrip("/")
        return head.method == "POST" and (path.endswith(SEVERAL) or (path.endswith(ONE) and is_ollama(head)))

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        body = body_of(head, content, _check)
        said = "\n".join(inputs_of(body))
        return LLMRequest.made(
            head,
            body,
            content,
            api=self.name,
            model=text(body.get("model")),
            messages=(Message(role="user", parts=(Text(said),) if said else ()),),
        )

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        del strictly
        _check(request.raw)

    def inputs(self, request: LLMRequest) -> list[str]:
        return inputs_of(request.raw)

    def dimensions(self, request: LLMRequest) -> int:
        wanted = request.raw.get("dimensions")
        usual = DIMENSIONS.get(request.model.partition(":")[0], USUAL)
        return min(wanted, MOST_DIMENSIONS) if is_int(wanted, 1) else usual

    def answer(
        self, request: LLMRequest, vectors: Sequence[Sequence[float]], used: Usage, context: Context
    ) -> WireResponse:
        said: dict[str, Any]
        if "input" in request.raw:
            said = {"model": request.model, "embeddings": vectors, **metrics(used.input_tokens, None)}
        else:
            said = {"embedding": vectors[0] if vectors else []}
        return WireResponse(200, self.headers(request, context), (self.written(said),))

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        del request, ready
        return answer_headers(JSON, context.identity)

    def written(self, value: Mapping[str, Any]) -> bytes:
        return go_json(value)
