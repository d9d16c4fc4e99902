"""Odd inputs: values of any JSON type, texts that steer terminals, bytes that are no text, and real inputs changed."""

from __future__ import annotations

import copy
import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hypothesis.strategies import SearchStrategy

TEXTS = (
    "", " ", "\n", "\r", "\0", "\x0c", "\x1b]52;c;cm0=\x07\x1b[2J", "\x9b2J", "\u202egpj", "\u200b", "\U000e0041", "\ud800",
    "é", "ÿ", "naïve 🍂", "\u2028", "[bold]x[/nope]", "1", "-1", "1e999", "NaN", "null", "true", "{", "[", "[]", '{"a":', "9" * 5000,
    "[" * 3000, '{"a":' * 3000, "a" * 3000, "\\", "'", '"', "%s", "{0}", "../x", "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz",
    "https://me:secret@h.test/p?api_key=hidden#f", "http://[::1", "data: {}\n\n", "[DONE]", "2026-11-22",
)  # fmt: skip
TEXT = st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=()), max_size=12)
NUMBERS = (0, 1, -1, 2, 200, 999, 2**31, 2**63, 2**64, -(2**64), 10**400, 0.0, -0.0, 0.5, 1e308, 5e-324, float("inf"), float("-inf"), float("nan"))  # fmt: skip
SCALAR = st.sampled_from([None, True, False, *NUMBERS]) | TEXT
KEY = (
    st.sampled_from(
        ["", "type", "text", "id", "index", "name", "content", "function", "error", "choices", "\ud800", "\x0c"]
    )
    | TEXT
)
TOKENS = (
    b"\n", b"\r", b"\r\n\r\n", b"\n\n", b"data:", b"data: [DONE]\n\n", b"data: null\n\n", b"event: error\n", b": ", b"\xef\xbb\xbf",
    b"\xff", b"\x00", b"\xed\xa0\x80", b"\\ud800", b"[" * 3000, b'{"a":' * 300, b"NaN", b"1e999", b"-", b"9" * 5000, b"\x1b[2J", b"null",
    b'"', b"{", b"}", b",", b"\x1f\x8b", b"\xc2\x85", b"\xe2\x80\xa8",
)  # fmt: skip


LEVELS = 9
"""How deep a value is changed."""


def nested(depth: int) -> Any:
    """Make a value that is so deep."""
    value: Any = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=3), max_leaves=6
)
DEEP = st.sampled_from([50, 190, 199, 201, 260, 295, 310]).map(nested)
ODD = st.integers(0, 19).flatmap(lambda number: DEEP if number == 19 else JSON)
"""Any JSON value, some too deep for most that reads or writes it, with what Python's JSON has beside JSON."""


def dumped(value: Any) -> bytes:
    """Write any of these values as JSON; a lone surrogate is an escape, and what is too deep for Python is not closed."""
    try:
        return json.dumps(value, default=repr).encode()
    except RecursionError:
        return b"[" * 900


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if len(path) == LEVELS:
        return
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in children:
        yield from _places(item, (*path, key))


@st.composite
def changed(draw: Callable[..., Any], seeds: Sequence[Any], values: SearchStrategy[Any] = ODD) -> Any:
    """Make one of some JSON values with up to three of its parts replaced, taken out, repeated, renamed or added."""
    value = copy.deepcopy(draw(st.sampled_from(list(seeds))))
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(list(_places(value))))
        if not path:
            continue
        parent = value
        for key in path[:-1]:
            parent = parent[key]
        key = path[-1]
        match draw(st.sampled_from(["replace", "replace", "take out", "more"])):
            case "replace":
                parent[key] = draw(values)
            case "take out":
                del parent[key]
            case _ if isinstance(parent, dict):
                parent[draw(KEY)] = draw(st.just(copy.deepcopy(parent[key])) | values)
            case _:
                parent.insert(key, draw(st.just(copy.deepcopy(parent[key])) | values))
    return value


@st.composite
def altered(draw: Callable[..., Any], seeds: SearchStrategy[bytes]) -> bytes:
    """Make one of some contents with up to three places where bytes are put in, taken out or repeated."""
    content = draw(seeds)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 2, 10, 100]))
        token = draw(st.sampled_from(TOKENS) | st.binary(max_size=4) | st.just(content[place : place + length]))
        rest = content[place + draw(st.sampled_from([0, length])) :]
        content = content[:place] + token + rest
    return content


@contextmanager
def folder() -> Iterator[Path]:
    """Make a folder for one input, in memory where there is such a place."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        yield Path(name)


def split(draw: Callable[..., Any], content: bytes) -> list[bytes]:
    """Cut a content anywhere."""
    places = sorted(draw(st.lists(st.integers(0, len(content)), max_size=6)))
    return [content[begin:end] for begin, end in zip([0, *places], [*places, len(content)], strict=True)]
