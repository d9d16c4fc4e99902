"""OpenAI's models as a dialect: lists a catalogue, or shows one model of it.

Knows: the paths and the JSON of both (OpenAI's reference, "Models"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from llm_intercept.dialects.openai.by_default import ByDefault, answer_of
from llm_intercept.dialects.openai.flavor import AZURE_HOSTS, flavor_of, is_openai_client
from llm_intercept.dialects.openai_models.catalogue import MODELS
from llm_intercept.model.request import LLMRequest
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import WireRequest, WireResponse

# The list, or one model of it; before it stands nothing, a version or OpenAI's name, so that no other page is meant.
PATH = re.compile(r"^(?:.*/(?:v\d[\w.]*|openai))?/models(?:/(.+?))?/?$")


class OpenAIModels(ByDefault):
    """The list of models and one model of it, where OpenAI's API or one of its SDKs is asked for them."""

    name = "openai.models"
    what = "models"
    advice = "Give a ready body, raw({…}), or auto() for the usual models."

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a GET of the models, of OpenAI, of Azure, or by an SDK of OpenAI's."""
        if head.method != "GET" or PATH.match(head.path) is None:
            return False
        return flavor_of(head.url) == "openai" or head.host.endswith(AZURE_HOSTS) or is_openai_client(head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; it has no model, since none is to do anything."""
        return LLMRequest.made(head, {}, content, api=self.name)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        asked = _asked(urlsplit(request.url).path)
        if asked and asked not in MODELS:
            return self.fail(request, _unknown(asked), context.identity)
        shown = MODELS[asked] if asked else {"object": "list", "data": list(MODELS.values())}
        return answer_of(shown, request, context)


def _asked(path: str) -> str:
    """Read the id of the model that is to be shown; empty if all are to be listed."""
    found = PATH.match(path)
    return unquote(found[1] or "") if found is not None else ""


def _unknown(model: str) -> ErrorReply:
    return ErrorReply(404, "model_not_found", message=f"The model '{model}' does not exist", param="model")
