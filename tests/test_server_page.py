"""The page of a server's calls: what it is served with, who may ask what happened, and what is told."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import httpx
import pytest

from llm_intercept import Interceptor, InterceptTransport, api_error
from llm_intercept.report.document import Since
from llm_intercept.report.page import policy
from llm_intercept.server import app
from llm_intercept.server.live_report import LiveReport, Moment
from tests.amounts import PATIENCE
from tests.served import CHAT, ask, control, say
from tests.support import URL, chat


def since(served: Any, after: int = 0, test: str = "") -> dict[str, Any]:
    answer = control(served, "GET", f"report?after={after}", test)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_page_holds_no_call_and_asks_nobody_but_its_server() -> None:
    served = app(Interceptor("secret answer"), token="sesame")
    say(served, "secret question")
    answer = control(served, "GET", "")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == f"{policy(live=True)}; frame-ancestors 'none'"
    assert (answer.headers["x-content-type-options"], answer.headers["cache-control"]) == ("nosniff", "no-store")
    assert not [word for word in ("secret", "sesame") if word in answer.text]
    moved = ask(served, "GET", "/__llm_intercept")
    assert (moved.status_code, moved.headers["location"]) == (308, "/__llm_intercept/")


def test_what_happened_is_told_to_who_has_the_token() -> None:
    served = app(Interceptor("hello"), token="sesame")
    say(served)
    assert control(served, "GET", "report").status_code == 401
    told = control(served, "GET", "report", headers={"authorization": "Bearer sesame"}).json()
    assert [row["question"] for row in told["rows"]] == ["hi"]


def test_a_page_is_told_what_is_new() -> None:
    """In the order in which calls ended; after a reset it begins anew."""
    llm = Interceptor()
    llm.on("fail").reply(api_error(500))
    llm.reply("hello")
    served = app(llm)
    say(served, "one")
    first = since(served)
    assert [(row["n"], row["question"], row["answer"]) for row in first["rows"]] == [(0, "one", "hello")]
    assert first["details"][0]["messages"][0]["parts"] == [{"kind": "text", "text": "one"}]
    say(served, "fail")
    say(served, "two")
    new = since(served, first["after"])
    assert [(row["n"], row["question"], row["status"]) for row in new["rows"]] == [(1, "fail", 500), (2, "two", 200)]
    assert [rule["used"] for rule in new["rules"]] == [1, 2]
    assert "rows" not in since(served, new["after"])
    control(served, "POST", "reset")
    anew = since(served, new["after"])
    assert anew["run"] != new["run"] == first["run"]
    assert "rows" not in anew


def test_of_many_calls_a_part_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a server that is looked at goes on answering; a conversation goes on over the parts."""
    monkeypatch.setattr("llm_intercept.server.live_report.AT_ONCE", 2)
    served = app(Interceptor("yes"))
    messages: list[Any] = []
    for number in range(3):
        messages = [*messages, {"role": "user", "content": str(number)}]
        say(served, messages=messages)
        messages.append({"role": "assistant", "content": "yes"})
    first = since(served)
    second = since(served, first["after"])
    assert [row["n"] for row in first["rows"] + second["rows"]] == [0, 1, 2]
    assert [(one.get("continues"), one.get("known")) for one in second["details"]] == [(1, 4)]


def test_a_call_under_way_is_told_until_it_has_ended() -> None:
    """With what has come of its answer, and where another call is what ends next."""
    llm = Interceptor("one two three four")
    served = app(llm)
    slow = httpx.Client(transport=InterceptTransport(interceptor=llm))
    with slow, slow.stream("POST", URL, json=chat("slowly", stream=True)) as answer:
        lines = answer.iter_lines()
        next(lines)
        say(served, "quickly")
        told = since(served)
        again = since(served, told["after"])
        assert [(row["n"], row.get("under_way", False)) for row in told["rows"]] == [(1, False), (0, True)]
        assert [(row["n"], row["under_way"]) for row in again["rows"]] == [(0, True)]
        assert len(again["details"][0]["events"]) < 6
        assert [*lines]
    (row,) = since(served, again["after"])["rows"]
    assert (row["n"], "under_way" in row, row["answer"]) == (0, False, "one two three four")


def test_what_begins_and_ends_while_calls_are_read_is_told_the_next_time() -> None:
    """Under its own number, whichever of those under way ends first."""
    llm = Interceptor("one two three four")
    served, live = app(llm), LiveReport(llm)
    slow = httpx.Client(transport=InterceptTransport(interceptor=llm))
    with slow, slow.stream("POST", URL, json=chat("slowly", stream=True)) as answer:
        now = live.now()
        assert answer.read()
        say(served, "quickly")
        told = live.since(0, now)
    assert [(row.n, row.question) for row in told.rows] == [(0, "slowly")]
    assert told.after == 0
    new = live.since(told.after, live.now())
    assert [(row.n, row.question, row.under_way) for row in new.rows] == [(0, "slowly", False), (1, "quickly", False)]


def test_reading_calls_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is done in a thread: others are answered while it goes on."""
    served, may_end = app(Interceptor("yes")), threading.Event()

    def slow(_: LiveReport, __: int, ___: Moment) -> Since:
        assert may_end.wait(PATIENCE)
        return Since(run="slow")

    monkeypatch.setattr(LiveReport, "since", slow)

    async def both() -> None:
        transport = httpx.ASGITransport(app=served)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787") as client:
            asked = asyncio.create_task(client.get("/__llm_intercept/report"))
            await asyncio.sleep(0)
            assert (await client.post(CHAT, json=chat("hi"))).status_code == 200
            assert not asked.done()
            may_end.set()
            assert (await asked).json() == {"run": "slow"}

    asyncio.run(both())


def test_a_tests_calls_are_its_own() -> None:
    served = app(Interceptor("yes"))
    say(served, "mine", test="a")
    say(served, "all")
    assert [row["question"] for row in since(served, test="a")["rows"]] == ["mine"]
    assert [row["question"] for row in since(served)["rows"]] == ["all"]


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "1.5"])
def test_what_is_no_number_is_refused(after: str) -> None:
    answer = control(app(Interceptor("yes")), "GET", f"report?after={after}")
    assert (answer.status_code, "what the last answer said" in answer.json()["error"]) == (400, True)
