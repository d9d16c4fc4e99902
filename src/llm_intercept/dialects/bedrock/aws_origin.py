"""Headers and errors as Amazon Bedrock has them.

Knows: Bedrock's own words (its reference, "Common Errors"; botocore's model of it). Must not know: one API's bodies.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.framings import AMAZON
from llm_intercept.base.json import encode
from llm_intercept.dialects.base import BadRequestError, Dialect
from llm_intercept.dialects.key_headers import KeyHeader
from llm_intercept.dialects.shared.error_words import HTTP_RETRY, message_of, status_of, told_to_wait
from llm_intercept.dialects.shared.http_headers import date_of, overridden
from llm_intercept.dialects.shared.reading import ANY_KEY
from llm_intercept.model.wire import RETRYABLE, WireResponse
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.usage import Usage
    from llm_intercept.model.wire import Headers, WireRequest

REGIONS = tuple(f"bedrock-runtime{kind}.[a-z][a-z]-*-[0-9].amazonaws.com" for kind in ("", "-fips"))
"""The hosts of all regions; others may have what only begins so, such as a bucket's or a load balancer's name."""
HOST = re.compile(r"(?:^|\.)bedrock(?:-agent)?(?:-runtime)?(?:-fips)?\.[\w-]+\.(?:vpce\.)?(?:amazonaws\.com|api\.aws)")
JSON, STREAM = "application/json", AMAZON.media_type
WORDS = {
    "invalid_request": "The provided request is not valid",
    "context_length_exceeded": "Input is too long for requested model.",
    "content_filter": "The request was blocked by a content filter.",
    "invalid_api_key": "The security token included in the request is invalid.",
    "permission_denied": "You don't have access to the model with the specified model ID.",
    "model_not_found": "Could not resolve the foundation model from the provided model identifier: {model}.",
    "request_too_large": "The request is larger than the maximum size allowed.",
    "rate_limit_exceeded": "Too many requests, please wait before trying again.",
    "insufficient_quota": "Too many tokens per day, please wait before trying again.",
    "server_error": "The system encountered an unexpected error during processing. Try your request again.",
    "bad_gateway": "The service returned an invalid response.",
    "service_unavailable": "Bedrock is unable to process your request.",
    "overloaded": "Bedrock is unable to process your request.",
    "gateway_timeout": "Model has timed out in processing the request. Try your request again.",
}
TYPES = {"invalid_api_key": "UnrecognizedClientException", "insufficient_quota": "ThrottlingException"}
OF_STATUS = {
    400: "ValidationException",
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
    504: "ModelTimeoutException",
    529: "ServiceUnavailableException",
}
STATUSES = {"invalid_api_key": 403, "overloaded": 503}
"""The statuses of errors that are named, where Bedrock has others."""
SERVERS = 500
FIRST, EACH = 200, 20
"""Milliseconds that an answer is said to take, and each of its tokens."""


def type_of(error: ErrorReply) -> str:
    """Return Amazon's word for an error."""
    other = "InternalServerException" if error.status >= SERVERS else "ValidationException"
    return error.type or TYPES.get(error.name) or OF_STATUS.get(error.status, other)


def answer_headers(content_type: str, identity: Identity) -> Headers:
    """Make the headers of an answer."""
    number = "-".join((identity[:8], identity[8:12], identity[12:16], identity[16:20], identity[20:32]))
    return (
        ("date", date_of(identity.second)),
        ("content-type", content_type),
        ("connection", "keep-alive"),
        ("x-amzn-requestid", number),
    )


def latency(used: Usage | None) -> int:
    """Say how many milliseconds an answer is said to take; its first byte, where nothing was used yet."""
    return FIRST + EACH * (0 if used is None else used.output_tokens)


def counts(used: Usage) -> Headers:
    """Write what an invocation used, as the headers of an answer that is no stream say it."""
    kept = {"cache-read-input": used.cache_read_tokens, "cache-write-input": used.cache_write_tokens}
    told = {"output": used.output_tokens, "input": max(0, used.input_tokens - sum(kept.values())), **kept}
    numbers = tuple((f"x-amzn-bedrock-{name}-token-count", str(value)) for name, value in told.items() if value)
    return (("x-amzn-bedrock-invocation-latency", str(latency(used))), *numbers)


class BedrockDialect(Dialect):
    """One of Bedrock's APIs: how it fails; its clients mind no header that tells them to wait."""

    home = "bedrock-runtime.us-east-1.amazonaws.com"
    variables = MappingProxyType({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "{}"})
    keys = (KeyHeader(("AWS_BEARER_TOKEN_BEDROCK",), REGIONS, addresses=tuple(variables)),)
    retry = HTTP_RETRY

    def validate_head(self, head: WireRequest, *, strictly: bool) -> None:
        """Refuse, strictly alone, a request to Bedrock's own host that is not signed."""
        if strictly and HOST.search(head.host) is not None and not head.headers.get("authorization"):
            error = ErrorReply(403, message="Missing Authentication Token", type="MissingAuthenticationTokenException")
            raise BadRequestError(error, ANY_KEY)

    def is_asked(self, request: LLMRequest) -> bool:
        return HOST.search(urlsplit(request.url).hostname or "") is not None

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        if isinstance(error.body, str | bytes):
            content, kind = error.body.encode() if isinstance(error.body, str) else error.body, "text/plain"
        else:
            said = {"message": message_of(error, request, WORDS)} if error.body is None else error.body
            content, kind = encode(said), JSON
        status = status_of(error, STATUSES)
        told = (("x-amzn-errortype", type_of(error)), *self._again(error, status))
        headers = (*answer_headers(kind, identity), *told)
        return WireResponse(status, overridden(headers, error.headers), (content,))

    def _again(self, error: ErrorReply, status: int) -> Headers:
        """Tell clients that mind it whether to try again and when: as the user says, or at once."""
        if error.is_final:
            return self.retry.never
        if error.retry_after is None and status in RETRYABLE and self.retry.asked(error.headers) is None:
            return self.retry.at_once
        return told_to_wait(error, self.retry)
