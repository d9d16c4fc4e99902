"""The tape of each test: what `{module}`, `{class}` and `{test}` stand for in the place of recordings.

Knows: pytest's tests, names of files. Must not know: what is recorded there.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from llm_intercept.base.words import did_you_mean
from llm_intercept.errors import SettingsError
from llm_intercept.settings.pyproject import project_defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.recording.config import Recordings

PLACEHOLDER = re.compile(r"\{(\w*)\}")
NAMES = ("module", "class", "test")
UNSAFE = re.compile(r"[^\w.,=+@-]+", re.ASCII)
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)
"""Names that are devices on Windows, whatever follows a dot."""
LONGEST = 100
"""The characters of a name; file systems take 255 bytes."""


def in_its_place(node: pytest.Item | pytest.Collector, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options, the place of recordings that of a test, or of a module's tests; raises `SettingsError`."""
    project = project_defaults()
    is_said = "mode" in options or "mode" in project
    given = options.get("recordings", project.get("recordings") if is_said else None)
    location = getattr(given, "location", given)
    if not isinstance(location, str | os.PathLike) or "{" not in os.fspath(location):
        return dict(options)
    found = _filled(os.fspath(cast("str", location)), node)
    named = found if given is location else replace(cast("Recordings", given), location=found)
    return {**options, "recordings": named}


def _filled(template: str, node: pytest.Item | pytest.Collector) -> str:
    names = PLACEHOLDER.findall(template)
    unknown = next((name for name in names if name not in NAMES), None)
    if unknown is not None:
        advice = f"{{{unknown}}} is none of {{module}}, {{class}} and {{test}}. {did_you_mean(unknown, NAMES)}".rstrip()
        raise SettingsError("recordings", template, advice=advice)
    values = _values(node, is_class_apart="class" in names)
    missing = next((name for name in names if name not in values), None)
    if missing is not None:
        advice = f"{{{missing}}} is for a test's own recordings, and these are for many tests."
        raise SettingsError("recordings", template, advice=advice)
    filled = PLACEHOLDER.sub(lambda found: values[found[1]], template)
    return filled if "://" in filled else os.path.normpath(filled)


def _values(node: pytest.Item | pytest.Collector, *, is_class_apart: bool) -> dict[str, str]:
    """Return what the placeholders stand for; no two tests have the same, where module and test are named.

    A module is its path from the rootdir, with dots; a test has its class and its parameters.
    """
    values: dict[str, str] = {}
    if not isinstance(node, pytest.Session):
        path = node.nodeid.partition("::")[0]
        values["module"] = _safe(os.path.splitext(path)[0].replace("/", "."))  # noqa: PTH122 - it is pytest's, not a file's
    if isinstance(node, pytest.Item):
        classes = ".".join(one.name for one in node.listchain() if isinstance(one, pytest.Class))
        name = node.name if is_class_apart or not classes else f"{classes}.{node.name}"
        values |= {"class": _safe(classes) if classes else "", "test": _safe(name)}
    return values


def _safe(name: str) -> str:
    """Return a name as that of a file; one that is changed for it is told from others that would look the same."""
    plain = name.replace("[", "-", 1).removesuffix("]")
    safe = UNSAFE.sub("_", plain)[:LONGEST].strip(". ")
    if safe == plain and not RESERVED.match(safe):
        return safe
    apart = f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return f"_{apart}" if RESERVED.match(apart) else apart
