"""The rate limits that a large account has at OpenAI, by model, and what a request leaves of them.

Knows: docs/wire.md 2.3. Must not know: what is counted here and limits indeed (`simulation`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, items, mapping
from llm_intercept.dialects.openai.plain_texts import plain_texts

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Headers

MILLION = 1_000_000
LIMITS = (
    ("gpt-5.4", 15_000, 40 * MILLION),
    ("gpt-5.5", 15_000, 40 * MILLION),
    ("gpt-4o-mini", 30_000, 150 * MILLION),
    ("gpt-4.1-mini", 30_000, 150 * MILLION),
    ("gpt-4.1-nano", 30_000, 150 * MILLION),
    ("gpt-4.1", 10_000, 30 * MILLION),
    ("gpt-4o", 10_000, 30 * MILLION),
    ("gpt-4", 10_000, MILLION),
    ("text-embedding-3", 10_000, 10 * MILLION),
    ("", 10_000, 50 * MILLION),
)
"""What a model's name begins with, its requests and its tokens a minute: the largest that are recorded."""
MINUTE = 60_000
"""Milliseconds."""
AT_ONCE = ("x-ratelimit-reset-tokens", "0s")
CHARACTERS = 4
"""So many are taken for a token."""


def told(asked: LLMRequest | None) -> Headers:
    """Say what is left after a request, where nothing limits it (docs/wire.md 2.3.8)."""
    if asked is None:
        return _told("", 0)
    found: Headers | None = asked.beside.get(told)
    if found is None:
        found = asked.beside[told] = _told(asked.model, _spent(asked))
    return found


@lru_cache(maxsize=256)
def _told(model: str, spent: int) -> Headers:
    limit, reset, tokens = _limits(model)
    milliseconds = spent * MINUTE // tokens
    left = ("x-ratelimit-remaining-tokens", str(max(0, tokens - spent)))
    return (*limit, left, reset, ("x-ratelimit-reset-tokens", f"{milliseconds}ms") if milliseconds else AT_ONCE)


@lru_cache(maxsize=64)
def _limits(model: str) -> tuple[Headers, tuple[str, str], int]:
    requests, tokens = next((requests, tokens) for name, requests, tokens in LIMITS if model.startswith(name))
    limit: Headers = (
        ("x-ratelimit-limit-requests", str(requests)),
        ("x-ratelimit-limit-tokens", str(tokens)),
        ("x-ratelimit-remaining-requests", str(requests - 1)),
    )
    return limit, ("x-ratelimit-reset-requests", f"{MINUTE // requests}ms"), tokens


def _spent(asked: LLMRequest) -> int:
    """Estimate as the limits do, by characters; of Responses nothing is taken before they are answered."""
    texts = plain_texts(asked)
    lengths = map(len, texts) if texts else map(_length, items(asked.raw.get("messages")))
    spent = [2 + length // CHARACTERS for length in lengths]
    return 1 + sum(spent) if spent else 0


def _length(message: Any) -> int:
    content = mapping(message).get("content")
    if isinstance(content, str):
        return len(content)
    parts = (mapping(part).get("text") for part in items(content)) if is_array(content) else ()
    return sum(len(part) for part in parts if isinstance(part, str))
