"""What a model, a server or a file's name says reaches a terminal as text: it is shown, and obeyed by nothing."""

from __future__ import annotations

import glob
import io
import json
import sys
import unicodedata
import warnings

import pytest
from click.testing import CliRunner

from llm_intercept import Reply, errors, facts, intercept, tool_call
from llm_intercept.cli.app import app
from llm_intercept.errors import LLMInterceptError
from llm_intercept.recording.bodies import Chunk
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import sanitize_request, sanitize_response, take_of
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.take import write_take
from llm_intercept.recording.tape import Tape
from llm_intercept.shown import STEERING, visible
from tests.support import MESSAGES, RESPONSES, URL, chat, message, respond

# OSC 52 and 8 by ESC and by C1, window title, clear screen, carriage return, backspace, overrides, tags, rich's markup.
EVIL = (
    "\x1b]52;c;cm0=\x07\x1b]0;t\x07\x1b[2J\x9b2J\x9d8;;u\x9c\r\x08\x7f\u202egpj\u2066\u200b\U000e0041"
    "[link=https://evil.test]x[/link][/nope][bold]:smile:"
)
NAME = EVIL.replace("/", "|").replace("\x00", "")
HARMLESS = frozenset("\u00ad\u200c\u200d\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")


def test_whatever_steers_a_terminal_is_written_as_an_escape():
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    for code in (*range(0x3000), *range(0xD800, 0xE000), *range(0xFE00, 0x10000), *range(0xE0000, 0xE0080)):
        character = chr(code)
        found = STEERING.search(character) is not None
        assert found == (unicodedata.category(character) in steering and character not in HARMLESS) or code in {
            *range(0x2060, 0x2070),  # some are not assigned
            *range(0xE0000, 0xE0080),
        }, hex(code)
        shown = visible(character)
        assert STEERING.search(shown) is None
        assert (shown == character) is not found
    assert visible("a\n\tb", lines=True) == "a\n\tb"
    assert visible("a\n\tb") == r"a\n\tb"
    assert visible("👩‍👩‍👧 naïve نامه‌ای") == "👩‍👩‍👧 naïve نامه‌ای"


def is_safe(text):
    return STEERING.search(text.replace("\n", "").replace("\t", "")) is None


def evil_take(user, body=None, content=None, kind="application/json"):
    asked = sanitize_request("POST", URL, {}, chat(user, model=EVIL) | (body or {}), Redaction())
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": EVIL}, "finish_reason": "stop"}]}
    sent = json.dumps(answer).encode() if content is None else content
    response = sanitize_response(asked, 200, [("content-type", kind)], [Chunk(sent, 0.0)], Redaction())
    return take_of(asked, response, partial=None, versions={})


def evil_tape(folder):
    """Make a tape whose every name and text is hostile."""
    tape = Tape(FolderStore(folder))
    call = {"id": "c", "type": "function", "function": {"name": EVIL, "arguments": EVIL}}
    tool = {"type": "function", "function": {"name": EVIL, "parameters": {}}}
    message = {"role": "assistant", "tool_calls": [call]}
    said = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": EVIL}]}).encode()
    event = json.dumps({"choices": [{"index": 0, "delta": {"content": EVIL}}]})
    tape.record(evil_take(EVIL, {"tools": [tool]}, said))
    tape.record(evil_take("two", {"messages": [{"role": EVIL, "content": EVIL}, message]}))
    tape.record(evil_take("three", None, f"data: {event}\n\ndata: {EVIL}\n\n".encode(), "text/event-stream"))
    tape.record(evil_take("four", None, EVIL.encode(), "text/plain"))
    embedding = sanitize_request(
        "POST", URL.replace("chat/completions", "embeddings"), {}, {"input": [EVIL]}, Redaction()
    )
    tape.record(take_of(embedding, evil_take("x").response, partial=None, versions={}))
    other = sanitize_request("POST", f"https://api.openai.com/v1/{NAME}", {}, EVIL, Redaction())
    tape.record(take_of(other, evil_take("x").response, partial=EVIL, versions={}))
    document = json.loads(write_take(evil_take("five")))
    (folder / f"001-{NAME}.json").write_text(json.dumps({**document, EVIL: 1}))
    (folder / f"002-{NAME}.json").write_text("{")
    return folder


ENVIRONMENT = {"COLUMNS": "2000", "CI": "", "OPENAI_API_KEY": "k"}


def command(*words, status):
    result = CliRunner().invoke(app, ["recordings", *map(str, words)], color=True, input="n\n", env=ENVIRONMENT)
    assert result.exit_code == status, (result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def test_no_command_lets_a_take_a_name_or_a_folder_steer_the_terminal(tmp_path):
    folder = evil_tape(tmp_path / NAME / "tape")
    played = tmp_path / "played"
    played.write_text(f"{tmp_path}\tnothing\n")
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys, httpx\nfrom llm_intercept import intercept\n"
        f"with intercept(mode='replay', recordings=sys.argv[1]):\n httpx.post({URL!r}, json={chat(EVIL + '!')!r})\n"
    )
    whole, locked = evil_tape(tmp_path / "whole" / NAME), tmp_path / f"{NAME[-20:]}.lock"
    for file in list(whole.glob(f"00?-{glob.escape(NAME)}.json")):
        file.unlink()
    cassette = tmp_path / f"{NAME}.json"
    cassette.write_text(json.dumps([{"scope": EVIL, "path": EVIL, "method": EVIL, "status": EVIL}]))
    shown = {
        "ls": command("ls", folder, status=1),
        "ls as JSON": command("ls", "--json", folder, status=1),
        "diff as JSON": command("diff", "--json", folder, evil_tape(tmp_path / "third" / NAME), status=1),
        "diff of two": command("diff", folder / "1", folder / "2", status=1),
        "diff of two words": command("diff", *(evil_tape(tmp_path / one / NAME) / "four" for one in "xy"), status=0),
        "show": command("show", folder, status=1),
        "show one": command("show", folder, EVIL, status=2),
        "check": command("check", "--played", played, folder, status=1),
        "diff": command("diff", folder, evil_tape(tmp_path / "other" / NAME), status=1),
        "prune": command("prune", "--played", played, folder, status=2),
        "rekey": command("rekey", folder, "--", sys.executable, program, folder, status=0),
        "import": command("import", cassette, "--to", tmp_path / "out", status=1),
        "verify": command("verify", folder, status=2),
        "lock": command("lock", folder, "--file", tmp_path / "one.lock", status=2),
        "lock of what can be read": command("lock", whole, "--file", locked, status=0),
        "lock checked": command("lock", whole, "--file", tmp_path / "two.lock", "--check", status=1),
        "nothing": command("ls", tmp_path / EVIL.replace("/", ""), status=2),
    }
    shown["prompts.lock"] = locked.read_text()
    for name, text in shown.items():
        assert is_safe(text), name
    assert "[link=https://evil.test]x[/link][/nope][bold]:smile:" in shown["ls"]
    assert EVIL.rpartition("\U000e0041")[2] in shown["show"]
    assert "damaged" in shown["check"]


def test_check_of_a_file_of_rules_is_safe(tmp_path):
    file = tmp_path / f"{NAME}.toml"
    file.write_text(f"[[rules]]\nuser = {json.dumps(EVIL[:30])}\nreplies = 3\n")
    result = CliRunner().invoke(app, ["check", str(file)], color=True)
    assert result.exit_code == 1
    assert is_safe(result.output)


def test_calls_and_what_fails_a_test_are_safe(tmp_path):
    import httpx
    from rich.console import Console

    tools = [{"type": "function", "function": {"name": EVIL, "parameters": {}}}]
    screen = io.StringIO()
    with pytest.raises(errors.UnmatchedRequestError) as raised, intercept(validate="off") as llm:
        llm.on("answered").reply(Reply(EVIL, tool_call(EVIL, evil=EVIL)))
        httpx.post(URL, json=chat("answered" + EVIL, model=EVIL, tools=tools))
        refused = httpx.post(URL, json=chat(EVIL, model=EVIL + "\nthe rule tried:", tools=tools))
        Console(file=screen, width=2000).print(llm.calls)
        texts = [repr(llm.calls), repr(llm.calls[0]), repr(llm.calls[0].reply), repr(llm.calls[0].request)]
        texts += [str(one) for one in llm.unmatched]
    assert "[link=https://evil.test]x[/link][/nope][bold]:smile:" in screen.getvalue()
    texts += [screen.getvalue(), str(raised.value), refused.json()["error"]["message"]]
    for text in texts:
        assert is_safe(text)
    assert r"\nthe rule tried:" in str(raised.value)


def test_what_an_api_refuses_is_safe():
    """Its words name what a client sent; the client gets them to the letter."""
    import httpx

    with intercept("x") as llm:
        refused = [
            httpx.post(MESSAGES, json=message(messages=[{"role": EVIL, "content": "hi"}])),
            httpx.post(RESPONSES, json=respond(input=[{"role": EVIL, "content": "hi"}])),
        ]
    assert [EVIL in answer.json()["error"]["message"] for answer in refused] == [True, True]
    assert [is_safe(str(call.error)) for call in llm.calls] == [True, True]


def test_every_error_and_warning_is_safe(tmp_path):
    assert is_safe(str(LLMInterceptError(EVIL)))
    for one in (
        errors.ReplyFunctionError(EVIL, EVIL, ValueError(EVIL)),
        errors.RuleFileError(EVIL, EVIL, EVIL, EVIL),
        errors.UnseenClientError(EVIL, EVIL),
        errors.NotResilientError(EVIL, [EVIL], None),
        errors.SecretInRecordingError(EVIL, [facts.SecretFacts(EVIL, EVIL, EVIL)]),
        facts.TakeFacts(EVIL, EVIL, (EVIL,)),
        facts.RequestFacts(EVIL, EVIL, EVIL, EVIL, (EVIL,)),
    ):
        assert is_safe(str(one)), one
    import httpx

    folder = evil_tape(tmp_path / NAME)
    with (
        warnings.catch_warnings(record=True) as caught,
        pytest.raises(errors.UnmatchedRequestError) as raised,
        intercept(mode="replay", recordings=folder),
    ):
        warnings.simplefilter("always")
        httpx.post(URL, json=chat("never recorded"))
    assert is_safe(str(raised.value))
    assert [is_safe(str(one.message)) for one in caught if one.category is errors.DamagedRecordingWarning] == [True]


def test_the_report_of_a_failing_test_is_safe(pytester):
    pytester.makepyfile(
        f"""
        import httpx
        def test_it(llm_mock):
            llm_mock.reply({EVIL!r})
            httpx.post({URL!r}, json={chat("hi", model=EVIL)!r})
            assert False, "no reason"
        """
    )
    shown = pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:asyncio").stdout.str()
    assert "llm-intercept calls" in shown
    assert is_safe(shown)


def test_takes_are_listed_and_shown_in_the_order_they_were_recorded(tmp_path):
    tape = Tape(FolderStore(tmp_path / "t[gpt-4o]"))
    for second, user in enumerate(("zebra", "ant", "mule")):
        tape.record(evil_take(user, {"model": "m"}).model_copy(update={"recorded_at": f"2026-11-28T00:00:0{second}Z"}))
    for shown in (command("ls", tmp_path, status=0), command("show", tmp_path / "t[gpt-4o]", status=0)):
        assert shown.index("001-zebra") < shown.index("001-ant") < shown.index("001-mule")
    assert "t[gpt-4o]" in command("ls", tmp_path, status=0)


def test_the_texts_of_embeddings_are_shown(tmp_path):
    url = URL.replace("chat/completions", "embeddings")
    for name, given in (("one", "a text"), ("list", ["a text", "another text"])):
        asked = sanitize_request("POST", url, {}, {"model": "m", "input": given}, Redaction())
        Tape(FolderStore(tmp_path / name)).record(take_of(asked, evil_take("x").response, partial=None, versions={}))
        assert "a text" in command("show", tmp_path / name, status=0)
    assert "another text" in command("show", tmp_path / "list", status=0)
