"""Puts a mark where a text holds a secret.

Knows: the shapes of secrets, and the names that get them. Must not know: JSON, the secrets of an exchange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.secrets.assigned import SIGN, assigned
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.prefilter import Prefilter
from llm_intercept.secrets.shapes import Shape, shapes
from llm_intercept.secrets.spared import NOTHING_SPARED, Spared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Letters that `re` takes for i, s and k where case is ignored, and JSON's escapes that may write any sign of a secret.
_HIDDEN = "[\u0130\u0131\u017f\u212a]|" + r"\\u(?:0130|0131|017f|212a)|\\\\[u/]"
_PERCENT = "%[0-9A-Fa-f]{2}"
_TOKEN = re.compile(r"%([0-9A-Fa-f]{2})|.", re.DOTALL)
_ENCODED = re.compile(rf"(?<![^\s\"'<>\\])[^\s\"'<>\\]*?{_PERCENT}[^\s\"'<>\\]*")
"""A word that has something percent-encoded; looked for from its begin alone, else a long word takes its square."""
_TOLD_BY_NAME = r"[ \t0-9A-Za-z_.-]{0,20}[\s\"'`\\nrt]{0,10}[=>:|,?]{1,4}[\s\"'`=\\nrt]{0,10}[0-9A-Za-z_.=+/%:-]{8}"


_MANY = 16  # shapes that are looked for together


@dataclass(frozen=True, slots=True)
class _Group:
    """Some shapes, and a quick look for any of them."""

    look: Prefilter
    shapes: tuple[Shape, ...]


@lru_cache(maxsize=1)
def _groups() -> tuple[_Group, ...]:
    """Make the groups: those that are told by a vendor's name together, for their signs are one pattern."""
    signed = [shape for shape in shapes() if shape.sign]
    cut = [tuple(signed[begin : begin + _MANY]) for begin in range(0, len(signed), _MANY)]
    named = tuple(shape for shape in shapes() if not shape.sign)
    return (*(_Group(Prefilter(_any(group)), group) for group in cut), _Group(Prefilter(_by_name(named)), named))


def _any(group: Iterable[Shape]) -> str:
    return "|".join(dict.fromkeys(f"(?:{shape.sign})" for shape in group))


def _by_name(named: Iterable[Shape]) -> str:
    words = sorted({word for shape in named for word in shape.keywords})
    return f"(?i:{'|'.join(map(re.escape, words))})(?:{_TOLD_BY_NAME}|[0-9A-Za-z_=-]{{16}})"


@lru_cache(maxsize=1)
def _likely() -> tuple[Prefilter, ...]:
    """Make the quick looks for anything: three, since one of all signs has more states than its automaton keeps."""
    signed = [shape for shape in shapes() if shape.sign]
    named = [shape for shape in shapes() if not shape.sign]
    return tuple(map(Prefilter, (_any(signed), _by_name(named), f"{SIGN}|{_HIDDEN}|{_PERCENT}")))


_GIVEN = Prefilter(f"{SIGN}|{_HIDDEN}")


def may_hold_secret(document: str) -> bool:
    """Whether a JSON document can hold a secret of a known shape, or a field of a name that holds one.

    Args:
        document: JSON text in which only quotes, backslashes, control characters and non-ASCII are escaped. What is
            JSON in one of its strings may be escaped in any way.

    """
    return any(look.may_find(document) for look in _likely())


def replace_secrets(text: str, spared: Spared = NOTHING_SPARED) -> str:
    """Put the mark where a secret is, but for what is spared; what is already marked stays as it is."""
    while may_hold_secret(text):
        found = marked(text, _spans(text, spared))
        if found == text:
            return text
        text = found
    return text


def secrets_in(text: str) -> list[str]:
    """Name the shapes of the secrets in a text, without the secrets."""
    if not may_hold_secret(text):
        return []
    found = [shape.name for shape in _near(text) if any(True for _ in shape.spans(text))]
    found += ["named secret"] if any(True for _ in assigned(text)) else []
    found += ["encoded secret"] if any(True for _ in _encoded(text)) else []
    return list(dict.fromkeys(found))


def marked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Put the mark in the place of each span, and of those that overlap together."""
    pieces, at, last = list[str](), 0, -1
    for begin, end in sorted(spans):
        if begin > last or last < 0:
            pieces += text[at:begin], MARK
        at = last = max(at, end)
    return "".join([*pieces, text[at:]]) if pieces else text


def _spans(text: str, spared: Spared) -> Iterator[tuple[int, int]]:
    yield from _plain(text, spared)
    yield from _encoded(text, spared)


def _plain(text: str, spared: Spared) -> Iterator[tuple[int, int]]:
    for shape in _near(text):
        yield from shape.spans(text)
    if _GIVEN.may_find(text):
        yield from assigned(text, spared)


def _near(text: str) -> Iterator[Shape]:
    """Give the shapes that a text may hold."""
    lowered = text.lower()
    for group in _groups():
        if group.look.may_find(text):
            yield from (shape for shape in group.shapes if shape.is_near(lowered))


def _encoded(text: str, spared: Spared = NOTHING_SPARED) -> Iterator[tuple[int, int]]:
    """Give where the secrets are in what is percent-encoded, as it is written."""
    for found in _ENCODED.finditer(text) if "%" in text else ():
        tokens = list(_TOKEN.finditer(found.group()))
        said = "".join([chr(int(one[1], 16)) if one[1] else one.group() for one in tokens])
        for begin, end in _plain(said, spared):
            yield found.start() + tokens[begin].start(), found.start() + tokens[end - 1].end()
