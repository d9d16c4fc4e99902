"""The test files that docs/migrate shows, before and after: read from the pages, written to a folder, run there.

A block of a page whose fence has a title is a file: `before/…` or `after/…` is one of that side's, another title is one of both
sides (the program, a cassette). A console block whose title is a side is run there before the tests.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from llm_intercept.cli.app import app
from tests import pages

FOLDER = Path(__file__).parents[1] / "docs" / "migrate"
PAGES = sorted(path.stem for path in FOLDER.glob("*.md"))
SIDES = ("before", "after")


def files(page: str, side: str) -> dict[str, str]:
    """Return the files of one side of a page by their paths."""
    found = {}
    for title, text in pages.files(FOLDER / f"{page}.md"):
        first, _, rest = title.partition("/")
        if title not in SIDES and first in {side, *({first} - set(SIDES))}:
            found[rest if first in SIDES else title] = text
    return found


def write(page: str, side: str, folder: Path) -> dict[str, int]:
    """Write the files of one side of a page into `folder`, and run its commands; return how many tests each file holds."""
    texts = files(page, side)
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with contextlib.chdir(folder):
        for arguments in _commands(page, side):
            done = CliRunner().invoke(app, arguments)
            assert done.exit_code == 0, done.output
    return {name: len(re.findall(r"^def test_", text, re.MULTILINE)) for name, text in texts.items()}


def _commands(page: str, side: str) -> list[list[str]]:
    """Return the arguments of the commands on a page's consoles for one side."""
    said = "".join(text for title, text in pages.files(FOLDER / f"{page}.md") if title == side)
    return [shlex.split(line) for line in re.findall(r"^\$ llm-intercept (.+)$", said, re.MULTILINE)]
