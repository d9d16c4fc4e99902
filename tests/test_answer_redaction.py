"""What redaction leaves of an answer: the model's own words, or what is told."""

from __future__ import annotations

import asyncio
import json
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from openai import OpenAI

from llm_intercept import Recordings, Redaction, Reply, intercept, tool_call
from llm_intercept.engine import loosening
from llm_intercept.errors import RedactedAnswerWarning, SettingsError
from llm_intercept.facts import RedactedFacts
from llm_intercept.recording import known_secrets
from llm_intercept.recording.audit import secrets_of
from llm_intercept.recording.bodies import Chunk, content_of
from llm_intercept.recording.known_secrets import Known
from llm_intercept.recording.sanitize import sanitize_request, sanitize_response, take_of
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.redactor import Redactor
from llm_intercept.secrets.replace import replace_secrets
from tests.support import URL, chat
from tests.test_recordings_cli import run
from tests.test_recordings_elsewhere import said, serving

if TYPE_CHECKING:
    from pathlib import Path

    from llm_intercept.recording.take import Take

RANDOM = "Zx81-hunter2Qq9w"
"""A secret of no known shape that looks like one."""
KEY = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"
WORDS = ["portal", "letmein", "correct horse battery", "hunter2", "1234", "swordfish!"]
NAMES = ["passphrase", "password", "secret", "dbPassword", "access_key", "credentials"]


def recorded(
    asked: Any, content: str, redaction: Redaction | None = None, kind: str = "application/json"
) -> tuple[Take, list[RedactedFacts]]:
    """Record an exchange; returns the take, and what is told of its answer."""
    told = list[RedactedFacts]()
    redaction = redaction or Redaction()
    request = sanitize_request("POST", URL, {}, asked, redaction)
    response = sanitize_response(
        request, 200, [("content-type", kind)], [Chunk(content.encode(), 1.0)], redaction, told.extend
    )
    return take_of(request, response, partial=None, versions={}), told


@pytest.mark.parametrize("places", [("sent", "came"), ("came", "sent"), ("known", "sent"), ("sent", "known")])
def test_of_a_secret_whose_begin_is_one_too_nothing_stays(places: tuple[str, str]) -> None:
    """Wherever each of the two stands: a session's key that the account's begins with, say."""
    rest = "-Kj7mVb2Wt"
    values = dict(zip(places, (RANDOM, RANDOM + rest), strict=True))
    known, redaction = Known(), Redaction()
    known.learn([values["known"]] if "known" in values else [])
    headers = {name: f"Bearer {values[name]}" for name in ("sent", "came") if name in values}
    asked = {"authorization": headers["sent"]} if "sent" in headers else {}
    request = sanitize_request("POST", URL, asked, chat(f"it is {RANDOM}{rest}."), redaction, known)
    came = [("content-type", "text/plain"), *((("x-api-key", values["came"]),) if "came" in values else ())]
    chunks = [Chunk(f"It is {RANDOM}{rest}.".encode(), 1.0)]
    response = sanitize_response(request, 200, came, chunks, redaction, known=known)
    assert rest not in response.model_dump_json()
    assert "came" in values or rest not in request.request.model_dump_json()


def calling(arguments: str) -> str:
    """Make an answer that calls a tool."""
    call = {"id": "c", "type": "function", "function": {"name": "login", "arguments": arguments}}
    return json.dumps(
        {"choices": [{"message": {"content": f"I call it with {arguments}", "tool_calls": [call]}}]}, indent=2
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [*WORDS, 1234, {"value": "portal"}], ids=str)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
def test_an_argument_is_the_models_word_whatever_it_is_called(
    name: str, value: Any, separators: tuple[str, str]
) -> None:
    """Whole and in pieces, the bytes are those that came, and nobody is told of anything."""
    arguments = json.dumps({"user": "ada", name: value}, separators=separators)
    content = calling(arguments)
    take, told = recorded(chat(), content)
    assert (content_of(take.response).decode(), told) == (content, [])
    pieces = [
        {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": one}}]}}]}
        for one in (arguments[:9], arguments[9:])
    ]
    stream = "".join(f"data: {json.dumps(one, separators=(',', ':'))}\n\n" for one in pieces)
    take, told = recorded(chat(), stream, kind="text/event-stream")
    assert (content_of(take.response).decode(), told) == (stream, [])
    assert secrets_of("x", take) == []


@pytest.mark.parametrize("layout", [{"separators": (",", ":")}, {}, {"indent": 2}, {"indent": 4}], ids=str)
def test_what_looks_like_a_secret_is_taken_out_and_told_and_the_rest_is_laid_out_as_it_was(
    layout: dict[str, Any],
) -> None:
    arguments = json.dumps({"user": "Zoë", "password": RANDOM, "n": [1, {"a": None}]}, **layout)
    take, told = recorded(chat(), calling(arguments))
    kept = json.loads(content_of(take.response))["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    assert kept == arguments.replace(RANDOM, MARK)
    place = "body.choices[*].message.tool_calls[*].function.arguments.password"
    assert RedactedFacts(place, "a value named 'password'") in told
    assert RANDOM not in repr(told)


def test_what_was_sent_under_a_secrets_name_is_secret_in_the_answer() -> None:
    """However plain it is under such a name, and anywhere if it looks like one; the name or the shape is told."""
    asked = chat("hello", extra={"password": "letmein", "token": RANDOM})
    take, told = recorded(asked, json.dumps({"password": "letmein", "said": f"letmein and {RANDOM}", "pwd": "other"}))
    assert json.loads(content_of(take.response)) == {"password": MARK, "said": f"letmein and {MARK}", "pwd": "other"}
    assert [one.path for one in told] == ["body.password", "body.said"]
    _, told = recorded(chat(), json.dumps({"said": f"use {KEY}"}))
    assert [str(one) for one in told] == ["body.said: sk- key"]


def test_what_is_taken_out_at_one_place_of_a_request_is_nowhere_in_it() -> None:
    """A program that got the mark in replay says the mark where it said the secret: it is the same request."""

    def turn(password: str) -> dict[str, Any]:
        call = {
            "id": "c",
            "type": "function",
            "function": {"name": "f", "arguments": json.dumps({"password": password})},
        }
        said = [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": f"in as {password}"},
        ]
        return {"model": "m", "messages": [{"role": "user", "content": "log in"}, *said]}

    was, now = (sanitize_request("POST", URL, {}, turn(one), Redaction()) for one in (RANDOM, MARK))
    assert was.key == now.key
    assert was.request == now.request
    assert RANDOM not in was.request.model_dump_json()


def test_users_say_which_names_hold_no_secret() -> None:
    redaction = Redaction(keep_fields=("Passphrase", "token"))
    body = {
        "passphrase": RANDOM,
        "nested": {"token": [RANDOM]},
        "password": RANDOM + "x",
        "text": f'token = "{RANDOM}"',
    }
    take, told = recorded({"model": "m", **body}, json.dumps(body), redaction)
    assert json.loads(content_of(take.response)) == {**body, "password": MARK}
    assert take.request.body == {"model": "m", **body, "password": MARK}
    assert [one.path for one in told] == ["body.password"]
    take, _ = recorded(chat(), json.dumps({"token": KEY}), redaction)
    assert KEY not in take.model_dump_json()
    with pytest.raises(SettingsError, match="keep_fields"):
        Redaction(fields=("Token",), keep_fields=("token",))


def upstream(*_: Any) -> Any:
    return said(calling(json.dumps({"password": RANDOM})).encode())


def test_that_an_answer_was_changed_is_told_when_the_block_ends(tmp_path: Path) -> None:
    """With the field, why, and what to do; and not at all where bodies are kept."""

    def ask(url: str) -> str:
        client = OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
        (call,) = (
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": RANDOM}])
            .choices[0]
            .message.tool_calls
            or ()
        )
        return str(call.to_dict()["function"])

    with serving(upstream) as (url, _):
        with (
            pytest.warns(
                RedactedAnswerWarning, match=r"(?s)arguments\.password: a value named 'password' \(1x\).*keep_fields"
            ),
            intercept(mode="record", recordings=tmp_path / "a"),
        ):
            assert RANDOM in ask(url)
        with intercept(mode="replay", recordings=tmp_path / "a"):
            assert MARK in ask(url)
        with warnings.catch_warnings(action="error"):
            for redaction in (None, Redaction(keep_fields=("password",))):
                tape = Recordings(tmp_path / repr(redaction)[:4], redaction=redaction)
                with intercept(mode="record", recordings=tape):
                    ask(url)
                with intercept(mode="replay", recordings=tape):
                    assert RANDOM in ask(url)
    (path,) = (tmp_path / "None").glob("*.json")
    assert "none" not in path.read_text()


def test_a_redaction_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="redaction"):
        Recordings("x", redaction="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_an_import_tells_what_it_changed_and_keeps_what_it_is_told_to(tmp_path: Path) -> None:
    request = {"method": "POST", "uri": URL, "headers": {}, "body": json.dumps(chat())}
    response = {
        "status": 200,
        "headers": {"content-type": ["application/json"]},
        "body": calling(json.dumps({"password": RANDOM})),
    }
    (tmp_path / "a.json").write_text(json.dumps({"interactions": [{"request": request, "response": response}]}))
    told = " ".join(run("import", tmp_path / "a.json", "--to", tmp_path / "one").split())
    assert "Redaction changed answers" in told
    assert "function.arguments.password: a value named 'password' (1x)" in told
    told = run("import", tmp_path / "a.json", "--to", tmp_path / "other", "--keep-field", "password")
    assert "Redaction" not in told
    assert RANDOM in next((tmp_path / "other" / "a").iterdir()).read_text()
    assert ": secret: response.body" in " ".join(run("check", tmp_path / "other", status=1).split())
    told = run("check", tmp_path / "other", "--keep-field", "password", status=1)  # it is no whole answer for the SDK
    assert "secret" not in told


@pytest.mark.parametrize(
    "mark",
    [
        "<redacted>",
        "[FILTERED]",
        "REDACTED",
        "***",
        "**REDACTED**",
        "<API_KEY>",
        "XXXXXXXX",
        "__scrubbed__",
        "Bearer <redacted>",
    ],
)
def test_the_marks_of_other_redactors_are_left_alone(mark: str) -> None:
    value = {
        "password": mark,
        "api_key": mark,
        "authorization": mark,
        "text": f"password={mark} and Authorization: {mark}",
    }
    assert Redactor().value(value) == value


@pytest.mark.parametrize(
    "name", ["xai-tmp-imgen-3a2b1c4d-aaaa-4bbb-8ccc-1234567890ab.jpeg", "xai-tmp-video-0123456789abcdef"]
)
def test_the_name_of_an_image_is_no_key(name: str) -> None:
    assert replace_secrets(f"https://imgen.x.ai/xai-imgen/{name}") == f"https://imgen.x.ai/xai-imgen/{name}"
    assert replace_secrets("xai-0123456789abcdefABCDEF01") == MARK


def test_what_rules_answer_is_never_redacted() -> None:
    with intercept(Reply(tool_call("login", password=RANDOM))):
        client = OpenAI(api_key="none")
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
    assert RANDOM in answer.to_json()


PASSWORD = "Summer2024!"
"""What systems ask of a password, and people then take."""
FOUND = {
    "a URL": f"https://ada:{PASSWORD}@h.test/x",
    "a database": f"postgres://ada:{PASSWORD}@h.test/x",
    "a name": f'password: "{PASSWORD}"',
    "JSON": json.dumps({"dbPassword": PASSWORD}),
    "a database without a user": f"redis://:{PASSWORD}@h.test:6379/0",
    "mysql": f"mysql -uroot -p{PASSWORD} shop",
    "sshpass": f"sshpass -p '{PASSWORD}' ssh ada@h.test",
    "redis-cli": f"redis-cli -h h.test -a {PASSWORD} ping",
    "curl": f"curl -u ada:{PASSWORD} https://h.test",
}
"""Where a password is told from a word, and so is known to be none."""


def answering(*pieces: str, stream: bool) -> tuple[str, str]:
    """Make an answer that says a text, whole or in pieces, and its kind."""
    if not stream:
        return json.dumps({"choices": [{"index": 0, "message": {"content": "".join(pieces)}}]}), "application/json"
    deltas = [json.dumps({"choices": [{"index": 0, "delta": {"content": one}}]}) for one in pieces]
    return "".join(f"data: {one}\n\n" for one in deltas), "text/event-stream"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("found", FOUND.values(), ids=list(FOUND))
def test_what_is_a_secret_at_one_place_is_nowhere_in_the_exchange_nor_in_what_is_asked_later(
    found: str, *, stream: bool
) -> None:
    """Where it stands alone, percent-encoded or cut in two too; and a take that is redacted again stays as it is."""
    alone = f"{PASSWORD} or {quote(PASSWORD)}, "
    for asked, text in ((chat(found), alone), (chat(f"{alone}{found}"), "ok"), (chat(), f"{alone}{found} {alone}")):
        content, kind = answering(text[:4], text[4:-5], text[-5:], stream=stream)
        known = Known()
        request = sanitize_request("POST", URL, {}, asked, Redaction(), known)
        response = sanitize_response(
            request, 200, [("content-type", kind)], [Chunk(content.encode(), 1.0)], Redaction(), known=known
        )
        take = take_of(request, response, partial=None, versions={})
        assert _parts_of(take).isdisjoint({PASSWORD, quote(PASSWORD)})
        assert secrets_of("x", take) == []
        if asked == chat():
            later = sanitize_request("POST", URL, {}, chat(f"I take {PASSWORD}."), Redaction(), known)
            again = sanitize_request("POST", URL, {}, chat(f"I take {MARK}."), Redaction(), known)
            assert (PASSWORD in later.request.model_dump_json(), later.key) == (False, again.key)


def test_so_many_secrets_are_remembered_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_secrets, "MOST", 8)
    known = Known()
    known.learn(["a word", "none"])
    assert known.secrets.literals == ()
    for number in range(12):
        known.learn([f"{RANDOM}{number}", "none"])
    left = [number for number in range(12) if f"{RANDOM}{number}" in known.secrets.literals]
    assert left == list(range(5, 12))


def _parts_of(take: Take) -> set[str]:
    """Find what a take says of a password, whole or in the pieces of a stream."""
    lines = content_of(take.response).decode().splitlines()
    deltas = [json.loads(line.removeprefix("data: "))["choices"][0] for line in lines if line.startswith("data: ")]
    texts = [take.model_dump_json(), "".join(one["delta"]["content"] for one in deltas)]
    return {one for one in (PASSWORD, quote(PASSWORD)) for text in texts if one in text}


@pytest.mark.parametrize("is_async", [False, True])
def test_what_an_answer_says_is_kept_out_of_what_is_recorded_after_it(tmp_path: Path, *, is_async: bool) -> None:
    """By all clients of a block, and the program that replays it, which is given the mark, asks what was recorded."""

    def talk(client: Any) -> Any:
        first = client.post(url, json=chat("log in")).json()["choices"][0]["message"]
        arguments = json.loads(first["tool_calls"][0]["function"]["arguments"])
        return client.post(url, json=chat(f"I said {arguments['password']}"))

    async def talk_async() -> None:
        async with httpx.AsyncClient() as client:
            first = (await client.post(url, json=chat("log in"))).json()["choices"][0]["message"]
            arguments = json.loads(first["tool_calls"][0]["function"]["arguments"])
            assert (await client.post(url, json=chat(f"I said {arguments['password']}"))).status_code == 200

    with serving(upstream) as (place, _), warnings.catch_warnings():
        warnings.simplefilter("ignore", RedactedAnswerWarning)
        url = f"{place}/v1/chat/completions"
        for mode in ("record", "replay"):
            with intercept(mode=mode, recordings=tmp_path / "tape"), httpx.Client() as client:  # type: ignore[arg-type]
                asyncio.run(talk_async()) if is_async else talk(client)
    assert not [path for path in (tmp_path / "tape").glob("*.json") if RANDOM in path.read_text()]


def test_a_program_that_has_a_secret_from_elsewhere_is_told_to_name_it(tmp_path: Path) -> None:
    """Which it says bare, in replay too, where no answer says it; named, it is played."""

    def talk(said: str) -> str:
        with httpx.Client() as client:
            client.post(url, json=chat("log in"))
            return client.post(url, json=chat(said)).text

    with serving(upstream) as (place, _), warnings.catch_warnings():
        warnings.simplefilter("ignore", RedactedAnswerWarning)
        url, tape = f"{place}/v1/chat/completions", tmp_path / "tape"
        with intercept(mode="record", recordings=tape):
            talk(f"I said {RANDOM}")
        named = Recordings(tape, redaction=Redaction(patterns=(RANDOM,)))
        with intercept(mode="replay", recordings=named):
            talk(f"I said {RANDOM}")
        for said, is_told in ((f"I said {RANDOM}", True), ("I say nothing", False)):
            with intercept(mode="replay", recordings=tape) as llm:
                assert ("Redaction(patterns=(…,))" in talk(said)) is is_told
                llm.unmatched.clear()


@pytest.mark.parametrize(
    ("was", "now", "is_marked"),
    [
        (f"a {MARK} b", "a secret b", True),
        (f"{MARK}", "s", True),
        (f"{MARK}{MARK} b {MARK}", "12 b 3", True),
        (f"a {MARK} b", "a  b", False),
        (f"a {MARK}", "a ", False),
        (f"{MARK} b", "secret c", False),
        (f"a {MARK} a", "a a", False),
        ("a b", "a b", False),
        (f"{MARK}x" * 200 + "y", "x" * 2000, False),
    ],
)
def test_a_text_is_another_one_with_marks_in_it(was: str, now: str, *, is_marked: bool) -> None:
    """It is said at once, however many there are."""
    assert loosening.is_marked(was, now) is is_marked


@pytest.mark.parametrize("header", ["x-litellm-key", "helicone-auth", "cf-aig-authorization", "x-portkey-api-key"])
def test_the_key_of_a_gateway_is_nowhere_in_the_exchange(header: str) -> None:
    """Whatever it calls the header; a word that stands there is no key."""
    for value, is_kept in ((RANDOM, False), ("none-at-all", True)):
        said = json.dumps({"error": f"bad key {value}"})
        request = sanitize_request("POST", URL, {header: f"Bearer {value}"}, chat(f"say {value}"), Redaction())
        response = sanitize_response(
            request, 401, [("content-type", "application/json")], [Chunk(said.encode(), 1.0)], Redaction()
        )
        take = take_of(request, response, partial=None, versions={}).model_dump_json()
        assert (value in take) == is_kept


def test_what_only_looks_like_a_commands_password_stays() -> None:
    for text in (
        "mysql -port 3306",
        "mysql -p shop",
        "redis-cli -a $PASSWORD",
        "sshpass -p <password>",
        "mysql -P 3306",
    ):
        assert replace_secrets(text) == text


SIGNATURE = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024"
LINKS = [
    "https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature={}",
    "https://storage.googleapis.com/b/o?X-Goog-SignedHeaders=host&X-Goog-Signature={}",
    "https://storage.googleapis.com/b/o?GoogleAccessId=x&Expires=1767225600&Signature={}",
    "https://d111.cloudfront.net/f?Expires=1767225600&Signature={}&Key-Pair-Id=K2JCJMDEHXQW5F",
    "https://x.blob.core.windows.net/c/b?sv=2022-11-02&sp=r&sig={}",
    "https://cdn.test/f?token={}",
    "https://cdn.test/f.m3u8?hdnts=exp=1767225600~acl=/*~hmac={}",
    "https://files.test/f?a=1\\u0026signature={}",
]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_that_opens_something_loses_what_opens_it(link: str) -> None:
    """In an answer and in what is sent, in prose, in a field, in JSON within a text; the rest of it stays."""
    made = link.format(SIGNATURE)
    for text in (f"see {made} .", json.dumps({"url": made}), f"[it]({made})", json.dumps({"say": json.dumps([made])})):
        clean = replace_secrets(text)
        assert SIGNATURE[:16] not in clean
        assert link.partition("?")[0] in clean
        assert replace_secrets(clean) == clean
        take, _ = recorded(chat(text), answering(text[:70], text[70:], stream=True)[0], kind="text/event-stream")
        assert SIGNATURE[:16] not in take.model_dump_json()


def test_what_a_model_signs_is_no_link() -> None:
    """A thought's signature is given back to the API, which reads it."""
    said = {"content": [{"type": "thinking", "thinking": "a", "signature": SIGNATURE}], "thoughtSignature": SIGNATURE}
    take, told = recorded(chat(), json.dumps(said))
    assert (json.loads(content_of(take.response)), told) == (said, [])
    for text in ("https://x.test/?sign=welcome-home", "&token=the_next_page", "?sig=none"):
        assert replace_secrets(text) == text
