"""Which manner of chat completions a URL speaks: OpenAI's own, Azure's, or a compatible host's.

Knows: URLs. Must not know: bodies.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

Manner = Literal["openai", "azure", "compatible"]
AZURE_HOSTS = (".openai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.com", ".services.ai.azure.com")


@lru_cache(maxsize=256)
def manner(url: str) -> Manner:
    """Tell the manner of `url` by its host and path (WIRE.md 4)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(AZURE_HOSTS) or "/openai/deployments/" in parts.path:
        return "azure"
    return "openai" if host == "api.openai.com" or host.endswith(".api.openai.com") else "compatible"


def deployment(url: str) -> str:
    """Name the Azure deployment in the URL's path, empty if there is none."""
    _, _, rest = urlsplit(url).path.partition("/deployments/")
    return rest.partition("/")[0]
