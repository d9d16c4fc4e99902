"""What Windows and macOS would do where they do otherwise, as far as it can be told from here."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path

import pytest

from llm_intercept import cli
from llm_intercept.pytest_plugin.tapes_of_tests import _safe
from llm_intercept.recording import locks, store
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import key_of
from tests.support import chat

RESERVED = ("con", "CON", "nul", "aux.x", "Prn", "com1", "LPT9.tape")
FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]|[. ]$')


class _OfWindows:
    """The module os, as code finds it that asks which system it is on."""

    name = "nt"

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


@pytest.fixture
def windows(monkeypatch):
    for module in (locks, store):
        monkeypatch.setattr(module, "os", _OfWindows())


@pytest.mark.parametrize("name", [*RESERVED, "a:b", "a\\b", "a/b", "tests.", "test_x[https://a.test/?b=*]", "x" * 300])
def test_a_name_of_a_tape_can_be_one_on_every_system(name):
    """No device's, no character that Windows forbids, not too long, and none that another test has."""
    safe = _safe(name)
    assert not FORBIDDEN.search(safe), safe
    assert safe.partition(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    assert len(safe) <= 120
    assert safe != _safe(f"{name}_")


@pytest.mark.parametrize("said", ["Hello World", "ÄÖÜ Straße", "MiXed-CASE words", "İstanbul"])
def test_takes_are_told_apart_where_case_does_not_count(said):
    """As on macOS and Windows: two names that differ in case alone would be one file."""
    keys = [key_of({"method": "POST", "path": "/v1/chat/completions", "body": chat(said, model=one)}) for one in "aA"]
    names = [key.name(1) for key in keys]
    assert len({name.casefold() for name in names}) == len(names)


def test_a_file_that_is_read_just_now_is_replaced_in_a_moment(windows, tmp_path, monkeypatch):
    """Windows refuses until the reader is done."""
    refused = iter([True, True, False])
    replace = Path.replace

    def reluctant(path: Path, to: Path) -> Path:
        if next(refused, False):
            raise PermissionError(13, "somebody has it open")
        return replace(path, to)

    kept = FolderStore(tmp_path)
    kept.create("a.json", b"1")
    monkeypatch.setattr(Path, "replace", reluctant)
    kept.replace("a.json", b"2")
    assert kept.read("a.json") == b"2"
    assert [one.name for one in tmp_path.iterdir()] == ["a.json"]


def test_a_file_that_stays_open_is_an_error(windows, tmp_path, monkeypatch):
    """After some patience, and nothing is lost."""
    kept = FolderStore(tmp_path)
    kept.create("a.json", b"1")
    monkeypatch.setattr(store, "PATIENCE", 0.0)
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "it is open")))
    with pytest.raises(PermissionError):
        kept.replace("a.json", b"2")
    assert kept.read("a.json") == b"1"


def test_a_lock_leaves_no_file_where_open_files_cannot_be_deleted(windows, tmp_path, monkeypatch):
    """It is closed before it is deleted."""
    path = str(tmp_path / "lock")
    opened: set[str] = set()
    unlink = os.unlink
    monkeypatch.setattr(os, "unlink", lambda one: None if one in opened else unlink(one))
    with locks.locked(path):
        opened.add(path)
        monkeypatch.setattr(os, "close", lambda found, close=os.close: (opened.discard(path), close(found)))
    assert not Path(path).exists()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_gets_what_it_can_show(tmp_path, monkeypatch, encoding):
    """And of the rest the escapes, where Python by itself has an error."""
    take = tmp_path / "001-hi-00000000.json"
    take.write_text(TAKE, encoding="utf-8")
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    monkeypatch.setattr(sys, "argv", ["llm-intercept", "recordings", "show", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    sys.stdout.flush()
    assert ended.value.code == 0
    assert "\\u65e5 \\u2192 hi" in written.getvalue().decode(encoding)


TAKE = f"""{{
  "version": 1, "fingerprint": "{"0" * 64}",
  "request": {{"method": "POST", "url": "https://api.openai.com/v1/chat/completions",
    "body": {{"model": "gpt-4o", "messages": [{{"role": "user", "content": "日 → hi"}}]}}}},
  "response": {{"status": 200, "headers": {{"content-type": "application/json"}}, "body": {{"id": "x"}}}}
}}"""
