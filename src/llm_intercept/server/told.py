"""Calls as the control tells them: chosen by a query, a line of JSON each.

Knows: the keywords of conditions, what the log says of a call. Must not know: HTTP.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode
from llm_intercept.conditions import BY_KEY
from llm_intercept.errors import SettingsError
from llm_intercept.journal.calls import Calls
from llm_intercept.journal.journal import Call
from llm_intercept.journal.log import line

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable, Mapping

    from llm_intercept.server.feed import Feed

TRUTHS = {"true": True, "false": False}
LONGEST_NUMBER = 18
"""Digits of a number that is asked for; Python reads none of more than some thousands."""


class Filter:
    """Chooses calls as `llm.calls.matching(…)` does.

    Args:
        query: Its keywords as text (`model`, `user`, `turn`, …, `source`, `status`, `attempt`, `failed`), and `last`:
            how many at the most.

    Raises:
        SettingsError: There is no such keyword, or a value cannot be one.

    """

    def __init__(self, query: Mapping[str, str]) -> None:
        self._last = _whole("last", query["last"]) if "last" in query else 0
        self._wanted = {name: _read(name, text) for name, text in query.items() if name != "last"}
        self.of(Calls([]))  # a keyword that cannot be one is refused now

    def of(self, calls: Calls) -> Iterable[Call]:
        """Return those that are meant."""
        chosen = calls.matching(**self._wanted) if self._wanted else calls
        return chosen[-self._last :] if self._last else chosen

    async def follow(self, feed: Feed, until: asyncio.Event) -> AsyncIterator[bytes]:
        """Give the line of each call that is meant when it ends; one that is lost is told of."""
        async with aclosing(feed.follow(until)) as calls:
            async for heard in calls:
                if isinstance(heard, Call):
                    for call in self.of(Calls([heard])):
                        yield told(call)
                else:
                    yield encode({"lost": heard}) + b"\n"


def told(call: Call) -> bytes:
    """Write a call."""
    return encode(line(call)) + b"\n"


def _read(name: str, text: str) -> Any:
    """Make the value of a keyword of its text."""
    form = BY_KEY[name].form if name in BY_KEY else ""
    if name in {"status", "attempt"}:
        return _whole(name, text)
    if form == "flag" or name == "failed":
        if text not in TRUTHS:
            raise SettingsError(name, text, "true or false")
        return TRUTHS[text]
    if form == "turns":
        return [_whole(name, one) for one in text.split(",")]
    if form in {"headers", "json"}:
        return _object(name, text)
    return text


def _whole(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > LONGEST_NUMBER:
        raise SettingsError(name, text, "an int")
    return int(text)


def _object(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(name, text, "a JSON object") from error
