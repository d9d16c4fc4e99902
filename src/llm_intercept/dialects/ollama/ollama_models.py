"""The models that Ollama has, as a dialect: a list, one of it, those that run, and Ollama's version.

Knows: the JSON of these (ollama/ollama, `api/types.go`). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import json_object, text
from llm_intercept.dialects.ollama.declined import check_model
from llm_intercept.dialects.ollama.ollama_origin import JSON, OllamaDialect, answer_headers, go_json, is_ollama
from llm_intercept.dialects.ollama.read import body_of
from llm_intercept.dialects.shared.own_answers import AnsweredByItself
from llm_intercept.model.request import LLMRequest
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import RawReply

SHOW, TAGS, RUNNING, VERSION = "/api/show", "/api/tags", "/api/ps", "/api/version"
RELEASE = "0.13.0"
MODIFIED = "2026-01-01T00:00:00Z"
SIZES = {"llama3.2:latest": ("llama", "3.2B"), "qwen3:latest": ("qwen3", "8.2B"), "gemma3:latest": ("gemma3", "4.3B")}
EMBEDDING = {"nomic-embed-text:latest": ("nomic-bert", "137M")}
MODELS = {**SIZES, **EMBEDDING}
"""The models that are listed, with their family and size; any other can be asked too."""
CONTEXT = 131_072


def details(model: str) -> dict[str, Any]:
    """Describe a model; one that is not listed as one of the usual family."""
    family, size = MODELS.get(model if ":" in model else f"{model}:latest", ("llama", "8.0B"))
    return {
        "parent_model": "",
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": size,
        "quantization_level": "Q4_K_M",
    }


def listed() -> list[dict[str, Any]]:
    """List the models."""
    return [
        {
            "name": name,
            "model": name,
            "modified_at": MODIFIED,
            "size": 2_019_393_189,
            "digest": hashlib.sha256(name.encode()).hexdigest(),
            "details": details(name),
        }
        for name in MODELS
    ]


def shown(model: str) -> dict[str, Any]:
    """Show a model."""
    described = details(model)
    family = described["family"]
    return {
        "modelfile": f"FROM {model}\n",
        "parameters": "",
        "template": "{{ .Prompt }}",
        "details": described,
        "model_info": {"general.architecture": family, f"{family}.context_length": CONTEXT},
        "capabilities": ["embedding"] if family == "nomic-bert" else ["completion", "tools", "thinking", "vision"],
        "modified_at": MODIFIED,
    }


class OllamaModels(OllamaDialect, AnsweredByItself):
    """What Ollama says of itself and its models, where host, port or client say that it is asked.

    Frameworks ask it before each question, so these are side requests.
    """

    name = "ollama.models"
    what = "models"
    takes = ()
    is_side = True

    def claims(self, head: WireRequest) -> bool:
        path = head.path.rstrip("/")
        is_asked = path.endswith(SHOW) if head.method == "POST" else head.method == "GET" and _reads(path)
        return is_asked and is_ollama(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; only that of one model has a body."""
        body = body_of(head, content, _check) if head.method == "POST" else json_object(content) or {}
        return LLMRequest.made(head, body, content, api=self.name, model=_model(body))

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        del strictly
        if request.method == "POST":
            _check(request.raw)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        path = request.url.partition("?")[0].rstrip("/")
        if request.method == "POST":
            said = shown(request.model)
        elif path.endswith(VERSION):
            said = {"version": RELEASE}
        else:
            said = {"models": listed() if path.endswith(TAGS) else []}
        return WireResponse(200, self.headers(request, context), (self.written(said),))

    def headers(self, request: LLMRequest, context: Context, ready: RawReply | None = None) -> Headers:
        del request, ready
        return answer_headers(JSON, context.identity)

    def written(self, value: Mapping[str, Any]) -> bytes:
        return go_json(value)


def _reads(path: str) -> bool:
    return path.endswith((TAGS, RUNNING, VERSION))


def _model(body: Mapping[str, Any]) -> str:
    return text(body.get("model")) or text(body.get("name"))


def _check(body: Mapping[str, Any]) -> None:
    check_model({"model": _model(body)})
