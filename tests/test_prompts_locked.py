"""`llm-intercept recordings lock` writes the prompts of a suite into one file, and says when they are others."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from click.testing import CliRunner

from llm_intercept import intercept
from llm_intercept.cli.app import app
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.take import Take, TakeRequest, TakeResponse
from llm_intercept.recording.tape import Tape, canonical_of, key_of
from llm_intercept.tapetools.prompts import Prompts, outline
from tests.support import URL, ask

if TYPE_CHECKING:
    from pathlib import Path

TOOL = {
    "name": "look",
    "description": "Looks.\nTwice.",
    "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
}
GEMINI = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent"
MOOD = {
    "contents": [{"parts": [{"text": "How is she?"}]}],
    "generationConfig": {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["happy"]}},
}
LONG = "You are kind.\nYou are brief.  \n\nToday is 2026-11-29 10:00:00."


def asked(
    system: str = LONG, user: str = "How are you?", model: str = "gpt-4o", url: str = URL, **more: Any
) -> TakeRequest:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    body = {"model": model, "messages": messages, "tools": [{"type": "function", "function": TOOL}], **more}
    return TakeRequest(method="POST", url=url, body=body)


def keep(folder: Path, request: TakeRequest) -> None:
    """Put a take of a request on a tape."""
    made = Take(fingerprint="0" * 64, request=request, response=TakeResponse(status=200, body={}))
    Tape(FolderStore(folder)).record(made.model_copy(update={"fingerprint": key_of(canonical_of(made)).fingerprint}))


class World:
    """A project with tapes, and the command in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "prompts.lock"

    def lock(self, *arguments: str, status: int = 0) -> str:
        result = CliRunner().invoke(app, ["recordings", "lock", *arguments])
        assert result.exit_code == status, (result.output, result.exception)
        return result.output


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return World(tmp_path)


WRITTEN = """\
# What this suite says to models. Written by `llm-intercept recordings lock`, and not to be edited.
# A change here is a change of a prompt: review it.

== tapes/test_one

gpt-4o (openai.chat)
    system you-are-kind-you-are-brief
    user how-are-you
    tool look

== tapes/test_two

gpt-4o-mini (openai.chat)
    system you-are-kind-you-are-brief
    user and-now
    tool look

== system you-are-kind-you-are-brief

    You are kind.
    You are brief.··

    Today is <time-1>.

== tool look

    type: function
    function:
        name: look
        description:
            Looks.
            Twice.
        parameters:
            type: object
            properties:
                at:
                    type: string

== user and-now

    And now?

== user how-are-you

    How are you?
"""


def test_prompts_are_written_once_each_by_tape(world):
    """The same in each turn and run; texts as lines, what changes from run to run by its name."""
    keep(world.folder / "tapes" / "test_one", asked())
    later = asked()
    later.body["messages"] += [{"role": "assistant", "content": "Well."}, {"role": "user", "content": "Good."}]
    keep(world.folder / "tapes" / "test_one", later)
    keep(world.folder / "tapes" / "test_two", asked(LONG.replace("10:00", "11:30"), "And now?", "gpt-4o-mini"))
    keep(world.folder / "tapes" / "test_two", TakeRequest(method="GET", url="https://example.org/x"))
    assert "prompts.lock is written" in world.lock("tapes")
    assert world.file.read_text() == WRITTEN
    assert "is as the tapes are" in world.lock("tapes", "--check")
    other = world.folder / "sub" / "other.lock"
    other.parent.mkdir()
    world.lock(str(world.folder / "tapes"), "--file", str(other))
    assert other.read_text() == WRITTEN.replace("== tapes", "== ../tapes")


def test_a_changed_prompt_is_shown_line_by_line(world):
    """And nothing is written; the command that would is named."""
    keep(world.folder / "tapes" / "a", asked())
    told = world.lock("tapes", "--check", status=1)
    assert "prompts.lock is not there. If this is meant, write it with: llm-intercept recordings lock tapes" in told
    world.lock("tapes")
    before = world.file.read_text()
    for file in (world.folder / "tapes" / "a").iterdir():
        file.unlink()
    keep(world.folder / "tapes" / "a", asked(LONG.replace("brief", "terse")))
    told = world.lock("tapes", "--check", status=1)
    assert "-    You are brief.··\n+    You are terse.··" in told
    assert world.file.read_text() == before
    assert "written anew" in world.lock("tapes")


def test_a_log_of_calls_is_as_good(world):
    """For tests without tapes: each call is its test's, and what it tells is redacted."""
    with intercept("Fine.", log="calls.jsonl"):
        ask(httpx, "hi, my key is sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz")
    world.lock("calls.jsonl")
    written = world.file.read_text()
    here = "tests/test_prompts_locked.py::test_a_log_of_calls_is_as_good"
    assert f"== {here}\n\ngpt-4o (openai.chat)\n" in written
    assert "my key is" in written
    assert "Ab3dEf6hIj9" not in written
    (world.folder / "y.jsonl").write_text(json.dumps({"url": URL, "request": asked().body, "test": None}) + "\n")
    world.lock("y.jsonl")
    assert "== y.jsonl\n" in world.file.read_text()
    (world.folder / "x.jsonl").write_text("nothing\n")
    assert "--file='sub/p' cannot be used. Use a file in a folder that is there" in world.lock(
        "y.jsonl", "--file", "sub/p", status=2
    ).replace(f"{world.folder}/", "", 1)
    assert "x.jsonl is no log of calls: its line 1 is none" in world.lock("x.jsonl", status=2)


def test_a_tape_that_cannot_be_read_is_an_error(world):
    """Its prompts are not known, so a file without them would be wrong."""
    keep(world.folder / "tapes", asked())
    next((world.folder / "tapes").iterdir()).write_text("{")
    assert "cannot be read, so their prompts are not known" in world.lock("tapes", status=2)


def test_a_link_in_the_files_place_is_neither_written_through_nor_shown(world):
    """A checkout of somebody else's may have one that leads to a file of its reader's."""
    keep(world.folder / "tapes", asked())
    mine = world.folder / "mine"
    mine.write_text("secret\n")
    world.file.symlink_to(mine)
    for arguments in ((), ("--check",)):
        told = world.lock("tapes", *arguments, status=2)
        assert "It is a link" in told
        assert "secret" not in told
    assert mine.read_text() == "secret\n"


def test_the_order_of_takes_says_nothing():
    """Nor does what a text has in it: what steers a terminal is said, and no text can look like another's name."""
    several = [
        ("b", asked("One and the same, one and the same: a")),
        ("b", asked("One and the same, one and the same: b")),
        ("a", asked("\x1b[31m\n== system x\r", "")),
        (
            "a",
            asked(
                "x", response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}
            ),
        ),
        ("a", TakeRequest(method="POST", url=GEMINI, body=MOOD)),
        (
            "a",
            TakeRequest(method="POST", url="https://api.openai.com/v1/embeddings", body={"model": "e", "input": "x"}),
        ),
    ]
    written = set[str]()
    for order in itertools.islice(itertools.permutations(several), 0, 120, 17):
        made = Prompts()
        for place, request in order:
            made.add(place, request)
        written.add(made.written())
    (text,) = written
    assert "one-and-the-same-one-and-2" in text
    assert "\x1b" not in text
    assert "    \\x1b[31m\n    == system x\\r\n" in text
    assert "answer s" in text
    assert "- happy\n" in text
    assert "e (openai.embeddings)" in text


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({"a": 1, "b": None, "c": "x"}, "a: 1\nb: null\nc: x"),
        ({"a": {}, "b": [], "c": ""}, 'a: {}\nb: []\nc: ""'),
        ({"a": "1", "b": "true", "c": "x: y", "d": " z "}, 'a: "1"\nb: "true"\nc: "x: y"\nd: " z "'),
        ([{"a": [1, "b"]}], "-\n    a:\n        - 1\n        - b"),
        ({"a": "one\ntwo"}, "a:\n    one\n    two"),
    ],
)
def test_a_schema_is_an_outline(value, lines):
    """A text needs quotes only where it could be read as something else."""
    assert outline(value) == lines
    assert json.loads(json.dumps(value)) == value
