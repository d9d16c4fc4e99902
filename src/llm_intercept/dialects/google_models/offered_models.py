"""The models that are listed: Google's usual ones, so that the list is plausible and the same.

Knows: names, and what Google says of them. Must not know: requests.
"""

from __future__ import annotations

import re
from typing import Any

GENERATES = ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"]
EMBEDS = ["embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent"]
NAMES = (
    "gemini-2.0-flash",
    "gemini-2.0-flash-001",
    "gemini-2.0-flash-lite",
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.5-pro",
    "gemini-3-pro-preview",
    "gemini-3.1-pro-preview",
    "gemini-3.5-flash",
    "gemini-embedding-001",
)
OF_GEMINI = re.compile(r"gemini-[\w.-]+$")


def model_named(name: str) -> dict[str, Any] | None:
    """Describe a model of AI Studio's: one that is listed, or another whose name is of a Gemini; None for any other."""
    if not OF_GEMINI.match(name):
        return None
    described: dict[str, Any] = {
        "name": f"models/{name}",
        "version": "001",
        "displayName": _displayed(name),
        "description": f"{_displayed(name)}, as an interceptor lists it",
    }
    if "embedding" in name:
        return {**described, "inputTokenLimit": 2048, "outputTokenLimit": 1, "supportedGenerationMethods": EMBEDS}
    is_old = name.startswith(("gemini-1", "gemini-2.0"))
    sampled: dict[str, Any] = {"temperature": 1, "topP": 0.95, "topK": 40 if is_old else 64, "maxTemperature": 2}
    return {
        **described,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 8192 if is_old else 65_536,
        "supportedGenerationMethods": GENERATES,
        **sampled,
        **({} if is_old else {"thinking": True}),
    }


def publisher_model_named(name: str) -> dict[str, Any] | None:
    """Describe a model of Vertex AI's."""
    if not OF_GEMINI.match(name):
        return None
    stage = "PUBLIC_PREVIEW" if "preview" in name else "GA"
    place = "projects/{project}/locations/{location}"
    return {
        "name": f"publishers/google/models/{name}",
        "versionId": "default",
        "openSourceCategory": "PROPRIETARY",
        "launchStage": stage,
        "publisherModelTemplate": f"{place}/publishers/google/models/{name}@default",
    }


def _displayed(name: str) -> str:
    return " ".join(word.capitalize() for word in name.split("-"))
