"""What processes told `llm-intercept run` while its command ran, as numbers and a line.

Knows: the entries of a report. Must not know: processes, who wrote them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from llm_intercept.base.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NOT_ANSWERED = "unmatched"
NOT_OURS = "live"


class Heard:
    """What was heard.

    Args:
        entries: What processes told.
        at_socket: How many requests came to the socket.

    """

    def __init__(self, entries: Iterable[Mapping[str, Any]], at_socket: int = 0) -> None:
        told = list(entries)
        self._processes = {entry["started"] for entry in told if "started" in entry}
        self._sources = Counter(str(entry["source"]) for entry in told if "source" in entry)
        self.at_socket = at_socket

    @property
    def is_answered(self) -> bool:
        """Whether any process said that it is answered."""
        return bool(self._processes)

    @property
    def asked(self) -> int:
        """How many requests there were."""
        return sum(self._sources.values()) + self.at_socket

    def __str__(self) -> str:
        sources = self._sources
        answered = sum(sources.values()) - sources[NOT_ANSWERED] - sources[NOT_OURS]
        parts = [f"{counted(answered, 'request')} answered in {counted(len(self._processes), 'Python')}"]
        parts += [f"{counted(sources[NOT_ANSWERED], 'request')} not answered"] if sources[NOT_ANSWERED] else []
        parts += [f"{counted(sources[NOT_OURS], 'request')} let out"] if sources[NOT_OURS] else []
        parts += [f"{counted(self.at_socket, 'request')} came to the socket"] if self.at_socket else []
        return ", ".join(parts if self._processes else parts[-1:])
