"""Cohere's models as a dialect: a list of the usual ones, and each by its name.

Knows: the JSON of both (Cohere's reference, "Models"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from llm_intercept.dialects.cohere.cohere_origin import is_cohere
from llm_intercept.dialects.cohere.cohere_self import CohereSelf, request_of
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest, WireResponse

PATH = re.compile(r"/v1/models(?:/([^/]+))?/?$")
MODELS = {
    "command-a-03-2025": ("chat", 288_000),
    "command-a-reasoning-08-2025": ("chat", 288_768),
    "command-r7b-12-2024": ("chat", 132_000),
    "command-r-plus-08-2024": ("chat", 132_096),
    "embed-v4.0": ("embed", 128_000),
    "embed-english-v3.0": ("embed", 512),
    "embed-multilingual-v3.0": ("embed", 512),
    "rerank-v3.5": ("rerank", 4096),
}
"""The usual models: what they are for, and how much they read."""


def described(name: str) -> dict[str, Any]:
    """Describe a model."""
    purpose, length = MODELS[name]
    features = ["json_mode", "json_schema", "tools", "tool_choice"] if purpose == "chat" else None
    return {
        "name": name,
        "is_deprecated": False,
        "endpoints": [purpose],
        "finetuned": False,
        "context_length": length,
        "tokenizer_url": "",
        "default_endpoints": [],
        "features": features,
    }


class CohereModels(CohereSelf):
    """`/v1/models`, where host or client say that Cohere is asked."""

    name = "cohere.models"
    what = "models"

    def claims(self, head: WireRequest) -> bool:
        return head.method == "GET" and PATH.search(head.path) is not None and is_cohere(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        return request_of(self.name, "", "", head, {}, content)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        found = PATH.search(urlsplit(request.url).path)
        asked = unquote(found[1] or "") if found is not None else ""
        if asked and asked not in MODELS:
            missing = ErrorReply(404, "model_not_found")
            return self.fail(request.replaced(model=asked), missing, context.identity)
        return self.object(request, described(asked) if asked else {"models": list(map(described, MODELS))}, context)
