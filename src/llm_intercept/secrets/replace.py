"""Puts a mark where a text holds a secret.

Knows: the shapes of secrets, and the names that get them. Must not know: JSON, the secrets of an exchange.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from llm_intercept.secrets.assigned import SIGN, assigned
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.prefilter import Prefilter
from llm_intercept.secrets.seen import Seen
from llm_intercept.secrets.shapes import Shape, shapes
from llm_intercept.secrets.signs import told_by_name
from llm_intercept.secrets.spared import NOTHING_SPARED, Spared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Letters that `re` takes for i, s and k where case is ignored, and JSON's escapes that may write any sign of a secret.
_HIDDEN = "[\u0130\u0131\u017f\u212a]|" + r"\\u(?:0130|0131|017f|212a)|\\\\[u/]"
_PERCENT = "%[0-9A-Fa-f]{2}"
_TOKEN = re.compile(r"%([0-9A-Fa-f]{2})|.", re.DOTALL)
_ENCODED = re.compile(rf"(?<![^\s\"'<>\\])[^\s\"'<>\\]*?{_PERCENT}[^\s\"'<>\\]*")
"""A word that has something percent-encoded; looked for from its begin alone, else a long word takes its square."""
_MOST = 110
"""Shapes that one look is for: of more it has more states than its automaton keeps, and takes five times as long."""
_MANY = 16  # shapes that are looked for together where a text may hold one


@dataclass(frozen=True, slots=True)
class _Group:
    """Some shapes, and a quick look for any of them."""

    look: Prefilter
    shapes: tuple[Shape, ...]


def _cut(every: Iterable[Shape], size: int) -> list[tuple[Shape, ...]]:
    """Cut shapes into groups: those with a sign, and those that are told by a vendor's name."""
    kinds = list[Shape](), list[Shape]()
    for shape in every:
        kinds[not shape.sign].append(shape)
    return [tuple(some[begin : begin + size]) for some in kinds for begin in range(0, len(some), size)]


def _any(group: Iterable[Shape]) -> str:
    """Write the sign of any of some shapes of one kind."""
    signs = dict.fromkeys(f"(?:{shape.sign})" for shape in group if shape.sign)
    return "|".join(signs) or told_by_name(word for shape in group for word in shape.keywords)


@lru_cache(maxsize=1)
def _groups() -> tuple[_Group, ...]:
    return tuple(_Group(Prefilter(_any(group)), group) for group in _cut(shapes(), _MANY))


@lru_cache(maxsize=1)
def _likely() -> tuple[Prefilter, ...]:
    """Make the quick looks for anything; signs that begin alike share the states of one automaton."""
    alike = sorted(shapes(), key=attrgetter("sign"))
    return tuple(map(Prefilter, (*map(_any, _cut(alike, _MOST)), f"{SIGN}|{_HIDDEN}|{_PERCENT}")))


_GIVEN = Prefilter(f"{SIGN}|{_HIDDEN}")
_CODED = Prefilter(_PERCENT)
_SEEN = Seen(2_000_000)
"""What became of texts: each turn of a conversation sends those of all turns before."""


def may_hold_secret(document: str) -> bool:
    """Whether a JSON document can hold a secret of a known shape, or a field of a name that holds one.

    Args:
        document: JSON text in which only quotes, backslashes, control characters and non-ASCII are escaped. What is
            JSON in one of its strings may be escaped in any way.

    """
    return any(look.may_find(document) for look in _likely())


def replace_secrets(text: str, spared: Spared = NOTHING_SPARED) -> str:
    """Put the mark where a secret is, but for what is spared; what is already marked stays as it is."""
    return _SEEN.result(text, spared, lambda: _replaced(text, spared))


def _replaced(text: str, spared: Spared) -> str:
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
            yield from (shape for shape in group.shapes if shape.is_near(lowered) and shape.look.may_find(text))


def _encoded(text: str, spared: Spared = NOTHING_SPARED) -> Iterator[tuple[int, int]]:
    """Give where the secrets are in what is percent-encoded, as it is written."""
    for found in _ENCODED.finditer(text) if _CODED.may_find(text) else ():
        tokens = list(_TOKEN.finditer(found.group()))
        said = "".join([chr(int(one[1], 16)) if one[1] else one.group() for one in tokens])
        for begin, end in _plain(said, spared) if may_hold_secret(said) else ():
            yield found.start() + tokens[begin].start(), found.start() + tokens[end - 1].end()
