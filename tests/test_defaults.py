"""`[tool.llm_intercept]` in pyproject.toml: the keys it has, where it is looked for, and what it must not hold."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import httpx
import pytest

from llm_intercept import Interceptor, intercept
from llm_intercept.errors import SettingsError, UnmatchedRequestError, UnusedRuleError
from llm_intercept.rulefiles.load import install
from llm_intercept.settings.pyproject import KEYS, project_defaults
from tests.support import ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KNOWN = "https://api.openai.com/v1/files"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Write the table into a pyproject.toml in an empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def write(table: str) -> Path:
        tmp_path.joinpath("pyproject.toml").write_text(f"[project]\nname = 'x'\n\n[tool.llm_intercept]\n{table}\n")
        return tmp_path

    return write


def test_without_the_table_there_are_no_defaults(tmp_path, monkeypatch):
    """Without the file neither, and with a table that is empty."""
    monkeypatch.chdir(tmp_path)
    for content in ("", "[tool.other]\nmode = 3\n", "[tool]\n", "[tool.llm_intercept]\n"):
        tmp_path.joinpath("pyproject.toml").write_text(content)
        assert project_defaults() == {}


def test_unmatched_is_the_default_policy(project):
    """An argument has the last word."""
    project('unmatched = "raise"')
    with pytest.raises(UnmatchedRequestError), intercept("hi"):
        httpx.get(KNOWN)
    with pytest.raises(UnmatchedRequestError), intercept("hi", unmatched="error"):
        assert httpx.get(KNOWN).status_code == 404


@pytest.mark.parametrize("given", ['"r.toml"', '["r.toml"]'])
def test_rules_are_files_beside_the_pyproject(project, monkeypatch, given):
    """Wherever below it the program runs; an argument replaces them."""
    folder = project(f"rules = {given}")
    (folder / "r.toml").write_text('[[rules]]\nmatch = "a"\nreply = "of the project"\n')
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    with intercept("else"):
        assert [ask(httpx, "a"), ask(httpx, "b")] == ["of the project", "else"]
    with intercept("else", rules=[]):
        assert ask(httpx, "a") == "else"


def test_the_log_is_beside_the_pyproject(project, monkeypatch):
    """Wherever below it the program runs."""
    folder = project('log = "calls.jsonl"')
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    with intercept("hi"):
        ask(httpx, "logged")
    assert json.loads((folder / "calls.jsonl").read_text())["last_user"] == "logged"


def test_absolute_paths_stay_as_they_are(project, tmp_path_factory):
    """A folder of rules may be elsewhere."""
    file = tmp_path_factory.mktemp("shared") / "r.toml"
    file.write_text('[[rules]]\nreply = "shared"\n')
    project(f"rules = {json.dumps(str(file))}")
    with intercept():
        assert ask(httpx) == "shared"


def test_all_used_is_the_default_of_blocks(project):
    """An argument has the last word."""
    project("all_used = true")
    with pytest.raises(UnusedRuleError), intercept() as llm:
        llm.on("a").reply("b")
    with intercept(all_used=False) as llm:
        llm.on("a").reply("b")


def test_passthrough_is_the_default_of_blocks(project, server):
    """The host is let out, the rest is answered."""
    project('passthrough = ["127.0.0.1"]')
    with intercept("hi") as llm:
        httpx.post(
            server.url + "/v1/chat/completions", json={"model": "m", "messages": [{"role": "user", "content": "hi"}]}
        )
        assert ask(httpx) == "hi"
    assert [call.source for call in llm.calls] == ["live", "rule"]


def test_the_seed_is_the_default_of_blocks(project):
    """The same seed gives the same ids."""

    def one(**options: int) -> str:
        from tests.support import URL, chat

        with intercept("hi", **options):
            return httpx.post(URL, json=chat()).json()["id"]

    project("")
    plain, seven = one(), one(seed=7)
    project("seed = 7")
    import os

    os.utime("pyproject.toml", ns=(1, 1))
    assert (one(), one(seed=0)) == (seven, plain)


def test_a_changed_file_is_read_again(project):
    """Between two blocks."""
    import os

    for number, policy in enumerate(("raise", "warn", "error"), 1):
        project(f'unmatched = "{policy}"')
        os.utime("pyproject.toml", ns=(number, number))
        assert project_defaults() == {"unmatched": policy}


def test_the_nearest_file_counts(project, monkeypatch):
    """Even without the table: it is another project's."""
    folder = project('unmatched = "raise"')
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert project_defaults() == {"unmatched": "raise"}
    (folder / "a" / "pyproject.toml").write_text("[project]\nname = 'inner'\n")
    monkeypatch.chdir(folder / "a")
    assert project_defaults() == {}


def test_an_unknown_key_is_refused_with_the_one_that_was_meant(project):
    """It names the key, its value and the file, and all keys where none is near."""
    folder = project('unmached = "raise"')
    with pytest.raises(SettingsError) as raised:
        Interceptor()
    told = str(raised.value)
    assert told.startswith(
        f"unmached='raise' cannot be used in [tool.llm_intercept] of {folder / 'pyproject.toml'}: no setting has this name."
    )
    assert told.endswith("Did you mean 'unmatched'?")
    folder = project("qqq = 1")
    with pytest.raises(SettingsError) as raised:
        Interceptor()
    assert all(repr(key) in str(raised.value) for key in KEYS)


@pytest.mark.parametrize("content", ["[tool]\nllm_intercept = 3\n", "[[tool.llm_intercept]]\nmode = 'mock'\n"])
def test_what_is_no_table_is_refused(tmp_path, monkeypatch, content):
    """It names the file."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("pyproject.toml").write_text(content)
    with pytest.raises(SettingsError, match="a table of settings"):
        Interceptor()


@pytest.mark.parametrize(
    "content",
    [
        b"[tool.llm_intercept\n",
        b"name = '\xff'\n",
        b"tool = 3  # not llm_intercept\n",
    ],
)
def test_a_file_that_is_broken_is_refused(tmp_path, monkeypatch, content):
    """It names the file, rather than start without the defaults."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("pyproject.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=re.escape("pyproject.toml")):
        Interceptor()


@pytest.mark.parametrize("content", ["tool = 3\n", "[tool.llm\n", "[project]\nname = 'x'\n", ""])
def test_a_file_that_does_not_name_us_gives_no_defaults(tmp_path, monkeypatch, content):
    """Nor is it read as TOML: what is wrong with it is for others to say."""
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("pyproject.toml").write_text(content)
    assert project_defaults() == {}


@pytest.mark.parametrize(
    ("table", "name"),
    [
        ('mode = "nonsense"', "mode"),
        ('mode = "replay"', "recordings"),
        ("recordings = 3", "recordings"),
        ("time_scale = -1", "time_scale"),
        ('unmatched = "nonsense"', "unmatched"),
        ('rules = "nowhere.toml"', "rules"),
        ('rules = ["nowhere.toml"]', "rules"),
        ("rules = 3", "rules"),
        ("rules = [3]", "rules"),
        ('seed = "a"', "seed"),
        ("passthrough = 3", "passthrough"),
        ('scope = "thread"', "scope"),
        ('log = "no/such/folder/x"', "log"),
        ("log = 3", "log"),
        ('all_used = "no"', "all_used"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(project, table, name):
    """By the same message as an argument's."""
    project(table)
    with pytest.raises(SettingsError, match=rf"^{name}.*cannot be used"):
        intercept()


def test_a_value_that_is_refused_is_told_with_the_file_it_stands_in(project):
    """Nobody passed it as an argument."""
    project('unmatched = "nonsense"')
    with pytest.raises(SettingsError, match=re.escape("pyproject.toml")):
        intercept()


def test_the_key_mode_is_a_mode(project):
    """`mock`, in this version."""
    project('mode = "mock"\nscope = "process"')
    with intercept("hi"):
        assert ask(httpx) == "hi"


def test_rules_are_installed_by_install_alone():
    """A function is called with the interceptor it is given."""
    llm = Interceptor()
    install(lambda given: given.reply("a"), llm, llm._engine.book)
    assert [str(rule) for rule in llm._engine.book.catch_alls] == ["reply('a')"]
