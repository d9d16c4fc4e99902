"""A browser that looks at reports, and tells of each request, dialog and error, of which there may be none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.amounts import PATIENCE
from tests.browser import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

    from llm_intercept.report.document import Report

    Open = Callable[..., Page]

collect_ignore_glob = ["test_*.py"]
"""They need Chromium and Playwright: they are run where they are named, by `nox -s page`."""
PICTURES = Path(".cache", "page")
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--hide-scrollbars")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as Debian has it."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=found, args=list(OPTIONS), timeout=1000 * PATIENCE)
        yield chromium
        chromium.close()


@pytest.fixture
def told() -> list[str]:
    """What the page did that it must not: requests, dialogs, new windows, errors, complaints."""
    return []


@pytest.fixture
def visit(browser: Browser, told: list[str]) -> Iterator[Callable[..., Page]]:
    """Open an address; after the test the page may have done nothing that it must not."""
    contexts: list[Any] = []

    def opened(address: str, *, width: int = 1280, height: int = 800, theme: str = "light", own: str = "file:") -> Page:
        look: Any = {"color_scheme": theme, "viewport": {"width": width, "height": height}, "reduced_motion": "reduce"}
        contexts.append(browser.new_context(**look))
        contexts[-1].set_default_timeout(1000 * PATIENCE)
        page = contexts[-1].new_page()
        page.on("request", lambda one: None if one.url.startswith((own, "data:")) else told.append(f"asks {one.url}"))
        page.on("dialog", lambda one: (told.append(f"says {one.message}"), one.dismiss()))
        page.on("popup", lambda one: told.append(f"opens {one.url}"))
        page.on("pageerror", lambda one: told.append(f"fails: {one}"))
        page.on("console", lambda one: told.append(f"logs {one.text}"))
        page.goto(address)
        page.wait_for_selector("#page header")
        return page

    yield opened
    for one in contexts:
        one.close()
    assert told == []


@pytest.fixture
def look(visit: Callable[..., Page], tmp_path: Path) -> Callable[..., Page]:
    """Open a report from a file, at a place in it."""

    def opened(report: Report, place: str = "", **how: Any) -> Page:
        file = tmp_path / "report.html"
        file.write_text(documents.html(report), encoding="utf-8", newline="\n")
        return visit(f"{file.as_uri()}{place and '#'}{place}", **how)

    return opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that finds what people cannot use who do not see, or do not point."""
    if "AXE" not in os.environ:
        pytest.skip("axe-core is not there: npm brings it (nox -s page)")
    return Path(os.environ["AXE"]).read_text("utf-8")


@pytest.fixture(scope="session")
def pictures() -> Path:
    """The folder of what was seen."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return PICTURES
