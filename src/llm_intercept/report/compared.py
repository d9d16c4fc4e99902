"""A difference of two runs or two tapes: which call of one is which of the other, and what differs.

Knows: rows and details. Must not know: where they are from.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import loads
from llm_intercept.recording.pairing import paired
from llm_intercept.recording.take import TakeRequest
from llm_intercept.report.document import Pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from llm_intercept.report.document import Detail, Part, Row

Entry = tuple["Row", "Detail"]
Groups = defaultdict[str, tuple[list["Entry"], list["Entry"]]]

ASPECTS: dict[str, Callable[[Row, Detail], object]] = {
    "model": lambda row, _: row.model,
    "messages": lambda _, detail: [(one.role, one.name, _said(one.parts)) for one in detail.messages],
    "tools": lambda _, detail: detail.tools,
    "params": lambda _, detail: {name: value for name, value in detail.params.items() if name != "model"},
    "answer": lambda row, detail: (row.answer, None if detail.answer is None else _said(detail.answer.parts)),
    "finish": lambda _, detail: None if detail.answer is None else detail.answer.finish_reason,
    "status": lambda row, _: row.outcome,
    "usage": lambda row, _: (row.input_tokens, row.output_tokens),
}
"""What of two calls is held against each other, by the word for it."""


def pairs_of(was: Sequence[Entry], now: Sequence[Entry]) -> list[Pair]:
    """Pair the calls of two sides: those of a test with those of the same test, of a tape with those of its own.

    Args:
        was: The rows and details of the first side, in order.
        now: Those of the second.

    """
    groups: Groups = defaultdict(lambda: ([], []))
    is_one = len(set(map(_group, was))) <= 1 and len(set(map(_group, now))) <= 1
    for side, entries in enumerate((was, now)):
        for entry in entries:
            groups["" if is_one else _group(entry)][side].append(entry)
    return [pair for left, right in groups.values() for pair in _pairs(left, right)]


def _group(entry: Entry) -> str:
    """Say what a call is of: a test, or a folder of takes."""
    row = entry[0]
    return row.test or row.name.rpartition("/")[0]


def _pairs(was: Sequence[Entry], now: Sequence[Entry]) -> Iterator[Pair]:
    for left, right in paired(map(_asked, was), map(_asked, now)):
        one = None if left is None else was[left]
        other = None if right is None else now[right]
        what = () if one is None or other is None else tuple(_differing(one, other))
        yield Pair(
            left=None if one is None else one[0].n,
            right=None if other is None else other[0].n,
            same=one is not None and other is not None and not what,
            what=what,
        )


def _differing(one: Entry, other: Entry) -> Iterator[str]:
    return (name for name, aspect in ASPECTS.items() if aspect(*one) != aspect(*other))


def _asked(entry: Entry) -> TakeRequest:
    """Make the request that a detail shows into one that can be held against others."""
    sent = entry[1].request
    body: Any = None
    text: str | None = None
    try:
        body = loads(sent.body)
    except ValueError:
        text = sent.body
    return TakeRequest(method=sent.method, url=sent.url, headers=dict(sent.headers), body=body, text=text)


def _said(parts: Sequence[Part]) -> list[Part]:
    """Give what parts say, without their ids, which change from run to run."""
    return [part.model_copy(update={"id": ""}) for part in parts]
