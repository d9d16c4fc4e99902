"""The pieces of the trap (`make trap`) that need no namespace: its doors, its targets, its limits, how it counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.trap.doors import Door, load
from tests.trap.hosts import hosts, places
from tests.trap.limits import LIMITS, OTHER, Limit
from tests.trap.modes import BLOCKS, ENVIRONMENTS, MODES, OFF, environment
from tests.trap.report import Cell, cell, problems, sums, table
from tests.trap.targets import GROUPS, Target

DOORS = load()
HOST = Target("hosts", "api.openai.com", "api.openai.com")
PATH = Target("paths", "POST /v1/messages", "p.example.net", "/v1/messages")


def test_the_doors_are_there():
    """Each by its name, asking groups there are, and none twice."""
    assert len(DOORS) >= 50
    assert all(name == one.name and set(one.groups) <= set(GROUPS) for name, one in DOORS.items())
    assert {"httpx", "requests", "aiohttp", "socket", "grpc", "pycurl", "curl by subprocess"} <= set(DOORS)


def test_the_hosts_are_there():
    """Our own and those that were looked for by hand, none of them twice."""
    names = hosts()
    assert len(names) >= 233
    assert len(names) == len(set(names))
    assert not set(names) & {host for host, _ in places()}


@pytest.mark.parametrize("limit", LIMITS, ids=lambda one: one.doors[0])
def test_a_limit_is_of_doors_and_groups_that_are_there_and_says_why(limit):
    """A limit of a door that is gone would never be missed."""
    assert set(limit.doors) <= set(DOORS)
    assert set(limit.groups) <= {*GROUPS, OTHER}
    assert all(set(limit.groups) <= {*DOORS[door].groups, OTHER} for door in limit.doors)
    assert len(limit.reason) > 20


def test_a_mode_is_a_block_or_the_environments_or_none():
    """What the environment says is what `llm-intercept` reads there."""
    assert (OFF, *BLOCKS, *ENVIRONMENTS) == MODES
    assert environment("mock", "tape") == environment(OFF, "tape") == {}
    said = environment("env replay", "tape")
    assert said["LLM_INTERCEPT"] == "replay"
    assert said["LLM_INTERCEPT_RECORDINGS"] == "tape"


# The report

A = Door("a", print, "os", is_answered=False, groups=GROUPS)
B = Door("b", print, "os", is_answered=True, groups=GROUPS)
TWO = {"a": A, "b": B}


def heard(door: str, mode: str, *events: dict[str, Any], why: str = "") -> Cell:
    """Make a cell of what its listener heard."""
    found = {"door": door, "mode": mode, "events": events, "why": why, "outcomes": {"answered": 1}}
    return cell(found, [HOST, PATH])


def request(host: str) -> dict[str, Any]:
    """Make the event of a request with a credential."""
    return {"kind": "request", "host": host, "method": "POST", "path": "/", "credential": True}


def test_what_comes_out_is_counted_by_target():
    """And what nobody asked for apart."""
    made = heard("a", "mock", {"kind": "name", "host": "api.openai.com"}, request("api.openai.com"), request("x.test"))
    assert made.counts == Counter(name=1, request=2, credential=2)
    assert made.leaks["hosts", "api.openai.com"] == Counter(name=1, request=1, credential=1)
    assert made.leaks[OTHER, "x.test"] == Counter(request=1, credential=1)


@pytest.mark.parametrize("event", [request("p.example.net"), {"kind": "name", "host": "p.example.net"}])
def test_what_comes_out_fails(event):
    """Be it a name alone."""
    (said,) = problems([heard("a", "mock", event), heard("a", "replay", event)], TWO, ())
    assert said.startswith("a: paths, in mock; replay: 1 targets (2 ")
    assert said.endswith(": POST /v1/messages")


def test_a_limit_covers_its_own_doors_groups_and_kinds():
    """And nothing else."""
    cells = [heard("a", mode, request(host)) for mode in MODES for host in ("api.openai.com", "p.example.net")]
    assert problems(cells, TWO, [Limit(("a",), ("hosts", "paths"), "it cannot be seen")]) == []
    assert problems(cells, TWO, [Limit(("a",), ("hosts",), "it cannot be seen")]) != []
    assert problems(cells, TWO, [Limit(("b",), ("hosts", "paths"), "it cannot be seen")]) != []
    names_alone = [Limit(("a",), ("hosts", "paths"), "it cannot be seen", kinds=frozenset({"name"}))]
    assert problems(cells, TWO, names_alone) != []
    looked_up = [{"kind": "name", "host": host} for host in ("api.openai.com", "p.example.net")]
    cells = [heard("a", mode, *looked_up) for mode in MODES if mode != OFF]
    assert problems(cells, TWO, names_alone) == []


def test_a_limit_that_lets_nothing_out_fails():
    """Unless its door was not asked in every mode."""
    limit = Limit(("a",), ("hosts", "paths"), "it cannot be seen")
    cells = [heard("a", mode, request("api.openai.com")) for mode in MODES]
    assert problems(cells, TWO, [limit]) == ["a: paths: is a limit and lets nothing out"]
    assert problems(cells[:-1], TWO, [limit]) == []


def test_a_door_that_reaches_nobody_where_it_should_fails():
    """What it does not let out proves nothing; so does a door that could not be asked."""
    for cells in ([heard("a", OFF)], [heard("b", "record")], [heard("b", "env record")]):
        (said,) = problems(cells, TWO, ())
        assert "reaches nobody" in said
    assert problems([heard("a", "record"), heard("b", "mock")], TWO, ()) == []
    (said,) = problems([heard("a", OFF, why="ImportError")], TWO, ())
    assert "could not be asked: ImportError" in said


def test_what_is_asked_for_comes_out():
    """With nothing active, and what is recorded by a door that is answered."""
    cells = [heard("a", OFF, request("api.openai.com")), heard("b", "record", request("api.openai.com"))]
    assert problems(cells, TWO, ()) == []
    assert sums(cells, TWO, ())["asked for"] == Counter(request=2, credential=2)
    assert sums(cells, TWO, ())["leaked"] == Counter()


def test_the_table_has_a_row_for_each():
    """In the order of the modes."""
    lines = table([heard("a", "mock"), heard("a", OFF, request("api.openai.com"))]).splitlines()
    assert [line.split() for line in lines[1:]] == [["a", OFF, "0", "0", "1", "1"], ["a", "mock", "0", "0", "0", "0"]]
