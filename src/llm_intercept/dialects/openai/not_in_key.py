"""Fields of a request that make no other request of it: how to answer, whom to bill, what to keep.

Knows: OpenAI's reference. Must not know: recordings.
"""

from __future__ import annotations

NOT_IN_KEY = frozenset(
    {
        "stream",
        "stream_options",
        "user",
        "metadata",
        "store",
        "service_tier",
        "seed",
        "prompt_cache_key",
        "prompt_cache_retention",
        "safety_identifier",
    }
)
