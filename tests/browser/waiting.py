"""Waiting for what a page shows: it is drawn a moment after what was done, a late one on a busy machine.

Knows: pages of Playwright. Must not know: what is shown.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.amounts import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page


def becomes(page: Page, read: Callable[[], Any], wanted: Any) -> None:
    """Read until it is what is wanted, and no longer than `PATIENCE`."""
    end = time.monotonic() + PATIENCE
    while (found := read()) != wanted and time.monotonic() < end:
        page.wait_for_timeout(20)
    assert found == wanted
