"""Ollama's own API, as its SDK reads it: conversations, completions, embeddings, models."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import ollama
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from llm_intercept import (
    InterceptTransport,
    Reply,
    api_error,
    auto,
    disconnect,
    embedding,
    intercept,
    malformed,
    raw,
    reasoning,
    structured,
    tool_call,
)
from llm_intercept.base.framings import JSON_LINES
from llm_intercept.dialects.ollama import grammar
from llm_intercept.dialects.ollama.dialect import OllamaChat
from llm_intercept.dialects.ollama.lines import accumulated
from llm_intercept.dialects.ollama.raw import replies
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.faults import cut_off, duplicate_chunk, stream_error, truncated_arguments
from llm_intercept.faults.base import Body
from llm_intercept.faults.weave import weave
from llm_intercept.model.wire import Wait
from llm_intercept.recording.bodies import answer_values
from llm_intercept.recording.take import read_take
from tests.amounts import examples
from tests.drawn_replies import TEXT, WEATHER, reply_of
from tests.support import in_both_shapes

LOCAL = "http://localhost:11434"
MODEL = "llama3.2"
HI = [{"role": "user", "content": "hi"}]
REPLY = reply_of()
OPTIONS = st.fixed_dictionaries({}, optional={"num_predict": st.integers(-1, 12), "stop": st.lists(TEXT, max_size=2)})


def asked(reply: Any, path: str = "/api/chat", url: str = LOCAL, **body: Any) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(url + path, json={"model": MODEL, **body})


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.split("\n") if line]


@settings(max_examples=examples(75), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(REPLY, OPTIONS)
def test_the_lines_add_up_to_the_body_and_both_are_the_sdks(reply: Reply, options: dict[str, Any]) -> None:
    """Streaming is the default; the durations are nanoseconds, and a number that is 0 is left out, as Go does."""
    whole = asked(reply, messages=HI, stream=False, options=options)
    streamed = asked(reply, messages=HI, options=options)
    assert whole.headers["content-type"] == "application/json; charset=utf-8"
    assert streamed.headers["content-type"] == "application/x-ndjson"
    body, told = whole.json(), lines(streamed)
    assert accumulated(told) == body
    assert [line["done"] for line in told] == [False] * (len(told) - 1) + [True]
    for one in (body, *told):
        parsed = ollama.ChatResponse.model_validate(one)
        assert parsed.done is one["done"]
    assert body["total_duration"] == body["load_duration"] + body["prompt_eval_duration"] + body.get("eval_duration", 0)
    assert 0 not in body.values()
    if body["done_reason"] == "length":
        assert body.get("eval_count", 0) <= max(options["num_predict"], 0) + 10 * len(reply.tool_calls)


def test_the_sdk_streams_and_does_not() -> None:
    with intercept("Hello there, friend") as llm:
        client = ollama.Client(LOCAL)
        assert client.chat(MODEL, HI).message.content == "Hello there, friend"
        told = [part.message.content for part in client.chat(MODEL, HI, stream=True)]
        assert (told[0], "".join(told), told[-1]) == ("Hello", "Hello there, friend", "")
        assert client.generate(MODEL, "hi").response == "Hello there, friend"
        assert "".join(part.response for part in client.generate(MODEL, "hi", stream=True)) == "Hello there, friend"
    assert [call.request.api for call in llm.calls] == ["ollama.chat"] * 2 + ["ollama.generate"] * 2
    assert all(call.usage.output_tokens == 4 and call.complete is not False for call in llm.calls)


def test_async_clients_and_the_cloud() -> None:
    async def ask() -> Any:
        client = ollama.AsyncClient("https://ollama.com")
        return [part.message.content async for part in await client.chat(MODEL, HI, stream=True)]

    with intercept("Hi"):
        assert asyncio.run(ask()) == ["Hi", ""]


def test_calls_of_tools_are_objects_and_several_at_once() -> None:
    with intercept() as llm:
        llm.on(tool="weather").reply(
            ["Let me see.", tool_call("weather", city="Rome"), tool_call("weather", city="Oslo")], "Warm"
        )
        client = ollama.Client(LOCAL)
        first = client.chat(MODEL, HI, tools=[WEATHER])
        assert [call.function.arguments for call in first.message.tool_calls] == [{"city": "Rome"}, {"city": "Oslo"}]
        results = [{"role": "tool", "tool_name": "weather", "content": one} for one in ("20", "5")]
        assert client.chat(MODEL, [*HI, first.message, *results], tools=[WEATHER]).message.content == "Warm"
    request = llm.calls[-1].request
    assert (request.turn, request.last_user) == (2, "hi")
    assert [(one.name, one.text) for one in request.tool_results] == [("weather", "20"), ("weather", "5")]
    assert [call.arguments for call in request.messages[1].tool_calls] == ['{"city":"Rome"}', '{"city":"Oslo"}']


def test_answers_without_a_name_are_those_of_the_calls_in_their_order() -> None:
    """As the API's own examples send them; some give a name, or an id."""
    calls = [{"id": f"c{name}", "function": {"name": name, "arguments": {}}} for name in "abcde"]
    answers = [{}, {"tool_name": "x"}, {"tool_call_id": "cb"}, {"name": ""}, {"content": "last"}, {}]
    messages = [*HI, {"role": "assistant", "tool_calls": calls}, *({"role": "tool", **one} for one in answers)]
    with intercept("hi") as llm:
        httpx.post(f"{LOCAL}/api/chat", json={"model": MODEL, "messages": messages})
    results = llm.calls[0].request.tool_results
    assert [(one.name, one.text) for one in results] == [
        ("a", ""),
        ("x", ""),
        ("b", ""),
        ("d", ""),
        ("e", "last"),
        ("", ""),
    ]


def test_each_call_is_a_line() -> None:
    told = lines(asked([tool_call("f", a=1), tool_call("g")], messages=HI))
    calls = [line["message"]["tool_calls"] for line in told[:-1]]
    assert [call["function"] for (call,) in calls] == [
        {"index": 0, "name": "f", "arguments": {"a": 1}},
        {"index": 1, "name": "g", "arguments": {}},
    ]
    assert told[-1]["done_reason"] == "stop"


class Person(BaseModel):
    name: str
    age: int


@pytest.mark.parametrize("given", [auto(), structured({"name": "Ada", "age": 36}), Person(name="Ada", age=36)])
def test_structured_output(given: Any) -> None:
    with intercept(given):
        said = ollama.Client(LOCAL).chat(MODEL, HI, format=Person.model_json_schema()).message.content
    Person.model_validate_json(said)
    assert asked(auto(), messages=HI, format="json", stream=False).json()["message"]["content"] == "{}"


def test_thoughts_are_said_apart() -> None:
    with intercept(Reply(reasoning("Hm, let me think."), "Yes")):
        client = ollama.Client(LOCAL)
        message = client.chat(MODEL, HI, think=True).message
        assert (message.thinking, message.content) == ("Hm, let me think.", "Yes")
        told = list(client.generate(MODEL, "hi", think=True, stream=True))
        assert "".join(one.thinking or "" for one in told) == "Hm, let me think."


def test_limits_and_stops() -> None:
    body = asked("one two three four", messages=HI, stream=False, options={"num_predict": 2}).json()
    assert (body["message"]["content"], body["done_reason"], body["eval_count"]) == ("one two", "length", 2)
    for unlimited in (0, -1, -2):
        body = asked("one two", messages=HI, stream=False, options={"num_predict": unlimited}).json()
        assert (body["message"]["content"], body["done_reason"]) == ("one two", "stop")
    body = asked("one two three", messages=HI, stream=False, options={"stop": " three"}).json()
    assert (body["message"]["content"], body["done_reason"]) == ("one two", "stop")


@pytest.mark.parametrize(("keep", "why"), [("5m", "load"), (0, "unload")])
def test_what_asks_nothing_loads_a_model(keep: Any, why: str) -> None:
    """No rule answers it, and it is no stream."""
    with intercept() as llm:
        client = ollama.Client(LOCAL)
        assert client.chat(MODEL, keep_alive=keep).done_reason == why
        assert client.generate(MODEL, keep_alive=keep).done_reason == why
        assert [one.done_reason for one in client.chat(MODEL, keep_alive=keep, stream=True)] == [why]
    assert llm.calls[0].source == "default"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (api_error(404), 404, "model 'llama3.2' not found"),
        (api_error(503, retry_after=3), 503, "server busy, please try again.  maximum pending requests exceeded"),
        (api_error("overloaded"), 503, "server busy, please try again.  maximum pending requests exceeded"),
        (api_error(400, "no"), 400, "no"),
        (api_error("context_length_exceeded"), 400, "the input length exceeds the context length"),
        (api_error(500, body="<html>"), 500, "<html>"),
    ],
)
def test_errors_are_the_sdks(error: Any, status: int, said: str, stream: bool) -> None:
    with intercept(error), pytest.raises(ollama.ResponseError) as caught:
        list(ollama.Client(LOCAL).chat(MODEL, HI, stream=stream))
    assert (caught.value.status_code, caught.value.error) == (status, said)


def test_an_error_in_a_stream() -> None:
    told: list[str] = []
    with (
        intercept(Reply("one two three", fault=stream_error("out of memory"))),
        pytest.raises(ollama.ResponseError, match="out of mem"),
    ):
        told += (part.message.content for part in ollama.Client(LOCAL).chat(MODEL, HI, stream=True))
    assert lines(asked(Reply("one two", fault=stream_error("no", after=1)), messages=HI))[-1] == {"error": "no"}


def test_faults_know_the_lines() -> None:
    reply = ["one two three", tool_call("f", a=1, b=2)]
    whole = asked(reply, messages=HI).content.splitlines(keepends=True)
    with pytest.raises(httpx.RemoteProtocolError):
        asked(Reply(*reply, fault=disconnect(after=3)), messages=HI)
    assert asked(Reply(*reply, fault=cut_off(after=2)), messages=HI).content == b"".join(whole[:2])
    assert asked(Reply(*reply, fault=duplicate_chunk()), messages=HI).content.splitlines(keepends=True)[:3] == [
        whole[0],
        whole[1],
        whole[1],
    ]
    broken = asked(Reply(*reply, fault=malformed()), messages=HI).content.splitlines(keepends=True)
    assert (len(broken), broken[1]) == (len(whole), whole[1][: len(whole[1]) // 2] + b"\n")
    halved = lines(asked(Reply(*reply, fault=truncated_arguments()), messages=HI))
    assert [line["message"].get("tool_calls", [{}])[0].get("function", {}).get("arguments") for line in halved] == [
        None,
        None,
        None,
        {"a": 1},
        None,
    ]
    body = asked(Reply(*reply, fault=truncated_arguments()), messages=HI, stream=False).json()
    assert body["message"]["tool_calls"][0]["function"]["arguments"] == {"a": 1}


def test_pace_waits_before_each_line() -> None:
    steps = lines_in(["one two three", tool_call("f", a=1)])
    woven = list(weave(steps, (), Body(grammar, JSON_LINES), lambda _: 1.0))
    assert woven == [one for step in steps[:-1] for one in (Wait(1.0), step)] + steps[-1:]


def lines_in(reply: Any) -> list[bytes]:
    return asked(reply, messages=HI).content.splitlines(keepends=True)


@pytest.mark.parametrize("first", [False, True])
def test_a_take_answers_in_both_shapes(first: bool, tmp_path: Any) -> None:
    """Usage included; `keep_alive` is no part of what is asked."""
    reply = [reasoning("Hm."), "Hello there", tool_call("f", a=1)]
    times = iter(["5m", "9m", "1h"])

    def ask(client: httpx.Client, stream: bool) -> bytes:
        body = {"model": MODEL, "messages": HI, "stream": stream, "keep_alive": next(times)}
        return client.post(f"{LOCAL}/api/chat", json=body).content

    recorded, again, other = in_both_shapes(tmp_path, reply, ask, first=first)
    assert again == recorded
    sums = [accumulated(json.loads(line) for line in one.splitlines()) for one in (recorded, other)]
    assert sums[0] == sums[1]
    take = read_take(next(tmp_path.rglob("*.json")).read_bytes(), "")
    assert (take.response.events is not None) is first
    assert all(event.text is None for event in take.response.events or ())
    assert OllamaChat.recorded.usage(answer_values(take.response)).output_tokens == sums[0]["eval_count"]


def test_a_secret_in_lines_is_not_kept(tmp_path: Any) -> None:
    """Nor where it is said in pieces."""
    key = "sk-proj-" + "abcdefgh12345678" * 3
    reply = Reply(deltas=["The key is ", key[:20], key[20:], " now"])
    in_both_shapes(
        tmp_path,
        reply,
        lambda client, _: client.post(f"{LOCAL}/api/chat", json={"model": MODEL, "messages": HI}).content,
        first=True,
    )
    kept = next(tmp_path.rglob("*.json")).read_text()
    assert key[:20] not in kept
    assert key[20:] not in kept
    assert "The key is " in kept


def test_ready_bodies_in_either_shape() -> None:
    """A field that nobody here knows is in both."""
    body = asked([reasoning("Hm."), "Hello there", tool_call("f", a=1)], messages=HI, stream=False).json()
    body = {**body, "extra": 1, "message": {**body["message"], "images": ["AAAA"]}}
    told = lines(asked(raw(body), messages=HI))
    assert len(told) > 4
    assert accumulated(told) == body
    assert asked(raw(told), messages=HI, stream=False).json() == body
    assert lines(asked(raw(told), messages=HI)) == told
    text = "".join(json.dumps(line) + "\n" for line in told).encode()
    assert asked(raw(text), messages=HI, stream=False).json() == body
    assert asked(raw(text), messages=HI).content == text
    assert asked(raw(json.dumps(body).encode()), messages=HI).content == asked(raw(body), messages=HI).content
    (reply,) = replies([body])
    assert (reply.reasoning, reply.text, reply.tool_calls[0].name) == ("Hm.", "Hello there", "f")
    generated = asked("Hello", "/api/generate", prompt="x", stream=False).json()
    assert accumulated(lines(asked(raw(generated), "/api/generate", prompt="x"))) == generated


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (tool_call("f", "[1]"), "no JSON object"),
        (embedding([0.1]), "question to a model"),
        (Reply("x", finish_reason="content_filter"), "cannot say"),
        (Reply(variants=["a", "b"]), "several answers"),
    ],
)
def test_what_ollama_cannot_say(reply: Any, what: str) -> None:
    assert what in asked(reply, messages=HI, stream=False).json()["error"]
    assert what in asked(reply, messages=HI).json()["error"]  # before a stream begins


def test_embeddings() -> None:
    with intercept() as llm:
        client = ollama.Client(LOCAL)
        both = client.embed("nomic-embed-text", ["a red cat", "a red dog"])
        assert [len(one) for one in both.embeddings] == [768, 768]
        assert both.prompt_eval_count == 6
        assert len(client.embed("all-minilm", "x", dimensions=16).embeddings[0]) == 16
        assert len(client.embeddings("all-minilm", "x").embedding) == 384
        llm.on(api="ollama.embed").reply(embedding([0.5, 0.5]))
        assert client.embed("x", ["a", "b"]).embeddings == [[0.5, 0.5], [0.5, 0.5]]
    assert llm.calls[0].usage.input_tokens == 6


def test_models() -> None:
    """Frameworks ask for them before each question, so they are listed apart; a rule may mean them."""
    with intercept("hi") as llm:
        client = ollama.Client(LOCAL)
        assert "llama3.2:latest" in [one.model for one in client.list().models]
        assert client.show("llama3.2").details.family == "llama"
        assert "tools" in client.show("anything").capabilities
        assert client.ps().models == []
        assert httpx.get(f"{LOCAL}/api/version").json() == {"version": "0.13.0"}
        llm.on(api="ollama.models", url="*/api/tags").reply(raw({"models": []}))
        assert client.list().models == []
    assert list(llm.calls) == []
    assert [call.request.model for call in llm.side_calls] == ["", "llama3.2", "anything", "", "", ""]


def test_a_rule_says_which_requests_it_means() -> None:
    with intercept() as llm:
        llm.on(user="weather").reply("Rain")
        llm.on(api="ollama.generate", system="Be brief").reply("Brief")
        client = ollama.Client(LOCAL)
        assert client.chat(MODEL, [{"role": "user", "content": "the weather?"}]).message.content == "Rain"
        assert client.generate(MODEL, "x", system="Be brief").response == "Brief"


def test_nobody_answers() -> None:
    """The refusal is in Ollama's words, and the block ends with the same."""
    with pytest.raises(UnmatchedRequestError), intercept(), pytest.raises(ollama.ResponseError) as caught:
        ollama.Client(LOCAL).chat(MODEL, HI)
    assert caught.value.status_code == 404
    assert "no rule" in caught.value.error.lower()


@pytest.mark.parametrize(
    "body", [{"model": "", "messages": HI}, {"model": MODEL, "messages": "hi"}, {"model": MODEL, "messages": ["hi"]}]
)
def test_what_ollama_refuses(body: dict[str, Any]) -> None:
    """A chat of another application has the same path: where nothing says that Ollama is asked, it is not refused."""
    with httpx.Client(transport=InterceptTransport("x")) as client:
        answer = client.post(f"{LOCAL}/api/chat", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    server = httpx.MockTransport(lambda _: httpx.Response(418))
    with httpx.Client(transport=InterceptTransport("x", inner=server)) as client:
        assert client.post("http://app.test/api/chat", json={**body, "model": ""}).status_code == 418
        assert client.get("http://app.test/api/tags").status_code == 418


def test_a_local_server_is_let_out() -> None:
    server = httpx.MockTransport(lambda _: httpx.Response(418))
    transport = InterceptTransport("x", passthrough=["localhost:11434"], inner=server)
    with httpx.Client(transport=transport) as client:
        assert client.post(f"{LOCAL}/api/chat", json={"model": MODEL, "messages": HI}).status_code == 418
        assert client.get(f"{LOCAL}/api/tags").status_code == 418


def test_json_is_escaped_as_go_does() -> None:
    """A reader that takes more characters for the end of a line than LF is not led astray, as far as Go goes."""
    said = "<think>a & b\u2028c"
    answer = asked(said, messages=HI, stream=False)
    assert r"\u003cthink\u003ea \u0026 b\u2028c" in answer.text
    assert answer.json()["message"]["content"] == said


def test_odd_requests_are_read() -> None:
    """Whatever stands where something else is expected says nothing; numbers that are none in JSON too."""
    odd = {
        "model": MODEL,
        "messages": [{"role": 1, "content": ["x"], "tool_calls": [5, {"function": {"arguments": [1]}}], "images": 3}, {}],
        "tools": ["x"], "options": "x", "format": 5, "stop": 1, "keep_alive": {},
    }  # fmt: skip
    with httpx.Client(transport=InterceptTransport(auto(), validate="off")) as client:
        assert client.post(f"{LOCAL}/api/chat", json=odd).status_code == 200
        text = json.dumps(
            {
                **odd,
                "messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": {"a": float("nan")}}}]}],
            }
        )
        assert client.post(f"{LOCAL}/api/chat", content=text).status_code == 200
    line = {"model": "m", "message": {"content": "a", "more": {"b": {"c": 1}}}}
    given = [line, {"message": {"content": "b", "more": {"b": {"d": 2}}}, "done": True}]
    assert accumulated(given)["message"] == {"content": "ab", "more": {"b": {"c": 1, "d": 2}}}
    assert line == {"model": "m", "message": {"content": "a", "more": {"b": {"c": 1}}}}
