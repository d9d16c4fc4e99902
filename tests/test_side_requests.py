"""Side requests: what frameworks ask beside the model is answered, listed apart, and no reason for a test to fail."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from anthropic import Anthropic
from openai import OpenAI

from llm_intercept import InterceptTransport, api_error, intercept, raw, timeout
from llm_intercept.dialects import claimed_by
from llm_intercept.dialects.side.table import TABLE
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.model.wire import WireRequest
from tests.support import ask

TRACES = "https://api.openai.com/v1/traces/ingest"
TRACE = {"data": [{"object": "trace", "id": "trace_1", "workflow_name": "mine"}]}
OPENAI = "https://api.openai.com/v1/responses/input_tokens"
COUNTERS: dict[str, Any] = {
    OPENAI: {"model": "gpt-4o", "input": "How are you?"},
    "https://api.anthropic.com/v1/messages/count_tokens?beta=true": {
        "model": "claude-sonnet-4-5",
        "messages": [{"role": "user", "content": "How are you?"}],
    },
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:countTokens": {
        "contents": [{"role": "user", "parts": [{"text": "How are you?"}]}]
    },
}
SAID = {"input": "instructions", "messages": "system", "contents": "systemInstruction"}
"""Where each API has the conversation, and what is said before it."""


def post(url: str, body: Any = TRACE) -> httpx.Response:
    return httpx.post(url, json=body, headers={"authorization": "Bearer sk-real"})


def counted(response: httpx.Response) -> int:
    body = response.json()
    return int(body.get("input_tokens", body.get("totalTokens")))


@pytest.mark.parametrize("url", [TRACES, *COUNTERS])
def test_a_side_request_is_answered_and_counts_nowhere(family, is_async, make_case, url):
    """In no list, sum, budget or limit; it meets no chaos, and takes no reply of a script."""
    case = make_case(family, is_async, False)
    with intercept(all_used=True) as llm:
        llm.budget(calls=2, tokens=40)
        llm.rate_limit(requests_per_minute=2)
        llm.reply("1", "2")
        for said in ("1", "2"):
            assert case.send(COUNTERS.get(url, TRACE), url=url).status_code in {200, 204}
            assert case.text(case.post()) == said
    assert [call.source for call in llm.calls] == ["rule", "rule"]
    assert [call.source for call in llm.side_calls] == ["side", "side"]
    with intercept() as llm:
        chaos = llm.chaos(rate=1, kinds=[timeout()])
        assert case.send(COUNTERS.get(url, TRACE), url=url).status_code in {200, 204}
    assert chaos.seen == 0


@pytest.mark.parametrize("url", COUNTERS)
def test_a_counter_counts_what_is_said(url):
    """More text, a system prompt and tools are more tokens; the same request has the same number."""
    body = COUNTERS[url]
    key = next(key for key in SAID if key in body)
    system: Any = {"parts": [{"text": "Be kind."}]} if key == "contents" else "Be kind."
    with intercept("x"):
        base = counted(post(url, body))
        assert 3 <= base <= 12
        assert counted(post(url, body)) == base
        assert counted(post(url, {**body, key: body[key] * 50})) > 15 * base
        assert counted(post(url, {**body, SAID[key]: system})) > base
        tool = {"name": "get_weather", "input_schema": {"type": "object"}}
        offered = {"functionDeclarations": [{"name": "get_weather"}]} if key == "contents" else tool
        assert counted(post(url, {**body, "tools": [offered]})) > base


def test_a_counter_reads_the_request_that_google_wraps():
    """The count of the whole request is that of its contents."""
    url, body = list(COUNTERS.items())[2]
    with intercept("x"):
        assert counted(post(url, {"generateContentRequest": body})) == counted(post(url, body))


def test_the_sdks_read_the_counters():
    """Each its own shape."""
    messages: Any = [{"role": "user", "content": "How are you?"}]
    with intercept("x") as llm:
        counts = OpenAI(api_key="none").responses.input_tokens.count(model="gpt-4o", input="How are you?")
        assert (counts.object, counts.input_tokens) == ("response.input_tokens", 11)
        client = Anthropic(api_key="none")
        assert client.messages.count_tokens(model="claude-opus-4-6", messages=messages).input_tokens == 12
        assert client.beta.messages.count_tokens(model="claude-opus-4-6", messages=messages).input_tokens == 12
    assert {call.request.api for call in llm.side_calls} == {"side.tokens"}
    assert llm.calls == []


def test_what_a_request_continues_is_counted_as_its_answer_reports_it():
    """Turns before, by an id or as they are; an id that nobody here knows counts nothing."""
    client = OpenAI(api_key="none")
    asked: dict[str, Any] = {"model": "gpt-4o", "instructions": "Be kind."}
    with intercept("a long answer to count") as llm:
        first = client.responses.create(**asked, input="a long question")
        given: list[dict[str, Any]] = [
            {"input": "more", "previous_response_id": first.id},
            {"input": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        ]
        for more in given:
            count = client.responses.input_tokens.count(**asked, **more).input_tokens
            assert count == client.responses.create(**asked, **more).usage.input_tokens
        known, unknown, alone = (
            client.responses.input_tokens.count(**asked, input="more", previous_response_id=one).input_tokens
            for one in (first.id, "resp_nobody", None)
        )
    assert known > unknown == alone
    assert len(llm.calls) == 3
    assert len(llm.side_calls) == 5


def test_a_rule_that_means_it_answers_a_side_request():
    """By `api=` or the end of the path; others are passed over."""
    with intercept("x") as llm:
        llm.on(api="side.tokens").reply(raw({"object": "response.input_tokens", "input_tokens": 7}))
        llm.on(url="*/traces/ingest").reply(raw(b"no", status=503))
        assert counted(post(OPENAI, COUNTERS[OPENAI])) == 7
        assert post(TRACES).status_code == 503
    assert [call.source for call in llm.side_calls] == ["rule", "rule"]


@pytest.mark.parametrize("url", [TRACES, *COUNTERS])
def test_a_side_request_fails_as_a_rule_says(url):
    """By whatever client."""
    with intercept("x") as llm:
        llm.on(api="side.*").reply(api_error(503))
        assert post(url, COUNTERS.get(url, TRACE)).status_code == 503


@pytest.mark.parametrize("let_out", [{"unmatched": "passthrough"}, {"passthrough": ["api.openai.com/v1/traces/*"]}])
def test_a_side_request_goes_out_where_it_is_let_out(let_out):
    """And is listed apart all the same."""
    sent: list[httpx.Request] = []
    inner = httpx.MockTransport(lambda request: (sent.append(request), httpx.Response(200))[1])
    transport = InterceptTransport("x", inner=inner, **let_out)
    with httpx.Client(transport=transport) as client:
        assert client.post(TRACES, json=TRACE).status_code == 200
    assert json.loads(sent[0].content) == TRACE
    assert [call.source for call in transport.interceptor.side_calls] == ["live"]
    assert not transport.calls


@pytest.mark.parametrize("mode", ["replay", "record", "auto"])
def test_telemetry_is_neither_recorded_nor_missed(tmp_path, mode):
    """Its ids are others each time, and the prompts in it go nowhere."""
    inner = httpx.MockTransport(lambda _: httpx.Response(500))
    transport = InterceptTransport(inner=inner, mode=mode, recordings=tmp_path)
    with httpx.Client(transport=transport) as client:
        assert client.post(TRACES, json=TRACE).status_code == 204
    transport.interceptor.raise_unmatched()
    assert not list(tmp_path.iterdir())


def test_a_counter_is_recorded_and_replayed_and_a_miss_is_estimated(tmp_path):
    """A real number is worth more than an estimate, but a test does not fail for want of it."""
    real = {"object": "response.input_tokens", "input_tokens": 123}
    inner = httpx.MockTransport(lambda _: httpx.Response(200, json=real))
    with httpx.Client(transport=InterceptTransport(inner=inner, mode="record", recordings=tmp_path)) as client:
        assert counted(client.post(OPENAI, json=COUNTERS[OPENAI])) == 123
    with intercept(recordings=tmp_path) as llm:
        assert counted(post(OPENAI, COUNTERS[OPENAI])) == 123
        assert counted(post(OPENAI, {"model": "gpt-4o", "input": "another"})) < 10
    assert [call.source for call in llm.side_calls] == ["recording", "side"]


def test_telemetry_to_other_hosts_goes_its_way(server):
    """A collector of one's own is nobody's business here."""
    with intercept("x") as llm:
        assert post(server.url + "/v1/traces/ingest").status_code == 200
    assert len(server.requests) == 1
    assert not llm.side_calls


PATHS = ["/responses/input_tokens", "/messages/count_tokens", ":countTokens", *(row.path for row in TABLE)]
"""How the paths of side requests end."""


@pytest.mark.parametrize("ending", PATHS)
def test_a_side_request_is_claimed_by_its_whole_path_and_method(ending):
    """Nothing else of the API is taken for it."""

    def is_side(method: str, path: str) -> bool:
        dialect = claimed_by(WireRequest(method, f"https://api.openai.com{path}", "api.openai.com", path, {}))
        return dialect is not None and dialect.is_side

    path = "/v1beta/models/m" + ending
    assert is_side("POST", path)
    assert not is_side("GET", path)
    assert not is_side("POST", path[:-3])


def test_the_page_lists_them_all():
    """By their paths."""
    page = (Path(__file__).parents[1] / "docs" / "other-requests.md").read_text(encoding="utf-8")
    assert [path for path in PATHS if f"…{path}`" not in page] == []


def test_what_is_no_json_is_no_counter():
    """At a known host it is stopped, as whatever is not understood."""
    with pytest.raises(UnmatchedRequestError, match="known LLM host"), intercept("x"):
        assert httpx.post(OPENAI, content=b"{").status_code == 404
        assert ask(httpx) == "x"
