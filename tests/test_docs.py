"""What the documentation shows runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE), 1)
]


# Blocks that are files of a project have a title: tests/test_migrate.py.
@pytest.mark.parametrize("block", BLOCKS)
def test_python_blocks_run(block: str) -> None:
    """Every python block of every page runs by itself, without network or key."""
    exec(compile(block, "block", "exec"), {"__name__": "block"})


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
