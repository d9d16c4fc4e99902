"""Whether the report of a failing test says something already, so that nothing is told twice.

Knows: pytest's reports. Must not know: what is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def is_told(report: pytest.TestReport, text: str) -> bool:
    """Whether a report says a text, however it sets it: pytest begins an exception's lines with an E."""
    return _lines(text) in _lines(report.longreprtext)


def _lines(text: str) -> str:
    return "\n".join(line.removeprefix("E ").strip() for line in text.splitlines())
