"""Reads the text of a file of rules: TOML or JSON, and the line each rule begins at.

Knows: encodings, TOML and JSON. Must not know: what a rule holds.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llm_intercept.base.json import items, mapping, no_constant
from llm_intercept.errors import RuleFileError

STRINGS_AND_COMMENTS = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*",
    re.DOTALL,
)
HEADER = re.compile(r"""^[ \t]*(\[\[[ \t]*(?:rules|"rules"|'rules')[ \t]*\]\])""", re.MULTILINE)
AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's values, and the line of each rule; no lines where they cannot be told."""

    path: Path
    value: Any
    lines: tuple[int, ...]

    @property
    def is_toml(self) -> bool:
        """Whether it is TOML; otherwise it is JSON."""
        return self.path.suffix == ".toml"

    def place(self, number: int | None = None) -> str:
        """Say the file, and the line of a rule where that is known."""
        known = number is not None and 0 <= number < len(self.lines)
        return f"{shown(self.path)}:{self.lines[number]}" if known and number is not None else shown(self.path)


class _RepeatedKeyError(ValueError):
    pass


def shown(path: Path) -> str:
    """Say a path from the current folder, if it is below that."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def parse(path: Path) -> Parsed:
    """Read a file; raises `RuleFileError` if it cannot be read, or is not what its name says."""
    text = _read(path)
    toml = path.suffix == ".toml"
    try:
        value = tomllib.loads(text) if toml else json.loads(text, object_pairs_hook=_once, parse_constant=no_constant)
    except _RepeatedKeyError as error:
        where, key = _repeated(path, text)
        raise RuleFileError(where, key, str(error), "Keep one of them.") from error
    except RecursionError as error:
        raise RuleFileError(shown(path), "", "it is nested too deep", "Take some of the brackets out.") from error
    except ValueError as error:
        raise _not_this(path, error) from error
    return Parsed(path, value, tuple(_lines(text, items(mapping(value).get("rules")), toml=toml)))


def _read(path: Path) -> str:
    content = b""
    try:
        content = path.read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise RuleFileError(shown(path), "", f"it cannot be read: {error.strerror}", "Make it readable.") from error
    except UnicodeDecodeError as error:
        where = f"{shown(path)}:{content[: error.start].count(bytes([10])) + 1}"
        problem = f"it is not UTF-8: byte 0x{content[error.start]:02x} cannot stand there"
        raise RuleFileError(where, "", problem, "Save it as UTF-8.") from error


def _not_this(path: Path, error: ValueError) -> RuleFileError:
    kind, told, line, column = path.suffix[1:].upper(), str(error), "", ""
    if isinstance(error, json.JSONDecodeError):
        told, line, column = error.msg, str(error.lineno), str(error.colno)
    elif (found := AT_LINE.search(told)) is not None:
        told, line, column = told[: found.start()], found[1], found[2]
    where = f"{shown(path)}:{line}" if line else shown(path)
    at = f", at column {column}" if column else ""
    return RuleFileError(where, "", f"it is not {kind}: {told}{at}", f"Correct the {kind}.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(f"the key {key!r} is given twice in one object")
        found[key] = value
    return found


def _repeated(path: Path, text: str) -> tuple[str, str]:
    """Find the rule that has a key twice, if it is in one."""
    for number, (begin, end, _) in enumerate(_spans(text)):
        try:
            json.loads(text[begin:end], object_pairs_hook=_once)
        except ValueError:
            return f"{shown(path)}:{_line(text, begin)}", f"rules[{number}]"
    return shown(path), ""


def _lines(text: str, rules: list[Any], *, toml: bool) -> list[int]:
    """Give the line that each rule begins at; nothing if what is found are not the rules."""
    if toml:
        found = [_line(text, one.start(1)) for one in HEADER.finditer(STRINGS_AND_COMMENTS.sub(_blank, text))]
        return found if len(found) == len(rules) else []
    spans = _spans(text)
    return [_line(text, begin) for begin, *_ in spans] if [value for *_, value in spans] == rules else []


def _blank(found: re.Match[str]) -> str:
    """Keep a string of one line, which may be a key; of all else the newlines."""
    text = found[0]
    if text[0] == "#" or text.startswith(('"""', "'''")):
        return re.sub(r"[^\n]", " ", text)
    return text


def _spans(text: str) -> list[tuple[int, int, Any]]:
    """Find what stands in the list `rules` of a JSON text: from where to where, and its value."""
    begin = re.search(r'"rules"\s*:\s*\[', text)
    position, decoder = begin.end() if begin else len(text), json.JSONDecoder()
    found: list[tuple[int, int, Any]] = []
    while (gap := re.compile(r"[\s,]*(?=[^\s,\]])").match(text, position)) is not None:
        try:
            value, position = decoder.raw_decode(text, gap.end())
        except ValueError:
            break
        found.append((gap.end(), position, value))
    return found


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
