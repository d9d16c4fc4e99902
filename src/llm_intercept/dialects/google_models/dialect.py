"""Google's models as a dialect: lists a catalogue, page by page, or shows one model of it.

Knows: the paths and the JSON of both (the APIs' references, "Models"). Must not know: rules, HTTP libraries.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from llm_intercept.base.checks import whole_in
from llm_intercept.dialects.google.places import is_googles, place_of
from llm_intercept.dialects.google.self_answered import SelfAnswered, answer_of
from llm_intercept.dialects.google_models.offered_models import NAMES, model_named, publisher_model_named
from llm_intercept.model.request import LLMRequest
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.dialects.base import Context
    from llm_intercept.model.wire import WireRequest, WireResponse

# The list, or one model of it, behind a version; of Vertex AI those that Google publishes.
PATH = re.compile(r"/v\d\w*/(?:projects/[^/]+/locations/[^/]+/)?(?:publishers/google/)?models(?:/([^/:]+))?/?$")
PAGE = 50
MOST = 1000


class GoogleModels(SelfAnswered):
    """The list of models and one model of it, where Google's API or its SDK is asked for them."""

    name = "google.models"
    what = "models"

    def claims(self, head: WireRequest) -> bool:
        """Whether this is a GET of the models at one of Google's hosts, or by its SDK."""
        return head.method == "GET" and PATH.search(head.path) is not None and is_googles(head.host, head.headers)

    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request; it has no model, since none is to do anything."""
        return LLMRequest.made(head, {}, content, api=self.name)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        """List the models, or show the one that is asked for."""
        parts, place = urlsplit(request.url), place_of(request.url)
        described = publisher_model_named if place.is_vertex else model_named
        found = PATH.search(parts.path)
        name = unquote(found[1] or "") if found is not None else ""
        if name:
            shown = described(name)
            return (
                self.fail(request, _unknown(name, place.version), context.identity)
                if shown is None
                else answer_of(shown, request, context)
            )
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        begin, size = (
            whole_in(query.get("pageToken", ""), 0, len(NAMES)),
            whole_in(query.get("pageSize", ""), PAGE, MOST) or PAGE,
        )
        listed = [described(one) for one in NAMES[begin : begin + size]]
        more = {"nextPageToken": str(begin + len(listed))} if begin + len(listed) < len(NAMES) else {}
        return answer_of({"publisherModels" if place.is_vertex else "models": listed, **more}, request, context)


def _unknown(name: str, version: str) -> ErrorReply:
    message = f"Model is not found: models/{name} for api version {version}"
    return ErrorReply(404, "model_not_found", message=message)
