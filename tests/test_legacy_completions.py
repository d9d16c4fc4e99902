"""Legacy completions: what is read, refused and answered; the stream adds up to the JSON body."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import Completion

from llm_intercept import (
    InterceptTransport,
    Recordings,
    Reply,
    api_error,
    auto,
    disconnect,
    embedding,
    intercept,
    raw,
    tool_call,
)
from llm_intercept.dialects import claimed_by
from llm_intercept.errors import ReplyError
from llm_intercept.model.wire import WireRequest
from tests.amounts import examples
from tests.conftest import events
from tests.openai_schema import SCHEMA, validator
from tests.recorded import needs_recordings
from tests.support import SHARED, ask
from tests.upstream import serving

URL = "https://api.openai.com/v1/completions"
ELSEWHERE = "http://llm.test/v1/completions"
MODEL = "gpt-3.5-turbo-instruct"
LAW = settings(max_examples=examples(60), deadline=None)


def body(prompt: Any = "Say it", **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "prompt": prompt, "max_tokens": 200, **more}


def complete(client: Any, prompt: Any = "Say it", *, url: str = URL, **more: Any) -> Any:
    response = client.post(url, json=body(prompt, **more))
    assert response.status_code == 200, response.text
    return response.json()


def streamed(client: Any, prompt: Any = "Say it", *, url: str = URL, **more: Any) -> list[Any]:
    response = client.post(url, json=body(prompt, stream=True, **more))
    assert response.headers["content-type"].startswith("text/event-stream"), response.text
    return events(response.text)


def added_up(told: list[Any]) -> list[dict[str, Any]]:
    """Add up a stream's choices, as a program does."""
    made: dict[int, dict[str, Any]] = {}
    for event in told:
        for one in event["choices"]:
            whole = made.setdefault(one["index"], {"text": "", "logprobs": None, "finish_reason": None})
            whole["text"] += one["text"]
            whole["finish_reason"] = one["finish_reason"] or whole["finish_reason"]
            if one["logprobs"]:
                whole["logprobs"] = whole["logprobs"] or {key: [] for key in one["logprobs"]}
                for key, listed in one["logprobs"].items():
                    whole["logprobs"][key] = None if listed is None else whole["logprobs"][key] + listed
    return [{"index": index, **one} for index, one in sorted(made.items())]


def texts(answer: Any) -> list[str]:
    return [one["text"] for one in answer["choices"]]


# --- the matrix --------------------------------------------------------------------------------------------------------


def test_a_text_answers_a_prompt(case: Any) -> None:
    """Every family, sync and async, JSON and stream; the prompt is what the user says; chats are answered beside it."""
    with intercept(all_used=True) as llm:
        llm.on("weather").reply("It is sunny.")
        response = case.send(body("How is the weather?", stream=case.stream), url=URL)
        assert case.text(case.post("What about the weather?")) == "It is sunny."
    told = added_up(events(response.text)) if case.stream else response.json()["choices"]
    assert [one["text"] for one in told] == ["It is sunny."]
    (call, other) = llm.calls
    assert (call.request.api, other.request.api) == ("openai.completions", "openai.chat")
    assert (call.request.last_user, call.request.model) == ("How is the weather?", MODEL)
    assert (call.usage.input_tokens, call.usage.output_tokens) == (5, 4)


@pytest.mark.parametrize(
    ("path", "api"),
    [
        ("/v1/completions", "openai.completions"),
        ("/v1/completions/", "openai.completions"),
        ("/openai/deployments/mine/completions", "openai.completions"),
        ("/v1/chat/completions", "openai.chat"),
        ("/v1/fim/completions", None),
        ("/v1/completions/x", None),
        ("/incompletions", None),
    ],
)
def test_a_path_is_claimed_by_one_api(path: str, api: str | None) -> None:
    """`/chat/completions` is not taken for `/completions`, nor is another API's path."""
    dialect = claimed_by(WireRequest("POST", f"https://api.openai.com{path}", "api.openai.com", path, {}))
    assert (dialect.name if dialect is not None else None) == api
    get = claimed_by(WireRequest("GET", f"https://api.openai.com{path}", "api.openai.com", path, {}))
    assert get is None or get.name != "openai.completions"


# --- parameters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prompt", "said", "count", "tokens"),
    [
        ("one", "one", 1, 1),
        (["one", "two"], "one\ntwo", 2, 2),
        ([1, 2, 3], "", 1, 3),
        ([[1, 2], [3]], "", 2, 3),
        (None, "", 1, 1),
    ],
)
def test_every_form_of_a_prompt_is_read(prompt: Any, said: str, count: int, tokens: int) -> None:
    """Each prompt gets its choices, numbered through; the texts are one user message."""
    with intercept("x") as llm, httpx.Client() as client:
        answer = complete(client, prompt, n=2)
    assert [one["index"] for one in answer["choices"]] == list(range(2 * count))
    assert (llm.calls[0].request.last_user, answer["usage"]["prompt_tokens"]) == (said, tokens)


def test_variants_are_the_choices_of_each_prompt() -> None:
    """As for chat completions."""
    with intercept(Reply(variants=["a", "b"])), httpx.Client() as client:
        assert texts(complete(client, ["p", "q"], n=3)) == ["a", "b", "a"] * 2


def test_the_text_ends_where_the_request_says() -> None:
    """`stop` and `max_tokens`; the API's own 16 tokens, where nothing is said, do not cut what a reply says."""
    with intercept("one two three four"), httpx.Client() as client:
        stopped, cut = complete(client, stop=" three"), complete(client, max_tokens=2)
        either = complete(client, stop=["four", " two"])
        none = complete(client, max_tokens=0, echo=True)
    assert [(texts(one), one["choices"][0]["finish_reason"]) for one in (stopped, cut, either, none)] == [
        (["one two"], "stop"),
        (["one two"], "length"),
        (["one"], "stop"),
        (["Say it"], "length"),
    ]
    with intercept("a " * 40), httpx.Client() as client:
        usual = client.post(URL, json={"model": MODEL, "prompt": "x"}).json()
    assert (usual["choices"][0]["text"], usual["choices"][0]["finish_reason"]) == ("a " * 40, "stop")


def test_best_of_costs_what_is_not_shown() -> None:
    """Of `best_of` answers `n` are shown."""
    with intercept("one two"), httpx.Client() as client:
        answer = complete(client, n=2, best_of=5)
    assert (len(answer["choices"]), answer["usage"]["completion_tokens"]) == (2, 10)


def test_the_prompt_is_echoed() -> None:
    """Before the text, in every choice; it costs nothing."""
    with intercept(" b c"), httpx.Client() as client:
        answer = complete(client, ["a", "x"], echo=True)
        assert added_up(streamed(client, ["a", "x"], echo=True)) == answer["choices"]
    assert (texts(answer), answer["usage"]["completion_tokens"]) == (["a b c", "x b c"], 4)


@pytest.mark.parametrize("top", [0, 1, 5])
@pytest.mark.parametrize("echo", [False, True])
def test_logprobs_are_the_texts_own(top: int, echo: bool) -> None:
    """A number for each token and where it begins; nothing comes before an echoed prompt's first token."""
    with intercept(" b c"), httpx.Client() as client:
        (choice,) = complete(client, "a", logprobs=top, echo=echo)["choices"]
        assert added_up(streamed(client, "a", logprobs=top, echo=echo)) == [choice]
    found = choice["logprobs"]
    assert list(found) == ["tokens", "token_logprobs", "top_logprobs", "text_offset"]
    assert "".join(found["tokens"]) == choice["text"]
    assert found["text_offset"] == ([0, 1, 3] if echo else [1, 3])
    assert [one is None for one in found["token_logprobs"]] == ([True] if echo else []) + [False, False]
    tops = found["top_logprobs"]
    assert tops is None if top == 0 else [one and len(one) for one in tops] == ([None] if echo else []) + [top, top]


@LAW
@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=2),
    st.text(max_size=40),
    st.fixed_dictionaries(
        {},
        optional={
            "n": st.integers(1, 3),
            "echo": st.booleans(),
            "logprobs": st.integers(0, 5),
            "max_tokens": st.integers(0, 6),
            "stop": st.sampled_from(["a", ["b", " "]]),
            "suffix": st.just(" end"),
            "seed": st.integers(0, 3),
        },
    ),
    st.sampled_from([URL, ELSEWHERE]),
    st.booleans(),
)
def test_a_stream_adds_up_to_the_json_body(prompt: Any, said: str, more: Any, url: str, counts: bool) -> None:
    """Field for field, id and usage too; both are what the SDK's model and OpenAI's schema say."""
    options = {"stream_options": {"include_usage": True}} if counts else {}
    with httpx.Client(transport=InterceptTransport(said)) as client:
        answer = complete(client, prompt, url=url, **more)
        told = streamed(client, prompt, url=url, **more, **options)
    assert added_up(told) == sorted(answer["choices"], key=lambda one: one["index"])
    assert {(one["id"], one["created"], one["model"], one["object"]) for one in told} == {
        (answer["id"], answer["created"], answer["model"], "text_completion")
    }
    assert answer["id"].startswith("cmpl-")
    if counts:
        assert (told[-1]["choices"], told[-1]["usage"]) == ([], answer["usage"])
        assert [one["usage"] for one in told[:-1]] == [None] * (len(told) - 1)
    else:
        assert not any("usage" in one for one in told)
    if "logprobs" in more and more.get("echo"):
        return  # an echoed prompt's first token has null, which neither knows
    Completion.model_validate(answer)
    if SCHEMA.exists() and more.get("logprobs") != 0:  # the schema wants a list where the SDK's model knows null
        validator("CreateCompletionResponse").validate(answer)


# --- refusals ----------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], int, str, str | None]] = [
    ({"prompt": "x"}, 400, "you must provide a model parameter", None),
    (body({"a": 1}), 400, "'$.prompt' is invalid.", None),
    (body([]), 400, "'$.prompt' is invalid.", None),
    (body(["a", 1]), 400, "'$.prompt' is invalid.", None),
    (body(n=0), 400, "Invalid 'n': integer below minimum value.", "n"),
    (body(n=129), 400, "Invalid 'n': integer above maximum value.", "n"),
    (body(logprobs=6), 400, "Invalid 'logprobs': integer above maximum value.", "logprobs"),
    (body(logprobs=True), 400, "Invalid type for 'logprobs': expected an integer, but got a boolean", "logprobs"),
    (body(max_tokens=-1), 400, "Invalid 'max_tokens': integer below minimum value.", "max_tokens"),
    (body(best_of=21), 400, "Invalid 'best_of': integer above maximum value.", "best_of"),
    (body(n=3, best_of=2), 400, "You requested that the server return more choices than it will generate", None),
    (body(best_of=2, stream=True), 400, "Results of 'best_of' cannot be streamed.", "best_of"),
    (body(stop=list("abcde")), 400, "'$.stop' is invalid.", None),
    (body(model="gpt-4o"), 404, "This is a chat model and not supported in the v1/completions endpoint.", "model"),
    (body(model="gpt-3.5-turbo"), 404, "This is a chat model", "model"),
]


@pytest.mark.parametrize(("sent", "status", "message", "param"), REFUSED)
def test_what_openai_refuses_is_refused_in_its_words(
    sent: dict[str, Any], status: int, message: str, param: str | None
) -> None:
    """Before any rule is asked."""
    with intercept("x") as llm, httpx.Client() as client:
        response = client.post(URL, json=sent)
    error = response.json()["error"]
    assert (response.status_code, error["param"], error["type"]) == (status, param, "invalid_request_error")
    assert error["message"].startswith(message)
    assert len(llm.calls) == 1


@pytest.mark.parametrize("sent", [{"text": "a"}, {"prompt": "a"}, {"model": 1, "prompt": "a"}, []])
def test_somebody_elses_completions_go_their_way(server: Any, sent: Any) -> None:
    """A body that is not OpenAI's, sent to a host that is not known, is not answered for."""
    with intercept("hi"), httpx.Client() as client:
        assert client.post(f"{server.url}/autocomplete/completions", json=sent).json() == sent


# --- replies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reply", [tool_call("f"), embedding([1.0])])
def test_what_is_no_text_is_a_mistake_that_is_told(reply: Any) -> None:
    """There are no tools here."""
    with pytest.raises(ReplyError), intercept() as llm, httpx.Client() as client:
        llm.on(api="openai.completions").reply(reply)
        assert client.post(URL, json=body()).status_code == 500


def test_auto_functions_errors_and_deltas() -> None:
    """Each as for chat completions."""
    with intercept() as llm, httpx.Client() as client:
        llm.on("auto").reply(auto("mine"))
        llm.on("function").reply(lambda request: request.last_user.upper())
        llm.on("error").reply(api_error(429))
        llm.on("deltas").reply(["a", "bc"])
        llm.on("mine").reply(
            Reply("x", usage={"input_tokens": 7, "output_tokens": 8}, model="m", finish_reason="length")
        )
        assert texts(complete(client, "auto")) == ["mine"]
        assert texts(complete(client, "a function")) == ["A FUNCTION"]
        assert client.post(URL, json=body("error")).json()["error"]["code"] == "rate_limit_exceeded"
        assert [one["choices"][0]["text"] for one in streamed(client, "deltas")] == ["a", "bc", ""]
        mine = complete(client, "mine")
    assert (mine["model"], mine["choices"][0]["finish_reason"]) == ("m", "length")
    assert mine["usage"] == {"prompt_tokens": 7, "completion_tokens": 8, "total_tokens": 15}


def test_a_computed_stream_reaches_an_async_client() -> None:
    """Deltas of an async generator come when they are made, for every choice."""

    async def slowly(_: Any) -> Any:
        for word in ("a ", "b"):
            await asyncio.sleep(0)
            yield word

    async def run() -> list[Any]:
        async with httpx.AsyncClient() as client:
            response = await client.post(URL, json=body(stream=True, n=2))
            return events(response.text)

    with intercept(slowly):
        assert [one["text"] for one in added_up(asyncio.run(run()))] == ["a b", "a b"]


def test_a_stream_that_breaks_off() -> None:
    """Faults are woven in as everywhere."""
    reply = Reply("one two three", fault=disconnect(after=2))
    with intercept(reply), httpx.Client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.post(URL, json=body(stream=True))


WHOLE = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": "m",
    "choices": [{"text": "one two", "index": 0, "logprobs": None, "finish_reason": "stop", "mine": 1}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}


@pytest.mark.parametrize("given", [raw(WHOLE), raw(json.dumps(WHOLE)), Completion.model_validate(WHOLE)], ids=repr)
def test_a_ready_body_answers_in_both_shapes(given: Any) -> None:
    """As it is, or as a stream that says the same, fields of its host too."""
    with intercept(given), httpx.Client() as client:
        assert complete(client) == WHOLE
        told = streamed(client, stream_options={"include_usage": True})
        assert added_up(told)[0]["text"] == "one two"
    assert (told[0]["choices"][0]["mine"], told[-1]["usage"]) == (1, WHOLE["usage"])
    with intercept(raw(told)), httpx.Client() as client:
        assert complete(client) == WHOLE
        assert streamed(client) == told


def test_a_chat_is_not_answered_by_what_means_a_prompt() -> None:
    """`api=` tells the two apart."""
    with intercept("hi") as llm, httpx.Client() as client:
        llm.on(api="openai.completions").reply("prompt")
        assert ask(client) == "hi"
        assert texts(complete(client)) == ["prompt"]


# --- recordings --------------------------------------------------------------------------------------------------------


def test_a_take_plays_in_both_shapes_with_its_usage(tmp_path: Any) -> None:
    """What was recorded as JSON answers a stream, with the tokens that were counted."""
    with serving(tmp_path) as upstream:
        upstream.answers.append((200, {"content-type": "application/json"}, json.dumps(WHOLE).encode()))
        client = httpx.Client(verify=__import__("ssl").create_default_context(cafile=upstream.ca), trust_env=False)
        url = upstream.url + "/v1/completions"
        with client, intercept(mode="record", recordings=tmp_path / "tape"):
            assert client.post(url, json=body()).json() == WHOLE
    with (
        intercept(mode="replay", recordings=Recordings(tmp_path / "tape", repeat_last=True)) as llm,
        httpx.Client() as c,
    ):
        assert complete(c, url=url) == WHOLE
        told = streamed(c, url=url, stream_options={"include_usage": True})
    assert (added_up(told)[0]["text"], told[-1]["usage"]) == ("one two", WHOLE["usage"])
    assert [call.usage.output_tokens for call in llm.calls] == [2, 2]
    assert [path.name[:11] for path in (tmp_path / "tape").glob("*.json")] == ["001-say-it-"]


@cache
def recorded() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in ("recordings.jsonl", "recordings-apis.jsonl"):
        lines = (SHARED / name).read_text().splitlines() if (SHARED / name).exists() else []
        rows += [row for row in map(json.loads, lines) if row["endpoint"] == "completions"]
    return [row for row in rows if row["status"] == 200]


def shape(value: Any) -> Any:
    """Keys in their order and types; of a list, its first."""
    if isinstance(value, dict):
        return [(key, shape(item)) for key, item in value.items()]
    return [shape(value[0])] if isinstance(value, list) and value else type(value).__name__


@needs_recordings
def test_recorded_answers_of_openai_have_the_same_shape() -> None:
    """The 7 answers of api.openai.com, given as a reply, are written with its keys, and its events; vLLM's 2 have more."""
    equal = other = 0
    with httpx.Client() as client:
        for row in recorded():
            theirs = row["response_text"]
            is_stream = bool(row["request"].get("stream"))
            said = added_up(events(theirs))[0] if is_stream else json.loads(theirs)["choices"][0]
            with intercept(Reply(said["text"], finish_reason=None)):
                response = client.post(row["url"], json=row["request"])
            ours = [*map(shape, events(response.text))] if is_stream else shape(response.json())
            expected = [*map(shape, events(theirs))] if is_stream else shape(json.loads(theirs))
            if row["host"] == "api.openai.com":
                equal += (ours[0], ours[-1]) == (expected[0], expected[-1]) if is_stream else ours == expected
            else:
                other += 1
    assert (equal, other) == (7, 2)
