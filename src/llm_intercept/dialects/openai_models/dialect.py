"""OpenAI's models as a dialect: lists a catalogue, or shows one model of it.

Knows: the paths and the JSON of both (OpenAI's reference, "Models"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from llm_intercept.base.json import encode
from llm_intercept.dialects.openai.dialect import OpenAIDialect
from llm_intercept.dialects.openai.failures import retry_at_once
from llm_intercept.dialects.openai.flavor import AZURE_HOSTS, flavor_of, is_openai_client
from llm_intercept.dialects.openai.headers import JSON, answer_headers
from llm_intercept.dialects.openai_models.catalogue import MODELS
from llm_intercept.dialects.shared.http_headers import overridden
from llm_intercept.errors import ReplyError
from llm_intercept.model.request import LLMRequest
from llm_intercept.model.wire import WireResponse
from llm_intercept.replies.kinds import ANSWERS_ALL, AutoReply, ErrorReply, RawReply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import Headers, WireRequest
    from llm_intercept.replies.kinds import Answer

# The list, or one model of it; before it stands nothing, a version or OpenAI's name, so that no other page is meant.
PATH = re.compile(r"^(?:.*/(?:v\d[\w.]*|openai))?/models(?:/(.+?))?/?$")


class OpenAIModels(OpenAIDialect):
    """The list of models and one model of it, where OpenAI's API or one of its SDKs is asked for them."""

    name = "openai.models"
    takes = ANSWERS_ALL
    default = AutoReply()

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a GET of the models, of OpenAI, of Azure, or by an SDK of OpenAI's."""
        if head.method != "GET" or PATH.match(head.path) is None:
            return False
        return flavor_of(head.url) == "openai" or head.host.endswith(AZURE_HOSTS) or is_openai_client(head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; it has no model, since none is to do anything."""
        return LLMRequest(
            api=self.name,
            headers=head.headers,
            url=head.url,
            method=head.method,
            content=content,
        )

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        match answer:
            case AutoReply():
                return self._written(request, context.identity)
            case ErrorReply():
                return self.fail(request, answer, context.identity)
            case RawReply(body=bytes() | dict()):
                return _ready(request, answer, context.identity)
            case _:
                problem = f"{answer!r} cannot answer a request for models"
                raise ReplyError(problem, "Give a ready body, raw({…}), or auto() for the usual models.")

    def _written(self, request: LLMRequest, identity: str) -> WireResponse:
        asked = _asked(urlsplit(request.url).path)
        if asked and asked not in MODELS:
            return self.fail(request, _unknown(asked), identity)
        value: object = MODELS[asked] if asked else {"object": "list", "data": list(MODELS.values())}
        return WireResponse(200, _headers(request, identity), (encode(value, indent=2) + b"\n",))


def _asked(path: str) -> str:
    """Read the id of the model that is to be shown; empty if all are to be listed."""
    found = PATH.match(path)
    return unquote(found[1] or "") if found is not None else ""


def _unknown(model: str) -> ErrorReply:
    return ErrorReply(404, "model_not_found", message=f"The model '{model}' does not exist", param="model")


def _ready(request: LLMRequest, answer: RawReply, identity: str) -> WireResponse:
    content = answer.body if isinstance(answer.body, bytes) else encode(answer.body, indent=2) + b"\n"
    headers = overridden(_headers(request, identity), retry_at_once(answer.status, answer.headers))
    return WireResponse(answer.status, overridden(headers, answer.headers), (content,))


def _headers(request: LLMRequest, identity: str) -> Headers:
    """Make the headers; this API tells of no rate limits."""
    return tuple(one for one in answer_headers(request.url, JSON, identity) if not one[0].startswith("x-ratelimit-"))
