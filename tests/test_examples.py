"""Every file in examples/ runs, and says what it promises."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from llm_intercept.cli.app import app
from tests.support import run_command
from tests.upstream import WORDS

if TYPE_CHECKING:
    import subprocess

EXAMPLES = Path(__file__).parents[1] / "examples"
LITELLM = sorted(path.name for path in EXAMPLES.glob("litellm_*.py"))
OTHERS = sorted(path.name for path in EXAMPLES.glob("*.py") if path.name not in {*LITELLM, "demo.py"})


def run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, without the variables of this one's."""
    return run_command(sys.executable, "-W", "error", *arguments, cwd=EXAMPLES.parent, **variables)


ONE_AFTER_ANOTHER = """
import os, runpy, sys

for path in sys.argv[1:]:
    sys.argv = [path]
    sys.path[0] = os.path.dirname(path)
    print(f"== {os.path.basename(path)}", flush=True)
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        print(f"ended with {end.code}")
"""
"""Runs programs one after another, so that what all of them import, the SDK, is imported once."""


def said_by(names: list[str], **variables: str) -> dict[str, str]:
    """Run examples as programs; return what each printed."""
    done = run("-c", ONE_AFTER_ANOTHER, *(EXAMPLES / name for name in names), **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    _, *parts = done.stdout.split("== ")
    printed = {part.partition("\n")[0]: part.partition("\n")[2].strip() for part in parts}
    assert list(printed) == names
    return printed


def test_an_example_runs_as_a_program() -> None:
    """A program in examples/ ends well where `LLM_INTERCEPT=mock` answers it, and says something."""
    printed = said_by(OTHERS, LLM_INTERCEPT="mock")
    assert [name for name, text in printed.items() if not text or "ended with" in text] == []
    assert "".join(WORDS) in printed["replay.py"], "the project's own tape replays"
    assert "|".join(WORDS) in printed["replay.py"]


def test_the_demo_needs_no_variable_and_no_key() -> None:
    """`demo.py` runs the unchanged program in its two ways, and shows both answers."""
    done = run(EXAMPLES / "demo.py")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for words in ("Packets fall like leaves.", "GET, said the frog. 200 OK.", "The |reply |comes |in |pieces."):
        assert words in done.stdout


@pytest.mark.parametrize("name", LITELLM)
def test_a_litellm_example_needs_only_its_import_changed(name: str) -> None:
    """The examples of litellm's page take `completion` from this package, and nothing else of it."""
    code = EXAMPLES.joinpath(name).read_text()
    assert re.findall(r"^(?:from|import) (?!json|pytest).*", code, re.MULTILINE) == [
        "from llm_intercept import completion"
    ]


def test_the_quick_start_prints_the_mocked_text(capsys: pytest.CaptureFixture[str]) -> None:
    """The quick start says what was mocked."""
    runpy.run_path(str(EXAMPLES / "litellm_quick_start.py"), run_name="__main__")
    assert capsys.readouterr().out == "Nothing: no request leaves this machine.\n"


def test_streaming_prints_piece_by_piece(capsys: pytest.CaptureFixture[str]) -> None:
    """The stream comes in several pieces, which joined are the text."""
    runpy.run_path(str(EXAMPLES / "litellm_streaming.py"), run_name="__main__")
    printed = capsys.readouterr().out.strip()
    assert printed.replace("|", "") == "One, two, three, four, five."
    assert printed.count("|") > 5


def test_the_response_object_prints_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    """The response's parts are printed, and then the whole as JSON."""
    runpy.run_path(str(EXAMPLES / "litellm_response_object.py"), run_name="__main__")
    parts, brace, body = capsys.readouterr().out.partition("{")
    assert [line.split()[-1] for line in parts.splitlines()[:3]] == ["Hello!", "assistant", "stop"]
    assert json.loads(brace + body)["choices"][0]["message"]["content"] == "Hello!"


def test_the_pytest_functions_pass(pytester: pytest.Pytester) -> None:
    """pytest, run on the examples as their first lines say, runs their tests; here, where the SDKs are loaded anyway."""
    counts = {"litellm_pytest_function.py": 2, "pytest_app": 5, "four_apis": 8}
    options = ["-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:randomly", "-o", "addopts="]
    done = pytester.runpytest_inprocess("-v", *options, *(EXAMPLES / name for name in counts))
    done.assert_outcomes(passed=sum(counts.values()))
    for name, count in counts.items():
        assert len(re.findall(rf"examples/{name}\b.* PASSED", done.stdout.str())) == count


def test_the_examples_rules_can_all_answer() -> None:
    """`llm-intercept check` says so."""
    done = CliRunner().invoke(app, ["check", str(EXAMPLES / "pytest_app" / "rules.toml")])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith("all can answer.\n")


def test_a_litellm_example_runs_as_a_program() -> None:
    """Each runs with no variable set and no warning, and says something."""
    printed = said_by([name for name in LITELLM if "pytest" not in name])
    assert [name for name, text in printed.items() if not text or "ended with" in text] == []
