"""What a URL of Google's says: whose API it is, AI Studio's or Vertex AI's, which model is meant, and what it shall do.

Knows: the forms of paths (both APIs' references). Must not know: bodies.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest

# …/models/NAME:method, …/tunedModels/NAME:method, …/endpoints/NAME:method, …/dynamic/NAME:method
ASKED = re.compile(r"(?:^|/)(models|tunedModels|endpoints|dynamic)/([^/:]+)(?::(\w+))?$")
VERSION = re.compile(r"/(v\d\w*)/")
PROJECT = re.compile(r"/(projects/[^/]+/locations/[^/]+)/")
VERTEX = re.compile(r"(?:^|[.-])aiplatform\.(?:[\w-]+\.rep\.)?googleapis\.com$")
STUDIO = "generativelanguage.googleapis.com"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes.

    Attributes:
        is_vertex: Whether it is Vertex AI's API, not AI Studio's.
        version: The API's version, such as `v1beta`.
        model: The model's name; with what it is of, where it is none of Google's own: `tunedModels/mine`.
        method: What is asked of it, such as `generateContent`.
        project: The project and location on Vertex, `projects/P/locations/L`; empty where it does not say.
        is_sse: Whether a stream is to be one of events, not a JSON array.

    """

    is_vertex: bool
    version: str
    model: str
    method: str
    project: str
    is_sse: bool


@lru_cache(maxsize=256)
def place_of(url: str) -> Place:
    """Read a URL."""
    parts = urlsplit(url)
    path = unquote(parts.path).rstrip("/")
    asked, version, project = ASKED.search(path), VERSION.search(path), PROJECT.search(path)
    kind, name, method = (asked[1], asked[2], asked[3]) if asked is not None else ("models", "", "")
    return Place(
        is_vertex=project is not None or "/publishers/" in path or VERTEX.search(parts.hostname or "") is not None,
        version=version[1] if version is not None else "v1beta",
        model=name if kind == "models" else f"{kind}/{name}",
        method=method or "",
        project=project[1] if project is not None else "",
        is_sse="sse" in parse_qs(parts.query).get("alt", ()),
    )


def asks(path: str, method: str) -> bool:
    """Whether a path ends in a method; a colon may be written `%3A`."""
    return path.endswith(method) and unquote(path).endswith(f":{method}")


@lru_cache(maxsize=256)
def is_at_google(url: str) -> bool:
    """Whether a URL is at one of Google's hosts for models."""
    host = urlsplit(url).hostname or ""
    return host == STUDIO or VERTEX.search(host) is not None


def is_googles(host: str, headers: Mapping[str, str]) -> bool:
    """Whether a host is one of Google's for models, or one of its SDKs asks."""
    if host == STUDIO or VERTEX.search(host) is not None or "x-goog-api-key" in headers:
        return True
    return "google-genai-sdk/" in headers.get("user-agent", "")


def keyed(head: WireRequest) -> bool:
    """Whether a request says who asks: a key in a header or in the query, or a token."""
    if head.headers.get("x-goog-api-key") or head.headers.get("authorization"):
        return True
    return "key" in parse_qs(urlsplit(head.url).query)
