"""Rate limits as an API keeps them: buckets of requests and tokens that fill up again with time.

Knows: OpenAI's x-ratelimit headers and the words of its 429 (WIRE.md 2.3, 3.3). Must not know: how a response is
written, any clock but the moment it is told.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping
from llm_intercept.errors import SettingsError
from llm_intercept.replies.api_error import api_error

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.reply import ErrorReply

MINUTE = 60.0
CHARACTERS_PER_TOKEN = 4
Headers = tuple[tuple[str, str], ...]
WORDS = (
    "Rate limit reached for {model} in organization llm-intercept on {unit} per min ({short}): Limit {limit}, Used "
    "{used}, Requested {requested}. Please try again in {wait}. Visit https://platform.openai.com/account/rate-limits "
    "to learn more."
)


@dataclass(slots=True)
class Bucket:
    """What is left of a limit; it fills up evenly, within a minute from empty.

    Attributes:
        unit: `requests` or `tokens`.
        limit: How much a minute allows.
        left: How much was left at the moment `at`.
        at: Simulated seconds.

    """

    unit: str
    limit: int
    left: float
    at: float = 0.0

    def settle(self, now: float) -> None:
        """Fill up what the time since then allows."""
        self.left = min(float(self.limit), self.left + max(0.0, now - self.at) * self.limit / MINUTE)
        self.at = max(self.at, now)

    def missing(self, amount: float) -> float:
        """Tell in how many seconds there will be `amount`; no request can ask for more than the limit."""
        return max(0.0, min(amount, self.limit) - self.left) * MINUTE / self.limit

    def headers(self) -> Headers:
        """Write what the API says of it."""
        full = (self.limit - self.left) * MINUTE / self.limit
        return (
            (f"x-ratelimit-limit-{self.unit}", str(self.limit)),
            (f"x-ratelimit-remaining-{self.unit}", str(max(0, int(self.left + 1e-6)))),
            (f"x-ratelimit-reset-{self.unit}", go_duration(full)),
        )


class RateLimit:
    """A limit that requests for some models share; made by `llm.rate_limit(…)`.

    Attributes:
        refused: How many requests it has refused.

    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None, model: str) -> None:
        given = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        for name, value in given.items():
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise SettingsError(name, value, "a positive int, or leave it out")
        if requests_per_minute is None and tokens_per_minute is None:
            raise SettingsError("rate_limit()", "", "requests_per_minute=…, tokens_per_minute=…, or both")
        self.model, self.refused = model, 0
        self._buckets = [
            Bucket(unit, limit, float(limit))
            for unit, limit in (("requests", requests_per_minute), ("tokens", tokens_per_minute))
            if limit is not None
        ]
        self._lock = threading.Lock()

    def concerns(self, request: LLMRequest) -> bool:
        """Tell whether the limit is one for the request's model."""
        return fnmatchcase(request.model, self.model)

    def take(self, request: LLMRequest, now: float) -> ErrorReply | None:
        """Admit a request, or answer it with a 429.

        Args:
            request: What is asked.
            now: The simulated time in seconds.

        """
        asked = {"requests": 1.0, "tokens": float(requested_tokens(request))}
        with self._lock:
            for bucket in self._buckets:
                bucket.settle(now)
            late = max(self._buckets, key=lambda bucket: bucket.missing(asked[bucket.unit]))
            seconds = late.missing(asked[late.unit])
            if seconds <= 0:
                for bucket in self._buckets:
                    bucket.left -= min(asked[bucket.unit], bucket.limit)
                return None
            self.refused += 1
            whole = math.ceil(seconds * 1000) / 1000  # headers say milliseconds, and one too few would be refused again
            return self._refusal(request, late, asked[late.unit], whole)

    def headers(self, now: float) -> Headers:
        """Write what the API says of the limit beside an answer."""
        with self._lock:
            for bucket in self._buckets:
                bucket.settle(now)
            return self._headers()

    def _headers(self) -> Headers:
        return tuple(header for bucket in self._buckets for header in bucket.headers())

    def _refusal(self, request: LLMRequest, bucket: Bucket, asked: float, seconds: float) -> ErrorReply:
        message = WORDS.format(
            model=request.model,
            unit=bucket.unit,
            short="RPM" if bucket.unit == "requests" else "TPM",
            limit=bucket.limit,
            used=round(bucket.limit - bucket.left),
            requested=round(asked),
            wait=go_duration(seconds),
        )
        return api_error(
            429,
            message,
            code="rate_limit_exceeded",
            type=bucket.unit,
            retry_after=seconds,
            headers=dict(self._headers()),
        )


def requested_tokens(request: LLMRequest) -> int:
    """Count what the API holds against the limit: a token for four characters, or `max_tokens` where that is more."""
    characters = sum(len(message.text) for message in request.messages)
    params = mapping(request.params)
    wanted: Any = params.get("max_completion_tokens") or params.get("max_tokens") or 0
    return max(-(-characters // CHARACTERS_PER_TOKEN), wanted if isinstance(wanted, int) else 0, 1)


def go_duration(seconds: float) -> str:
    """Write a time as Go does, and so OpenAI: `6ms`, `1.2s`, `1m3s`."""
    milliseconds = round(seconds * 1000)
    if milliseconds < 1000:  # noqa: PLR2004
        return f"{milliseconds}ms" if milliseconds else "0s"
    minutes, rest = divmod(milliseconds, 60_000)
    return (f"{minutes}m" if minutes else "") + f"{rest / 1000:g}s"
