"""The first five minutes, docs/start.md, run as they stand: also what is recorded, and the mistake that it shows."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path

import pytest

from llm_intercept import Interceptor
from llm_intercept.server import serve
from tests import pages

START = Path(__file__).parents[1] / "docs" / "start.md"
importlib.import_module("openai.resources.chat")  # a run in this process forgets what is imported in it


@pytest.fixture(autouse=True)
def _as_a_reader_has_it(monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester) -> None:
    """Write the page's files into a folder, and set nothing that a reader has not set."""
    for name in [name for name in os.environ if name.startswith(("LLM_INTERCEPT", "PYTEST_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_API_KEY", "")  # the page's conftest.py sets one, which is to be gone afterwards
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pages.write(START, pytester.path)


def test_all_pass_but_the_mistake_which_is_explained_as_shown(pytester: pytest.Pytester) -> None:
    """Each line that the page shows of pytest's output is there, in this order."""
    done = pytester.runpytest_inprocess(*pages.OPTIONS, "--tb=short", "-p", "no:randomly", "--ignore=test_recorded.py")
    done.assert_outcomes(passed=5, failed=1)
    said = [re.sub(r"-{6,}", "------", line) for line in done.outlines]
    shown = dict(pages.files(START))["pytest test_mistake.py"].splitlines()
    places = [said.index(line) for line in shown]
    assert places == sorted(places)


def test_what_is_recorded_once_is_replayed(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the page's two commands: the first asks a model, the second nobody."""
    commands = dict(pages.files(START))["record, then replay"].splitlines()
    record, replay = (line.partition("pytest -q ")[2].split() for line in commands)
    with serve(Interceptor("Hello.")) as url:  # the model
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-reader")
        pytester.runpytest_inprocess(*pages.OPTIONS, *record).assert_outcomes(passed=1)
    monkeypatch.delenv("OPENAI_API_KEY")
    pytester.runpytest_inprocess(*pages.OPTIONS, *replay).assert_outcomes(passed=1)
