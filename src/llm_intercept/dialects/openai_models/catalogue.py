"""The models that are listed: OpenAI's usual ones, with their dated names, so that the list is plausible and the same.

Knows: names, and when OpenAI made them. Must not know: requests.
"""

from __future__ import annotations

from typing import Any

from llm_intercept.dialects.openai.models import SNAPSHOTS

CREATED = {
    "gpt-3.5-turbo": 1677610602,
    "gpt-4": 1687882411,
    "gpt-4-turbo": 1712361441,
    "gpt-4.1": 1744316542,
    "gpt-4.1-mini": 1744318173,
    "gpt-4.1-nano": 1744321707,
    "gpt-4o": 1715367049,
    "gpt-4o-audio-preview": 1727460443,
    "gpt-4o-mini": 1721172741,
    "gpt-5": 1754425777,
    "gpt-5-mini": 1754425928,
    "gpt-5-nano": 1754426384,
    "gpt-5.1": 1762800673,
    "o1": 1734375816,
    "o3": 1744225308,
    "o3-mini": 1737146383,
    "o4-mini": 1744225351,
    "text-embedding-3-large": 1705953180,
    "text-embedding-3-small": 1705948997,
    "text-embedding-ada-002": 1671217299,
}
"""When a model was made, in Unix seconds; its dated name is given the same."""
OWNER = "system"
OWNERS = {"gpt-3.5-turbo": "openai", "gpt-4": "openai", "text-embedding-ada-002": "openai-internal"}


def _models() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, created in CREATED.items():
        for one in dict.fromkeys((name, SNAPSHOTS.get(name, name))):
            found[one] = {"id": one, "object": "model", "created": created, "owned_by": OWNERS.get(name, OWNER)}
    return found


MODELS = _models()
"""Each model by its id, as OpenAI writes it."""
