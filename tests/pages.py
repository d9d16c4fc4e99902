"""What the pages show: blocks that run by themselves, and files that have a title.

A ```python fence is a program of its own. A fence with a title, ```python title="test_weather.py", is a file: the files of a
page are one folder, in which pytest is run. Fences in other languages are only shown.

Knows: fences. Must not know: what runs them (tests/test_docs.py, tests/test_migrate.py, tests/ecosystem/test_pages.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ("-p", "no:cacheprovider", "-p", "llm_intercept", "-W", "error")
"""How pytest is run where no plugin loads itself."""
_PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.DOTALL | re.MULTILINE)


def programs(page: Path) -> list[str]:
    """Return the blocks of a page that run by themselves."""
    return _PROGRAM.findall(page.read_text(encoding="utf-8"))


def files(page: Path) -> list[tuple[str, str]]:
    """Return the title and the text of each block that is a file, in the page's order."""
    return _FILE.findall(page.read_text(encoding="utf-8"))


def write(page: Path, folder: Path) -> int:
    """Write the files of a page into `folder`; return how many tests they hold."""
    for name, text in files(page):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return sum(len(re.findall(r"^(?:async )?def test_|^    def test_", text, re.MULTILINE)) for _, text in files(page))


def run(program: str) -> None:
    """Run a block as a program."""
    exec(compile(program, "block", "exec"), {"__name__": "block"})
