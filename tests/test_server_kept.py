"""What a server keeps of requests that come again changes no answer; and one timer ends all that takes too long."""

from __future__ import annotations

import asyncio
import re

import pytest

from llm_intercept import Interceptor, Reply, tool_call, when
from llm_intercept.engine import readings
from llm_intercept.server import app
from llm_intercept.server.patience import Patience
from tests.served import CHAT, ask, say
from tests.support import said

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {}}}
REPLIES = {
    "text": lambda: "hello",
    "deltas": lambda: Reply(deltas=["a", "b"]),
    "calls": lambda: Reply("so", tool_calls=[tool_call("weather", city="Paris")]),
    "variants": lambda: Reply(variants=["one", "two"]),
    "reasoning": lambda: Reply("so", reasoning="because"),
    "usage": lambda: Reply("so", usage={"input_tokens": 7, "output_tokens": 3}),
}
ASKED = ({}, {"n": 2}, {"max_tokens": 1}, {"stop": "l"}, {"logprobs": True, "top_logprobs": 2}, {"tools": [WEATHER]})


@pytest.mark.parametrize("url", [CHAT, "/openai/deployments/gpt-4o/chat/completions"])
@pytest.mark.parametrize("name", REPLIES)
def test_requests_that_come_again_are_answered_as_if_none_was_kept(name, url, monkeypatch):
    """Each time, JSON and streams, by one rule and then by another: the same bytes."""
    bodies = [{"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], **more} for more in ASKED]

    def answered():
        llm = Interceptor()
        llm.reply(REPLIES[name](), times=18)
        llm.reply("other")
        served = app(llm)
        asked = [{**body, "stream": stream} for stream in (False, True, False, False) for body in bodies]
        return [(one.status_code, one.content, one.headers["x-request-id"]) for one in map(post(served), asked)]

    def post(served):
        return lambda body: ask(served, "POST", url, json=body)

    kept = answered()
    monkeypatch.setattr(readings, "LARGEST", 0)
    assert kept == answered()
    ids = {request_id for _, _, request_id in kept}
    assert len(ids) == 3 * len(ASKED)  # the first stream has the ids of the first JSON answer


def test_a_request_that_a_function_changed_comes_again_as_it_was_sent():
    def spoil(request):
        request.raw["messages"][0]["content"] += "!"
        request.raw["messages"].append("spoiled")
        return request.raw["messages"][0]["content"]

    served = app(Interceptor(spoil))
    assert [said(say(served)) for _ in range(3)] == ["hi!"] * 3


def test_requests_of_other_heads_are_other_requests():
    """Though their bodies are the same: their headers, and what follows from these."""
    llm = Interceptor()
    llm.on(headers={"x-who": "me"}).reply("you")
    llm.reply(lambda request: request.headers.get("x-who", "nobody"))
    served = app(llm)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    asked = [{}, {"x-who": "me"}, {"x-who": "them"}, {"x-who": "me"}, {}]
    answers = [said(ask(served, "POST", CHAT, json=body, headers=headers)) for headers in asked]
    assert answers == ["nobody", "you", "them", "you", "nobody"]


def test_one_timer_ends_each_wait_that_takes_too_long_and_no_other():
    """A task that somebody else cancels is cancelled; one that is done in time is left alone."""

    async def waits(patience, seconds):
        task = patience.begin()
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            return "late" if patience.ran_out(task) else "cancelled"
        else:
            return "done"
        finally:
            patience.end(task)

    async def run():
        patience = Patience(0.03)
        first = [asyncio.create_task(waits(patience, seconds)) for seconds in (0, 9, 9)]
        await asyncio.sleep(0)  # they have begun
        first[2].cancel()
        second = [asyncio.create_task(waits(patience, seconds)) for seconds in (9, 0)]
        return await asyncio.gather(*first, *second)

    assert asyncio.run(run()) == ["done", "late", "cancelled", "late", "done"]


def _spoil(request):
    """Change all of a request that a user's code can reach; its headers it cannot change."""
    with pytest.raises(TypeError):
        request.headers["x-who"] = "spoiled"
    request.raw["messages"][0]["content"] += "!"
    request.messages[0].raw["role"] = "spoiled"
    request.raw["messages"].append("spoiled")


SPOILS = {
    "a condition": lambda llm: llm.on(when(_spoil)).reply("never").optional(),
    "a key": lambda llm: llm.on(model="gpt-4o").per(_spoil).reply("one", times=1),
    "a reply": lambda llm: llm.reply(lambda request: _spoil(request) or "one", times=1),
    "a look at the calls": lambda llm: llm.reply("one", times=1),
}


@pytest.mark.parametrize("by", SPOILS)
@pytest.mark.parametrize("size", [1, readings.LARGEST])
def test_whatever_a_users_code_does_to_a_request_the_next_comes_as_it_was_sent(by, size):
    """Its headers, its body and its messages, by whichever way it got hold of it; one too large to be kept too."""
    llm = Interceptor()
    SPOILS[by](llm)
    llm.on(headers={"x-who": "me"}, user=re.compile("^(hi)+$"), turn=1).reply("as it was sent").optional()
    llm.reply("spoiled").optional()
    served = app(llm)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi" * size}]}
    answers = []
    for _ in range(3):
        answers.append(said(ask(served, "POST", CHAT, json=body, headers={"x-who": "me"})))
        if by == "a look at the calls":
            _spoil(llm.calls.last.request)
    if by in {"a condition", "a key"}:  # what these have spoiled is what the next rule is asked about
        assert [call.request.raw["messages"][0]["content"] for call in llm.calls] == [f"{'hi' * size}!"] * 3
    else:
        assert answers[1:] == ["as it was sent"] * 2


def test_deltas_that_a_user_reads_anew_are_read_for_each_answer():
    """Also those of a variant, which is a reply of its own."""

    class Counting:
        count = 0

        def __iter__(self):
            self.count += 1
            return iter([str(self.count)])

    for reply in (Reply(deltas=Counting()), Reply(variants=[Reply(deltas=Counting())])):
        served = app(Interceptor(reply))
        assert [said(say(served)) for _ in range(3)] == ["1", "2", "3"]
