"""Anthropic's models as a dialect: lists a catalogue, or shows one model of it.

Knows: the paths and the JSON of both (Anthropic's reference, "Models"; anthropic 2.14). Must not know: rules, HTTP
libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from llm_intercept.dialects.anthropic.by_itself import AnthropicByItself, page
from llm_intercept.dialects.anthropic.known_models import MODELS, SNAPSHOTS
from llm_intercept.dialects.anthropic.origin import is_asked
from llm_intercept.model.request import LLMRequest
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import WireRequest, WireResponse

PATH = re.compile(r"^(?:.*/v1)?/models(?:/([^/]+))?/?$")
SINCE_46 = re.compile(r"claude-\w+-(?:4-[6-9]|[5-9])")
YES, NO = {"supported": True}, {"supported": False}


class AnthropicModels(AnthropicByItself):
    """The list of models and one of it, where Anthropic or one of its clients is asked: OpenAI has the path too."""

    name = "anthropic.models"
    what = "models"

    def claims(self, head: WireRequest) -> bool:
        return head.method == "GET" and PATH.match(head.path) is not None and is_asked(head)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; it has no model, since none is to do anything."""
        return LLMRequest.made(head, {}, content, api=self.name)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        found = PATH.match(urlsplit(request.url).path)
        asked = unquote(found[1] or "") if found is not None else ""
        if not asked:
            return self.answered(page([_shown(name) for name in MODELS], request.url), request, context)
        name = SNAPSHOTS.get(asked, asked)
        if name not in MODELS:
            unknown = ErrorReply(404, "model_not_found", message=f"model: {asked}", is_final=True)
            return self.fail(request, unknown, context.identity)
        return self.answered(_shown(name), request, context)


def _shown(name: str) -> dict[str, Any]:
    """Write a model as the API does."""
    made = MODELS[name]
    return {
        "type": "model",
        "id": name,
        "display_name": made.display_name,
        "created_at": f"{made.day}T00:00:00Z",
        "max_input_tokens": made.reads,
        "max_tokens": made.says,
        "capabilities": _capabilities(name),
        "deprecated_at": None,
        "lifecycle": "active",
        "line": name.split("-")[1],
        "retires_at": None,
    }


def _capabilities(name: str) -> dict[str, Any]:
    is_newest = SINCE_46.match(name) is not None
    effort = YES if is_newest or name.startswith("claude-opus-4-5") else NO
    levels = dict.fromkeys(("high", "low", "max", "medium"), effort)
    adapts = YES if is_newest else NO
    thought = {"adaptive": adapts, "between_tools": NO, "disabled": YES, "enabled": YES}
    managed = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")
    server = {"code_execution": YES, "web_search": YES}
    return {
        "batch": YES,
        "citations": YES,
        "code_execution": YES,
        "context_management": {**dict.fromkeys(managed, YES), **YES},
        "effort": {**levels, **effort, "xhigh": NO},
        "image_input": YES,
        "pdf_input": YES,
        "server_tools": {**server, **YES},
        "structured_outputs": YES,
        "thinking": {**YES, "types": thought},
    }
