"""How other hosts that have Anthropic's API tell errors: Google's Vertex AI, Kimi, MiniMax, Z.ai, as rows of data.

Each row is what was seen: of Vertex AI in issues of 2025 and 2026; of Kimi by a public test of 2026-09-01, which
measured that it tells 400 as Anthropic does, and 401 and 429 not; of MiniMax in issues of 2025 and 2026; of Z.ai in
issues of 2025 and on its page "Errors". What was not seen is told as Anthropic tells it.

Knows: the hosts' words and shapes. Must not know: which rule asked for an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from llm_intercept.dialects.anthropic.block_ids import request_id
from llm_intercept.dialects.anthropic.origin import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.kinds import ErrorReply

Shape = Literal["whole", "bare", "google"]
"""Anthropic's, with the kind of the object and the request's id; the error alone; Google's."""


@dataclass(frozen=True, slots=True)
class Told:
    """How an error is told.

    Attributes:
        message: What it says; `{model}`, `{project}` and `{base}` stand for what the request names.
        type: Its type, or Google's status.
        shape: What its body looks like.
        status: The HTTP status, where it is another than Anthropic's.

    """

    message: str
    type: str
    shape: Shape = "whole"
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A host's.

    Attributes:
        errors: By their names.
        id: Makes the id of a request.

    """

    errors: Mapping[str, Told] = field(default_factory=dict[str, Told])
    id: Callable[[Identity], str] = lambda identity: identity[:32]


def _dated(identity: Identity) -> str:
    return datetime.fromtimestamp(identity.second, UTC).strftime("%Y%m%d%H%M%S") + identity[:16]


VERTEX = Row(
    {
        "invalid_api_key": Told(
            "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
            "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
            "UNAUTHENTICATED",
            "google",
        ),
        "permission_denied": Told(
            "Permission 'aiplatform.endpoints.predict' denied on resource "
            "'//aiplatform.googleapis.com/{project}/publishers/anthropic/models/{model}' (or it may not exist).",
            "PERMISSION_DENIED",
            "google",
        ),
        "model_not_found": Told(
            "Publisher Model `{project}/publishers/anthropic/models/{model}` was not found or your project does not "
            "have access to it. Please ensure you are using a valid model version. For more information, see: "
            "https://cloud.google.com/vertex-ai/generative-ai/docs/learn/model-versions",
            "NOT_FOUND",
            "google",
        ),
        "rate_limit_exceeded": Told(
            "Quota exceeded for aiplatform.googleapis.com/online_prediction_input_tokens_per_minute_per_base_model "
            "with base model: anthropic-{base}. Please submit a quota increase request. "
            "https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai.",
            "RESOURCE_EXHAUSTED",
            "google",
        ),
    },
    lambda identity: request_id(identity, "vertex"),
)
KIMI = Row(
    {
        "invalid_api_key": Told("Incorrect API key provided", "incorrect_api_key_error", "bare"),
        "rate_limit_exceeded": Told(
            "Organization Rate limit exceeded, please try again after 1 seconds", "rate_limit_reached_error", "bare"
        ),
    }
)
MINIMAX = Row(
    {
        "invalid_api_key": Told(
            "login fail: Please carry the API secret key in the 'X-Api-Key' field of the request header",
            "authentication_error",
        )
    }
)
ZAI = Row(
    {
        "invalid_api_key": Told("Authorization Failure", "1000", "bare"),
        "insufficient_quota": Told("Insufficient balance or no resource package. Please recharge.", "1113", status=429),
        "rate_limit_exceeded": Told(
            "High concurrency usage of this API, please reduce concurrency or contact customer service to increase "
            "limits",
            "1302",
        ),
    },
    _dated,
)
HOSTS = {
    "moonshot.ai": KIMI,
    "moonshot.cn": KIMI,
    "kimi.com": KIMI,
    "minimax.io": MINIMAX,
    "minimaxi.com": MINIMAX,
    "z.ai": ZAI,
    "bigmodel.cn": ZAI,
}
"""By what the host's name ends in."""
PROJECT = re.compile(r"/(projects/[^/]+/locations/[^/]+)/")
DATE = re.compile(r"[@-]\d{8}$")


def told_by(request: LLMRequest, error: ErrorReply) -> Told | None:
    """Find how the host that is asked tells an error; None where it tells it as Anthropic does.

    What the user says of its kind, and what we explain ourselves, is told as Anthropic tells it.
    """
    row = None if error.is_final or error.type or error.code else row_of(request.url)
    return None if row is None else row.errors.get(error.name)


def id_at(url: str, identity: Identity) -> str:
    """Make the id of a request as the host that is asked does."""
    row = row_of(url)
    return request_id(identity) if row is None else row.id(identity)


@lru_cache(maxsize=256)
def row_of(url: str) -> Row | None:
    """Find the row of the host that is asked; None where errors are told as Anthropic does."""
    if place_of(url) == "vertex":
        return VERTEX
    host = urlsplit(url).hostname or ""
    return next((row for end, row in HOSTS.items() if host == end or host.endswith(f".{end}")), None)


def said_by(told: Told, request: LLMRequest) -> str:
    """Say what an error says about this request."""
    project = PROJECT.search(request.url)
    facts = {
        "project": project[1] if project is not None else "projects/llm-intercept/locations/global",
        "model": request.model,
        "base": DATE.sub("", request.model),
    }
    message = told.message
    for name, value in facts.items():
        message = message.replace(f"{{{name}}}", value)
    return message


def shaped(told: Told, message: str, status: int, identifier: str) -> dict[str, Any]:
    """Write a body."""
    if told.shape == "google":
        return {"error": {"code": status, "message": message, "status": told.type}}
    if told.shape == "bare":
        return {"error": {"message": message, "type": told.type}}
    return {"type": "error", "error": {"type": told.type, "message": message}, "request_id": identifier}
