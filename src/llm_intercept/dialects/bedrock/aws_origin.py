"""Headers and errors as Amazon Bedrock has them.

Knows: Bedrock's own words (its reference, "Common Errors"; botocore's model of it). Must not know: one API's bodies.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from llm_intercept.base.framings import AMAZON
from llm_intercept.base.json import encode
from llm_intercept.dialects.base import Dialect
from llm_intercept.dialects.shared.error_words import HTTP_RETRY, message_of, status_of, told_to_wait
from llm_intercept.dialects.shared.http_headers import date_of, overridden
from llm_intercept.model.wire import WireResponse

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers
    from llm_intercept.replies.kinds import ErrorReply

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


class BedrockDialect(Dialect):
    """One of Bedrock's APIs: how it fails; its clients mind no header that tells them to wait."""

    home = "bedrock-runtime.us-east-1.amazonaws.com"
    variables = MappingProxyType({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "{}"})
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    retry = HTTP_RETRY

    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        if isinstance(error.body, str | bytes):
            content, kind = error.body.encode() if isinstance(error.body, str) else error.body, "text/plain"
        else:
            said = {"message": message_of(error, request, WORDS)} if error.body is None else error.body
            content, kind = encode(said), JSON
        told = (("x-amzn-errortype", type_of(error)), *told_to_wait(error, HTTP_RETRY))
        headers = (*answer_headers(kind, identity), *told)
        return WireResponse(status_of(error, STATUSES), overridden(headers, error.headers), (content,))
