"""Replies in order: sequences, `times`, `.cycle()`, `.repeat_last()`, keys, iterators, and counting from everywhere."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from collections import Counter
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, LLMRequest, api_error, intercept
from llm_intercept.errors import ReplyFunctionError, SettingsError, UnmatchedRequestError
from tests.amounts import PATIENCE
from tests.support import URL, ask, ask_async, chat

has_openai = pytest.mark.skipif(importlib.util.find_spec("openai") is None, reason="openai is not installed")

APIS = ("chat", "responses", "messages")


def spoken(system: str, *users: str) -> list[dict[str, Any]]:
    """The messages of a conversation after so many turns."""
    messages = [{"role": "system", "content": system}]
    for number, user in enumerate(users):
        messages += [{"role": "assistant", "content": f"answer {number}"}] if number else []
        messages.append({"role": "user", "content": user})
    return messages


def status(client: Any, user: str = "hi", **more: Any) -> int:
    code: int = client.post(URL, json=chat(user, **more)).status_code
    return code


# One cursor


def test_a_script_goes_through_the_matrix_in_order(case):
    """Whatever the client, each request takes the next reply."""
    with intercept() as llm:
        llm.reply("one", "two", "three")
        assert [case.text(case.post()) for _ in range(3)] == ["one", "two", "three"]


def test_cycle_begins_again():
    """For ever."""
    with intercept() as llm:
        llm.on("go").reply("a", "b", "c").cycle()
        assert [ask(httpx, "go") for _ in range(7)] == list("abcabca")


def test_repeat_last_gives_the_last_reply_for_ever():
    """After the others were given once."""
    with intercept() as llm:
        llm.on("go").reply("a", "b").repeat_last()
        assert [ask(httpx, "go") for _ in range(5)] == list("abbbb")


@pytest.mark.parametrize("then", ["cycle", "repeat_last"])
def test_a_script_that_goes_on_may_be_told_so_before_its_replies(then):
    """The order of `.cycle()` and `.reply(…)` does not matter."""
    with intercept() as llm:
        getattr(llm.on("go"), then)().reply("a", "b")
        assert [ask(httpx, "go") for _ in range(3)] == ["a", "b", "a" if then == "cycle" else "b"]


@pytest.mark.parametrize("then", ["cycle", "repeat_last"])
def test_times_limits_a_script_that_goes_on(then):
    """Then the next rule is asked."""
    with intercept("rest") as llm:
        getattr(llm.on("go").reply("a", "b", times=3), then)()
        assert [ask(httpx, "go") for _ in range(5)] == ["a", "b", "a" if then == "cycle" else "b", "rest", "rest"]


@given(
    st.integers(1, 4),
    st.one_of(st.none(), st.integers(1, 8)),
    st.sampled_from(["end", "cycle", "repeat_last"]),
    st.integers(1, 10),
)
def test_what_a_script_gives_is_as_a_list_would(count, times, then, asked):
    """The law of one cursor: the n-th request has the n-th reply, as `times` and what comes after the end say."""
    llm = Interceptor("rest")
    rule = llm.on("go").reply(*map(str, range(count)), times=times)
    if then != "end":
        getattr(rule, then)()
    with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
        given = [client.post(URL, json=chat("go")) for _ in range(asked)]

    def expected(number: int) -> str | None:
        if then == "end" and count > 1 and number >= count and (times is None or times > count):
            return None
        if times is not None and number >= times:
            return "rest"
        if number < count or count == 1:
            return str(number if number < count else 0)
        return {"end": None, "cycle": str(number % count), "repeat_last": str(count - 1)}[then]

    said = [one.json()["choices"][0]["message"]["content"] if one.status_code == 200 else None for one in given]
    assert said == [expected(number) for number in range(asked)]


# Keys


def test_a_key_function_gives_each_agent_a_script_of_its_own():
    """In whatever order they ask."""
    with intercept() as llm:
        llm.on("go").reply("one", "two", "three").per(lambda request: request.raw["user"])
        asked = ["a", "b", "b", "a", "c", "b", "a"]
        given = [
            httpx.post(URL, json={**chat("go"), "user": user}).json()["choices"][0]["message"]["content"]
            for user in asked
        ]
    assert given == ["one", "one", "two", "two", "one", "three", "three"]


def test_the_key_conversation_is_the_opening_of_a_conversation():
    """The same system and first user message, whatever was said since."""
    with intercept() as llm:
        llm.reply("one", "two").per("conversation")

        def turn(system: str, *users: str) -> str:
            return ask(httpx, messages=spoken(system, *users))

        assert [turn("A", "hi"), turn("B", "hi"), turn("A", "hello")] == ["one"] * 3
        assert [turn("A", "hi", "more"), turn("B", "hi", "other"), turn("A", "hello", "x")] == ["two"] * 3


@pytest.mark.parametrize(
    ("key", "first", "second"),
    [
        ("model", {"model": "a"}, {"model": "b"}),
        ("system", {"messages": spoken("A", "x")}, {"messages": spoken("B", "x")}),
        ("last_user", {"messages": spoken("A", "x")}, {"messages": spoken("A", "y")}),
        ("url", {"url": URL}, {"url": URL + "?b"}),
    ],
)
def test_every_named_key_tells_requests_apart(key, first, second):
    """Each value has its own cursor."""
    with intercept() as llm:
        llm.reply("one", "two").per(key)
        assert [ask(httpx, **one) for one in (first, second, second, first)] == ["one", "one", "two", "two"]


def test_a_keyed_script_that_has_run_out_names_the_key():
    """The others go on."""
    with (
        pytest.raises(UnmatchedRequestError, match="all 2 of its replies are used for the key 'a'"),
        intercept() as llm,
    ):
        llm.reply("one", "two").per("model")
        assert [status(httpx, model=model) for model in "aabab"] == [200, 200, 200, 404, 200]


def test_a_keyed_script_may_cycle_or_repeat_for_each_key():
    """Each key has its own end."""
    with intercept() as llm:
        llm.on("c").reply("1", "2").per("model").cycle()
        llm.on("r").reply("1", "2").per("model").repeat_last()
        assert [ask(httpx, "c", model=model) for model in "aaabab"] == ["1", "2", "1", "1", "2", "2"]
        assert [ask(httpx, "r", model=model) for model in "aaabab"] == ["1", "2", "2", "1", "2", "2"]


def test_times_counts_all_keys_together():
    """It limits the rule."""
    with intercept("rest") as llm:
        llm.on("go").reply("1", "2", times=3).per("model")
        assert [ask(httpx, "go", model=model) for model in "abab"] == ["1", "1", "2", "rest"]


@pytest.mark.parametrize("key", ["nonsense", 3, "", b"model"])
def test_a_key_that_is_none_is_refused_with_those_there_are(key):
    """The message lists the names."""
    with pytest.raises(SettingsError, match="a function of the request, or one of 'conversation', 'model'"):
        Interceptor().on("x").reply("a").per(key)


def test_a_key_function_that_must_be_awaited_is_refused():
    """Every coroutine is another object, so that each request would begin the script anew."""

    async def key(request: LLMRequest) -> str:
        return request.model

    with pytest.raises(SettingsError, match="await"):
        Interceptor().on("x").reply("a", "b").per(key)


@pytest.mark.parametrize("both", [lambda rule: rule.per("model").shared(), lambda rule: rule.shared().per("model")])
def test_a_script_is_per_key_or_shared(both):
    """Both at once say two things."""
    with pytest.raises(SettingsError, match=r"either \.per\(…\) or \.shared\(\)"):
        both(Interceptor().on("x").reply("a", "b"))


@pytest.mark.parametrize("way", [lambda rule: rule.per("model"), lambda rule: rule.shared()])
def test_whose_turn_it_is_may_be_said_before_the_replies(way):
    """The order of `.per(…)` or `.shared()` and `.reply(…)` does not matter."""
    with intercept() as llm:
        way(llm.on("go")).reply("a", "b")
        assert [ask(httpx, "go") for _ in range(2)] == ["a", "b"]


def test_a_key_function_that_raises_is_a_500_and_names_the_rule(case):
    """The user's own error is the cause."""
    with (
        pytest.raises(
            ReplyFunctionError, match=r"on\('hi'\)\.per\(…\).*test_scripts\.py:\d+\) raised ZeroDivisionError"
        ) as caught,
        intercept() as llm,
    ):
        llm.on("hi").reply("a", "b").per(lambda request: 1 // 0)
        assert case.post().status_code == 500
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_unhashable_key_is_refused_with_what_to_return():
    """The message shows the key."""
    with (
        pytest.raises(ReplyFunctionError, match=r"per\(…\)=\['gpt-4o'\] cannot be used.*something hashable") as caught,
        intercept() as llm,
    ):
        llm.on("hi").reply("a", "b").per(lambda request: [request.model])
        assert status(httpx) == 500
    assert isinstance(caught.value.__cause__, SettingsError)


def test_a_key_function_is_not_called_where_the_rule_does_not_match():
    """It may rely on the conditions."""
    asked: list[str] = []

    def key(request: LLMRequest) -> str:
        asked.append(request.last_user)
        return request.model

    with intercept("else") as llm:
        llm.on("go").reply("a", "b").per(key)
        assert [ask(httpx, "stay"), ask(httpx, "go")] == ["else", "a"]
    assert asked == ["go"]


# Iterators and faults in scripts


def test_one_shot_iterators_in_a_cycle_are_told_to_be_used_up():
    """An iterator cannot begin again; the message says what to give."""
    with (
        pytest.raises(
            UnmatchedRequestError, match=r"(?s)used up by the first request\n.*Give a list of str, or a function that"
        ),
        intercept() as llm,
    ):
        llm.on("go").reply(iter(["a", "b"]), "c").cycle()
        assert [ask(httpx, "go"), ask(httpx, "go")] == ["ab", "c"]
        assert status(httpx, "go") == 404


def test_one_shot_iterators_are_for_one_key():
    """A second agent is told so; it does not silently get an empty text."""
    with pytest.raises(UnmatchedRequestError, match="used up by the first request"), intercept() as llm:
        llm.on("go").reply(iter(["a", "b"]), "c").per("model")
        assert ask(httpx, "go", model="1") == "ab"
        assert status(httpx, "go", model="2") == 404


@has_openai
@pytest.mark.parametrize("asynchronous", [True, False])
def test_a_retry_of_an_sdk_takes_the_next_reply(asynchronous):
    """A reply is used once an exchange."""
    import openai

    body: Any = chat("hi")
    with intercept() as llm:
        llm.reply(api_error(429), api_error(500), "third time lucky", "and then")
        if asynchronous:

            async def run() -> list[Any]:
                async with openai.AsyncOpenAI(api_key="k", max_retries=2) as client:
                    return [await client.chat.completions.create(**body) for _ in range(2)]

            answers = asyncio.run(run())
        else:
            with openai.OpenAI(api_key="k", max_retries=2) as client:
                answers = [client.chat.completions.create(**body) for _ in range(2)]
    assert [answer.choices[0].message.content for answer in answers] == ["third time lucky", "and then"]
    assert [(call.status, call.attempt) for call in llm.calls] == [(429, 1), (500, 2), (200, 3), (200, 1)]


# Counting


def in_threads(workers: int, work: Any) -> None:
    """Run `work(number)` in threads that begin together."""
    start = threading.Barrier(workers)
    failed: list[BaseException] = []

    def run(number: int) -> None:
        start.wait(PATIENCE)
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised below
            failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_a_shared_script_gives_each_reply_once_to_threads():
    """None twice, none left out."""
    given: list[str] = []
    with intercept() as llm:
        llm.on("go").reply(*map(str, range(80))).shared()

        def work(_: int) -> None:
            with httpx.Client(verify=False) as client:
                given.extend(ask(client, "go") for _ in range(10))

        in_threads(8, work)
        llm.assert_all_used()
    assert sorted(map(int, given)) == list(range(80))


def test_a_shared_script_gives_each_reply_once_to_tasks():
    """None twice, none left out."""

    async def run() -> list[str]:
        async with httpx.AsyncClient() as client:
            return await asyncio.gather(*(ask_async(client, "go") for _ in range(40)))

    with intercept() as llm:
        llm.on("go").reply(*map(str, range(40))).shared()
        assert sorted(map(int, asyncio.run(run()))) == list(range(40))


def test_keys_are_counted_apart_from_many_threads():
    """Each key's replies in their own order."""
    given: dict[str, list[str]] = {str(number): [] for number in range(8)}
    with intercept() as llm:
        llm.on("go").reply(*map(str, range(10))).per("model")

        def work(number: int) -> None:
            with httpx.Client(verify=False) as client:
                given[str(number)].extend(ask(client, "go", model=str(number)) for _ in range(10))

        in_threads(8, work)
        llm.assert_all_used()
    assert all(replies == [str(number) for number in range(10)] for replies in given.values())


def test_times_is_exact_from_many_threads():
    """A limited rule answers as often as it may, and no more."""
    given: Counter[str] = Counter()
    with intercept("rest") as llm:
        llm.on("go").reply("limited", times=25)

        def work(_: int) -> None:
            with httpx.Client(verify=False) as client:
                answers = [ask(client, "go") for _ in range(10)]
            given.update(answers)

        in_threads(6, work)
    assert given == {"limited": 25, "rest": 35}


def test_a_streamed_reply_of_a_script_is_taken_when_it_is_asked_for():
    """Not when the stream is read, so that streams opened one after the other have their replies in order."""
    with intercept() as llm, httpx.Client() as client:
        llm.reply("one", "two", "three")
        opened = [client.send(client.build_request("POST", URL, json=chat(stream=True)), stream=True) for _ in range(3)]
        read = [(number, one.read().decode()) for number, one in reversed(list(enumerate(opened)))]
    assert [next(word for word in ("one", "two", "three") if word in text) for _, text in sorted(read)] == [
        "one",
        "two",
        "three",
    ]
