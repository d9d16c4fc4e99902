"""Rate limits: 429 beyond them, OpenAI's headers counting down, on the interceptor's clock."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, intercept
from llm_intercept.dialects.openai.headers import go_duration
from llm_intercept.errors import SettingsError
from llm_intercept.simulation.limits import Bucket
from llm_intercept.simulation.service import REMEMBERED, Service
from llm_intercept.timing.clock import Clock
from tests.support import URL, chat

pytestmark = pytest.mark.usefixtures("only_waits")


def post(client: Any, user: str = "hi", **more: Any) -> Any:
    return client.post(URL, json=chat(user, **more))


def test_requests_beyond_the_limit_are_429_as_openai_writes_it() -> None:
    """With its words, type, code, and the time until there is room."""
    with intercept("ok", time_scale=0) as llm, httpx.Client() as client:
        limit = llm.rate_limit(requests_per_minute=3)
        answers = [post(client, str(number)) for number in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert [one.headers["x-ratelimit-remaining-requests"] for one in answers] == ["2", "1", "0", "0"]
    assert {one.headers["x-ratelimit-limit-requests"] for one in answers} == {"3"}
    error = answers[3].json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("requests", "rate_limit_exceeded", None)
    assert error["message"].startswith(
        "Rate limit reached for gpt-4o in organization llm-intercept on requests per min (RPM): Limit 3, Used 3, "
        "Requested 1. Please try again in "
    )
    assert limit.refused == 1
    assert llm.calls[3].retry_after == pytest.approx(20)
    assert llm.calls[3].rule is None


def test_a_refused_request_takes_no_reply() -> None:
    """A script goes on where it was."""
    with intercept(time_scale=0) as llm, httpx.Client() as client:
        llm.reply("one", "two")
        llm.rate_limit(requests_per_minute=1)
        assert "one" in post(client).text
        assert post(client).status_code == 429
        llm._engine.service.clock.advance_to(120)
        assert "two" in post(client).text


def test_the_limit_fills_up_with_simulated_time() -> None:
    """A third of a minute for each of three requests."""
    with intercept("ok", time_scale=0) as llm, httpx.Client() as client:
        llm.rate_limit(requests_per_minute=3)
        assert [post(client, str(number)).status_code for number in range(4)] == [200, 200, 200, 429]
        llm._engine.service.clock.advance_to(llm.elapsed + 21)
        assert [post(client, str(number)).status_code for number in range(5, 7)] == [200, 429]


def test_tokens_count_as_the_api_counts_them() -> None:
    """A quarter of the characters, or max_tokens where that is more; no request counts more than the limit."""
    with intercept("ok", time_scale=0) as llm, httpx.Client() as client:
        llm.rate_limit(tokens_per_minute=1000)
        left = [
            post(client, "x" * 400).headers["x-ratelimit-remaining-tokens"],
            post(client, "x", max_tokens=300).headers["x-ratelimit-remaining-tokens"],
            post(client, "x", max_completion_tokens=50).headers["x-ratelimit-remaining-tokens"],
        ]
        refused = post(client, "x" * 4000)
        llm._engine.service.clock.advance_to(3600)
        assert post(client, "x" * 80_000).status_code == 200
    assert [round(int(one), -2) for one in left[:2]] == [900, 600]
    assert 550 <= int(left[2]) <= 560
    assert refused.json()["error"]["type"] == "tokens"
    message = refused.json()["error"]["message"]
    assert re.search(
        r"tokens per min \(TPM\): Limit 1000, Used 4[345]\d, Requested 1000", message
    )  # it fills meanwhile


def test_models_have_limits_of_their_own() -> None:
    """Several limits hold at once, each for its models."""
    with intercept("ok", time_scale=0) as llm, httpx.Client() as client:
        llm.rate_limit(requests_per_minute=1, model="gpt-4*")
        llm.rate_limit(requests_per_minute=2, model="o*")
        statuses = [post(client, model=model).status_code for model in ("gpt-4o", "gpt-4o", "o3", "o3", "o3", "llama")]
    assert statuses == [200, 429, 200, 200, 429, 200]


def test_a_limit_holds_on_all_threads() -> None:
    """Of a hundred requests at once, ten are answered."""
    transport = InterceptTransport("ok", time_scale=0)
    transport.interceptor.rate_limit(requests_per_minute=10)
    with httpx.Client(transport=transport) as client, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda number: post(client, str(number)).status_code, range(100)))
    assert statuses.count(200) == 10
    assert statuses.count(429) == 90


@pytest.mark.parametrize(
    "options", [{}, {"requests_per_minute": 0}, {"tokens_per_minute": 1.5}, {"requests_per_minute": True}]
)
def test_a_limit_that_is_none_is_refused(options: dict[str, Any]) -> None:
    """With what can be used."""
    with intercept("ok") as llm, pytest.raises(SettingsError, match=r"positive int|requests_per_minute=…"):
        llm.rate_limit(**options)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.006, "6ms"), (1.2, "1.2s"), (63, "1m3s"), (60, "1m0s"), (26.604, "26.604s"), (0.9999, "1s")],
)
def test_times_are_written_as_go_does(seconds: float, text: str) -> None:
    """As in the recorded headers."""
    assert go_duration(seconds) == text


def test_a_bucket_never_holds_more_than_its_limit() -> None:
    """Nor less time than has passed: it is not emptied by a clock that lags."""
    bucket = Bucket("requests", 60, 0.0)
    bucket.settle(30)
    assert bucket.left == 30
    bucket.settle(20)
    assert (bucket.left, bucket.at) == (30, 30)
    bucket.settle(1000)
    assert bucket.left == 60


def test_so_many_clients_that_wait_are_remembered_and_no_more() -> None:
    """Time passes for a client that comes back having waited as it was told, and not for the one told longest ago."""
    service = Service(Clock(0))
    told = [SimpleNamespace(digest=str(number), waited_since=lambda _: 60.0) for number in range(REMEMBERED + 1)]
    for call in told:
        service.note_wait(call, 60.0, 0.0)
    service.admit(told[0])
    assert service.clock.now() < 60
    service.admit(told[1])
    assert service.clock.now() >= 60
