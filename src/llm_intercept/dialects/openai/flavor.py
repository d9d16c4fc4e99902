"""Which manner of OpenAI's APIs a URL speaks: OpenAI's own, Azure's, or a compatible host's; and who asks.

Knows: URLs, what SDKs call themselves. Must not know: bodies.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from llm_intercept.base.hosts import is_llm_host
from llm_intercept.base.questions import asks_a_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest

Flavor = Literal["openai", "azure", "compatible"]
OF_OPENAI = re.compile(
    r"(?:ft:)?(?:gpt-(?:\d|audio|image|realtime)|o\d(?:[-:]|$)|chatgpt-|codex-|computer-use-|text-(?:embedding|davinci)"
    r"|davinci|babbage|omni-moderation)"
)
"""How the names of OpenAI's models begin."""
AZURE_HOSTS = (".openai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.com", ".services.ai.azure.com")


@lru_cache(maxsize=256)
def flavor_of(url: str) -> Flavor:
    """Tell the manner of `url` by its host and path (docs/wire.md 4)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host.endswith(AZURE_HOSTS) or "/openai/deployments/" in parts.path:
        return "azure"
    return "openai" if host == "api.openai.com" or host.endswith(".api.openai.com") else "compatible"


def is_mistral(url: str, headers: Mapping[str, Any]) -> bool:
    """Whether Mistral is asked, or its SDK asks (`mistral-client-python/3.7.0`)."""
    host = urlsplit(url).hostname or ""
    return host.endswith(".mistral.ai") or str(headers.get("user-agent", "")).startswith("mistral-client")


def is_openai_client(headers: Mapping[str, Any]) -> bool:
    """Whether an SDK of OpenAI's asks, in whatever language: `AsyncOpenAI/Python 3.54`, `OpenAI/JS 6.1`."""
    return "OpenAI/" in str(headers.get("user-agent", ""))


def is_openais(head: WireRequest) -> bool:
    """Whether host or client say that OpenAI is asked, or one that speaks as it does."""
    return is_llm_host(head.host) or asks_a_model(head.method, head.path, head.headers) == "yes"


def is_held(request: LLMRequest) -> bool:
    """Whether OpenAI's own laws hold for a request: at its host, and at Azure's.

    Where a server of ours stands for them, not of another's model: who asks it for one means another's server.
    """
    if flavor_of(request.url) == "compatible":
        return False
    return not (request.at and request.model) or OF_OPENAI.match(request.model) is not None


def deployment(url: str) -> str:
    """Name the Azure deployment in the URL's path, empty if there is none."""
    _, _, rest = urlsplit(url).path.partition("/deployments/")
    return rest.partition("/")[0]
