"""What OpenAI refuses of a request for its head alone: a path that there is not, a key that is not sent.

Knows: its hosts' paths, the words of its errors. Must not know: bodies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llm_intercept.dialects.base import BadRequestError
from llm_intercept.dialects.openai.flavor import flavor_of
from llm_intercept.dialects.shared.reading import ANY_KEY
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from llm_intercept.model.wire import WireRequest

KIND = "invalid_request_error"
VERSION = "/v1"
ENGINE = r"(?:/engines/[^/]+)?"
"""What stood before a path while models were called engines."""
BASE = "The client adds the path to its base_url, which is https://api.openai.com/v1."
AZURE, WITHIN_AZURE = ".openai.azure.com", "/openai/"
"""Azure's host of OpenAI's models alone, and how its paths begin (issues of 2023 to 2026)."""
NAMING = ("v1/", "deployments/")
OF_A_DEPLOYMENT = ("/chat/completions", "/completions", "/embeddings")
"""Paths behind one that names a deployment, where they are not behind the version."""
AZURE_BASE = "Azure's base_url is https://RESOURCE.openai.azure.com/openai/v1/, or AzureOpenAI's azure_endpoint."
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the "
    "API from your browser and are prompted for a username and password. You can obtain an API key from "
    "https://platform.openai.com/account/api-keys."
)
NO_KEY_AT_AZURE = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)


def check_path(head: WireRequest, path: str) -> None:
    """Refuse a path that the maker does not have, as a wrong base_url makes it: `/v1/v1/chat/completions`.

    Args:
        head: The request.
        path: What an API's path is behind the version; empty where it has several.

    Raises:
        BadRequestError: It does not have it.

    """
    if head.host.endswith(AZURE):
        _check_azures(head.path.lower(), path)
        return
    if head.path == VERSION + path or flavor_of(head.url) != "openai":
        return
    rest = re.fullmatch(rf"{VERSION}{ENGINE}(/.+?)/?", head.path)
    if rest is not None and (rest[1] == path or not (path or rest[1].startswith(f"{VERSION}/"))):
        return
    message = f"Invalid URL ({head.method} {head.path})"
    raise BadRequestError(ErrorReply(404, message=message, type=KIND), BASE)


def _check_azures(asked: str, path: str) -> None:
    rest = asked.removeprefix(WITHIN_AZURE)
    if rest == asked or (path in OF_A_DEPLOYMENT and not rest.startswith(NAMING)):
        raise BadRequestError(ErrorReply(404, message="Resource not found", code="404"), AZURE_BASE)


def check_key(head: WireRequest) -> None:
    """Refuse a request to OpenAI or Azure without a key.

    Raises:
        BadRequestError: It has none.

    """
    flavor = flavor_of(head.url)
    if flavor == "openai" and not head.headers.get("authorization"):
        raise BadRequestError(ErrorReply(401, message=NO_KEY, type=KIND), ANY_KEY)
    if flavor == "azure" and not (head.headers.get("api-key") or head.headers.get("authorization")):
        raise BadRequestError(ErrorReply(401, message=NO_KEY_AT_AZURE, code="401"), ANY_KEY)
