"""What the trap found: what came out by which door in which mode, and whether that is a limit.

Knows: events, targets, limits. Must not know: libraries, namespaces.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.trap.limits import LIMITS, OTHER, Limit
from tests.trap.modes import MODES, OFF, lets_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.trap.doors import Door
    from tests.trap.targets import Target

SHOWN = 8
"""How many targets that came out by one door are named."""
KINDS = ("name", "connection", "datagram", "request", "credential")


@dataclass
class Cell:
    """What came out by one door in one mode.

    Attributes:
        door: The door.
        mode: The mode.
        counts: How much of each kind came out.
        leaks: The same by group and name of the target.
        why: Why the door could not be used; empty if it could.
        outcomes: What came of the attempts.

    """

    door: str
    mode: str
    counts: Counter[str] = field(default_factory=Counter)
    leaks: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    why: str = ""
    outcomes: dict[str, int] = field(default_factory=dict)


def cell(found: Mapping[str, Any], asked: Iterable[Target]) -> Cell:
    """Count what one cell's listener heard; a host that was not asked is a library's own affair."""
    made = Cell(found["door"], found["mode"], why=found["why"], outcomes=found["outcomes"])
    targets = {one.host.lower().rstrip("."): one for one in asked}
    for event in found["events"]:
        target = targets.get(event["host"])
        place = (OTHER, event["host"]) if target is None else (target.group, target.name)
        for kind in (event["kind"], *(["credential"] if event.get("credential") else [])):
            made.counts[kind] += 1
            made.leaks[place][kind] += 1
    return made


def problems(cells: Sequence[Cell], doors: Mapping[str, Door], limits: Sequence[Limit] = LIMITS) -> list[str]:
    """List what fails the trap, in words."""
    return [
        *(f"{one.door}, {one.mode}: could not be asked: {one.why}" for one in cells if one.why),
        *_controls(cells, doors),
        *_leaks(cells, doors, limits),
        *_stale(cells, limits),
    ]


def _is_asked_for(one: Cell, doors: Mapping[str, Door]) -> bool:
    """Whether what comes out is to come out."""
    return one.mode == OFF or (lets_out(one.mode) and doors[one.door].is_answered)


def _controls(cells: Sequence[Cell], doors: Mapping[str, Door]) -> list[str]:
    """Name the doors that reach nobody where they should: what they do not let out proves nothing."""
    return [
        f"{one.door}, {one.mode}: reaches nobody, so that it shows nothing: {one.outcomes}"
        for one in cells
        if _is_asked_for(one, doors) and not one.counts["credential"] and not one.why
    ]


def _leaks(cells: Sequence[Cell], doors: Mapping[str, Door], limits: Sequence[Limit]) -> list[str]:
    """Say what came out by a door, once for what came out in the same modes."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in cells:
        if _is_asked_for(one, doors):
            continue
        for (group, name), counted in one.leaks.items():
            if not any(limit.covers(one.door, group, counted) for limit in limits):
                found[one.door, group, name].append(one.mode)
                counts[one.door, group] += counted
    alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (door, group, name), modes in found.items():
        alike[door, group, tuple(modes)].append(name)
    return [
        f"{door}: {group}, in {'; '.join(modes)}: {len(names)} targets ({_counted(counts[door, group])}): {_few(names)}"
        for (door, group, modes), names in alike.items()
    ]


def _few(names: Sequence[str]) -> str:
    """Name the first ones."""
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def _stale(cells: Sequence[Cell], limits: Sequence[Limit]) -> list[str]:
    """Name the doors of limits that let nothing out any more, where they were asked in every mode."""
    asked = {(one.door, one.mode) for one in cells if not one.why}
    said: list[str] = []
    for limit in limits:
        for door in limit.doors:
            of_door = [one for one in cells if one.door == door and one.mode != OFF]
            leaking = {
                group
                for one in of_door
                for (group, _), counts in one.leaks.items()
                if limit.covers(door, group, counts)
            }
            if all((door, mode) in asked for mode in MODES):
                said += [
                    f"{door}: {group}: is a limit and lets nothing out"
                    for group in limit.groups
                    if group not in leaking
                ]
    return said


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in KINDS if counts[kind])


def table(cells: Sequence[Cell]) -> str:
    """Write a line for each door and mode: names, connections, requests and credentials that came out."""
    rows = [("door", "mode", "names", "connections", "requests", "credentials")]
    rows += [
        (one.door, one.mode, *(str(one.counts[kind]) for kind in ("name", "connection", "request", "credential")))
        for one in sorted(cells, key=lambda one: (one.door, MODES.index(one.mode)))
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def sums(cells: Sequence[Cell], doors: Mapping[str, Door], limits: Sequence[Limit] = LIMITS) -> dict[str, Counter[str]]:
    """Add up what came out: as asked for, by a limit, and beyond."""
    made: dict[str, Counter[str]] = {"asked for": Counter(), "by a limit": Counter(), "leaked": Counter()}
    for one in cells:
        for (group, _), counts in one.leaks.items():
            if _is_asked_for(one, doors):
                made["asked for"] += counts
            elif any(limit.covers(one.door, group, counts) for limit in limits):
                made["by a limit"] += counts
            else:
                made["leaked"] += counts
    return made
