"""Where programs have their keys for the hosts that speak as OpenAI does, by the environment variables of their SDKs.

Knows: names of hosts and of variables (each maker's quick start; litellm 1.110 reads the same). Must not know: bodies.
"""

from __future__ import annotations

from llm_intercept.dialects.key_headers import KeyHeader
from llm_intercept.dialects.openai.flavor import AZURE_HOSTS

KEYS = (
    KeyHeader(
        ("OPENAI_API_KEY",),
        ("api.openai.com", "*.api.openai.com"),
        addresses=("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    ),
    KeyHeader(
        ("AZURE_OPENAI_API_KEY",),
        header="api-key",
        form="{}",
        addresses=("AZURE_OPENAI_ENDPOINT", "AZURE_API_BASE"),
        tenants=AZURE_HOSTS,
    ),
    KeyHeader(("OPENROUTER_API_KEY",), ("openrouter.ai",)),
    KeyHeader(("AI_GATEWAY_API_KEY",), ("ai-gateway.vercel.sh",)),
    KeyHeader(("GROQ_API_KEY",), ("api.groq.com",), addresses=("GROQ_BASE_URL",)),
    KeyHeader(("CEREBRAS_API_KEY",), ("api.cerebras.ai",), addresses=("CEREBRAS_BASE_URL",)),
    KeyHeader(
        ("TOGETHER_API_KEY",),
        ("api.together.xyz", "api.together.ai"),
        addresses=("TOGETHER_BASE_URL",),
    ),
    KeyHeader(("FIREWORKS_API_KEY",), ("api.fireworks.ai",)),
    KeyHeader(("DEEPSEEK_API_KEY",), ("api.deepseek.com",)),
    KeyHeader(("MISTRAL_API_KEY",), ("api.mistral.ai", "api.*.mistral.ai")),
    KeyHeader(("XAI_API_KEY",), ("api.x.ai", "*.api.x.ai")),
    KeyHeader(("ZAI_API_KEY",), ("api.z.ai",)),
    KeyHeader(("PERPLEXITY_API_KEY",), ("api.perplexity.ai",)),
    KeyHeader(("PYDANTIC_AI_GATEWAY_API_KEY",), ("gateway.pydantic.dev",)),
    KeyHeader(("HF_TOKEN",), ("router.huggingface.co",)),
    KeyHeader(
        ("DATABRICKS_TOKEN",),
        addresses=("DATABRICKS_HOST", "DATABRICKS_API_BASE"),
        tenants=(".azuredatabricks.net", ".databricks.com"),
    ),
)
