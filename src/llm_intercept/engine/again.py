"""Answers that are not kept, since they can be written again: the same request, reply and identity give the same bytes.

Knows: dialects by their contract, which answers follow from nothing else. Must not know: any API, who reads an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.exact_tokens import ExactTokenizer
from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.dialects.base import Context
from llm_intercept.journal.kept_response import LARGEST
from llm_intercept.replies.kinds import AutoReply, RawReply
from llm_intercept.replies.reply import Reply
from llm_intercept.stored.shelves import Shelves, Stored
from llm_intercept.timing.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.engine.decide import Case
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Step, WireRequest, WireResponse
    from llm_intercept.replies.kinds import Answer

OURS = frozenset({EstimatingTokenizer, ExactTokenizer})
"""The tokenizers that split a text the same way each time; of one that a user gives nobody knows."""
CONTINUES = "continues"
"""Is noted beside a request that was completed by what was answered before: that may be another the next time."""


class _Nobody:
    """What is around an answer that is written again: what is kept of it is forgotten."""

    is_replay, brought, asked_at = False, (), ""

    @property
    def shelves(self) -> Shelves:
        return Shelves((), Stored())

    @property
    def clock(self) -> Clock:
        return Clock()


@dataclass(slots=True)
class Again:
    """What an answer was written of.

    Attributes:
        dialect: The API that was asked.
        head: The head of the request.
        reply: What was answered.
        identity: What its ids follow from.
        tokenizer: What split its text.
        given: How many steps of the body were given; None of one that is there at once.

    """

    dialect: Dialect
    head: WireRequest
    reply: Answer
    identity: Identity
    tokenizer: Tokenizer
    given: int | None = None

    def written(self, request: LLMRequest) -> WireResponse:
        """Write the answer again, as far as it was given; the request is read again, which users may have changed."""
        asked = self.dialect.read(self.head, request.content)
        context = Context(self.tokenizer, self.identity, _unheard, _Nobody())
        response = self.dialect.respond(asked, self.reply, context)
        return response if self.given is None else response.with_chunks(tuple(_begun(response.chunks, self.given)))


def again_of(case: Case, answer: Answer, identity: Identity, tokenizer: Tokenizer) -> Again | None:
    """Say what an answer to which nothing happens on its way is written of; None if something else goes into it.

    Args:
        case: The request under way.
        answer: Its answer.
        identity: What its ids follow from.
        tokenizer: What splits its text.

    """
    request, dialect, head = case.request, case.dialect, case.head
    if request.is_lent or head.over is not None or dialect.takes is not None or tokenizer.__class__ not in OURS:
        return None
    if dialect.remembers and (CONTINUES in request.beside or dialect.is_later(request)):
        return None
    return Again(dialect, head, answer, identity, tokenizer) if _is_lasting(answer) else None


def _is_lasting(answer: Answer) -> bool:
    if isinstance(answer, Reply):
        return answer.is_lasting
    return isinstance(answer, AutoReply | RawReply)  # whose body is a copy of what was given


def _begun(steps: Iterable[Step], most: int) -> Iterator[Step]:
    """Give the first steps, so many and no more than are kept of one answer."""
    left = LARGEST
    for _, step in zip(range(most), steps, strict=False):
        yield step
        left -= len(step) if isinstance(step, bytes) else 0
        if left <= 0:
            return


def _unheard(_: Any) -> None:
    """Hear of a usage that is known."""
