"""`llm-intercept recordings verify` asks the real API again, which is a server of our own here, and compares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner

from llm_intercept import Interceptor, Reply, api_error, intercept, raw, tool_call
from llm_intercept.base.dummy_keys import AMAZON, DUMMY, VARIABLES
from llm_intercept.cli.app import app
from llm_intercept.dialects import all_dialects, all_keys, dialect_of
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.take import Take, TakeRequest, TakeResponse, read_take, write_take
from llm_intercept.tapetools.answer_shape import Shape, shape_changes
from llm_intercept.tapetools.keys_at_hand import MissingKeyError, key_headers, may_have_key
from llm_intercept.tapetools.verifying import changes_in, why_not

if TYPE_CHECKING:
    from pathlib import Path

serve = pytest.importorskip("llm_intercept.server.running", reason="the extra `serve` is not installed").serve

HI = [{"role": "user", "content": "hi"}]
TOOL = {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}}
MESSAGES = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": HI, "tools": [
    {"name": "look", "input_schema": TOOL["parameters"]}]}  # fmt: skip
CHAT = {"model": "gpt-4o", "messages": HI, "tools": [{"type": "function", "function": TOOL}]}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "tools": [{"functionDeclarations": [TOOL]}]}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "openai.chat": ("/v1/chat/completions", CHAT),
    "openai.chat stream": ("/v1/chat/completions", {**CHAT, "stream": True}),
    "openai.responses stream": (
        "/v1/responses",
        {"model": "gpt-4o", "input": "hi", "stream": True, "tools": [{"type": "function", **TOOL}]},
    ),
    "anthropic.messages": ("/v1/messages", MESSAGES),
    "anthropic.messages stream": ("/v1/messages", {**MESSAGES, "stream": True}),
    "google.gemini": ("/v1beta/models/gemini-2.5-flash:generateContent", GEMINI),
    "google.gemini stream": ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", GEMINI),
    "ollama.chat stream": ("/api/chat", {"model": "llama3.2", "messages": HI, "tools": CHAT["tools"]}),
    "cohere.chat stream": ("/v2/chat", {"model": "command-a-03-2025", "messages": HI, "stream": True, "tools": CHAT["tools"]}),
    "bedrock.converse": (
        "/model/amazon.nova-lite-v1:0/converse",
        {"messages": [{"role": "user", "content": [{"text": "hi"}]}], "toolConfig": {"tools": [
            {"toolSpec": {"name": "look", "inputSchema": {"json": TOOL["parameters"]}}}]}},
    ),
}  # fmt: skip


class World:
    """A tape, the server that it was recorded from, and the command."""

    def __init__(self, llm: Interceptor, url: str, tape: Path, now: list[Any]) -> None:
        self.llm, self.url, self.tape, self.now = llm, url, tape, now

    def record(self, *names: str) -> None:
        with intercept(mode="record", recordings=self.tape), httpx.Client(base_url=self.url) as client:
            for name in names:
                path, body = ASKED[name]
                assert client.post(path, json=body).is_success, name

    def verify(self, *arguments: str, status: int = 0, **options: Any) -> str:
        result = CliRunner().invoke(app, ["recordings", "verify", str(self.tape), *arguments], **options)
        assert result.exit_code == status, (result.output, result.exception)
        return result.output


@pytest.fixture(scope="module")
def api():
    """An API, and what it answers now."""
    llm, now = Interceptor(), list[Any]()
    llm.on(lambda _: True).reply(lambda _: now[0])
    with serve(llm) as url:
        yield llm, url, now


@pytest.fixture
def world(api, tmp_path, monkeypatch):
    """An API that says hello, until a test wants something else."""
    monkeypatch.delenv("CI", raising=False)
    llm, url, now = api
    now[:] = ["Hello."]
    return World(llm, url, tmp_path / "tape", now)


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_an_api_that_answers_as_it_did_is_the_same_and_what_is_another_is_told(world):
    """Of every API, as JSON and as a stream: another finish reason, a tool that was not called; the tape stays as it is."""
    world.record(*ASKED)
    before = bytes_in(world.tape)
    told = world.verify("--yes")
    assert f"{len(ASKED)} requests to {world.url.removeprefix('http://')}" in told
    assert "without a key" in told
    assert "As recorded they cost about $0.0" in told
    assert f"{len(ASKED)} requests: {len(ASKED)} same" in told
    world.now[:] = [Reply("Hello", finish_reason="length")]
    told = world.verify("--yes", status=1)
    assert told.count("finish reason: stop became length") == len(ASKED)
    assert f"{len(ASKED)} requests: {len(ASKED)} changed" in told
    assert f"LLM_INTERCEPT=record LLM_INTERCEPT_RECORDINGS={world.tape} <the program>" in told
    assert bytes_in(world.tape) == before


def test_another_tool_is_told_and_what_it_is_given_is_not(world):
    """The model chooses the arguments, also where the API has them as an object."""
    names = ("openai.chat", "anthropic.messages", "anthropic.messages stream", "google.gemini", "bedrock.converse")
    world.now[:] = [tool_call("look", at="a")]
    world.record(*names)
    world.now[0] = tool_call("look")
    assert "5 requests: 5 same" in world.verify("--yes")
    world.now[0] = "Nothing to look at."
    assert world.verify("--yes", status=1).count("tools called: look became none") == 5


def test_what_the_api_refuses_or_does_not_answer_is_told_apart(world):
    """A model that is gone is a change; a wrong key, a limit and a server that failed say nothing of the API."""
    world.record("openai.chat")
    world.now[0] = api_error(404)
    assert "status 200 became 404: " in world.verify("--yes", status=1)
    world.now[0] = api_error(429)
    assert "not answered: " in world.verify("--yes", status=2)
    world.now[0] = api_error(401)
    told = json.loads(world.verify("--yes", "--json", status=2).partition("{")[2].join(("{", "")))
    assert told["outcomes"] == {"not answered": 1}
    assert told["takes"][0]["why"].startswith("401: ")


def test_nothing_is_sent_unasked(world, monkeypatch):
    """Neither without a yes, nor in CI; a look at the tape is no request."""
    world.record("openai.chat", "anthropic.messages")
    count = len(world.llm.calls)
    assert "Send them?" in world.verify(status=2, input="n\n")
    monkeypatch.setenv("CI", "true")
    assert "to send all the same: --in-ci --yes" in world.verify("--yes", status=2)
    assert len(world.llm.calls) == count
    assert "2 requests: 2 same" in world.verify("--in-ci", "--yes")


def test_some_takes_alone_are_sent(world):
    """By a name, by a model, so many at the most."""
    world.record("openai.chat", "anthropic.messages", "google.gemini")
    assert "1 request: 1 same" in world.verify("--yes", "--model", "claude-*")
    assert "2 requests: 2 same" in world.verify("--yes", "--limit", "2")
    (world.tape / "001-x-000000000000.json").write_text("{")
    assert "1 take cannot be sent again: it is damaged: it is not JSON" in world.verify("--yes", "--limit", "1")
    name = next(world.tape.glob("001-hi*")).stem
    assert "1 request: 1 same" in world.verify("--yes", "--take", name)
    assert "no take has 'zzz' in its name" in world.verify("--yes", "--take", "zzz", status=2)


def test_the_key_goes_in_the_header_that_is_given(world):
    """To one host; and a block around us does not answer it."""
    world.record("openai.chat")
    with intercept("not this"):
        world.verify("--yes", "--header", "X-Key: 1")
    assert world.llm.calls[-1].request.headers["x-key"] == "1"
    assert "is not 'NAME: VALUE'" in world.verify("--header", "x", status=2)
    assert "'X-Key' cannot be sent" in world.verify("--header", "X-Key: top\rsecret", status=2)


def test_nobody_is_told_the_key_but_the_api(world):
    """Not who reads what went wrong, also where the API says it back."""
    world.record("openai.chat")
    key = "hush-hush-1234567890"
    for status, ends in ((401, 2), (404, 1)):
        world.now[0] = api_error(status, message=f"No good: {key} ({key!r}), Bearer {key}.")
        told = world.verify("--yes", "--header", f"X-Key: {key}", status=ends)
        assert "No good: [redacted]" in told
        assert key not in told


def test_an_edited_take_does_not_say_to_whom_the_key_goes(world):
    """Neither by a header of any case, nor by a user in the URL, which would take the key's place."""
    world.record("openai.chat")
    (path,) = world.tape.glob("001-*.json")
    take = read_take(path.read_bytes(), path.name)
    headers = {"Host": "evil.example", "Content-Length": "9", "AUTHORIZATION": "Bearer other"}
    url = take.request.url.replace("http://", "http://api.openai.com:x@")
    edited = take.model_copy(update={"request": take.request.model_copy(update={"headers": headers, "url": url})})
    path.write_bytes(write_take(edited))
    told = world.verify("--yes", "--header", "Authorization: Bearer mine")
    assert "api.openai.com" not in told
    sent = world.llm.calls[-1].request.headers
    assert (sent["host"], sent["authorization"]) == (world.url.removeprefix("http://"), "Bearer mine")


def test_each_maker_says_where_its_key_is():
    """Of its own host; all variables for which a dummy stands in are among them, and a dummy is no key."""
    for one in all_dialects():
        assert not one.home or any(key.is_of(one.home) for key in all_keys()), one.name
    known = {key.variables for key in all_keys()}
    assert {name for names in VARIABLES for name in names} <= {name for names in known for name in names}
    assert key_headers("api.openai.com", {"OPENAI_API_KEY": "k"}) == ({"authorization": "Bearer k"}, "OPENAI_API_KEY")
    assert key_headers("api.anthropic.com", {"ANTHROPIC_AUTH_TOKEN": "t"})[0] == {"authorization": "Bearer t"}
    told = r"api\.openai\.com asks for a key: set OPENAI_API_KEY, or give it with --header 'authorization: Bearer …'"
    with pytest.raises(MissingKeyError, match=told):
        key_headers("api.openai.com", {"OPENAI_API_KEY": DUMMY})
    assert key_headers("api.openai.com", {"OPENAI_API_KEY": "k\n"})[0] == {"authorization": "Bearer k"}
    with pytest.raises(
        MissingKeyError, match=r"^the key in OPENAI_API_KEY cannot be sent: it has letters that no header has$"
    ):
        key_headers("api.openai.com", {"OPENAI_API_KEY": "top\rsecret"})
    with pytest.raises(
        MissingKeyError, match=r"nobody here knows where programs have their key for api\.openai\.com\.evil\.example"
    ):
        key_headers("api.openai.com.evil.example", {"OPENAI_API_KEY": "k"})
    assert AMAZON[0] not in {name for names in known for name in names}


KEYS = {variable: f"key of {variable}" for key in all_keys() for variable in key.variables}
ANYBODYS = [
    *(f"evil{end}" for key in all_keys() for end in key.tenants),
    "adb-1234567890123456.7.azuredatabricks.net",
    "gateway.example:8443",
    "api.openai.com.evil.example",
    "bedrock-runtime-evil.s3.amazonaws.com",
    "bedrock-runtime.s3-us-west-2.amazonaws.com",
    "bedrock-runtime-1.us-east-1.elb.amazonaws.com",
    "evil.example.api.openai.com",
]


@pytest.mark.parametrize("host", ANYBODYS)
def test_a_tape_alone_sends_no_key_to_a_host_that_anybody_can_have(host):
    """Though all keys are set, and whichever way a key is given."""
    with pytest.raises(MissingKeyError, match=r"--host "):
        key_headers(host, KEYS)
    assert not may_have_key(host, KEYS, ())
    assert not may_have_key(host, {**KEYS, "OPENAI_BASE_URL": f"https://my{host}/v1"}, {f"my{host}"})


@pytest.mark.parametrize("key", all_keys())
def test_a_host_that_the_environment_or_the_user_names_gets_its_key(key):
    """A gateway, a customer's own host; not the dummy, and not another customer's."""
    for address in key.addresses:
        for said in ("https://mine.example:8443/v1", "mine.example:8443", " https://mine.example "):
            mine = {variable: KEYS[variable] for variable in key.variables}
            headers, variable = key_headers("mine.example:8443", {**mine, address: said})
            assert headers == {key.header: key.form.format(f"key of {variable}")}
            assert may_have_key("mine.example", {address: said}, ())
    for end in key.tenants:
        assert key_headers(f"mine{end}", KEYS, {f"mine{end}"}) == key_headers(
            f"mine{end}", {**KEYS, key.addresses[0]: f"https://mine{end}"}
        )
        told = rf"^mine{end} may be anybody's, .*set {key.addresses[0]} or .*, or say --host mine{end}$"
        with pytest.raises(MissingKeyError, match=told):
            key_headers(f"mine{end}", {**KEYS, key.addresses[0]: "https://[other"}, {f"other{end}"})


def test_the_command_sends_a_key_where_somebody_but_the_tape_says_so(tmp_path, monkeypatch):
    """With --yes too, and with --header; nothing is sent where it says no."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    monkeypatch.delenv("AZURE_OPENAI_ENDPOINT", raising=False)
    url = "https://evil.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21"
    (tmp_path / f"001-hi-{'0' * 12}.json").write_bytes(write_take(taken(url, CHAT)))

    def told(*more: str, status: int) -> str:
        result = CliRunner().invoke(app, ["recordings", "verify", str(tmp_path), *more], input="n\n")
        assert result.exit_code == status, result.output
        return result.output

    assert "evil.openai.azure.com may be anybody's" in told("--yes", status=2)
    assert "only a tape names. If it may: --host evil.openai.azure.com." in told(
        "--yes", "--header", "api-key: k", status=2
    )
    assert "with the key in AZURE_OPENAI_API_KEY" in told("--host", "evil.openai.azure.com", status=2)
    assert "with the key in --header" in told("--host", "evil.openai.azure.com", "--header", "api-key: k", status=2)


def taken(url: str, body: Any = None, *, method: str = "POST", **more: Any) -> Take:
    request = TakeRequest(method=method, url=url, body=body, text=more.pop("text", None))
    return Take(fingerprint="0" * 64, request=request, response=TakeResponse(status=200, body={}), **more)


OPENAI = "https://api.openai.com/v1/"
NOT_AGAIN = [
    (taken(f"{OPENAI}chat/completions", CHAT, partial="it broke off"), "not whole"),
    (taken(f"{OPENAI}chat/completions", {**CHAT, "user": "[redacted]"}), "redaction took something out"),
    (taken(f"{OPENAI}responses", {"model": "gpt-4o", "input": "hi", "previous_response_id": "resp_1"}), "continues an answer"),
    (taken(f"{OPENAI}responses/resp_1", method="GET"), "stored response"),
    (taken(f"{OPENAI}conversations", {}), "conversation that the API keeps"),
    (taken(f"{OPENAI}chat/completions/chatcmpl-1", method="GET"), "stored completion"),
    (taken(f"{OPENAI}chat/completions".replace("https", "http"), CHAT), "asked without encryption"),
    (taken("http://gateway.example:4000/v1/chat/completions", CHAT), "--unencrypted"),
    (taken(f"{OPENAI}files", text="--x"), "nobody here knows its API"),
    (taken("https://api.anthropic.com/v1/messages/batches", {"requests": []}), "a batch"),
    (taken("https://gateway.example/v1/files/file-1", method="DELETE"), "nobody here knows its API"),
    (taken("https://gateway.example/v1/files/file-1", method="GET"), "may be gone by then"),
    (taken("https://gateway.example/orders", method="GET"), "nobody here knows its API"),
]  # fmt: skip


@pytest.mark.parametrize(("take", "why"), NOT_AGAIN)
def test_what_cannot_be_sent_again_is_told_why(take, why):
    """And is not sent."""
    assert why in why_not(take)


def test_what_can_be_sent_is():
    """Also a question that the API refused."""
    assert why_not(taken(f"{OPENAI}chat/completions", CHAT)) == ""
    assert why_not(taken(f"{OPENAI}chat/completions", {"messages": 3})) == ""
    assert why_not(taken(f"{OPENAI}models", method="GET")) == ""
    assert why_not(taken("http://[::1]:4000/v1/chat/completions", CHAT)) == ""
    assert why_not(taken("http://gateway.example/v1/chat/completions", CHAT), unencrypted=True) == ""
    for path in ("v1/models", "api/v1/models/llama", "api/tags"):
        assert why_not(taken(f"https://gateway.example/{path}", method="GET")) == ""


def shape(*values: Any) -> Shape:
    made = Shape()
    for value in values:
        made.add(value, frozenset({"input"}))
    return made


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ({"a": 1, "b": "x"}, {"a": 2.5, "b": "y"}, []),
        ({"a": 1}, {"a": "1"}, ["$.a: number became text"]),
        ({"a": 1}, {"b": 1}, ["$.a is gone", "$.b is new"]),
        ({"a": [{"b": 1}, {"c": 1}]}, {"a": [{"b": 1, "c": 2}]}, []),
        ({"a": [{"b": 1}]}, {"a": []}, []),
        ({"a": {"b": 1}}, {"a": None}, ["$.a: object became null"]),
        ({"input": {"b": 1}}, {"input": {"c": 1}}, []),
        ({"a": "[redacted]"}, {"a": 7}, []),
        ({"a": [{"b": True}]}, {"a": [{"b": 1}]}, ["$.a[*].b: true or false became number"]),
    ],
)
def test_a_shape_is_fields_and_types(was, now, said):
    """Not values, not how many there are; where redaction was, nothing is known."""
    assert list(shape(was).changes(shape(now))) == said


def events(*kinds: dict[str, Any]) -> TakeResponse:
    listed = [{"gap_ms": 0, "data": one} for one in kinds]
    return TakeResponse.model_validate(
        {"status": 200, "headers": {"content-type": "text/event-stream"}, "events": listed}
    )


def test_events_are_compared_by_kind_and_order():
    """How often one comes in a row does not count; a ping comes when it comes."""
    dialect = dialect_of(
        WireRequest("POST", "https://api.anthropic.com/v1/messages", "api.anthropic.com", "/v1/messages", {})
    )
    said, more = {"type": "content_block_delta", "delta": {"text": "a"}}, {"type": "message_stop"}
    assert list(shape_changes(events(said, said, more), events(said, {"type": "ping"}, more), dialect)) == []
    assert list(shape_changes(events(said, more), events(said), dialect)) == [
        "events: after content_block_delta came message_stop; now nothing more"
    ]
    changed = {"type": "content_block_delta", "delta": {"text": "a", "id": 1}}
    assert list(shape_changes(events(said), events(changed), dialect)) == ["content_block_delta: $.delta.id is new"]
    both = [{**one, "more": 1} for one in (said, more)]
    assert list(shape_changes(events(said, more), events(*both), dialect)) == [
        "content_block_delta, message_stop: $.more is new"
    ]


def test_another_kind_of_answer_is_told(world):
    """JSON where events came."""
    world.record("openai.chat stream")
    (file,) = world.tape.iterdir()
    take = read_take(file.read_bytes(), file.name)
    dialect = dialect_of(WireRequest("POST", world.url, "127.0.0.1", "/v1/chat/completions", {}))
    body = TakeResponse(status=200, headers={"content-type": "application/json"}, body={"id": "x"})
    assert "content type text/event-stream became application/json" in list(changes_in(take.response, body, dialect))
    world.now[0] = raw({"id": "x"}, status=418)
    assert "status 200 became 418" in world.verify("--yes", status=1)


def test_all_keys_that_are_missing_are_told_at_once(tmp_path, monkeypatch):
    """Before anything is sent; another's key is not taken for it."""
    for name in ("CI", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "OPENAI_API_KEY", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    for number, url in enumerate(
        ("https://api.anthropic.com/v1/messages", "https://api.groq.com/openai/v1/chat/completions"), 1
    ):
        (tmp_path / f"00{number}-hi-{'0' * 12}.json").write_bytes(write_take(taken(url, CHAT)))
    result = CliRunner().invoke(app, ["recordings", "verify", str(tmp_path), "--yes"])
    assert result.exit_code == 2
    assert "set ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN, or" in result.output
    assert "set GROQ_API_KEY, or" in result.output
    result = CliRunner().invoke(app, ["recordings", "verify", str(tmp_path), "--header", "x-api-key: k"])
    assert "these would get it: api.anthropic.com, api.groq.com" in result.output
