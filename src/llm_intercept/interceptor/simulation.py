"""What can be asked of an interceptor beside its rules: time, rate limits, chaos, and a verdict on the program.

Knows: the service that an engine simulates, and the journal. Must not know: rules, clients, blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.journal import resilience
from llm_intercept.simulation import chaos as chances
from llm_intercept.simulation import limits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.journal.resilience import FindingKind, Resilience
    from llm_intercept.simulation.chaos import Chaos, Kind
    from llm_intercept.simulation.limits import RateLimit


class Simulation:
    """The part of an interceptor that simulates an API's time, limits and bad days."""

    engine: Engine

    @property
    def elapsed(self) -> float:
        """The simulated seconds so far, skipped waits included."""
        return self.engine.service.clock.now()

    def rate_limit(
        self, *, requests_per_minute: int | None = None, tokens_per_minute: int | None = None, model: str = "*"
    ) -> RateLimit:
        """Answer requests beyond a limit with a 429, and tell the limit in OpenAI's headers.

        Both fill up evenly with simulated time. A request's tokens are a quarter of its characters, or its
        `max_tokens` where that is more. A refused request takes no reply from a rule.

        Args:
            requests_per_minute: How many requests a minute allows.
            tokens_per_minute: How many tokens.
            model: The models that share the limit; `*` and `?` are wildcards.

        Returns:
            The limit, which counts what it refused.

        Raises:
            SettingsError: A limit is no positive int, or none is given.

        """
        limit = limits.RateLimit(requests_per_minute, tokens_per_minute, model)
        self.engine.service.limits.append(limit)
        return limit

    def chaos(self, *, rate: float = 0.1, seed: int = 0, kinds: Iterable[Kind] | None = None) -> Chaos:
        """Let a share of the requests fail, whichever rule answers them.

        Which ones is decided by each request, how often it came, and the seed, whatever the order of requests. What
        takes the place of an answer takes no reply from a rule; what breaks an answer does.

        Args:
            rate: The share, from 0 to 1.
            seed: Another seed, other requests.
            kinds: What may happen: `api_error(…)`, `timeout(…)`, `disconnect(…)` and other faults; by default what
                providers do on a bad day.

        Returns:
            The chaos, with a report of what was injected where.

        Raises:
            SettingsError: An argument has a value that cannot be used.

        """
        chaos = chances.Chaos(rate, seed, None if kinds is None else tuple(kinds))
        self.engine.service.chaos.append(chaos)
        return chaos

    def resilience(self) -> Resilience:
        """Judge what the program did with the faults it met, from its calls so far."""
        return resilience.judge(self.engine.journal.calls, self.engine.service.clock)

    def assert_resilient(self, *, allow: Iterable[FindingKind] = ()) -> Resilience:
        """Raise unless the program did with every fault it met what a resilient program does.

        Args:
            allow: The kinds of findings that are allowed: `gave_up`, `never_retried`, `accepted_truncated`,
                `ignored_retry_after`, `retry_storm`, `retried_in_vain`.

        Returns:
            The verdict.

        Raises:
            NotResilientError: It did something else; the message is the report.
            SettingsError: What is allowed is no kind of finding.

        """
        found = self.resilience()
        resilience.check(found, allow)
        return found


def assert_resilient(llm: Simulation, *, allow: Iterable[FindingKind] = ()) -> Resilience:
    """Raise unless a program did what it should with every fault it met; see `Interceptor.assert_resilient`.

    Args:
        llm: The interceptor that the program spoke to.
        allow: The kinds of findings that are allowed.

    Returns:
        The verdict.

    Raises:
        NotResilientError: It did not; the message is the report.
        SettingsError: What is allowed is no kind of finding.

    """
    return llm.assert_resilient(allow=allow)
