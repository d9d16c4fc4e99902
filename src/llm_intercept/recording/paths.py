"""Paths into JSON: `$.messages[0].content`, `$.tools[*].function`, `$..id`.

Knows: names, indices, `*` and descent. Must not know: what the values mean.
"""

from __future__ import annotations

import re
from typing import Any

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.errors import SettingsError

ANY = "*"
DEEP = ".."
STEP = re.compile(
    r"\.\.|\.?\[(?P<index>-?\d+|\*)\]|\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]|\.?(?P<name>\*|[\w-]+)"
)
Path = tuple[str | int, ...]
FIELD = re.compile(r"[A-Za-z_][\w.\[\]*-]*")


def parse(text: object) -> Path:
    """Read a path; raises `SettingsError` if it is none."""
    steps: list[str | int] = []
    position = 1
    if not isinstance(text, str) or not text.startswith("$") or len(text) < 2:  # noqa: PLR2004 - `$` and a step
        meant = f"'$.{text}', if that field was meant, or " if isinstance(text, str) and FIELD.fullmatch(text) else ""
        expected = "a path that begins with '$', such as '$.temperature', or 'host', 'path', 'query' or 'api'"
        raise SettingsError("ignore", text, f"{meant}{expected}")
    while position < len(text):
        found = STEP.match(text, position)
        if found is None:
            raise SettingsError("ignore", text, f"a path that can be read; from {text[position:]!r} on it cannot")
        position = found.end()
        index = found["index"]
        steps.append(DEEP if found.group() == DEEP else _step(index, found["quoted"], found["name"]))
    return tuple(steps)


def removed(value: Any, path: Path) -> Any:
    """Return a JSON value without what is at `path`."""
    step, rest = path[0], path[1:]
    if step == DEEP:
        return _everywhere(value, rest) if rest else value
    if is_object(value):
        entries = mapping(value)
        if not rest:
            return {key: item for key, item in entries.items() if step not in {ANY, key}}
        return {key: removed(item, rest) if step in {ANY, key} else item for key, item in entries.items()}
    if is_array(value):
        listed = items(value)
        chosen = {step + len(listed) if isinstance(step, int) and step < 0 else step}
        if not rest:
            return [item for index, item in enumerate(listed) if ANY not in chosen and index not in chosen]
        return [removed(item, rest) if chosen & {ANY, index} else item for index, item in enumerate(listed)]
    return value


def _everywhere(value: Any, path: Path) -> Any:
    value = removed(value, path)
    if is_object(value):
        return {key: _everywhere(item, path) for key, item in mapping(value).items()}
    return [_everywhere(item, path) for item in items(value)] if is_array(value) else value


def _step(index: str | None, quoted: str | None, name: str | None) -> str | int:
    if index is not None:
        return ANY if index == ANY else int(index)
    return quoted if quoted is not None else name or ""
