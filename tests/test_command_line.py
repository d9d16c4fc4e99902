"""How the command ends, whatever it is given: a status that says what it was, a sentence, and no traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from llm_intercept.cli.app import app
from llm_intercept.cli.endings import Commands
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import Tape
from tests.test_recording_tape import take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def ended(*words: object, status: int, **options: Any) -> str:
    """Run the command; return what it wrote, stderr too."""
    done = CliRunner().invoke(app, [str(word) for word in words], **options)
    assert done.exit_code == status, (done.output, done.exception)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


def tape(folder: Path, *users: str) -> Path:
    made = Tape(FolderStore(folder))
    for user in users:
        made.record(take(user))
    return folder


def test_what_is_another_each_time_is_no_difference(tmp_path: Path) -> None:
    """As `diff` ends; what lasts, what one side alone has, and a damaged file are some."""
    for folder in "ab":
        tape(tmp_path / folder, "hi")
    places = tmp_path / "a", tmp_path / "b"
    for words in (("diff",), ("diff", "--json")):
        assert "recorded_at" in ended("recordings", *words, *places, status=0)
    (tmp_path / "b" / "002-x.json").write_text("{")
    assert "is damaged" in ended("recordings", "diff", *places, status=1)
    (tmp_path / "b" / "002-x.json").unlink()
    tape(tmp_path / "b", "only here")
    assert "only in the other" in ended("recordings", "diff", *places, status=1)


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("run", "--", sys.executable, "-c", "")])
@pytest.mark.parametrize(
    ("place", "mode", "told"),
    [
        ("tapse", "replay", "Mode 'replay' plays what is recorded there, and there is no such folder. Did you mean "),
        ("tapse/one", "replay", f"tapes{os.sep}one?"),
        ("tapes", None, "there are no takes in it"),
        ("file", None, "it is a file, not a folder"),
        ("tapse", "auto", "Mode 'auto' plays in CI what is recorded there"),
    ],
)
def test_a_mode_that_has_nothing_to_play_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    place: str,
    mode: str | None,
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CI", "true")
    (tmp_path / "tapes").mkdir()
    (tmp_path / "file").write_text("")
    flags = ["--recordings", place, *(["--mode", mode] if mode else [])]
    assert told in ended(command[0], *flags, *command[1:], status=2)


def test_ctrl_c_while_the_command_is_imported_is_no_traceback() -> None:
    """As any that is stopped later."""
    program = (
        "import sys\n"
        "class Stopped:\n"
        "    def find_spec(self, name, *more):\n"
        "        if name == 'click': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stopped())\n"
        "from llm_intercept.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\nstopped\n")


def test_what_is_no_tape_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to give instead: a log, half a take, a take of a newer version, bytes, a folder in a take's place."""
    monkeypatch.chdir(tmp_path)
    name = Tape(FolderStore("tape")).record(take("hi"))
    whole = (tmp_path / "tape" / name).read_bytes()
    files = {
        "calls.jsonl": b'{"url": "https://x.test", "source": "rule", "request": {}}\n' * 2,
        "half.json": whole[: len(whole) // 2],
        "newer.json": whole.replace(b'"version": 1', b'"version": 2', 1),
        "bytes.json": b"\x00\xff\xfe",
    }
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    for words in (["ls"], ["show"], ["check"], ["verify", "--in-ci"], ["diff", "tape"], ["view", "--html", "x.html"]):
        assert "pytest --llm-report=FILE" in ended("recordings", *words, "calls.jsonl", status=2)
    for words in (["diff", "tape"], ["view", "--html", "x.html"]):
        assert "it is not JSON" in ended("recordings", *words, "half.json", status=2)
        assert "a newer one wrote it, so upgrade this one" in ended("recordings", *words, "newer.json", status=2)
        assert "it is not JSON" in ended("recordings", *words, "bytes.json", status=2)
    for file in ("half.json", "bytes.json"):
        assert f"{file} is no log of calls: its line 1 is none" in ended("recordings", "lock", file, status=2)
    assert "xff" in ended("recordings", "lock", "tape", "--file", "bytes.json", "--check", status=1)
    (tmp_path / "bad").mkdir()
    for number, file in enumerate(("half.json", "newer.json", "bytes.json"), 1):
        (tmp_path / "bad" / f"00{number}-x-aaaaaaaaaaaa.json").write_bytes(files[file])
    (tmp_path / "bad" / "004-x-aaaaaaaaaaaa.json").mkdir()
    assert ended("recordings", "check", "bad", status=1).count(": damaged: ") == 4
    for words in (["ls"], ["ls", "--json"], ["show"]):
        assert "it is not JSON" in ended("recordings", *words, "bad", status=1)
    assert "'llm-intercept recordings check' says why" in ended("recordings", "verify", "--in-ci", "bad", status=2)
    assert "there is no such file" in ended("recordings", "prune", "--played", "none", "tape", status=2)


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        (KeyboardInterrupt(), 130, "stopped"),
        (click.Abort(), 2, "--yes does not ask"),
        (PermissionError(13, "Permission denied", "tape/1.json"), 2, "Error: tape/1.json: Permission denied"),
        (OSError(28, "No space left on device"), 2, "Error: No space left on device"),
        (LookupError("there is none"), 2, "Error: there is none"),
    ],
    ids=repr,
)
def test_what_ends_a_command_is_said(raised: BaseException, status: int, told: str) -> None:
    group = Commands()

    @group.command()
    def it() -> None:
        raise raised

    done = CliRunner().invoke(group, ["it"])
    assert (done.exit_code, told in done.output) == (status, True), done.output


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    group = Commands()

    @group.command()
    def it() -> None:
        raise KeyError("x")

    assert isinstance(CliRunner().invoke(group, ["it"]).exception, KeyError)


@pytest.mark.skipif(sys.platform == "win32", reason="head, and its signal")
def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    folder = tape(tmp_path / "t", "one", "two")
    read, write = os.pipe()
    os.close(read)
    words = [sys.executable, "-m", "llm_intercept", "recordings", "ls", str(folder)]
    done = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def _commands(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for name, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from ((f"{name} {inner}", command) for inner, command in _commands(one))
        else:
            yield name, one


@pytest.mark.parametrize(("name", "command"), list(_commands(app)), ids=lambda one: one if isinstance(one, str) else "")
def test_help_is_short_and_has_an_example_that_is_understood(name: str, command: click.Command) -> None:
    told = ended(*name.split(), "--help", status=0, env={"COLUMNS": "80"})
    examples = re.findall(r"^ +llm-intercept (.+)$", told.partition("Example")[2], re.MULTILINE)
    assert examples
    assert all(one.startswith(f"{name} ") for one in examples)
    flags = set(re.findall(r"(?<= )--[a-z][a-z-]*", " ".join(one.partition(" -- ")[0] for one in examples)))
    assert flags <= {flag for one in command.params for flag in one.opts}
    assert command.short_help
    assert len(command.short_help) <= 40
