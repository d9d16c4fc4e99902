"""What the trap lets through, with the reason: the same limits that the README names.

A limit that nothing leaks through any more fails the trap, so that it is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.trap.targets import GROUPS


@dataclass(frozen=True)
class Limit:
    """What gets out by some doors.

    Attributes:
        doors: Their names.
        groups: Which groups of targets.
        reason: Why nobody here can stop it.
        modes: In which modes, as a glob.
        names: Which targets of the groups, as a glob.

    """

    doors: tuple[str, ...]
    groups: tuple[str, ...]
    reason: str
    modes: str = "*"
    names: str = "*"

    def covers(self, door: str, mode: str, group: str, name: str) -> bool:
        """Whether it is what gets out."""
        of_these = door in self.doors and group in self.groups
        return of_these and fnmatchcase(mode, self.modes) and fnmatchcase(name, self.names)


LIMITS: tuple[Limit, ...] = ()
OTHER = "other"
"""The group of what comes out and nobody asked for: a library's own affairs."""
ALL = (*GROUPS, OTHER)
