"""Chaos: the same requests get the same faults, in whatever order they come."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random
from typing import Any

import httpx
import pytest

from llm_intercept import InterceptTransport, api_error, connection_error, disconnect, intercept, malformed, timeout
from llm_intercept.errors import SettingsError
from llm_intercept.faults import cut_off
from llm_intercept.simulation.chaos import USUAL
from tests.support import URL, chat

KINDS = [api_error(500), timeout("read"), cut_off(after=1), disconnect(after=2)]


def outcomes(users: list[str], **options: Any) -> dict[str, str]:
    """What each request got, asked one after the other."""
    with intercept("a b c") as llm, httpx.Client() as client:
        chaos = llm.chaos(**options)
        for user in users:
            with contextlib.suppress(httpx.HTTPError):
                client.post(URL, json=chat(user, stream=True)).read()
    return {one.request.last_user: repr(one.kind) for one in chaos.injected}


def test_a_share_of_the_requests_fails() -> None:
    """About as many as asked for, of every kind; the others are answered."""
    found = outcomes([str(number) for number in range(400)], rate=0.25, seed=7, kinds=KINDS)
    assert 70 <= len(found) <= 130
    assert set(found.values()) == {repr(kind) for kind in KINDS}


def test_the_order_of_requests_is_no_matter() -> None:
    """Shuffled they get the same faults; with another seed, others."""
    users = [str(number) for number in range(100)]
    shuffled = Random(3).sample(users, len(users))
    first = outcomes(users, rate=0.3, seed=7, kinds=KINDS)
    assert outcomes(shuffled, rate=0.3, seed=7, kinds=KINDS) == first
    assert outcomes(users, rate=0.3, seed=8, kinds=KINDS) != first


def test_concurrent_requests_get_the_same_faults() -> None:
    """A hundred tasks at once meet what they met one after the other."""
    users = [str(number) for number in range(100)]
    transport = InterceptTransport("a b c")
    chaos = transport.interceptor.chaos(rate=0.3, seed=7, kinds=KINDS)

    async def run() -> None:
        async with httpx.AsyncClient(transport=transport) as client:
            posts = (client.post(URL, json=chat(user, stream=True)) for user in users)
            await asyncio.gather(*posts, return_exceptions=True)

    asyncio.run(run())
    found = {one.request.last_user: repr(one.kind) for one in chaos.injected}
    assert found == outcomes(users, rate=0.3, seed=7, kinds=KINDS)


def test_a_retry_is_decided_anew() -> None:
    """The same request sent again has another chance, and the report says which attempt it was."""
    with intercept("ok") as llm, httpx.Client() as client:
        chaos = llm.chaos(rate=0.5, seed=1, kinds=[api_error(503)])
        statuses = [client.post(URL, json=chat()).status_code for _ in range(30)]
    assert set(statuses) == {200, 503}
    assert [one.attempt for one in chaos.injected] == [n for n, status in enumerate(statuses, 1) if status == 503]


def test_what_takes_an_answers_place_takes_no_reply() -> None:
    """An error from chaos leaves the script where it was; what breaks an answer uses it."""
    with intercept() as llm, httpx.Client() as client:
        llm.reply("one", "two")
        chaos = llm.chaos(rate=1, kinds=[api_error(500)])
        assert client.post(URL, json=chat()).status_code == 500
        llm._engine.service.chaos.remove(chaos)
        llm.chaos(rate=1, kinds=[cut_off(after=1)])
        client.post(URL, json=chat())
    assert [call.reply.text for call in llm.calls[1:]] == ["one"]
    assert llm.calls[0].rule is None
    assert llm.calls[1].faults == (cut_off(after=1),)


def test_the_report_says_what_was_injected_where() -> None:
    """How many of how many, and for each the fault, the question, the model and the attempt."""
    with intercept("ok") as llm, httpx.Client() as client:
        chaos = llm.chaos(rate=1, seed=7, kinds=[connection_error()])
        with pytest.raises(httpx.ConnectError):
            client.post(URL, json=chat("weather?"))
    assert chaos.report() == (
        "chaos(rate=1, seed=7): 1 of 1 requests\n  connection_error() for 'weather?' to gpt-4o (JSON, attempt 1)"
    )
    assert llm.calls[0].faults == (connection_error(),)


def test_rate_nought_does_nothing_and_by_default_it_does_what_providers_do() -> None:
    """No fault at 0; at 1 each of the usual ones comes up."""
    users = [str(number) for number in range(150)]
    assert outcomes(users, rate=0, seed=1) == {}
    found = outcomes(users, rate=1, seed=1)
    assert len(found) == len(users)
    assert set(found.values()) == {repr(kind) for kind in USUAL}


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 1.1},
        {"rate": -1},
        {"rate": "a"},
        {"seed": 1.5},
        {"kinds": []},
        {"kinds": ["timeout"]},
        {"kinds": [429]},
    ],
)
def test_nonsense_is_refused(options: dict[str, Any]) -> None:
    """With what can be used."""
    with intercept("ok") as llm, pytest.raises(SettingsError, match=r"chaos\("):
        llm.chaos(**options)


def test_a_text_is_told_as_a_whole() -> None:
    """It has letters, and none of them was meant."""
    with intercept("ok") as llm, pytest.raises(SettingsError, match="kinds=…\\)='timeout' cannot be used"):
        llm.chaos(kinds="timeout")  # type: ignore[arg-type]


def test_faults_other_than_the_usual_ones() -> None:
    """Any fault and any API error can be a kind."""
    found = outcomes(["a"], rate=1, kinds=[malformed(after=3)])
    assert found == {"a": "malformed(after=3)"}
