"""The hosts that are known to serve paid LLM APIs: what is stopped when nothing answers it.

Knows: host names, from the providers' API references. Must not know: paths, bodies, clients.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache

KNOWN = frozenset(
    {
        "aiplatform.googleapis.com",
        "ai-gateway.vercel.sh",
        "api-inference.huggingface.co",
        "api.ai21.com",
        "api.anthropic.com",
        "api.cerebras.ai",
        "api.cohere.ai",
        "api.cohere.com",
        "api.deepinfra.com",
        "api.deepseek.com",
        "api.fireworks.ai",
        "api.githubcopilot.com",
        "api.groq.com",
        "api.hyperbolic.xyz",
        "api.lambda.ai",
        "api.minimax.io",
        "api.mistral.ai",
        "api.moonshot.ai",
        "api.moonshot.cn",
        "api.novita.ai",
        "api.openai.com",
        "api.perplexity.ai",
        "api.replicate.com",
        "api.sambanova.ai",
        "api.siliconflow.cn",
        "api.studio.nebius.ai",
        "api.together.ai",
        "api.together.xyz",
        "api.voyageai.com",
        "api.x.ai",
        "api.z.ai",
        "codestral.mistral.ai",
        "dashscope-intl.aliyuncs.com",
        "dashscope.aliyuncs.com",
        "generativelanguage.googleapis.com",
        "inference.baseten.co",
        "integrate.api.nvidia.com",
        "models.github.ai",
        "models.inference.ai.azure.com",
        "open.bigmodel.cn",
        "openrouter.ai",
        "router.huggingface.co",
    }
)
SUFFIXES = (
    ".aiplatform.googleapis.com",
    "-aiplatform.googleapis.com",
    ".api.openai.com",
    ".cognitiveservices.azure.com",
    ".inference.ai.azure.com",
    ".inference.ml.azure.com",
    ".models.ai.azure.com",
    ".openai.azure.com",
    ".openai.azure.us",
    ".services.ai.azure.com",
)
BEDROCK, AMAZON = "bedrock-runtime.", (".amazonaws.com", ".amazonaws.com.cn")


@lru_cache(maxsize=1024)
def is_llm_host(host: str) -> bool:
    """Whether `host` (a name without port) is known to serve a paid LLM API."""
    name = host.lower().rstrip(".")
    bedrock = name.startswith(BEDROCK) and name.endswith(AMAZON)
    return name in KNOWN or name.endswith(SUFFIXES) or bedrock


def names_one(globs: tuple[str, ...], host: str, model: str) -> bool:
    """Whether a glob (`*`, `?`) names the host, whatever its case, or the model."""
    name = host.lower()
    return any(fnmatchcase(name, glob.lower()) or (model and fnmatchcase(model, glob)) for glob in globs)
