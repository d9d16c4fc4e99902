"""Where programs have their keys for the hosts that speak as OpenAI does, by the environment variables of their SDKs.

Knows: names of hosts and of variables (each maker's quick start; litellm 1.110 reads the same). Must not know: bodies.
"""

from __future__ import annotations

from llm_intercept.dialects.base import KeyHeader
from llm_intercept.dialects.openai.flavor import AZURE_HOSTS

KEYS = (
    KeyHeader(("OPENAI_API_KEY",), ("api.openai.com", "*.api.openai.com")),
    KeyHeader(("AZURE_OPENAI_API_KEY",), tuple(f"*{end}" for end in AZURE_HOSTS), "api-key", "{}"),
    KeyHeader(("OPENROUTER_API_KEY",), ("openrouter.ai",)),
    KeyHeader(("AI_GATEWAY_API_KEY",), ("ai-gateway.vercel.sh",)),
    KeyHeader(("GROQ_API_KEY",), ("api.groq.com",)),
    KeyHeader(("CEREBRAS_API_KEY",), ("api.cerebras.ai",)),
    KeyHeader(("TOGETHER_API_KEY",), ("api.together.xyz", "api.together.ai")),
    KeyHeader(("FIREWORKS_API_KEY",), ("api.fireworks.ai",)),
    KeyHeader(("DEEPSEEK_API_KEY",), ("api.deepseek.com",)),
    KeyHeader(("MISTRAL_API_KEY",), ("api.mistral.ai", "api.*.mistral.ai")),
    KeyHeader(("XAI_API_KEY",), ("api.x.ai", "*.api.x.ai")),
    KeyHeader(("ZAI_API_KEY",), ("api.z.ai",)),
    KeyHeader(("PERPLEXITY_API_KEY",), ("api.perplexity.ai",)),
    KeyHeader(("PYDANTIC_AI_GATEWAY_API_KEY",), ("gateway.pydantic.dev",)),
    KeyHeader(("HF_TOKEN",), ("router.huggingface.co",)),
    KeyHeader(("DATABRICKS_TOKEN",), ("*.azuredatabricks.net", "*.databricks.com")),
)
