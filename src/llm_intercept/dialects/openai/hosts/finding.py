"""Which host's row an answer follows: by the host, the model where a host passes it on, and who asks.

Knows: names of hosts, what SDKs call themselves. Must not know: bodies.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.base.hosts import is_local
from llm_intercept.dialects.openai.flavor import flavor_of
from llm_intercept.dialects.openai.hosts.clouds import CEREBRAS, DATABRICKS, FIREWORKS, GROQ, TOGETHER
from llm_intercept.dialects.openai.hosts.makers import DEEPSEEK, MISTRAL, PERPLEXITY, XAI, ZAI
from llm_intercept.dialects.openai.hosts.profile import Host
from llm_intercept.dialects.openai.hosts.programs import LLAMA_CPP, OLLAMA, VLLM
from llm_intercept.dialects.openai.hosts.routers import OPENROUTER, VERCEL
from llm_intercept.dialects.openai.hosts.told_errors import KIMI, MINIMAX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.request import LLMRequest

COMPATIBLE = Host(name="compatible")
"""The row of a host that nobody knows."""
HOSTS: dict[str, Host] = {
    "openrouter.ai": OPENROUTER,
    "ai-gateway.vercel.sh": VERCEL,
    "groq.com": GROQ,
    "cerebras.ai": CEREBRAS,
    "together.xyz": TOGETHER,
    "together.ai": TOGETHER,
    "fireworks.ai": FIREWORKS,
    "deepseek.com": DEEPSEEK,
    "mistral.ai": MISTRAL,
    "x.ai": XAI,
    "z.ai": ZAI,
    "bigmodel.cn": ZAI,
    "perplexity.ai": PERPLEXITY,
    "moonshot.ai": KIMI,
    "moonshot.cn": KIMI,
    "minimax.io": MINIMAX,
    "minimaxi.com": MINIMAX,
    "azuredatabricks.net": DATABRICKS,
    "databricks.com": DATABRICKS,
    "ollama.com": OLLAMA,
}
"""By what the host's name ends in."""
ROUTER = "router.huggingface.co"
ROUTED = {"cerebras": CEREBRAS, "groq": GROQ, "together": TOGETHER, "fireworks-ai": FIREWORKS}
"""By the provider that a model's name ends in at Hugging Face's router: `some/model:groq`."""
PORTS = {11434: OLLAMA, 8000: VLLM, 8080: LLAMA_CPP}
"""Of programs on this machine, by the ports that they have if nobody says otherwise (their manuals)."""
AGENTS = {"Groq": GROQ, "Cerebras": CEREBRAS, "Together": TOGETHER, "Perplexity": PERPLEXITY, "Fireworks": FIREWORKS}
"""By what the SDK calls itself (`AsyncGroq/Python 1.7.0`), since a server that stands for its host has another name."""
AGENT = re.compile(rf"(?:Async)?({'|'.join(AGENTS)})/Python|(mistral-client)")
ROWS = tuple(dict.fromkeys([*HOSTS.values(), *PORTS.values(), COMPATIBLE]))


def asked_host(request: LLMRequest) -> Host | None:
    """Find the row of the host that a request is for, once for each request."""
    known: dict[Any, Host | None] = request.beside
    if Host not in known:
        known[Host] = host_of(request.url, request.headers, request.model)
    return known[Host]


def host_of(url: str, headers: Mapping[str, Any], model: str = "") -> Host | None:
    """Find the row of the host that a request is for; None where OpenAI or Azure is asked."""
    return _host_of(url, str(headers.get("user-agent", "")), model)


@lru_cache(maxsize=256)
def _host_of(url: str, agent: str, model: str) -> Host | None:
    said, flavor = AGENT.match(agent), flavor_of(url)
    if flavor == "azure" or (flavor == "openai" and said is None):
        return None
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == ROUTER:
        return ROUTED.get(model.rpartition(":")[2], COMPATIBLE)
    named = next((row for end, row in HOSTS.items() if host == end or host.endswith("." + end)), None)
    if named is not None:
        return named
    if said is not None:
        return AGENTS.get(said[1] or "", MISTRAL)
    return PORTS.get(parts.port or 0, COMPATIBLE) if is_local(host) else COMPATIBLE
