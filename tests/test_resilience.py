"""The verdict: what programs of different manners did with the same faults, from their calls alone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import Reply, api_error, disconnect, intercept, timeout
from llm_intercept.errors import NotResilientError, ReplyFunctionError, SettingsError
from llm_intercept.faults import cut_off, empty_body, missing_done, missing_finish
from llm_intercept.journal.journal import Call
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept import Interceptor


def program(
    *, retries: int = 0, wait: Callable[[Any], float] = lambda _: 0.0, on: tuple[int, ...] = (429, 500, 503)
) -> Any:
    """Make a program that retries in its own manner and takes every 200 for an answer."""

    def ask(user: str = "hi", **more: Any) -> None:
        with httpx.Client() as client:
            for _ in range(retries + 1):
                try:
                    response = client.post(URL, json=chat(user, **more))
                except httpx.HTTPError:
                    continue
                if response.status_code not in on:
                    return
                time.sleep(wait(response))

    return ask


@pytest.fixture(autouse=True)
def _has_waited_as_it_slept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program waited as long as it slept, whatever this machine takes beside, but where real time is what is looked at."""
    if getattr(request.node, "callspec", None) and request.node.callspec.params.get("scale") == 1:
        return
    slept: list[tuple[float, float]] = []

    def waited(self: Call, other: Call) -> float:
        return sum(seconds for at, seconds in slept if other._started + other.duration <= at <= self._started)

    monkeypatch.setattr(time, "sleep", lambda seconds: slept.append((time.perf_counter(), seconds)))
    monkeypatch.setattr(Call, "waited_since", waited)


def told(response: Any) -> float:
    """Wait as told."""
    return float(response.headers.get("retry-after-ms", 0)) / 1000


def kinds(llm: Interceptor) -> list[str]:
    return [one.kind for one in llm.resilience().findings]


@pytest.mark.parametrize("scale", [0, 0.001, 1])
def test_a_program_that_waits_as_told_recovers(scale: float) -> None:
    """In virtual, scaled and real time."""
    with intercept(time_scale=scale) as llm:
        llm.reply(api_error(429, retry_after=0.05 if scale == 1 else 30), "ok")
        program(retries=2, wait=told)()
        assert kinds(llm) == ["recovered"]
        verdict = llm.assert_resilient()
    assert verdict.is_good
    assert (verdict.requests, verdict.attempts) == (1, 2)
    assert "told to wait" in str(verdict)


@pytest.mark.parametrize("scale", [0, 1])
def test_a_program_that_does_not_wait_is_named(scale: float) -> None:
    """It recovers, but tries again before it was told to."""
    with intercept(time_scale=scale) as llm:
        llm.reply(api_error(429, retry_after=2), "ok")
        program(retries=2)()
    assert kinds(llm) == ["ignored_retry_after", "recovered"]
    assert "told to wait 2 s" in llm.resilience().findings[0].detail


def test_a_program_that_waits_by_its_own_plan_is_named() -> None:
    """Half a second where a minute was asked for is no obedience, though time is virtual."""
    with intercept(time_scale=0) as llm:
        llm.reply(api_error(429, retry_after=60), "ok")
        program(retries=2, wait=lambda _: 0.5)()
    assert kinds(llm) == ["ignored_retry_after", "recovered"]


@pytest.mark.usefixtures("only_waits")
def test_virtual_time_goes_on_by_what_was_waited_for() -> None:
    """The retry comes a minute later, for a program that waited as told; not for one that did not."""
    for wait, later in ((told, 60), (lambda _: 0.0, 0)):
        with intercept(time_scale=0) as llm:
            llm.reply(api_error(429, retry_after=60), "ok")
            program(retries=1, wait=wait)()
        assert llm.calls[1].started - llm.calls[0].started == pytest.approx(later)


def test_giving_up_and_never_trying() -> None:
    """After retries, and without any."""
    for retries, kind in ((2, "gave_up"), (0, "never_retried")):
        with intercept(api_error(503)) as llm:
            program(retries=retries)()
        assert kinds(llm) == [kind]
        with intercept(timeout("read")) as llm:
            program(retries=retries)()
        assert kinds(llm) == [kind]


def test_an_error_that_will_not_pass_is_rightly_not_tried_again() -> None:
    """A 401 is final: no finding; trying it again is in vain."""
    for on, wanted in (((429,), []), ((401,), ["retried_in_vain"])):
        with intercept(api_error(401)) as llm:
            program(retries=2, on=on)()
        assert kinds(llm) == wanted


def test_what_the_answer_calls_final_is_final() -> None:
    """A quota that is used up is a 429 that says not to try again, and a broken rule is no fault of the program."""
    with intercept(api_error("insufficient_quota")) as llm:
        program()()
    assert kinds(llm) == []
    with pytest.raises(ReplyFunctionError), intercept(lambda request: request.nonsense) as llm:
        program()()
    assert kinds(llm) == []


def test_a_storm() -> None:
    """Six retries of one request are one; five are not."""
    for retries, wanted in ((5, ["recovered"]), (6, ["retry_storm", "recovered"])):
        with intercept() as llm:
            llm.reply(*[api_error(500)] * retries, "ok")
            program(retries=retries)()
        assert kinds(llm) == wanted


@pytest.mark.parametrize("fault", [cut_off(after=2), missing_finish(), empty_body()], ids=repr)
def test_a_truncated_stream_taken_for_complete(fault: Any) -> None:
    """Nothing raised, nothing asked again: the program took it."""
    with intercept(Reply("one two three", fault=fault)) as llm:
        program(retries=2)(stream=True)
    assert kinds(llm) == ["accepted_truncated"]
    with intercept() as llm:
        llm.reply(Reply("one two three", fault=fault), "whole")
        for _ in range(2):
            program()(stream=True)
    assert kinds(llm) == ["recovered"]


def test_a_stream_without_done_is_whole() -> None:
    """Some hosts send none: nothing is missing from the answer."""
    with intercept(Reply("one two", fault=missing_done())) as llm:
        program()(stream=True)
    assert kinds(llm) == []


def test_a_stream_that_broke_and_was_asked_again() -> None:
    """A disconnect in the middle is an error of its own, and asking again recovers from it."""
    with intercept() as llm:
        llm.reply(Reply("one two three", fault=disconnect(after=2)), "whole")
        program(retries=1)(stream=True)
    assert kinds(llm) == ["recovered"]


def test_requests_are_judged_one_by_one() -> None:
    """A good one and a bad one among others; asking the same again after an answer is no retry."""
    with intercept() as llm:
        llm.on("good").reply(api_error(500), "ok").repeat_last()
        llm.on("bad").reply(api_error(500))
        llm.reply("ok")
        for user in ("good", "bad", "other", "other"):
            program(retries=1)(user)
    verdict = llm.resilience()
    assert [one.kind for one in verdict.findings] == ["recovered", "gave_up"]
    assert (verdict.requests, verdict.attempts) == (4, 6)
    with pytest.raises(NotResilientError) as raised:
        llm.assert_resilient()
    assert raised.value.resilience.problems == verdict.problems
    text = str(raised.value)
    assert text.index("BAD gave_up: for 'bad'") < text.index("ok  recovered: for 'good'")
    assert llm.assert_resilient(allow=["gave_up"]) == verdict


def test_what_is_allowed_is_a_kind_of_finding() -> None:
    """Another word is refused with the kinds there are."""
    with intercept("ok") as llm, pytest.raises(SettingsError, match="gave_up"):
        llm.assert_resilient(allow=["nonsense"])


def test_a_program_that_met_no_fault_is_resilient() -> None:
    """There is nothing to say of it."""
    with intercept("ok") as llm:
        program()()
        assert llm.assert_resilient().findings == ()
        assert llm.resilience().report() == "1 requests in 1 attempts: no problem"


def test_a_long_wait_is_shown_as_it_is() -> None:
    """The SDKs give up beyond two minutes: scaling that away would hide it."""
    with intercept(api_error(429, retry_after=200), time_scale=0) as llm, httpx.Client() as client:
        headers = client.post(URL, json=chat()).headers
    assert headers["retry-after-ms"] == "200000"
    assert llm.calls[0].retry_after == 200


def test_a_shown_wait_is_scaled_in_both_headers() -> None:
    """Milliseconds exactly; whole seconds, of which there is at least one."""
    with intercept(api_error(429, retry_after=100), time_scale=0.015) as llm, httpx.Client() as client:
        headers = client.post(URL, json=chat()).headers
    assert (headers["retry-after-ms"], headers["retry-after"]) == ("1500", "2")
    assert llm.calls[0].retry_after == 100
