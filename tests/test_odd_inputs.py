"""What `make fuzz` has found, each mended in the mechanism: inputs that raised something else than an error of ours."""

from __future__ import annotations

import json
import time

import httpx
import pytest
from click.testing import CliRunner

from llm_intercept import Interceptor, InterceptTransport, intercept, raw, tool_call
from llm_intercept.base.json import DEEPEST, TooDeepError, decode, is_same
from llm_intercept.cli.app import app
from llm_intercept.dialects.openai_chat import grammar
from llm_intercept.errors import ReplyError, SettingsError, UnmatchedRequestError
from llm_intercept.recording.bodies import DEEPEST as KEPT
from llm_intercept.recording.compare import differences
from llm_intercept.recording.redaction import NOTHING, Redaction
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.take import write_take
from llm_intercept.recording.tape import Tape
from llm_intercept.secrets.redactor import Redactor
from llm_intercept.secrets.replace import replace_secrets
from llm_intercept.secrets.urls import shown_url
from llm_intercept.tapetools import checking
from tests.support import URL, chat
from tests.test_recording_tape import take

KEY = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"


def nested(depth, value=1):
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def post(body=None, **options):
    return httpx.post(URL, json=chat() if body is None else body, **options)


@pytest.mark.parametrize("depth", [DEEPEST + 2, 3000, 100_000])
def test_json_too_deep_to_be_looked_at_is_none(depth):
    text = b"[" * depth + b"]" * depth
    with pytest.raises(ValueError, match="nested deeper"):
        decode(text)
    assert grammar.kind(b"data: " + text) == "other"
    assert grammar.halve_arguments(text) == text
    with pytest.raises(ReplyError):
        tool_call("f", (b"[" * depth).decode())


def test_json_that_is_read_is_nested_as_deep_as_is_allowed():
    assert decode(json.dumps(nested(DEEPEST)).encode()) == nested(DEEPEST)
    with pytest.raises(TooDeepError):
        decode(json.dumps(nested(DEEPEST + 1)).encode())


@pytest.mark.parametrize("stream", [True, False])
def test_a_stream_of_data_nested_too_deep_is_sent_as_it_is(stream):
    content = b"data: " + b"[" * 3000 + b"\n\n"
    with intercept(raw(content)):
        assert post(chat(stream=stream)).content == content


def test_all_that_looks_at_json_goes_as_deep_as_it_is_read():
    deep = nested(DEEPEST, KEY)
    clean = Redactor().value(deep)
    assert KEY not in str(clean)
    assert [str(one.was) for one in differences(deep, clean)] == [KEY]
    assert is_same(deep, nested(DEEPEST, KEY))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": [True]}, {"a": [1]}, False),
        ([1, {"b": 0.0}], [1.0, {"b": 0}], True),
        ([float("nan")], [float("nan")], True),
        ({"a": 1}, {"b": 1}, False),
        ([1], [1, 2], False),
        ([], {}, False),
    ],
)
def test_true_is_not_one_at_any_depth(one, other, same):
    assert is_same(one, other) is is_same(other, one) is same


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("depth", [KEPT, KEPT + 1, 600, 900, 3000])
def test_an_answer_however_deep_is_recorded_and_played_to_the_byte(tmp_path, depth, kind):
    content = b'{"a":' * depth + b"1" + b"}" * depth
    content = content if kind == "application/json" else b"data: " + content + b"\n\n"
    upstream = httpx.MockTransport(lambda _: httpx.Response(200, headers={"content-type": kind}, content=content))
    for mode in ("record", "replay"):
        with intercept(mode=mode, recordings=tmp_path) as llm:
            transport = InterceptTransport(inner=upstream, interceptor=llm)
            with httpx.Client(transport=transport) as client:
                assert client.post(URL, json=chat(stream=kind != "application/json")).content == content
        assert [call.source for call in llm.calls] == ["live" if mode == "record" else "recording"]


def test_a_count_of_attempts_that_is_no_number_is_none():
    with pytest.raises(UnmatchedRequestError), intercept() as llm:
        assert post(headers={"x-stainless-retry-count": "9" * 5000}).status_code == 404
    assert llm.calls[0].attempt == 1


def test_a_header_that_no_request_can_have_is_refused_as_a_condition():
    with pytest.raises(SettingsError, match="ASCII"):
        Interceptor().on(headers={"é": "a"})


@pytest.mark.parametrize("turn", [10**300, 10**400])
def test_a_turn_that_no_conversation_comes_to_is_far_off(turn):
    with pytest.raises(UnmatchedRequestError), intercept() as llm:
        llm.on(turn=turn).reply("x")
        assert post().status_code == 404


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("odd", [{"annotations": [200, "a", [None]]}, {"annotations": {"a": 1}}, {"annotations": [{}]}])
def test_annotations_of_any_kind_are_said_as_they_were_given(stream, odd):
    whole = {"choices": [{"index": 0, "message": {"role": "assistant", "content": "x", **odd}, "finish_reason": {}}]}
    with intercept(raw(whole)):
        answer = post(chat(stream=stream))
    if not stream:
        assert answer.json() == whole
        return
    choices = [json.loads(line)["choices"][0] for line in answer.text.split("data: ") if line.startswith("{")]
    assert [one["delta"]["annotations"] for one in choices if "annotations" in one["delta"]] == [odd["annotations"]]
    assert choices[-1]["finish_reason"] == {}


def test_an_encoding_of_embeddings_that_is_no_name_is_refused():
    with intercept():
        answer = httpx.post(
            "https://api.openai.com/v1/embeddings", json={"model": "m", "input": "a", "encoding_format": []}
        )
    assert answer.status_code == 400


def test_a_url_with_what_no_url_can_say_is_shown_and_kept():
    url = "https://me:pw@h.test/a?\ud800=\ud800&model=\ud800"
    for shown in (shown_url(url), Redaction().url(url, NOTHING)):
        assert shown.startswith("https://h.test/a?%3F=")
        shown.encode()


def test_a_url_that_cannot_be_read_is_shown_without_user_and_query():
    url = f" https://me:pw[@h.test/a/{KEY}?token=hidden#f"
    for shown in (shown_url(url), Redaction().url(url, NOTHING)):
        assert shown == "https://h.test/a/[redacted]"


@pytest.mark.parametrize("url", ["HTTPS://me:pw]@h.test/a?key=1#f", "HTTPS://h.test?b=]", "//me:[@h.test//a"])
def test_a_url_that_could_not_be_read_is_shown_as_it_is_when_it_is_read_again(url):
    for show in (shown_url, lambda one: Redaction().url(one, NOTHING)):
        assert show(show(url)) == show(url)


def test_the_time_to_look_for_secrets_grows_as_a_text_does():
    """A picture in a prompt, and somewhere else a percent sign."""
    text = "a" * 100_000 + f" 5% {KEY} {'b' * 100_000}%41 {KEY}"
    begin = time.process_time()
    assert KEY not in replace_secrets(text)
    assert time.process_time() - begin < 1.5


def test_a_url_of_anothers_take_is_shown_as_urls_are(tmp_path):
    made = take()
    request = made.request.model_copy(update={"url": f"https://me:hidden@api.openai.com/v1/x?api_key={KEY}"})
    (tmp_path / "001-hi-0123456789ab.json").write_bytes(write_take(made.model_copy(update={"request": request})))
    assert [name for name, _ in Tape(FolderStore(tmp_path)).takes()]
    shown = CliRunner().invoke(app, ["recordings", "show", str(tmp_path)]).output
    assert "https://api.openai.com/v1/x" in shown
    assert "hidden" not in shown
    assert KEY not in shown


def test_the_models_of_the_sdk_are_made_once():
    pytest.importorskip("openai")
    first, again = (checking._models("/v1/chat/completions") for _ in range(2))
    assert first is again
    assert first is not None
