"""What the documentation shows runs."""

from __future__ import annotations

import importlib
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests import pages

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.rglob("*.md")),
    *sorted((ROOT / "skills").rglob("*.md")),
]
ELSEWHERE = DOCS / "frameworks"
"""Its pages need libraries that are not here: they run in their sessions of `make ecosystem`."""
HERE = [page for page in PAGES if ELSEWHERE not in page.parents]
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")
    for page in HERE
    for number, block in enumerate(pages.programs(page), 1)
]
# What docs/migrate shows is run before and after, tests/test_migrate.py; a page with a mistake, in tests/test_start.py.
PROJECTS = [page for page in HERE if page.parent.name != "migrate" and page.name != "start.md" and pages.files(page)]
# aiohttp warns of google-genai's own code.
OPTIONS = (
    *pages.OPTIONS,
    *("-W", "ignore:Inheritance class:DeprecationWarning"),
    *("-W", "ignore:'asyncio.iscoroutinefunction' is deprecated:DeprecationWarning"),  # cohere 7 on Python 3.14
)
SDKS = (
    "openai.resources.chat",
    "openai.resources.responses",
    "openai.types.chat",
    "anthropic.resources",
    "google.genai",
)
for _name in (*SDKS, "cohere", "ollama", "botocore.session"):
    importlib.import_module(_name)  # a run in this process forgets what is imported in it


@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks_run(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every python block of every page runs by itself, without network or key."""
    monkeypatch.chdir(tmp_path)
    pages.run(block)


def test_files_run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that a page shows are a project, whose tests pass, without network or key: all in one run, a folder each."""
    for name in [name for name in os.environ if name.startswith(("LLM_INTERCEPT", "PYTEST_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    names = [name for page in PROJECTS for name, _ in pages.files(page) if name.endswith(".py")]
    assert [name for name in set(names) if names.count(name) > 1] == []
    tests = [pages.write(page, pytester.path / page.stem) for page in PROJECTS]
    assert all(tests)
    found = pytester.runpytest_inprocess(*OPTIONS).parseoutcomes()
    assert found.keys() <= {"passed", "warnings"}
    assert found["passed"] >= sum(tests)


def test_no_two_pages_show_a_test_file_of_one_name() -> None:
    """In one run they would be one module."""
    names = Counter(title for page in PROJECTS for title, _ in pages.files(page) if title.startswith("test_"))
    assert [name for name, count in names.items() if count > 1] == []


def test_each_page_of_a_framework_runs_in_a_session() -> None:
    """Which names it among its tests, in noxfile.py."""
    session = (ROOT / "noxfile.py").read_text()
    shown = {page.name for page in ELSEWHERE.glob("*.md")} - {"index.md"}
    assert [name for name in sorted(shown) if f'"{name}"' not in session] == []


def test_the_readme_names_the_two_commands_and_they_exist() -> None:
    """make demo and make test are in the README and in the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in (ROOT / "README.md").read_text()
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_links_between_pages_lead_somewhere() -> None:
    """Relative links in the pages name files that exist."""
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), (page.name, target)


def test_pages_that_the_code_names_are_there() -> None:
    """In messages, docstrings and comments."""
    folders = ("src", "tests", "examples", "benchmarks", "tools")
    code = [path for folder in folders for path in (ROOT / folder).rglob("*.py")] + [
        *ROOT.glob("*.py"),
        *ROOT.glob("*.md"),
    ]
    named = {name for path in code for name in re.findall(r"\bdocs/[\w/-]+\.md", path.read_text(encoding="utf-8"))}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_a_skill_says_what_it_is_for() -> None:
    """As assistants read it: its folder's name, and a description that is short enough."""
    for page in (ROOT / "skills").rglob("SKILL.md"):
        name, description = re.match(r"---\nname: (.*)\ndescription: (.*)\n---\n", page.read_text()).groups()
        assert name == page.parent.name
        assert len(description) < 1024
