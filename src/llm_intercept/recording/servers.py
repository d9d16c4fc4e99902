"""Which servers a tape has answers of, so that nothing else is asked of them while it is replayed.

Knows: how a take's file begins. Must not know: what was asked.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.recording.fingerprint import server_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.recording.store import Store

URL = re.compile(rb'"url":\s*("(?:[^"\\]|\\.)*")')
"""The first in a take is its request's."""
THIS_MACHINE = "localhost"


class Servers:
    """The servers that takes were recorded from.

    This machine at a port that was given out is everybody's: of it, only what was asked before is known.
    """

    def __init__(self, store: Store) -> None:
        self._known = {_place(url) for url in _urls(store)}

    def have(self, url: str) -> bool:
        """Whether a URL is of one of them."""
        try:
            return _place(url) in self._known
        except ValueError:
            return False


def _place(url: str) -> tuple[str, str]:
    server = server_of(url)
    return server, urlsplit(url).path.rstrip("/") if server == THIS_MACHINE else ""


def _urls(store: Store) -> Iterator[str]:
    for name in store.names():
        try:
            found = URL.search(store.read(name))
            url = json.loads(found[1]) if found is not None else ""
            urlsplit(url)
        except (OSError, ValueError):
            continue
        yield url
