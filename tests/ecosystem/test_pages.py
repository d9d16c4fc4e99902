"""The pages of docs/frameworks in the environment of their library, which names them in `FRAMEWORK_PAGES` (noxfile.py)."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest
from tests import pages

FOLDER = Path(__file__).parents[2] / "docs" / "frameworks"
NAMED = os.environ.get("FRAMEWORK_PAGES", "").split()
BLOCKS = [
    pytest.param(block, id=f"{name}-{number}")
    for name in NAMED
    for number, block in enumerate(pages.programs(FOLDER / name), 1)
]
_IMPORTED = re.compile(r"^(?:from|import) ([\w.]+)", re.MULTILINE)


def _missing(block: str) -> list[str]:
    """Return the libraries that a block imports and are not here: a page may tell of several."""
    wanted = {name.partition(".")[0] for name in _IMPORTED.findall(block)}
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
    assert any(not _missing(block) for block in pages.programs(FOLDER / name))


@pytest.mark.parametrize("name", [name for name in NAMED if pages.files(FOLDER / name)])
def test_files_run(name: str, pytester: pytest.Pytester) -> None:
    """The files that a page shows are a project, whose tests pass."""
    tests = pages.write(FOLDER / name, pytester.path)
    found = pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=200).parseoutcomes()
    assert found.keys() <= {"passed", "warnings"}
    assert found["passed"] >= tests > 0
