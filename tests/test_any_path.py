"""A rule answers any path that it means, though nobody here knows the API; and what nothing answers says how to."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

import llm_intercept
from llm_intercept import (
    Interceptor,
    InterceptTransport,
    api_error,
    auto,
    intercept,
    passthrough,
    raw,
    timeout,
    tool_call,
    when,
)
from llm_intercept.errors import ReplyError, UnmatchedRequestError, UnusedRuleError
from tests.support import ask, complete, maybe

HOST = "https://api.openai.com/v1"
FILES = f"{HOST}/files"
FILE = {"id": "file-1", "object": "file"}
ANTHROPIC = "https://api.anthropic.com/v1/files"
GEMINI = "https://generativelanguage.googleapis.com/v1beta/files/x"
AZURE = "https://it.openai.azure.com/openai/files?api-version=2024-10-21"
PATHS = [FILES, f"{FILES}/file-1/content?x=1", f"{HOST}/anything/at/all", ANTHROPIC, GEMINI, AZURE]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]
MEANT: dict[str, Any] = {
    "url": {"url": "/v1/files*"},
    "pattern": {"url": re.compile(r"/files$")},
    "api": {"api": "openai.files"},
    "glob": {"api": "openai.f*"},
}


def sent(family: str, is_async: bool, method: str, url: str, **more: Any) -> Any:
    """Send one request by a client of the family; its answer."""
    module = pytest.importorskip(family)

    async def run() -> Any:
        client = (module.AsyncClient if is_async else module.Client)()
        response = await maybe(client.request(method, url, **more))
        await maybe(client.aclose() if is_async else client.close())
        return response

    return complete(run(), is_async=is_async)


# --- what answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", PATHS)
@pytest.mark.parametrize("method", METHODS)
def test_a_rule_answers_any_path_of_a_known_host(family: str, is_async: bool, method: str, url: str) -> None:
    """Whatever the method and the path; it is noted, counted, and the same each time."""
    path = url.partition("?")[0]
    with intercept("hi", all_used=True) as llm:
        rule = llm.on(url=path).reply(raw(FILE))
        first, second = (sent(family, is_async, method, url) for _ in range(2))
    assert (first.status_code, first.json(), first.headers["content-type"]) == (200, FILE, "application/json")
    assert first.content == second.content
    assert [(call.rule, call.source, call.status, call.request.method) for call in llm.calls] == [
        (rule, "rule", 200, method)
    ] * 2


@pytest.mark.parametrize("meant", MEANT)
def test_a_rule_means_it_by_its_url_or_its_api(meant: str) -> None:
    """And so it is asked; a text given to the block is for conversations."""
    with intercept("hi") as llm, httpx.Client() as client:
        llm.on(**MEANT[meant]).reply(raw(FILE))
        assert client.get(FILES).json() == FILE
        assert ask(client) == "hi"
    assert [call.source for call in llm.calls] == ["rule", "rule"]


@pytest.mark.parametrize(
    ("conditions", "wanted"),
    [
        ((), {"headers": {"x-tenant": "a"}}),
        ((lambda request: "/files" in request.url,), {}),
        ((when(headers={"x-tenant": "a"}) & when(url="api.openai.com"),), {}),
        ((when(url="/nowhere") | when(url="/v1/files"),), {}),
        ((~when(url="chat/completions"),), {}),
        ((), {"url": "api.openai.com"}),
    ],
    ids=["headers", "function", "both", "either", "not", "host"],
)
@pytest.mark.parametrize("reply", [raw(FILE), api_error(429), httpx.Response(200, json=FILE)])
def test_what_is_ready_answers_by_any_condition_that_is_not_of_conversations(
    conditions: Any, wanted: Any, reply: Any
) -> None:
    """Headers, a function and a host mean any request, where all replies are ready."""
    with intercept("hi") as llm, httpx.Client() as client:
        rule = llm.on(*conditions, **wanted).reply(reply)
        client.get(FILES, headers={"x-tenant": "a"})
    assert rule.used == 1


@pytest.mark.parametrize(
    "rule",
    [
        lambda llm: llm.reply("hi"),
        lambda llm: llm.reply(raw({"choices": []})),
        lambda llm: llm.reply(auto()),
        lambda llm: llm.reply(api_error(500)),
        lambda llm: llm.on("weather").reply("hi"),
        lambda llm: llm.on(model="*").reply(raw({"choices": []})),
        lambda llm: llm.on(turn=1).reply(raw({"choices": []})),
        lambda llm: llm.on(lambda request: request.turn == 1).reply("hi"),
        lambda llm: llm.on(lambda request: request.turn == 1).reply(lambda _: "hi"),
        lambda llm: llm.on(lambda request: request.turn == 1).reply(raw(FILE), "hi"),
        lambda llm: llm.on(url="api.openai.com").reply("hi"),
        lambda llm: llm.on(url="api.openai.com/v1").reply("hi"),
        lambda llm: llm.on(url="https://*/v1/").reply("hi"),
        lambda llm: llm.on(headers={"accept": "*/*"}).reply("hi"),
        lambda llm: llm.on(api="openai.chat").reply("hi"),
    ],
)
def test_a_conversations_rule_is_not_asked(rule: Any) -> None:
    """What does not say that it means such a request answers none, and its script does not advance."""
    with pytest.raises(UnmatchedRequestError), intercept() as llm, httpx.Client() as client:
        made = rule(llm)
        response = client.get(FILES)
    assert (response.status_code, made.used) == (404, 0)


@pytest.mark.parametrize("reply", ["x", tool_call("f"), auto(), ["a", "b"], lambda _: "x"])
def test_a_text_is_an_error_at_the_rule(family: str, is_async: bool, reply: Any) -> None:
    """Nobody knows how the API would say it; the error says what to give, and where the rule is."""
    with (
        pytest.raises(ReplyError, match=r"(?s)GET https://api.openai.com/v1/files.*raw\(") as caught,
        intercept() as llm,
    ):
        llm.on(url="/v1/files").reply(reply)
        assert sent(family, is_async, "GET", FILES).status_code == 500
    assert "test_any_path.py" in str(caught.value)


def test_bytes_have_the_type_status_and_headers_that_are_given() -> None:
    """Bytes are sent as they are; JSON among them is JSON."""
    with intercept() as llm, httpx.Client() as client:
        llm.on(url="/audio/speech").reply(raw(b"\xff\xf3sound", headers={"Content-Type": "audio/mpeg"}))
        llm.on(url="/content").reply(raw(b"\x00\x01"))
        llm.on(url="/files/a").reply(raw('{"id": "a"}', status=202, headers={"x-a": "b"}))
        llm.on(url="/files/b").reply(raw(b"", status=204))
        llm.on(url="/events").reply(raw([{"a": 1}, {"a": 2}]))
        llm.on(url="/files/c").reply(httpx.Response(418, content=b"tea", headers={"content-type": "text/tea"}))
        speech, content, a, b, events, c = (
            client.post(f"{HOST}/audio/speech", json={"stream": True}),
            client.get(f"{FILES}/a/content"),
            client.get(f"{FILES}/a"),
            client.delete(f"{FILES}/b"),
            client.get(f"{HOST}/fine_tuning/jobs/1/events"),
            client.get(f"{FILES}/c"),
        )
    assert (speech.content, speech.headers["content-type"]) == (b"\xff\xf3sound", "audio/mpeg")
    assert (content.content, content.headers["content-type"]) == (b"\x00\x01", "application/octet-stream")
    assert (a.json(), a.status_code, a.headers["content-type"]) == ({"id": "a"}, 202, "application/json")
    assert a.headers["x-a"] == "b"
    assert (b.content, b.status_code, "content-type" in b.headers) == (b"", 204, False)
    assert (events.text, events.headers["content-type"]) == ('data: {"a":1}\n\ndata: {"a":2}\n\n', "text/event-stream")
    assert (c.content, c.status_code, c.headers["content-type"]) == (b"tea", 418, "text/tea")


def test_a_stream_that_is_asked_for_is_noted_as_one(family: str, is_async: bool) -> None:
    """`stream: true` changes nothing of a ready answer, which is read to its end."""
    with intercept(all_used=True) as llm:
        llm.on(api="openai.threads").reply(raw([{"event": "thread.run.created"}]))
        response = sent(family, is_async, "POST", f"{HOST}/threads/t/runs", json={"stream": True})
    assert response.text == 'data: {"event":"thread.run.created"}\n\n'
    assert [(call.request.stream, call.complete, call.status) for call in llm.calls] == [(True, True, 200)]


def test_the_body_is_there_for_conditions_and_functions(family: str, is_async: bool) -> None:
    """JSON and forms are read, so that `json=` and a function may look at them."""
    with intercept() as llm:
        llm.on(url="/v1/batches", json={"endpoint": "/v1/responses"}).reply(lambda request: raw({"got": request.raw}))
        llm.on(url="/v1/files").reply(lambda request: raw({"parts": len(request.raw["parts"])}))
        body = {"endpoint": "/v1/responses"}
        assert sent(family, is_async, "POST", f"{HOST}/batches", json=body).json() == {"got": body}
        form = {"data": {"purpose": "batch"}, "files": {"file": ("a.jsonl", b"{}")}}
        assert sent(family, is_async, "POST", FILES, **form).json() == {"parts": 2}


def test_a_body_is_not_read_where_no_rule_could_look_at_it() -> None:
    """An upload that nothing answers is refused unread."""

    def pieces() -> Any:
        yield pytest.fail("it was read")

    with pytest.raises(UnmatchedRequestError), intercept("hi"), httpx.Client() as client:
        assert client.post(FILES, content=pieces()).status_code == 404


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_an_error_is_in_the_apis_words(status: int) -> None:
    """As for any other of the host's APIs, with headers that let clients try again at once."""
    with intercept(validate="off") as llm, httpx.Client() as client:
        llm.on(url="/v1/files").reply(api_error(status))
        llm.on(url="/chat/completions").reply(api_error(status))
        ours, theirs = client.get(FILES), client.post(f"{HOST}/chat/completions", json={"model": "", "messages": []})
    assert (ours.status_code, ours.json()) == (status, theirs.json())
    assert ours.headers.get("retry-after-ms") == theirs.headers.get("retry-after-ms")


def test_faults_and_exceptions_answer_too(family: str, is_async: bool) -> None:
    """The request fails as the client's own library fails."""
    module = pytest.importorskip(family)
    with intercept() as llm:
        llm.on(url="/v1/files").reply(timeout(), KeyError("x"), raw(FILE, fault=timeout("connect")))
        for error in (module.ReadTimeout, KeyError, module.ConnectTimeout):
            with pytest.raises(error):
                sent(family, is_async, "GET", FILES)


def test_requests_that_differ_in_their_method_are_no_retries_of_each_other() -> None:
    """A DELETE after a GET that failed is a first attempt."""
    with intercept() as llm, httpx.Client() as client:
        llm.on(url="/v1/files").reply(api_error(500), raw(FILE), raw(FILE))
        client.get(FILES)
        client.delete(FILES)
        client.get(FILES)
    assert [call.attempt for call in llm.calls] == [1, 1, 2]


def test_scripts_times_and_nested_blocks_work_as_ever() -> None:
    """The inner block is asked first; a script runs out with an error; `times` steps aside."""
    with pytest.raises(UnmatchedRequestError, match="no reply left"), intercept() as outer, httpx.Client() as client:
        outer.on(url="/v1/files").reply(raw({"n": 1}), raw({"n": 2}))
        with intercept("hi") as inner:
            inner.on(url="/v1/files").reply(raw({"n": 0}), times=1)
            assert [client.get(FILES).json()["n"] for _ in range(3)] == [0, 1, 2]
            assert client.get(FILES).status_code == 404
    assert [call.source for call in outer.calls] == ["rule", "rule", "unmatched"]


def test_a_rule_that_no_request_used_is_told() -> None:
    """`all_used` counts it."""
    with pytest.raises(UnusedRuleError, match="url='/v1/files'"), intercept(all_used=True) as llm:
        llm.on(url="/v1/files").reply(raw(FILE))


def test_a_rule_goes_before_a_tape_and_the_tape_before_a_miss(server: Any, tmp_path: Any) -> None:
    """What was recorded of any path plays, streamed or not; a rule answers first."""
    url = f"{server.url}/v1/files"
    with intercept(mode="record", recordings=tmp_path / "tape"), httpx.Client() as client:
        client.post(url, json={"a": 1})
    with intercept(mode="replay", recordings=tmp_path / "tape") as llm, httpx.Client() as client:
        assert client.post(url, json={"a": 1}).json() == {"a": 1}
        llm.on(url="/v1/files").reply(raw(FILE))
        assert client.post(url, json={"a": 1}).json() == FILE
    assert [call.source for call in llm.calls] == ["recording", "rule"]
    assert len(server.requests) == 1


def test_every_door_answers(is_async: bool) -> None:
    """A transport answers as a block does."""
    llm = Interceptor()
    llm.on(url="/v1/files").reply(raw(FILE))
    transport = InterceptTransport(interceptor=llm)

    async def run() -> Any:
        client: Any = (httpx.AsyncClient if is_async else httpx.Client)(transport=transport)
        return await maybe(client.get(FILES))

    assert complete(run(), is_async=is_async).json() == FILE


def test_what_an_api_cannot_read_is_answered_by_what_needs_no_reading() -> None:
    """A text means the API's own requests, and is passed over; a ready body that names the path answers."""
    url = f"{HOST}/chat/completions"
    with (
        pytest.raises(UnmatchedRequestError, match="not a JSON object"),
        intercept("hi") as llm,
        httpx.Client() as client,
    ):
        text = llm.on(url="/chat/completions").reply("text")
        assert client.post(url, content=b"[]").status_code == 404
        llm.on(url="/chat/completions").reply(raw({"mine": 1}))
        assert client.post(url, content=b"[]").json() == {"mine": 1}
        assert text.used == 0


# --- paths of other hosts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/files/a?x=1", "/blobs/7", "/api/tags"])
def test_a_rule_answers_a_path_that_it_names_whatever_the_host(family: str, is_async: bool, path: str) -> None:
    """A local server's, another service's: JSON or bytes."""
    url = "http://llm.test:8080" + path
    with intercept("hi", network="none", all_used=True) as llm:
        llm.on(url=path.partition("?")[0]).reply(raw(b"mine", headers={"content-type": "text/plain"}))
        assert sent(family, is_async, "PUT", url, content=b"x").text == "mine"
    assert [(call.source, call.request.content) for call in llm.calls] == [("rule", b"x")]


@pytest.mark.parametrize(
    "rule",
    [
        lambda llm: llm.reply(raw(FILE)),
        lambda llm: llm.on(url="/v1/files").reply("text"),
        lambda llm: llm.on(url="/v1/files").reply(auto()),
        lambda llm: llm.on(url="127.0.0.1").reply(raw(FILE)),
        lambda llm: llm.on(headers={"accept": "*/*"}).reply(raw(FILE)),
        lambda llm: llm.on(lambda request: True).reply(raw(FILE)),
        lambda llm: llm.on(api="*").reply(raw(FILE)),
        lambda llm: llm.on("weather", url="/v1/files").reply(raw(FILE)),
        lambda llm: llm.on(url="/v1/files").reply(raw(FILE), times=1),
    ],
)
def test_other_traffic_goes_its_way(server: Any, rule: Any) -> None:
    """Where no rule names the path of another host and has a ready answer for it, nothing changes."""
    with intercept() as llm, httpx.Client() as client:
        made = rule(llm)
        if made.at_most:
            assert client.get(f"{server.url}/v1/files").json() == FILE
        assert client.get(f"{server.url}/v1/files").content == b""
    assert [one.path for one in server.requests] == ["/v1/files"]
    assert (made.used, llm.unmatched) == (made.at_most or 0, [])


def test_a_rule_may_let_out_what_it_names(server: Any) -> None:
    """`passthrough()` sends it on, and lists it."""
    with intercept() as llm, httpx.Client() as client:
        llm.on(url="/v1/files").reply(passthrough())
        assert client.get(f"{server.url}/v1/files").content == b""
    assert [call.source for call in llm.calls] == ["live"]


def test_nothing_else_leaves_where_nothing_may() -> None:
    """A rule changes nothing of `network="none"` for other paths."""
    with intercept(network="none") as llm, httpx.Client() as client:
        llm.on(url="/v1/files").reply(raw(FILE))
        assert client.get("http://llm.test/v1/files").json() == FILE
        with pytest.raises(httpx.ConnectError, match="network='none'"):
            client.get("http://llm.test/v1/other")


# --- what nothing answers ----------------------------------------------------------------------------------------------

NAMED = [
    ("GET", "/files", "files"),
    ("POST", "/files", "files"),
    ("GET", "/files/file-1", "files"),
    ("GET", "/files/file-1/content", "files"),
    ("DELETE", "/files/file-1", "files"),
    ("POST", "/uploads/upload_1/parts", "uploads"),
    ("POST", "/batches", "batches"),
    ("GET", "/batches?limit=2&after=batch_1", "batches"),
    ("POST", "/audio/speech", "speech"),
    ("POST", "/audio/transcriptions", "transcriptions"),
    ("POST", "/audio/translations", "translations"),
    ("POST", "/videos", "videos"),
    ("GET", "/videos/video_1/content", "videos"),
    ("POST", "/fine_tuning/jobs", "fine-tuning"),
    ("GET", "/fine_tuning/jobs/ftjob-1/events", "fine-tuning"),
    ("POST", "/vector_stores", "vector stores"),
    ("GET", "/vector_stores/vs_1/files", "vector stores"),
    ("POST", "/assistants", "assistants"),
    ("POST", "/threads/thread_1/runs", "threads"),
    ("POST", "/containers", "containers"),
    ("GET", "/containers/cntr_1/files/cfile_1/content", "containers"),
    ("POST", "/evals", "evals"),
    ("POST", "/realtime/client_secrets", "realtime"),
    ("POST", "/realtime/sessions", "realtime"),
    ("GET", "/organization/users", "administration"),
]


def advised(message: str) -> str:
    """Read the rule that a message shows."""
    found = re.search(r"^To answer it: (llm\.on\(.*\)\.reply\(.*\))$", message, re.MULTILINE)
    assert found is not None, message
    return found[1]


@pytest.mark.parametrize(("method", "path", "words"), NAMED)
@pytest.mark.parametrize("base", [HOST, "https://it.openai.azure.com/openai/v1", "https://it.openai.azure.com/openai"])
def test_what_nothing_answers_names_the_api_and_shows_the_rule_that_works(
    method: str, path: str, words: str, base: str
) -> None:
    """The message names the API; the rule it shows, run as it is printed, answers the request."""
    owner = "OpenAI's" if base == HOST else "Azure's"
    with pytest.raises(UnmatchedRequestError) as caught, intercept("hi") as llm, httpx.Client() as client:
        refused = client.request(method, base + path)
    message = str(caught.value)
    assert f"by itself, which is {owner} {words} API." in message
    assert refused.json()["error"]["message"] == message
    assert str(llm.calls[0].request.api).startswith("openai.")
    with intercept("hi", all_used=True) as llm, httpx.Client() as client:
        rule = eval(advised(message), {"llm": llm, **vars(llm_intercept), "raw": raw})
        answer = client.request(method, base + path)
    assert (answer.status_code, rule.used, bool(answer.content)) == (200, 1, True)


@pytest.mark.parametrize(
    "url",
    [
        ANTHROPIC + "-x",
        GEMINI.replace("files", "a"),
        f"{HOST}/anything",
        "https://api.openai.com/",
        f"{HOST}/x/sk-{'a1B2' * 10}",
    ],
)
def test_another_path_shows_the_rule_that_works_too(url: str) -> None:
    """Of an API that nobody knows nothing is said; a key in the path is not shown, and the rule works."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept("hi"), httpx.Client() as client:
        client.get(url)
    assert "which is" not in str(caught.value)
    assert "a1B2a1B2" not in str(caught.value)
    with intercept() as llm, httpx.Client() as client:
        eval(advised(str(caught.value)), {"llm": llm, "raw": raw})
        assert client.get(url).json() == {}


def test_the_rules_that_could_have_meant_it_are_shown() -> None:
    """Those about HTTP, with what they expected; conversations' rules are not."""
    with pytest.raises(UnmatchedRequestError) as caught, intercept("hi") as llm, httpx.Client() as client:
        llm.on("weather").reply("x")
        llm.on(url="/v1/flies").reply(raw(FILE))
        llm.on(headers={"x-a": "b"}).reply("text")
        client.get(FILES)
    message = str(caught.value)
    assert "on(url='/v1/flies')" in message
    assert "nobody here knows this API" in message
    assert "weather" not in message


def test_an_interceptor_without_a_block_is_the_same() -> None:
    """Also where several tasks ask at once."""
    llm = Interceptor()
    llm.on(url="/v1/files").reply(raw(FILE))

    async def run() -> list[Any]:
        async with httpx.AsyncClient(transport=InterceptTransport(interceptor=llm)) as client:
            return await asyncio.gather(*(client.get(FILES) for _ in range(5)))

    assert [one.json() for one in asyncio.run(run())] == [FILE] * 5
