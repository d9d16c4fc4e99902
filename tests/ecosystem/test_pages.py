"""The pages of docs/frameworks in the environment of their library, which names them in `FRAMEWORK_PAGES` (noxfile.py)."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest
from tests import pages
from tests.amounts import PATIENCE

FOLDER = Path(__file__).parents[2] / "docs" / "frameworks"
NAMED = os.environ.get("FRAMEWORK_PAGES", "").split()
BLOCKS = [
    pytest.param(block, id=f"{name}-{number}")
    for name in NAMED
    for number, block in enumerate(pages.programs(FOLDER / name), 1)
]
OF_PAGES = {title.removesuffix(".py") for name in NAMED for title, _ in pages.files(FOLDER / name)}
"""Modules that a page shows itself."""
_IMPORTED = re.compile(r"^(?:from|import) ([\w.]+)", re.MULTILINE)


def _missing(block: str) -> list[str]:
    """Return the libraries that a block imports and are not here: a page may tell of several."""
    wanted = {name.partition(".")[0] for name in _IMPORTED.findall(block)} - OF_PAGES
    return sorted(name for name in wanted if importlib.util.find_spec(name) is None)


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_run(block: str) -> None:
    """Each by itself, without network or key."""
    if missing := _missing(block):
        pytest.skip(f"{', '.join(missing)}: of another session")
    pages.run(block)


@pytest.mark.parametrize("name", NAMED)
def test_the_page_has_something_for_this_environment(name: str) -> None:
    """Else its session would look at nothing."""
    shown = [text for title, text in pages.files(FOLDER / name) if title.startswith("test_")] + pages.programs(
        FOLDER / name
    )
    assert not all(_missing(block) for block in shown)


@pytest.mark.parametrize("name", [name for name in NAMED if pages.files(FOLDER / name)])
def test_files_run(name: str, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files that a page shows are a project, whose tests pass; without those of libraries that are not here."""
    for key in [one for one in os.environ if one.endswith("_API_KEY")]:
        monkeypatch.delenv(key)  # a reader has set none
    pages.write(FOLDER / name, pytester.path)
    ours, of_others = [], []
    for path in pytester.path.glob("test_*.py"):
        (of_others if _missing(path.read_text()) else ours).append(path)
    for path in of_others:
        path.unlink()
    tests = sum(len(re.findall(r"^def test_", path.read_text(), re.MULTILINE)) for path in ours)
    found = pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=PATIENCE).parseoutcomes()
    assert found.keys() <= {"passed", "warnings"}
    assert found["passed"] >= tests > 0
