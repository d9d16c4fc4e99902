"""What became of texts that were looked at lately: a conversation says all again that it has said before.

Knows: texts and how large they are. Must not know: what is looked for in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

SHARE = 16  # of all that is kept a text may be no more
AROUND = 200  # characters that the shortest text counts as, for what holds it


class Seen:
    """Results for texts, of which the latest are kept, as many as `most` characters.

    When there are so many, they become the older half and a new one begins; what is asked for again moves into it. It
    needs no lock: who comes between loses a result, which is then made again.

    Args:
        most: How many characters are kept at least; twice as many never.

    """

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._new: dict[tuple[str, Hashable], str] = {}
        self._older: dict[tuple[str, Hashable], str] = {}

    def result(self, text: str, how: Hashable, make: Callable[[], str]) -> str:
        """Give what `make` makes of a text, or made of it when it was seen before; `how` is what else it depends on."""
        key = (text, how)
        found = self._new.get(key)
        if found is None:
            found = self._older.get(key)
            found = make() if found is None else found
            if len(text) * SHARE <= self._most:
                self._keep(key, found)
        return found

    def _keep(self, key: tuple[str, Hashable], found: str) -> None:
        if self._size >= self._most:
            self._older, self._new, self._size = self._new, {}, 0
        self._new[key] = found
        self._size += AROUND + len(key[0])
