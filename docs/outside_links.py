"""Lists the links that lead out of the site in its outside-links.txt, and fetches none; a small extension of Sphinx.

Knows: links. Must not know: any page, the network.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_FOUND: defaultdict[str, set[str]] = defaultdict(set)


def _note(_app: Sphinx, tree: nodes.document, page: str) -> None:
    """Note the links of a page."""
    for link in tree.findall(nodes.reference):
        if str(link.get("refuri", "")).startswith(("http:", "https:")):
            _FOUND[link["refuri"]].add(page)


def _write(app: Sphinx, error: Exception | None) -> None:
    """Write them all, a line each, with the pages that have them."""
    if error is None:
        lines = (f"{link}  {', '.join(sorted(pages))}\n" for link, pages in sorted(_FOUND.items()))
        Path(app.outdir, "outside-links.txt").write_text("".join(lines), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Note while pages are written; write at the end."""
    app.connect("doctree-resolved", _note)
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True}
