"""Writes llms-full.txt: all pages of llms.txt in its order, as one Markdown file; a small extension of Sphinx.

Knows: llms.txt and the Markdown pages, which sphinx-llm-friendly writes. Must not know: any page.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

LATER = 900
"""The priority of what reads other extensions' files."""


def _join_pages(app: Sphinx, error: Exception | None) -> None:
    """Write all pages into one file."""
    if error is not None or app.builder.name != "html":
        return
    names = re.findall(
        r"^- \[.*\]\((.+\.md)\)$", Path(app.outdir, "llms.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    pages = (f"<!-- {name} -->\n\n{Path(app.outdir, name).read_text(encoding='utf-8').strip()}\n" for name in names)
    Path(app.outdir, "llms-full.txt").write_text("\n".join(pages), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write it when the site is built."""
    app.connect("build-finished", _join_pages, priority=LATER)
    return {"parallel_read_safe": True}
