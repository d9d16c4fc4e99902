"""`llm.report()`: what the page is given of calls and takes, of every API; nothing secret, and every text as it is."""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import re
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from llm_intercept import (
    Interceptor,
    InterceptTransport,
    Recordings,
    Redaction,
    Reply,
    api_error,
    disconnect,
    intercept,
    tool_call,
)
from llm_intercept.cli.app import app
from llm_intercept.errors import SettingsError, UnmatchedRequestError
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.recording.config import store_at
from llm_intercept.recording.tape import Tape
from llm_intercept.report import page_read
from llm_intercept.report.document import Detail, Head, Report
from llm_intercept.report.of_calls import CallReader
from llm_intercept.report.of_interceptors import report_of
from llm_intercept.report.of_takes import entries_of_takes
from llm_intercept.report.packing import packed
from llm_intercept.report.page_read import report_in
from llm_intercept.report.run_parts import Part, joined
from tests.apis import APIS
from tests.secret_cases import secrets
from tests.support import RESPONSES, URL, chat, respond, upstream

SAID = Reply("It is sunny in Paris.", tool_call("get_weather", city="Paris"))
HOSTILE = "</script><script>alert(1)</script><!-- \u202egnp.exe \x1b[31m & &amp; \u2028 {{data}} \ud800"


def reported(llm: Interceptor) -> Report:
    return report_of(engine_of(llm))


def unpacked(report: Report) -> tuple[dict[str, Any], list[Any]]:
    """Read what the page holds as a browser does."""
    found = packed(report)
    details = [json.loads(zlib.decompress(base64.b64decode(one), -15)) for one in found.details]
    return json.loads(found.head), [detail for chunk in details for detail in chunk]


def body_of(api: str, *, stream: bool) -> dict[str, Any]:
    body = dict(APIS[api][2])
    return {**body, "stream": stream} if not api.startswith(("google", "bedrock")) else body


# What is said of a call


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_an_exchange_of_every_api_is_said_in_the_same_words(api: str, stream: bool, tmp_path: Path) -> None:
    """As a call, and as the take that is recorded of it."""
    url = APIS[api][stream]
    with intercept(SAID, validate="off") as llm:
        answer = httpx.post(url, json=body_of(api, stream=stream))
    report = reported(llm)
    (row,), (detail,) = report.head.rows, report.details
    assert (row.api.partition("/")[0], row.question, row.status, row.failed) == (api, "hi", 200, False)
    assert row.answer.startswith("It is sunny in Paris.")
    assert 'get_weather({"city":' in row.answer.replace(": ", ":")
    assert detail.answer is not None
    assert [part.kind for part in detail.answer.parts if part.kind != "reasoning"] == ["text", "tool_call"]
    assert [(message.role, message.parts[0].text) for message in detail.messages] == [("user", "hi")]
    assert (row.input_tokens, row.output_tokens) == (
        llm.calls.last.usage.input_tokens,
        llm.calls.last.usage.output_tokens,
    )
    assert (detail.events is not None) == stream == (row.chunks is not None)
    with httpx.Client(transport=InterceptTransport(recordings=tmp_path, mode="record", inner=given(answer))) as client:
        client.post(url, json=body_of(api, stream=stream))
    ((taken, of_take),) = entries_of_takes(Tape(store_at(tmp_path)).takes())
    assert (of_take.messages, of_take.answer, of_take.request.body) == (
        detail.messages,
        detail.answer,
        detail.request.body,
    )
    assert (taken.question, taken.answer, taken.model, taken.turn) == (row.question, row.answer, row.model, row.turn)
    assert [one.text for one in of_take.events or ()] == [one.text for one in detail.events or ()]


def given(answer: httpx.Response) -> httpx.MockTransport:
    headers = {"content-type": answer.headers["content-type"]}
    return httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=answer.content))


def test_what_is_packed_is_what_was_said() -> None:
    """What has no value is left out, and the details of 50 rows are packed together."""
    with intercept("hello") as llm:
        for number in range(120):
            httpx.post(URL, json=chat(f"number {number}"))
    report = reported(llm)
    head, details = unpacked(report)
    assert len(packed(report).details) == 3
    assert Report(head=Head.model_validate(head), details=tuple(map(Detail.model_validate, details))) == report
    assert [row["n"] for row in head["rows"]] == [detail["n"] for detail in details] == list(range(120))
    left_out = ({}, [], "", None, False, 0)
    kept = [value for row in head["rows"] for name, value in row.items() if name != "n"]
    assert not [value for value in kept if any(value == one and type(value) is type(one) for one in left_out)]


def test_a_conversation_goes_on_and_a_retry_is_known() -> None:
    with intercept() as llm:
        llm.reply(api_error(429), "one", "two")
        messages: list[Any] = [{"role": "user", "content": "first"}]
        httpx.post(URL, json=chat(messages=messages))
        httpx.post(URL, json=chat(messages=messages))
        messages += [{"role": "assistant", "content": "one"}, {"role": "user", "content": "second"}]
        httpx.post(URL, json=chat(messages=messages))
    rows, details = reported(llm).head.rows, reported(llm).details
    assert [(row.attempt, row.retry_of) for row in rows] == [(1, None), (2, 0), (1, None)]
    assert [(one.continues, one.known) for one in details] == [(None, 0), (None, 0), (1, 2)]
    assert rows[0].answer.startswith("Rate limit")
    assert [row.turn for row in rows] == [1, 1, 2]


def test_a_conversation_that_the_api_remembers_is_told_whole() -> None:
    with intercept() as llm:
        llm.reply("one", "two")
        first = httpx.post(RESPONSES, json=respond("my name is Ada")).json()["id"]
        httpx.post(RESPONSES, json=respond("who am I?", previous_response_id=first))
    last = reported(llm).details[1]
    assert [(one.role, one.parts[0].text) for one in last.messages] == [
        ("user", "my name is Ada"), ("assistant", "one"), ("user", "who am I?"),
    ]  # fmt: skip
    assert (last.continues, last.known) == (0, 2)


@pytest.mark.usefixtures("only_waits")
def test_what_goes_wrong_is_told_with_its_facts() -> None:
    with intercept(pace="ttft=2", time_scale=0) as llm, llm.expect_unmatched():
        llm.on("weather", model="o3").reply("never")
        llm.on("break").reply(disconnect(after=2))
        httpx.post(URL, json=chat("the weather"))
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.post(URL, json=chat("break", stream=True))
    report = reported(llm)
    unmatched, broken = report.details
    assert unmatched.unmatched is not None
    assert [(one.condition, one.expected, one.got) for one in unmatched.unmatched.rules[0].failed] == [
        ("model", "'o3'", "'gpt-4o'")
    ]
    assert report.head.rows[0].source == "unmatched"
    assert "RemoteProtocolError" in (broken.error or "")
    assert report.head.rows[1].faults
    assert report.head.rows[1].first == pytest.approx(2)
    assert [(rule.used, "on(" in rule.text) for rule in report.head.rules] == [(0, True), (1, True)]


# Nothing secret


def test_no_secret_reaches_the_page(tmp_path: Path) -> None:
    """Whether it is in a header, a URL, what was said, a tool's arguments, an error, a rule, or cut in two by a stream.

    Also in what the API remembers, and where nothing answered.
    """
    keys = [secret for _, secret, _ in secrets(count=40)[::4]]
    with intercept(validate="off", seed=3) as llm:
        for secret in keys:
            half = len(secret) // 2
            pieces = Reply(deltas=[f"it is {secret[:half]}", secret[half:], " indeed"])
            llm.on("stream", secret).reply(pieces)
            llm.on("call", secret).reply(tool_call("f", key=secret))
            llm.on("fail", secret).reply(api_error(400, f"no {secret}"))
            for said in ("stream", "call", "fail"):
                headers = {"authorization": f"Bearer {secret}"}
                messages = [{"role": "system", "content": f"the key is {secret}"}, {"role": "user", "content": said}]
                messages[1]["content"] += f" {secret}"
                httpx.post(
                    f"{URL}?key={secret}", json=chat(messages=messages, stream=said == "stream"), headers=headers
                )
        for secret in keys:
            llm.on(f"remember {secret}").reply("I do", "so")
            first = httpx.post(RESPONSES, json=respond(f"remember {secret}")).json()["id"]
            httpx.post(RESPONSES, json=respond(f"remember {secret} too", previous_response_id=first))
            with contextlib.suppress(UnmatchedRequestError):
                httpx.post(URL, json=chat(f"nobody has {secret}"))
        assert len(llm.unmatched) == len(keys)
        llm.unmatched.clear()
        file = llm.report(tmp_path / "report.html")
        everything = file.read_text() + json.dumps(unpacked(reported(llm)))
    assert not [secret for secret in keys if secret in everything]
    assert everything.count("[redacted]") + everything.count("REDACTED") > 12


def test_what_a_user_keeps_out_of_a_tape_is_kept_out_of_the_page(tmp_path: Path) -> None:
    tape = Recordings(tmp_path, redaction=Redaction(patterns=[r"ORDER-\d+"], fields=["iban"]))
    transport = InterceptTransport(recordings=tape, mode="record", inner=upstream("your ORDER-77 is here"))
    with httpx.Client(transport=transport) as client:
        client.post(URL, json=chat("ORDER-12", metadata={"iban": "DE02"}))
    text = json.dumps(unpacked(reported(transport.interceptor)))
    assert not re.search(r"ORDER-\d|DE02", text)


# Texts of others


def test_hostile_texts_are_data(tmp_path: Path) -> None:
    """They stand in the page as JSON that ends no script, and come out of it as they went in."""
    with intercept(Reply(HOSTILE.replace("\ud800", "")), validate="off") as llm:
        httpx.post(URL, content=json.dumps(chat(HOSTILE, tools=[{"type": "function", "function": {"name": HOSTILE}}])))
        page = llm.report(tmp_path / "report.html").read_text()
    assert page.count("<script") == page.count("</script")
    assert "<script>alert" not in page
    assert "<!-- " not in page.partition('id="report">')[2]
    _, (detail,) = unpacked(reported(llm))
    assert detail["answer"]["parts"][0]["text"] == HOSTILE.replace("\ud800", "")
    assert detail["messages"][0]["parts"][0]["text"].startswith(HOSTILE[:-1])


class Unsayable:
    def __repr__(self) -> str:
        raise RuntimeError


def no_json() -> list[Any]:
    """Give what Python has and JSON has not."""
    cycle: dict[Any, Any] = {}
    cycle["again"] = cycle
    deep: list[Any] = []
    for _ in range(3000):
        deep = [deep]
    keys: list[Any] = [{1: 2}, {None: 1, "a": 1}, {(1, 2): 3}, {"\ud800": 1}]
    return [*keys, math.nan, [math.inf], b"\xff", {1, 2}, cycle, deep, 10**5000, object(), Unsayable(), print]


@pytest.mark.parametrize("place", ["x", "messages", "model", 5])
def test_a_request_is_told_as_it_was_sent_whatever_a_users_code_made_of_it(place: Any) -> None:
    """Of a body that is JSON, one that is none, and one that is remembered."""
    found: list[Any] = []

    def reply(request: Any) -> str:
        request.raw.pop("input", None)
        request.raw[place] = found[-1]
        return "ok"

    with intercept(validate="off") as llm, httpx.Client() as client:
        llm.reply(reply)
        for value in no_json():
            found.append(value)
            client.post(URL, json=chat("hi"))
        client.post(RESPONSES, json=respond("hi"))
        client.post(f"{URL}/unknown", data={"question": "hi"})
    report = reported(llm)
    unpacked(report)
    assert {(row.question, row.model) for row in report.head.rows[:-1]} == {("hi", "gpt-4o")}
    sent = [json.loads(one.request.body) for one in report.details]
    assert all(body == chat("hi") for body in sent[:-2])
    assert (sent[-2], set(sent[-1])) == (respond("hi"), {"content_hash"})


# The file


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    llm = Interceptor("hello")
    file = llm.report(tmp_path / "report.html")
    assert file == tmp_path / "report.html"
    before = file.read_bytes()
    with pytest.raises(SettingsError, match="is not"):
        llm.report(tmp_path / "no" / "report.html")
    with pytest.raises(SettingsError, match="folder"):
        llm.report(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("llm_intercept.report.page_file.os.fdopen", full)
    with pytest.raises(SettingsError, match="No space left"):
        llm.report(file)
    assert file.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


# Tapes, pages, and what differs


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Two takes: a question, and one with a system message that tells how to answer."""
    transport = InterceptTransport(recordings=tmp_path / "tape", mode="record", inner=upstream("It is sunny."))
    with httpx.Client(transport=transport) as client:
        client.post(URL, json=chat("the weather?"))
        client.post(
            URL, json=chat(messages=[{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hi"}])
        )
    return tmp_path / "tape"


def view(*arguments: object) -> str:
    found = CliRunner().invoke(app, ["recordings", "view", *map(str, arguments)])
    assert found.exit_code == 0, found.output
    return found.output.strip()


def test_a_tape_is_viewed(tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a browser, or in a file; a file that cannot be read is told of."""
    (tape / "003-x-0123456789abcdef.json").write_text("{")
    opened: list[str] = []
    monkeypatch.setattr("click.launch", opened.append)
    page = view(tape)
    assert opened == [Path(page).as_uri()]
    assert view(tape, "--html", tmp_path / "out.html") == str(tmp_path / "out.html")
    head = report_in(tmp_path / "out.html").head
    assert (head.kind, head.title, len(head.rows)) == ("takes", str(tape), 2)
    assert [row.question for row in head.rows] == ["the weather?", "hi"]
    assert [problem.name for problem in head.problems] == [f"{tape}/003-x-0123456789abcdef.json"]
    assert head == report_in(Path(page)).head.model_copy(update={"made_at": head.made_at})


def test_a_difference_pairs_what_asks_the_same(tape: Path, tmp_path: Path) -> None:
    """Though the prompt, and so the name of the take, has changed."""
    other = tmp_path / "other"
    transport = InterceptTransport(recordings=other, mode="record", inner=upstream("It is sunny."))
    with httpx.Client(transport=transport) as client:
        client.post(
            URL, json=chat(messages=[{"role": "system", "content": "Be short."}, {"role": "user", "content": "hi"}])
        )
        client.post(URL, json=chat("something else"))
        client.post(URL, json=chat("the weather?"))
    report = report_in(Path(view(tape, "--against", other, "--html", tmp_path / "out.html")))
    named = {row.n: row.question for row in report.head.rows}
    pairs = [(named.get(one.left), named.get(one.right), one.same, one.what) for one in report.head.pairs]  # type: ignore[arg-type]
    assert ("the weather?", "the weather?", True, ()) in pairs
    assert ("hi", "hi", False, ("messages",)) in pairs
    assert (None, "something else", False, ()) in pairs
    assert [row.side for row in report.head.rows] == [0, 0, 1, 1, 1]


def test_two_runs_are_held_against_each_other(tmp_path: Path) -> None:
    """By the pages that they wrote: of one test only with the same test."""
    for name, answer in (("one", "yes"), ("two", "no")):
        with intercept(answer) as llm:
            httpx.post(URL, json=chat("really?"))
            httpx.post(URL, json=chat("really?"))
            llm.report(tmp_path / f"{name}.html")
    report = report_in(
        Path(view(tmp_path / "one.html", "--against", tmp_path / "two.html", "--html", tmp_path / "d.html"))
    )
    assert [(one.left, one.right, one.what) for one in report.head.pairs] == [
        (0, 2, ("answer",)), (1, 3, ("answer",)),
    ]  # fmt: skip
    assert [detail.n for detail in report.details] == [0, 1, 2, 3]
    assert report.head.sides[1].note.startswith("two.html")


def test_what_is_no_page_is_said(tape: Path, tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<html>")
    found = CliRunner().invoke(app, ["recordings", "view", str(tmp_path / "x.html")])
    assert (found.exit_code, "another file" in found.output) == (2, True)
    found = CliRunner().invoke(app, ["recordings", "view", str(tape), "--html", str(tmp_path / "no" / "x.html")])
    assert (found.exit_code, "is not" in found.output) == (2, True)


def test_a_page_of_somebody_else_takes_neither_time_nor_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beginnings without ends are read once; what is packed is unpacked to a bound, over all of the page."""
    path = tmp_path / "x.html"
    path.write_text('<script type="application/json" id="report">' * 40_000)
    begin = time.process_time()
    with pytest.raises(SettingsError, match="another file"):
        report_in(path)
    assert time.process_time() - begin < 2
    with intercept("ours") as llm:
        httpx.post(URL, json=chat())
    path = llm.report(path)
    most = sum(len(detail.as_json()) + 2 for detail in report_in(path).details)
    monkeypatch.setattr(page_read, "LARGEST", most)
    text = path.read_text()
    chunk = text[text.index('<script type="application/octet-stream"') :].partition("\n")[0]
    assert report_in(path).details
    path.write_text(text.replace(chunk, chunk * 2))
    with pytest.raises(SettingsError, match="cannot be read"):
        report_in(path)


def test_what_a_killed_worker_left_is_joined(tmp_path):
    """A line that is not whole is told of; what one call says of another holds for the number that it gets."""
    with intercept() as llm:
        llm.reply(api_error(500), "one")
        for _ in range(2):
            httpx.post(URL, json=chat())
    reader = CallReader()
    Part(tmp_path).add(reader.entry(n, call, test="t") for n, call in enumerate(llm.calls, 7))
    whole = (tmp_path / f"{os.getpid()}.part").read_text()
    (tmp_path / "1.part").write_text(f"{whole}{whole[:99]}")
    found = joined(tmp_path, "run").head
    assert [(row.n, row.retry_of) for row in found.rows] == [(0, None), (1, None), (2, 0), (3, 1)]
    assert [problem.why for problem in found.problems] == ["line 3 is not whole"]


def test_a_request_without_a_body_is_told_without_one() -> None:
    """So is one whose body nobody read, since nothing could have answered it; a body that was sent is there."""
    with intercept("hi") as llm, llm.expect_unmatched(), httpx.Client() as client:
        client.get(URL.replace("chat/completions", "models"))
        client.post(URL.replace("chat/completions", "audio/speech"), json={"input": "a cat"})
        client.post(URL, json=chat("hello"))
        sent = [detail.request for detail in reported(llm).details]
    assert [one is not None and bool(one.body) for one in sent] == [False, False, True]
