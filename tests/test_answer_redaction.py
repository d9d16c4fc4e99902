"""What redaction leaves of an answer: the model's own words, or what is told."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from openai import OpenAI

from llm_intercept import Recordings, Redaction, Reply, intercept, tool_call
from llm_intercept.errors import RedactedAnswerWarning, SettingsError
from llm_intercept.facts import RedactedFacts
from llm_intercept.recording.audit import secrets_of
from llm_intercept.recording.bodies import Chunk, content_of
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
