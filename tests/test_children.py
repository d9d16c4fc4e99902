"""What a block does for the processes that are started inside it, and that the environment is afterwards what it was."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import Pace, Recordings, Redaction, auto, intercept, tool_call
from llm_intercept.clients.activation import active
from llm_intercept.errors import BudgetExceededError, ElsewhereError, UnusedRuleError
from llm_intercept.interceptor import children
from llm_intercept.settings import SWITCH
from llm_intercept.settings.guard import Guard, guard_of, is_guard, read
from llm_intercept.timing.pace import Taken
from tests.amounts import examples
from tests.support import run_command

if sys.platform == "win32":
    pytest.skip("the ways to start a process are others there", allow_module_level=True)


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    monkeypatch.delenv(SWITCH, raising=False)


def said() -> Guard:
    """Read what a process would be told that is started now."""
    guard = guard_of(os.environ)
    assert guard is not None
    return guard


# What is said

PASSED_ON: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "a text": ("hi", {}, {"reply": "hi", "mode": "mock"}),
    "any text": ("日本\n\ud800 'x' \x00", {}, {"reply": "日本\n\ud800 'x' \x00", "mode": "mock"}),
    "auto": (auto(), {}, {"auto": True, "mode": "mock"}),
    "its settings": ("hi", {"seed": 7, "passthrough": ["a.test"]}, {"seed": 7, "passthrough": ["a.test"]}),
    "its policy": (None, {"unmatched": "passthrough"}, {"mode": "block", "unmatched": "passthrough"}),
    "a refusal": (None, {"mode": "block"}, {"mode": "block"}),
}


@pytest.mark.parametrize(("reply", "options", "told"), PASSED_ON.values(), ids=PASSED_ON)
def test_a_process_is_told_what_can_be_said(reply, options, told):
    """By the environment, which is as before afterwards."""
    with intercept(reply, **options):
        guard = said()
        assert {**guard.settings, "reply": guard.reply, "auto": guard.auto}.items() >= told.items()
        assert guard.process == os.getpid()
        assert "test_children.py" in guard.where
        assert read(str(guard)) == guard
    assert SWITCH not in os.environ


def test_files_are_told_by_paths_from_anywhere(tmp_path, monkeypatch):
    """Of rules, recordings, the log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.toml").write_text('[[rules]]\nreply = "a"\n')
    with intercept(rules="r.toml", mode="replay", recordings="tape", log="calls.jsonl"):
        told = said().settings
    names = {"rules": "r.toml", "recordings": "tape", "log": "calls.jsonl"}
    assert {name: told[name] for name in names} == {name: str(tmp_path / file) for name, file in names.items()}
    assert told["mode"] == "replay"


def test_a_pace_is_told_where_it_is_text(tmp_path, monkeypatch):
    """With the path of its tape."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("llm_intercept.recording.measured.takes_of", lambda _: (Taken(1.0),))
    with intercept("hi", pace="tape=t,load=1"):
        assert said().settings["pace"] == f"tape={tmp_path / 't'},load=1"


NOT_PASSED_ON: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no reply": (None, {}, "no reply"),
    "a tool call": (tool_call("f"), {}, "object of Python"),
    "a function": (lambda request: "hi", {}, "object of Python"),
    "a rules function": ("hi", {"rules": lambda llm: None}, "function"),
    "a tokenizer": ("hi", {"tokenizer": type("T", (), {"split": lambda *_: []})()}, "tokenizer="),
    "a pace": ("hi", {"pace": Pace(ttft=1)}, "pace="),
    "recordings": (None, {"mode": "replay", "recordings": Recordings("t", redaction=Redaction())}, "Recordings"),
    "a long text": ("x" * 10_000, {}, "too long"),
}


@pytest.mark.parametrize(("reply", "options", "why"), NOT_PASSED_ON.values(), ids=NOT_PASSED_ON)
def test_a_process_refuses_where_the_answers_cannot_be_said(reply, options, why):
    """And is told why."""
    with intercept(reply, **options):
        guard = said()
    assert (guard.settings["mode"], why in guard.why) == ("block", True), guard


CHANGES = {
    "on": lambda llm: llm.on("x").reply("y").optional(),
    "reply": lambda llm: llm.reply("y").optional(),
    "rate_limit": lambda llm: llm.rate_limit(requests_per_minute=1),
    "chaos": lambda llm: llm.chaos(rate=0.5),
}


@pytest.mark.filterwarnings("ignore::llm_intercept.errors.ShadowedRuleWarning")
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_added_in_the_block_is_told_from_then_on(change):
    """As a reason to refuse, since nothing in a variable can say it; what is let out unmatched is not, then."""
    with intercept("hi", unmatched="warn") as llm:
        assert not said().why
        change(llm)
        guard = said()
        assert guard.why
        assert guard.settings | {"mode": "block", "unmatched": "error"} == guard.settings


def test_of_nested_blocks_the_newest_says_it_if_it_answers_all(tmp_path):
    """Else the others would be asked, which one variable cannot say."""
    rules = tmp_path / "r.toml"
    rules.write_text('[[rules]]\nuser = "x"\nreply = "a"\n')
    with intercept("outer"):
        with intercept("inner"):
            assert said().reply == "inner"
        with intercept():
            assert said().settings["mode"] == "block"
        with intercept(rules=rules):
            assert "the blocks around it" in said().why
        assert said().reply == "outer"
        with intercept("mine", scope="context"):
            assert "several blocks" in said().why


# The environment

STEPS = st.lists(st.tuples(st.sampled_from(["begin", "end", "set", "take away"]), st.integers(0, 9)), max_size=14)
FOUND = [None, "", "0", "mock", str(Guard("elsewhere", 1, {"mode": "block"}))]


@settings(max_examples=examples(60), deadline=None)
@given(found=st.sampled_from(FOUND), steps=STEPS)
def test_the_environment_comes_back_whatever_the_order(found, steps):
    """Blocks end in any order; what the program has made of the variable stays, as does what was there before."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as left:
        patch.setenv(SWITCH, found or "")
        if found is None:
            del os.environ[SWITCH]
        expected, blocks = found, []
        for step, number in steps:
            if step == "begin":
                block = intercept("hi")
                block.__enter__()
                blocks.append(block)
            elif step == "end" and blocks:
                blocks.pop(number % len(blocks)).__exit__(None, None, None)
            elif step == "set":
                expected = os.environ[SWITCH] = "off"
            elif step == "take away":
                expected = None
                os.environ.pop(SWITCH, None)
            if blocks and expected in {"off", "0", "mock"}:
                assert os.environ[SWITCH] == expected
        for block in blocks:
            left.callback(block.__exit__, None, None, None)
        left.close()
        assert os.environ.get(SWITCH) == expected


def test_a_block_that_the_program_brought_back_is_not_kept():
    """A copy of the environment that was made inside a block and is put back after it."""
    with intercept("old"):
        copy = dict(os.environ)
    os.environ.update(copy)
    with intercept("new"):
        assert said().reply == "new"
    assert SWITCH not in os.environ


def test_a_guard_of_another_version_refuses():
    """What it says cannot be known."""
    guard = read('block {"more": 1}')
    assert guard.settings == {"mode": "block"}
    assert guard.why
    assert is_guard('block {"more": 1}')
    assert not is_guard("block")


# The calls of others


def entry(**facts: Any) -> str:
    """Make a line that another process tells."""
    call = {"source": "rule", "model": "m", "input": 3, "output": 2, "first": False, "rule": -1, "taken": 0}
    return json.dumps({**call, **facts})


def test_the_calls_of_other_processes_count():
    """In the sums, for a budget, and for rules that are to be used; what cannot be read is passed over."""
    with intercept("hi", all_used=True) as llm:
        llm.on("a").reply("1", "2")
        report = Path(said().report)
        lines = [entry(rule=0, taken=1), entry(rule=0, taken=2), entry(source="live"), "{", "[]"]
        report.write_text("\n".join(lines))
    assert not report.exists()
    assert (llm._engine.journal.totals.calls, llm._engine.journal.totals.tokens) == ({"rule": 2, "live": 1}, 10)
    with pytest.raises(BudgetExceededError, match="the budget is 1 calls, and 2 were used"), intercept("hi") as llm:
        llm.budget(calls=1)
        Path(said().report).write_text(f"{entry()}\n{entry()}")


def test_a_script_that_another_process_left_unused_is_still_told():
    """How far it came there counts."""
    with pytest.raises(UnusedRuleError, match="1 of its 2 replies"), intercept(all_used=True) as llm:
        llm.on("a").reply("1", "2")
        Path(said().report).write_text(entry(rule=0, taken=1))


# Processes

ASKING = """
import json, multiprocessing, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor

import httpx

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "my secret words"}]}


def ask():
    try:
        answer = httpx.post(os.environ["TARGET"] + "/v1/chat/completions", json=BODY)
        return answer.json()["choices"][0]["message"]["content"] if answer.status_code == 200 else answer.json()
    except Exception as error:
        return repr(error)


def into(connection):
    connection.send(ask())


def started(way):
    context = multiprocessing.get_context(way)
    here, there = context.Pipe()
    process = context.Process(target=into, args=(there,))
    process.start()
    answer = here.recv()
    process.join()
    return answer


def subprocess_asks(**variables):
    environment = {**os.environ, **variables} if variables else None
    done = subprocess.run([sys.executable, __file__, "child"], capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def everyone(early, *ways):
    asked = {way: started(way) for way in ways}
    return {**asked, "subprocess": subprocess_asks(), "early": early.submit(ask).result()}
"""
PROGRAM = (
    ASKING
    + """
if sys.argv[1:] == ["child"]:
    print(json.dumps(ask()))
elif __name__ == "__main__":
    from llm_intercept import intercept
    from llm_intercept.journal.journal import TALLY

    found = {}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as early:
        early.submit(int).result()
        with intercept("mocked", log="calls.jsonl") as llm:
            found["text"] = everyone(early, "fork", "spawn", "forkserver")
            report = open(json.loads(os.environ["LLM_INTERCEPT"][6:])["report"]).read()
        found["calls"], found["tally"] = llm._engine.journal.totals.calls["rule"], TALLY.calls["rule"]
        found["told"] = "secret" in report
        try:
            with intercept() as llm:
                llm.on("words").reply("in Python")
                found["rules"] = everyone(early, "fork", "forkserver")
                found["own"] = subprocess_asks(LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="its own")
        except Exception as error:
            found["error"] = [type(error).__name__, str(error)]
        found["after"] = everyone(early, "forkserver")
    print(json.dumps(found))
"""
)
ANSWER = {"choices": [{"message": {"content": "paid"}}]}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Start processes in every way before, inside and after blocks, beside a server that stands for a paid API."""
    from tests.loopback import QuietHandler, listening

    asked: list[str] = []

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802
            asked.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            body = json.dumps(ANSWER).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    folder = tmp_path_factory.mktemp("children")
    (folder / "program.py").write_text(PROGRAM)
    with listening(Handler) as port:
        target = f"http://127.0.0.1:{port}"
        done = run_command(sys.executable, "program.py", cwd=folder, TARGET=target, TMPDIR=str(folder))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return {**told, "asked": len(asked), "left": sorted(one.name for one in folder.iterdir()), "stderr": done.stderr}


WAYS = ("fork", "spawn", "forkserver", "subprocess", "early")


@pytest.mark.parametrize("way", WAYS)
def test_a_process_answers_what_can_be_passed_on(found, way):
    """Forked, spawned, forked by a server, run by itself, or a worker that is older than the block."""
    assert found["text"][way] == "mocked"


@pytest.mark.parametrize("way", WAYS[2:])
def test_a_process_refuses_what_cannot_be_passed_on(found, way):
    """It says in which block it is, why, and what to do; a forked one has the rules."""
    assert found["rules"]["fork"] == "in Python"
    message = found["rules"][way]["error"]["message"]
    assert "started inside a block (program.py:" in message
    assert "a rule made in Python cannot be given to another process" in message
    assert "LLM_INTERCEPT_REPLY" in message


def test_what_other_processes_were_refused_fails_the_block(found):
    """With the request, and without what was said in it."""
    name, text = found["error"]
    assert name == "ElsewhereError"
    assert text.count("/v1/chat/completions (model gpt-4o)") == len(WAYS) - 2
    assert "secret words" not in text


def test_the_calls_of_other_processes_are_counted(found):
    """Once, whatever way they were started; their words are on no disk, and no file is left."""
    assert (found["calls"], found["tally"], found["told"]) == (len(WAYS), len(WAYS), False)
    assert [name for name in found["left"] if name.startswith("llm-intercept")] == []


def test_what_the_user_says_for_a_process_holds(found):
    """In the environment that it is given."""
    assert found["own"] == "its own"


def test_after_the_block_processes_are_as_before(found):
    """Those of a server that was started inside it, and older workers too; nothing else has reached the API."""
    assert set(found["after"].values()) == {"paid"}
    assert found["asked"] == len(found["after"])


def test_nobody_is_in_a_block_here():
    """The laws above have left nothing behind."""
    assert active() == ()
    assert children._environment.blocks == ()
    with pytest.raises(ElsewhereError):
        raise ElsewhereError(["x"])
