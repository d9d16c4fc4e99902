"""What the trap lets through, with the reason: the same limits that the README names.

A limit that nothing leaks through any more fails the trap, so that it is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.trap.targets import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable


OTHER = "other"
"""The group of what comes out and nobody asked for: a library's own affairs."""


@dataclass(frozen=True)
class Limit:
    """What gets out by some doors.

    Attributes:
        doors: Their names.
        groups: Which groups of targets.
        reason: Why nobody here can stop it.
        kinds: What of it comes out; all kinds where none is said.

    """

    doors: tuple[str, ...]
    groups: tuple[str, ...]
    reason: str
    kinds: frozenset[str] = frozenset()

    def covers(self, door: str, group: str, kinds: Iterable[str]) -> bool:
        """Whether it is what gets out."""
        return door in self.doors and group in self.groups and (not self.kinds or self.kinds.issuperset(kinds))


LIMITS = (
    Limit(
        ("pycurl", "primp", "primp async", "uvloop connections"),
        GROUPS,
        "It is C or Rust from the call on: it looks names up by itself, and its types can be given no other code.",
    ),
    Limit(
        (
            "socket",
            "socket connect",
            "socket by address",
            "asyncio streams",
            "asyncio streams on uvloop",
            "trio streams",
            "http.client connect, send",
        ),
        ("places", "paths", "bodies", "addresses"),
        "Of a connection the host is known, and no request: hosts that serve much else, or that nobody knows, are reached.",
    ),
    Limit(
        ("socket connect",),
        ("hosts",),
        "A socket that is given a name looks it up before Python says that it connects: it is not connected.",
        kinds=frozenset({"name"}),
    ),
    Limit(
        ("grpc", "grpc aio"),
        ("places",),
        "A channel names a host, and no path: the model APIs of hosts that serve much else are HTTP and JSON.",
    ),
)
