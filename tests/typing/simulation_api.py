"""What type checkers see of faults, time and the verdict; never run, read by mypy and pyright (`make check`)."""

from __future__ import annotations

from typing import assert_type

from llm_intercept import (
    Pace,
    Reply,
    api_error,
    connection_error,
    disconnect,
    intercept,
    malformed,
    stall,
    timeout,
    tool_call,
)
from llm_intercept.faults import crlf, rechunk
from llm_intercept.journal.resilience import Finding, Resilience
from llm_intercept.rules.rule import Rule
from llm_intercept.simulation.chaos import Chaos
from llm_intercept.simulation.limits import RateLimit
from llm_intercept.timing.pace import lognormal, normal


def faults_are_replies_and_parts_of_replies() -> None:
    with intercept(time_scale=0, pace=Pace(ttft=normal(1, 0.1), per_token=lognormal(0.1, 0.1))) as llm:
        assert_type(llm.reply(timeout("connect"), stall(after=1), connection_error()), Rule)
        llm.reply(Reply("a", fault=disconnect(after=3, unit="bytes")), Reply("b", fault=(crlf(), malformed())))
        llm.on("c").reply(Reply(tool_call("f"), fault=rechunk(1, how="split"))).pace(Pace(tokens_per_second=20))
        assert_type(llm.elapsed, float)


def limits_chaos_and_the_verdict() -> None:
    with intercept("hi") as llm:
        assert_type(llm.rate_limit(requests_per_minute=3), RateLimit)
        assert_type(llm.chaos(rate=0.1, seed=7, kinds=[api_error(500), timeout("read")]), Chaos)
        assert_type(llm.resilience(), Resilience)
        assert_type(llm.assert_resilient(allow=["gave_up"]).findings, tuple[Finding, ...])
        assert_type(llm.calls[0].retry_after, float | None)
        assert_type(llm.calls[0].complete, bool | None)
