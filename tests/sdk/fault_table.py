"""What each SDK makes of each fault: observed, kept in `docs/faults/`, and written down as `docs/faults.md`.

`python tests/sdk/fault_table.py` observes with the SDKs that are installed and writes both; run it in an environment of
each generation (`nox -s sdk ecosystem` makes them). The tests check that what is written is what happens.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from fault_list import HELPER, JSON, KEPT, STREAM, faults, kept, observe_all

if TYPE_CHECKING:
    from types import ModuleType

PAGE = KEPT.with_suffix(".md")
MODULES = {"openai": "openai", "anthropic": "anthropic", "google.genai": "google_genai"}
"""The SDKs by what is imported of them, and what their modules here are called."""


class Column(NamedTuple):
    """A column: its title, whose observations, in which shape, and whether those on aiohttp."""

    title: str
    key: str
    shape: str
    on_aiohttp: bool = False


TABLES = {
    "openai": [Column(f"openai {one}, {shape}", f"openai{one}", shape) for one in (3, 2) for shape in (JSON, STREAM)],
    "anthropic": [Column(shape, "anthropic2", shape) for shape in (JSON, STREAM, HELPER)],
    "google-genai": [
        *(Column(shape, "google-genai3", shape) for shape in (JSON, STREAM)),
        *(Column(f"{shape}, aiohttp", "google-genai3", shape, on_aiohttp=True) for shape in (JSON, STREAM)),
    ],
}
HEAD = """# What each SDK makes of each fault

Written by `python tests/sdk/fault_table.py` from what happens with {versions};
the tests check it. Each fault is given to sync and async clients on httpx and httpx2, which try three times
and wait 5 s for an answer. Where these differ, a cell
says how. In brackets stands the HTTP library's own exception behind the SDK's, of the client's own family. `raw` is an
exception that the SDK lets through; `http.` stands for the client's own family. Attempts are counted where there is
more than one.
"""
NOTES = {
    "openai": "Chat completions, with `max_retries=2` and `timeout=5`.",
    "anthropic": "Messages, with `max_retries=2` and `timeout=5`, on httpx2, which is all that it takes; a stream as `create(stream=True)`\n"
    "gives its events, and as `messages.stream()` adds them up.",
    "google-genai": "`generate_content` and its stream, with `HttpRetryOptions(attempts=3)` and a timeout of 5 s; its async client on aiohttp\n"
    "too, which it takes where that is installed.",
}


def render() -> str:
    """Write the page."""
    keys = dict.fromkeys(column.key for columns in TABLES.values() for column in columns)
    found = {key: kept(key) for key in keys}
    said = [f"{key.rstrip('0123456789')} {found[key]['version']}" for key in keys]
    head = HEAD.format(versions=f"{', '.join(said[:-1])} and {said[-1]}")
    return head + "".join(_table(name, found) for name in TABLES)


def _table(name: str, found: dict[str, Any]) -> str:
    columns = TABLES[name]
    lines = ["| fault | " + " | ".join(column.title for column in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for fault in faults(name):
        cells = [
            _cell(found[column.key]["observed"].get(repr(fault), {}), column)
            if fault.applies(stream=column.shape != JSON)
            else "no such fault"
            for column in columns
        ]
        lines.append(f"| `{fault!r}` | " + " | ".join(cells) + " |")
    return f"\n## {name}\n\n{NOTES[name]}\n\n" + "\n".join(lines) + "\n"


def _cell(observed: dict[str, str], column: Column) -> str:
    """Merge the points that agree; name those that do not."""
    found: dict[str, str] = {}
    for point, outcome in observed.items():
        family, way, shape = point.split(" ", 2)
        if shape == column.shape and (family == "aiohttp") == column.on_aiohttp:
            found[f"{family} {way}"] = outcome
    if not found:
        return "not observed"
    usual, _ = Counter(found.values()).most_common(1)[0]
    return "; ".join([usual, *(f"{point}: {outcome}" for point, outcome in found.items() if outcome != usual)])


def installed() -> list[ModuleType]:
    """Import what asks the SDKs that are installed; one whose generation the page does not have is found out."""
    return [importlib.import_module(f"faults_of_{name}") for library, name in MODULES.items() if _is_there(library)]


def _is_there(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except ModuleNotFoundError:  # nor is what it is in
        return False


def write() -> None:
    """Observe everything with the installed SDKs and write it down."""
    for sdk in installed():
        observe_all(sdk)
    PAGE.write_text(render())


if __name__ == "__main__":
    write()
    sys.stdout.write(PAGE.read_text())
