"""Tests that are parametrized by an argument which their decorator `@intercept` would give them.

Knows: marks, decorated functions. Must not know: blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.interceptor.handed_over import NAME, WHOLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FunctionType, MethodType

    import pytest


def show_whole(collector: pytest.Collector, found: FunctionType | MethodType) -> None:
    """Let pytest see the argument `llm` of a decorated function that is parametrized by it."""
    function: Any = getattr(found, "__func__", found)
    if any(NAME in names for names in _parametrized(collector, function)):
        function.__signature__ = getattr(function, WHOLE)


def _parametrized(collector: pytest.Collector, function: Any) -> Iterator[list[str]]:
    """Give the names of each mark of a function and of what it is in."""
    own = (mark for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize")
    for mark in (*own, *collector.iter_markers("parametrize")):
        names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        yield [one.strip() for one in (names.split(",") if isinstance(names, str) else names)]
