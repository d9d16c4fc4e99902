"""Rate limits as an API keeps them: buckets of requests and tokens that fill up again with time.

Knows: requests, tokens and time. Must not know: how an API says any of it, any clock but the moment it is told.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from llm_intercept.base.checks import is_int
from llm_intercept.errors import SettingsError
from llm_intercept.replies.api_error import api_error
from llm_intercept.replies.kinds import LimitHit, LimitState

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.replies.kinds import ErrorReply

MINUTE = 60.0
CHARACTERS_PER_TOKEN = 4


@dataclass(slots=True)
class Bucket:
    """What is `left`, at simulated second `at`, of a limit a minute; it fills up evenly, within a minute from empty."""

    unit: str
    limit: int
    left: float
    at: float = 0.0

    def settle(self, now: float) -> None:
        """Fill up what the time since then allows."""
        self.left = min(float(self.limit), self.left + max(0.0, now - self.at) * self.limit / MINUTE)
        self.at = max(self.at, now)

    def missing(self, amount: float) -> float:
        """In how many seconds there will be `amount`; no request can ask for more than the limit."""
        return max(0.0, min(amount, self.limit) - self.left) * MINUTE / self.limit

    def state(self) -> LimitState:
        """Return what is left, and in how many seconds all of it is back."""
        full = (self.limit - self.left) * MINUTE / self.limit
        return LimitState(self.unit, self.limit, max(0, int(self.left + 1e-6)), full)


def _check_model(model: object) -> None:
    if not isinstance(model, str):
        raise SettingsError("model", model, "a model's name; * and ? are wildcards")


class RateLimit:
    """A limit that requests for some models share; made by `llm.rate_limit(…)`.

    Attributes:
        refused: How many requests it has refused.

    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None, model: str) -> None:
        given = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute}
        for name, value in given.items():
            if value is not None and not is_int(value, 1):
                raise SettingsError(name, value, "a positive int, or leave it out")
        if requests_per_minute is None and tokens_per_minute is None:
            raise SettingsError("rate_limit()", "", "requests_per_minute=…, tokens_per_minute=…, or both")
        _check_model(model)
        self.model, self.refused = model, 0
        self._buckets = [
            Bucket(unit, limit, float(limit))
            for unit, limit in (("requests", requests_per_minute), ("tokens", tokens_per_minute))
            if limit is not None
        ]
        self._lock = threading.Lock()

    def concerns(self, request: LLMRequest) -> bool:
        """Whether the limit is one for the request's model."""
        return fnmatchcase(request.model, self.model)

    def take(self, request: LLMRequest, now: float) -> ErrorReply | None:
        """Admit a request at simulated second `now`, or answer it with a 429."""
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
            return self._refusal(late, asked[late.unit], whole)

    def states(self, now: float) -> tuple[LimitState, ...]:
        """What is left of the limit."""
        with self._lock:
            for bucket in self._buckets:
                bucket.settle(now)
            return self._states()

    def _states(self) -> tuple[LimitState, ...]:
        return tuple(bucket.state() for bucket in self._buckets)

    def _refusal(self, bucket: Bucket, asked: float, seconds: float) -> ErrorReply:
        hit = LimitHit(bucket.unit, bucket.limit, round(bucket.limit - bucket.left), round(asked))
        error = api_error("rate_limit_exceeded", retry_after=seconds)
        return replace(error, hit=hit, limits=self._states())


def requested_tokens(request: LLMRequest) -> int:
    """Count what the API holds against the limit: a token for four characters, or `max_tokens` where that is more."""
    characters = sum(len(message.text) for message in request.messages)
    return max(-(-characters // CHARACTERS_PER_TOKEN), request.max_tokens or 0, 1)
