"""Where Anthropic's APIs are: its own hosts, Google's Vertex, Amazon's Bedrock, what speaks as it does; and who asks.

Knows: URLs, what clients send. Must not know: bodies.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from llm_intercept.base.hosts import is_llm_host
from llm_intercept.base.questions import asks_a_model

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest

Place = Literal["anthropic", "vertex", "bedrock", "compatible"]
VERSION = "anthropic-version"
"""The header that every client of these APIs sends."""
ON_VERTEX = re.compile(r"/publishers/anthropic/models/([^/:]+):(rawPredict|streamRawPredict)$")
ON_BEDROCK = re.compile(r"/model/[^/]+/invoke(?:-with-response-stream)?/?$")
"""Only Claude's invocations are read here, as the dialect says that opens Bedrock's envelope."""


@lru_cache(maxsize=256)
def place_of(url: str) -> Place:
    """Tell where `url` is."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ON_VERTEX.search(parts.path):
        return "vertex"
    if ON_BEDROCK.search(parts.path):
        return "bedrock"
    return "anthropic" if host == "api.anthropic.com" or host.endswith(".api.anthropic.com") else "compatible"


def has_pings(url: str) -> bool:
    """Whether streams from `url` have events that say nothing; in Amazon's frames there are none."""
    return place_of(url) != "bedrock"


def is_asked(head: WireRequest | LLMRequest) -> bool:
    """Whether one of Anthropic's APIs is asked whatever the path is: of its host, or by a client of these APIs."""
    return place_of(head.url) == "anthropic" or VERSION in head.headers


def is_certain(head: WireRequest) -> bool:
    """Whether a request that the API would refuse is one of it all the same, and no other application's."""
    return is_llm_host(head.host) or asks_a_model(head.method, head.path, head.headers) == "yes"


def on_vertex(path: str) -> tuple[str, str] | None:
    """Read the model and the method of a path of Vertex's; None if it is none."""
    found = ON_VERTEX.search(path)
    return None if found is None else (unquote(found[1]), found[2])
