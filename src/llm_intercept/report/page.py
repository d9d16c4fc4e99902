"""One HTML page that holds everything: markup, style, script, and the document it shows.

Knows: the files of page/, what a page may load. Must not know: what a document holds.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING

from llm_intercept.report.modules import joined

if TYPE_CHECKING:
    from llm_intercept.report.packing import Packed

HOLE = re.compile(r"\{\{(\w+)\}\}")
ENDING = re.compile(r"</(?:script|style)|<!--|\r", re.IGNORECASE)


def page(report: Packed, *, live: bool = False) -> str:
    """Write a page that opens from a file and asks no network for anything.

    Args:
        report: What it shows.
        live: Whether it asks the server that it comes from for what happened since.

    """
    data = [f'<script type="application/json" id="report">{_inert(report.head)}</script>']
    data += [
        f'<script type="application/octet-stream" id="details-{number}">{chunk}</script>'
        for number, chunk in enumerate(report.details)
    ]
    filling = {"policy": policy(live=live), "style": _style(), "data": "\n".join(data), "script": _script()}
    return HOLE.sub(lambda hole: filling[hole[1]], _asset("page.html"))


@cache
def policy(*, live: bool = False) -> str:
    """Write the Content-Security-Policy of a page: its own script and style, what media it holds, no network."""
    rules = [
        "default-src 'none'",
        f"script-src {_hash(_script())}",
        f"style-src {_hash(_style())}",
        "img-src data:",
        "media-src data:",
        *(["connect-src 'self'"] if live else []),
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    return "; ".join(rules)


def _inert(json: str) -> str:
    """Write JSON so that no text in it ends the script that it stands in: `<` is in its texts alone."""
    return json.replace("<", "\\u003c")


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


@cache
def _script() -> str:
    folder = files("llm_intercept.report") / "page"
    names = [one.name.removesuffix(".js") for one in folder.iterdir() if one.name.endswith(".js")]
    return _whole(joined({name: _asset(f"{name}.js") for name in sorted(names)}, "main"))


@cache
def _style() -> str:
    return _whole(_asset("page.css"))


def _whole(text: str) -> str:
    """Return what stands in the page as it is, by whose hash the browser knows it.

    Raises:
        ValueError: It has what would end it, or what a browser would change.

    """
    if found := ENDING.search(text):
        raise ValueError(f"a script or a style of the page holds {found.group()!r}, which ends it too early.")
    return text


def _asset(name: str) -> str:
    return (files("llm_intercept.report") / "page" / name).read_text(encoding="utf-8")
