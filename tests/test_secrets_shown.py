"""No URL that is shown, and no line of the log, has a key in it; and the log breaks no program."""

from __future__ import annotations

import io
import json
import os
import stat
import warnings

import httpx
import pytest
from rich.console import Console

from llm_intercept import InterceptTransport, intercept
from llm_intercept.errors import LogLossWarning, SettingsError, UnmatchedRequestError
from llm_intercept.secrets.credentials import credentials
from llm_intercept.secrets.urls import shown_url
from tests.support import URL

KEY = "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"
PASSWORD = "pa55w0rd-XYZ"
ASKED = f"https://svc:{PASSWORD}@generativelanguage.googleapis.com/v1beta/models/g:generateContent"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"{URL}?api-version=2024-10-21", f"{URL}?api-version=2024-10-21"),
        (f"{URL}?page=2&q=big+cats#top", f"{URL}?page=2&q=big%20cats"),
        (f"{URL}?key={KEY}&alt=sse", f"{URL}?key=[redacted]&alt=sse"),
        (f"{URL}?x={KEY}", f"{URL}?x=[redacted]"),
        (f"{URL}?x=Zx81-hunter2Qq9w&y=big-cats", f"{URL}?x=[redacted]&y=big-cats"),
        (f"{URL}?Code=big-cats&coded=big-cats", f"{URL}?Code=[redacted]&coded=big-cats"),
        (f"{URL}?sig=abc%2Bdef&api_key=x&token=", f"{URL}?sig=[redacted]&api_key=[redacted]&token="),
        (
            f"{URL}?X-Amz-Signature=a1b2&X-Goog-Signature=c3",
            f"{URL}?X-Amz-Signature=[redacted]&X-Goog-Signature=[redacted]",
        ),
        (f"https://me:{PASSWORD}@h.test/{KEY}/v1", "https://h.test/[redacted]/v1"),
        ("https://[::1/v1", "https://[::1/v1"),
    ],
)
def test_a_url_is_shown_without_what_is_secret_in_it(url, shown):
    """And with what is harmless."""
    assert shown_url(url) == shown
    assert shown_url(shown) == shown


@pytest.mark.parametrize("name", ["X-Amz-Signature", "X-Goog-Signature"])
def test_what_signs_a_url_is_a_credential(name):
    """It is looked for wherever else it may stand."""
    assert "9f8e7d6c5b4a39281706" in credentials(f"{URL}?{name}=9f8e7d6c5b4a39281706", ()).literals


def test_no_message_report_or_log_has_a_urls_secrets(tmp_path):
    """The error at the end of the block, the refusal in the body, the calls, printed or not, the log."""
    path = tmp_path / "calls.jsonl"
    with pytest.raises(UnmatchedRequestError) as raised, intercept(log=path) as llm:
        llm.on(url="elsewhere").reply("x")
        answers = [
            httpx.post(f"{ASKED}?key={KEY}", json={"contents": [], "api_key": KEY}),
            httpx.post(f"https://svc:{PASSWORD}@api.openai.com/v1/chat/completions?key={KEY}", json={"messages": []}),
            httpx.post(f"{URL}?key={KEY}", json={"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}),
        ]
    screen = Console(file=io.StringIO(), width=200, record=True)
    screen.print(llm.calls)
    said = [str(raised.value), repr(llm.calls), screen.export_text(), *(answer.text for answer in answers[:2])]
    said += [path.read_text(encoding="utf-8")]
    for text in said:
        assert KEY not in text
        assert PASSWORD not in text
    assert "[redacted]" in said[0]


def test_a_log_is_its_owners_alone_and_redacted(tmp_path):
    """Bodies too: fields, what stands in these also elsewhere, and keys that the request carries in its headers."""
    path, token = tmp_path / "calls.jsonl", "hunter2-Zx81-canary"
    with httpx.Client(transport=InterceptTransport("hi", log=path)) as client:
        body = {"model": "m", "messages": [{"role": "user", "content": f"my {token}"}], "api_key": "qwer-7fG2kkk"}
        client.post(URL, json=body, headers={"authorization": f"Bearer {token}"})
    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["request"]["messages"][0]["content"] == "my [redacted]"
    assert json.loads(line)["request"]["api_key"] == "[redacted]"
    path.unlink()
    with httpx.Client(transport=InterceptTransport("hi", log=path)) as client:
        said = {"role": "user", "content": "my key is qwer-7fG2kkk"}
        client.post(URL, json={"model": "m", "messages": [said], "metadata": {"api_key": "qwer-7fG2kkk"}})
    assert "qwer-7fG2kkk" not in path.read_text(encoding="utf-8")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def post(client):
    return client.post(URL, json={"model": "m", "messages": [{"role": "user", "content": "hi"}]})


@pytest.mark.parametrize("how", ["full", "removed", "unwritable"])
def test_a_log_that_fails_breaks_no_request_and_warns_once(tmp_path, how):
    """A full disk, a folder that is gone, a folder in its place."""
    path = "/dev/full" if how == "full" else tmp_path / "logs" / "calls.jsonl"
    if how != "full":
        path.parent.mkdir()
    with httpx.Client(transport=InterceptTransport("hi", log=path)) as client:
        if how == "removed":
            path.unlink()
            path.parent.rmdir()
        if how == "unwritable":
            path.unlink()
            path.mkdir()
        with pytest.warns(LogLossWarning, match="a call is missing in the log") as told:
            assert [post(client).status_code for _ in range(3)] == [200] * 3
    assert len(told) == 1


def test_where_warnings_are_errors_a_lost_line_is_still_none(capsys):
    """It is written to standard error."""
    with httpx.Client(transport=InterceptTransport("hi", log="/dev/full")) as client, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert post(client).status_code == 200
    assert "a call is missing in the log /dev/full" in capsys.readouterr().err


def test_a_pipe_or_a_folder_is_refused_as_a_log_at_once(tmp_path):
    """Nobody waits for who reads it."""
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "read", os.O_RDONLY | os.O_CREAT)
    os.close(reader)
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(SettingsError, match="a file that can be written"):
            intercept("x", log=path)


def test_a_line_that_was_cut_does_not_spoil_the_next(tmp_path, monkeypatch):
    """The next begins on a line of its own."""
    path, write = tmp_path / "calls.jsonl", os.write
    with httpx.Client(transport=InterceptTransport("hi", log=path)) as client:
        monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:20]))
        with pytest.warns(LogLossWarning, match="only 20 of"):
            post(client)
        monkeypatch.undo()
        post(client)
    cut, whole = path.read_text(encoding="utf-8").splitlines()
    assert len(cut) == 20
    assert json.loads(whole)["status"] == 200
