"""`llm-intercept serve`: what it says, what it is told, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import ssl
import sys
from importlib import util
from pathlib import Path
from typing import Any

import httpx
import pytest

from llm_intercept import Interceptor, server
from llm_intercept.errors import LLMInterceptError, SettingsError
from llm_intercept.model.wire import WireRequest
from llm_intercept.server.worker_plan import Plan
from llm_intercept.server.workers import Workers
from tests.amounts import PATIENCE, WHOLE
from tests.served import CHAT, connected, raw_request, serving
from tests.support import chat, said

pytest.importorskip("uvicorn")
CliRunner = pytest.importorskip("click.testing").CliRunner
serve = pytest.importorskip("llm_intercept.cli.serving").serve
run = pytest.importorskip("llm_intercept.cli.run").run


def test_it_says_where_it_is_and_ends_well_when_it_is_told_to(tmp_path):
    """One line of JSON on stdout; rules by a file, a log, a pace; a token where it is not at loopback alone.

    What nothing answered is told at the end, and which rule failed.
    """
    rules = '[[rules]]\nuser = "weather"\nreply = "Sunny."\n[[rules]]\nuser = "bad"\nreply = {embedding = [1]}\n'
    (tmp_path / "rules.toml").write_text(rules)
    flags = ("--rules", "rules.toml", "--log", "calls.jsonl", "--time-scale", "0", "--seed", "3", "--host", "0.0.0.0")
    with serving(tmp_path, *flags, "--pace", "ttft=9,jitter=0") as one:
        url = one.url.replace("0.0.0.0", "127.0.0.1")
        assert said(httpx.post(url + CHAT, json=chat("the weather"), timeout=PATIENCE)) == "Sunny."
        assert httpx.post(url + CHAT, json=chat("else"), timeout=PATIENCE).status_code == 404
        assert httpx.post(url + CHAT, json=chat("bad"), timeout=PATIENCE).status_code == 500
        token = one.said.pop("token")
        assert one.said == {"url": one.url, "port": int(one.url.rpartition(":")[2]), "pid": one.process.pid}
        asked = [
            httpx.get(f"{url}/__llm_intercept/rules", headers=headers, timeout=PATIENCE).status_code
            for headers in ({}, {"authorization": f"Bearer {token}"})
        ]
        assert asked == [401, 200]
        one.stop(signal.SIGINT)
        assert one.rest == ""
        assert "no rule answers this request" in one.errors
        assert "embedding" in one.errors
    logged = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert [call["status"] for call in logged] == [200, 404, 500]


def test_several_workers_serve_at_one_port_and_one_that_dies_is_replaced(tmp_path):
    """Over TLS too, with counts that are added up; the parent ends them all."""
    pytest.importorskip("trustme")
    with serving(tmp_path, "--workers", "2", "--reply", "hi", "--tls", "--log", "calls.jsonl") as one:
        trusted = ssl.create_default_context(cafile=one.said["ca"])

        def ask() -> int:
            assert said(httpx.post(one.url + CHAT, json=chat(), verify=trusted, timeout=PATIENCE)) == "hi"
            worker: int = json.loads((tmp_path / "calls.jsonl").read_text().splitlines()[-1])["process"]
            return worker

        first = ask()
        assert first != one.process.pid
        os.kill(first, signal.SIGKILL)
        assert {ask() for _ in range(4)} - {first}
        counted = httpx.get(one.url + "/metrics", verify=trusted, timeout=PATIENCE).text
        assert 'llm_intercept_requests_total{api="openai.chat",source="rule",status="200"} 5.0' in counted
        one.stop()
        assert f"worker {first} ended (-9)" in one.errors


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
@pytest.mark.parametrize(
    "workers", [1, pytest.param(2, marks=pytest.mark.skipif(not WHOLE, reason="make whole runs it"))]
)
def test_at_sighup_the_rules_are_read_again(tmp_path, workers):
    """In each worker; a file that cannot be used changes nothing, and is told; a test's own rules stay."""
    file = tmp_path / "rules.toml"

    def told(word: str, reply: str) -> str:
        file.write_text(f'[[rules]]\nuser = "weather"\n{word} = "{reply}"\n')
        one.process.send_signal(signal.SIGHUP)
        assert one.process.stderr is not None
        line: str = one.process.stderr.readline()
        return line

    file.write_text('[[rules]]\nuser = "weather"\nreply = "Sunny."\n')
    flags = ("--rules", "rules.toml", "--workers", str(workers))
    with serving(tmp_path, *flags) as one, httpx.Client(base_url=one.url, timeout=PATIENCE) as client:

        def answer(test: str = "") -> str:
            headers = {"connection": "close", **({"x-llm-intercept-test": test} if test else {})}
            return said(client.post(CHAT, json=chat("the weather"), headers=headers))

        assert answer() == answer("mine") == "Sunny."
        if workers == 1:
            added = {"rules": [{"user": "the weather", "reply": "Mine."}]}
            client.post("/__llm_intercept/rules", json=added, headers={"x-llm-intercept-test": "other"})
        assert "the rules stay as they were" in (wrong := told("rply", "Snow."))
        assert "rply" in wrong
        assert answer() == "Sunny."
        assert "the rules were read again: 1 rule" in told("reply", "Rain.")
        for test in ("", "mine", "new"):
            assert any(answer(test) == "Rain." for _ in range(1000))
        assert workers > 1 or answer("other") == "Mine."
        one.stop()


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--mode", "record"], "--recordings=None cannot be used"),
        (["--rules", "none.toml"], "--rules='none.toml' cannot be used"),
        (["--pace", "ttf=1"], "--pace='ttf=1' cannot be used"),
        (["--pace", "ttft=x"], "--pace='ttft=x' cannot be used"),
        (["--upstream", "api.openai.com"], "--upstream='api.openai.com' cannot be used"),
        (["--host", ""], "--host='' cannot be used"),
        (["--cors", "example.com"], "--cors=['example.com'] cannot be used"),
        (["--body-timeout", "0"], "--body-timeout"),
        (["--rules", "wrong.toml"], "Did you mean 'user'?"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_what_cannot_be_used_is_told_before_it_serves(tmp_path, monkeypatch, flags, told):
    """By the flag's name, and nothing is said on stdout."""
    (tmp_path / "wrong.toml").write_text('[[rules]]\nusr = "weather"\nreply = "Sunny."\n')
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(serve, ["--port", "0", *flags])
    assert done.exit_code in {1, 2}
    assert done.stdout == ""
    assert told in done.stderr


def test_a_signal_ends_it_before_it_serves_too(monkeypatch):
    """The first process of a container ignores one that nobody hears."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("llm_intercept.server.running.listening", lambda *_: signal.raise_signal(signal.SIGTERM))
    done = CliRunner().invoke(serve, ["--port", "0"])
    assert (done.exit_code, done.stdout) == (143, "")
    assert signal.getsignal(signal.SIGTERM) is before


class Ended:
    """A worker that has ended by an error."""

    pid, exitcode = 4711, 1

    def __init__(self, sentinel: int) -> None:
        self.sentinel = sentinel

    def terminate(self, *_: object) -> None:
        """Do nothing: it has ended."""

    join = terminate


def test_workers_that_all_end_by_an_error_fail_the_command(monkeypatch, capsys):
    """It is no server that was told to stop."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with Path(os.devnull).open() as readable:
        monkeypatch.setattr(Workers, "_started", lambda _: Ended(readable.fileno()))
        nothing: Any = None
        with pytest.raises(LLMInterceptError, match="5 workers ended by an error"):
            Workers(Plan({}), nothing, 1).run(lambda: None)
    assert "worker 4711 ended (1)" in capsys.readouterr().err


def test_a_server_that_stops_says_what_it_waits_for(tmp_path):
    """A second signal ends it at once."""
    with (
        serving(tmp_path, "--reply", "hi", "--pace", "ttft=60") as one,
        connected(one.url) as client,
        httpx.Client(base_url=one.url) as watching,
    ):
        client.sendall(raw_request(chat()))
        while "llm_intercept_open 2.0" not in watching.get("/metrics").text:
            pass
        one.process.send_signal(signal.SIGINT)
        assert one.process.stderr is not None
        told = one.process.stderr.readline()
        one.stop(signal.SIGINT)
    assert "1 answer is under way and has 5 s; a second Ctrl-C stops at once" in told


def test_without_uvicorn_it_says_what_to_install(monkeypatch):
    """And serves nothing."""
    found = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *more: None if name == "uvicorn" else found(name, *more))
    with (
        pytest.raises(SettingsError, match="pip install 'llm-intercept-transport\\[serve]'"),
        server.serve(Interceptor("x")),
    ):
        pass
    assert "[serve]" in CliRunner().invoke(serve, ["--port", "0"]).stderr


ASKING = """
import json, os, sys, urllib.request
body = {"model": "m", "messages": [{"role": "user", "content": sys.argv[1]}]}
url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
request = urllib.request.Request(url, json.dumps(body).encode(), {"authorization": os.environ["OPENAI_API_KEY"]})
try:
    found = json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"]
except urllib.error.HTTPError as error:
    found = str(error.code)
open("found", "w").write(found)
"""


@pytest.mark.parametrize(
    ("words", "status", "found", "told"),
    [
        ("the weather", 0, "Sunny.", "llm-intercept: 1 request came to the socket."),
        ("else", 1, "404", "no rule answers this request"),
        (None, 1, None, "nothing was intercepted"),
    ],
)
def test_run_serves_beside_a_command_that_is_told_by_its_environment(tmp_path, monkeypatch, words, status, found, told):
    """A program that is not answered in process asks at the socket; what went unanswered fails the command."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.toml").write_text('[[rules]]\nuser = "weather"\nreply = "Sunny."\n')
    (tmp_path / "asking.py").write_text(ASKING if words is not None else "")
    done = CliRunner().invoke(run, ["--rules", "rules.toml", "env", sys.executable, "-S", "asking.py", words or ""])
    assert done.exit_code == status
    assert told in done.stderr
    assert ((tmp_path / "found").read_text() if found is not None else None) == found


BOTH = """
import json, os, subprocess, sys, urllib.request
import httpx

url, body = os.environ["OPENAI_BASE_URL"] + "/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "the weather"}]}
said = httpx.post(url, json=body, timeout=300).json()["choices"][0]["message"]["content"]
answer = urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode()))
said += " " + json.load(answer)["choices"][0]["message"]["content"]
subprocess.run(["env", sys.executable, "-S", "asking.py", "the weather"], check=True)
open("said", "w").write(said)
"""


def test_pythons_are_answered_in_process_and_what_else_they_start_and_use_at_the_socket(tmp_path, monkeypatch):
    """Each request is answered once and counted once: by rules for the API's own host, as if there were no server."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.toml").write_text('[[rules]]\nurl = "https://api.openai.com/v1/*"\nreply = "Sunny."\n')
    (tmp_path / "asking.py").write_text(ASKING)
    (tmp_path / "both.py").write_text(BOTH)
    done = CliRunner().invoke(run, ["--rules", "rules.toml", "--log", "calls", sys.executable, "both.py"])
    assert (done.exit_code, (tmp_path / "said").read_text()) == (0, "Sunny. Sunny."), done.stderr
    assert (tmp_path / "found").read_text() == "Sunny."
    assert "1 request answered in 1 Python, 2 requests came to the socket." in done.stderr
    assert len((tmp_path / "calls").read_text().splitlines()) == 3


PLACES = """
import os, httpx
from openai import OpenAI
OpenAI().chat.completions.create(model="m", messages=[{"role": "user", "content": "hi"}])
open("url", "w").write(os.environ["OPENAI_BASE_URL"])
"""


def test_what_a_user_said_of_the_place_of_an_api_holds_in_pythons_that_are_answered(tmp_path, monkeypatch):
    """So that rules and tapes have the URL that the program asks; the summary says who was asked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://gateway.example/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (tmp_path / "rules.toml").write_text('[[rules]]\nurl = "https://gateway.example/*"\nreply = "ours"\n')
    (tmp_path / "app.py").write_text(PLACES)
    done = CliRunner().invoke(run, ["--rules", "rules.toml", sys.executable, "app.py"])
    assert (done.exit_code, (tmp_path / "url").read_text()) == (0, "https://gateway.example/v1"), done.stderr
    assert "llm-intercept: 1 request answered in 1 Python." in done.stderr


def test_one_tape_is_recorded_by_a_command_in_process_and_out_of_it(tmp_path, monkeypatch):
    """What is recorded is recorded where all programs ask, once."""
    heads: list[tuple[str, Any]] = []
    engine = Interceptor("x", mode="mock")._engine
    engine.served = "127.0.0.1:4711"
    for url in ("http://127.0.0.1:4711/v1/chat/completions?a=b", "http://127.0.0.1:4712/v1/chat/completions"):
        head = WireRequest("POST", url, "127.0.0.1", "/v1/chat/completions", {"host": "x"})
        monkeypatch.setattr(type(engine), "_begun", lambda _, head, chain: heads.append((head.url, head.at)))
        engine.exchange(head)
    assert heads == [
        ("https://api.openai.com/v1/chat/completions?a=b", "http://127.0.0.1:4711/v1/chat/completions"),
        ("http://127.0.0.1:4712/v1/chat/completions", ""),
    ]
    recording = Interceptor(mode="record", recordings=tmp_path)._engine
    recording.served = engine.served
    head = WireRequest("POST", "http://127.0.0.1:4711/v1/messages", "127.0.0.1", "/v1/messages", {})
    assert recording.exchange(head) is None


def test_without_uvicorn_run_answers_pythons_alone_and_says_what_is_missing(tmp_path, monkeypatch):
    """Only where that matters: where nothing was answered."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("llm_intercept.cli.beside.NEEDED", "not_there_at_all")
    done = CliRunner().invoke(run, ["--reply", "hi", sys.executable, "-c", "import os; print(os.environ)"])
    assert (done.exit_code, "serve]" in done.stderr) == (1, False)
    done = CliRunner().invoke(run, ["--reply", "hi", "env", sys.executable, "-S", "-c", ""])
    assert done.exit_code == 1
    assert "pip install 'llm-intercept-transport[serve]'" in done.stderr
