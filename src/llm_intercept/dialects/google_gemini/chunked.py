"""What happens while an answer is generated, chunk by chunk: some words to each, a call whole in one.

JSON and stream are both made by this, so that a stream adds up to the JSON body.

Knows: parts, and how the API divides them (docs/wire.md 10.2). Must not know: framing, the answer around candidates.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, mapping
from llm_intercept.base.tokens import count
from llm_intercept.dialects.google_gemini.accumulate import SIGNATURE
from llm_intercept.dialects.google_gemini.candidate_plan import TEXT
from llm_intercept.dialects.google_gemini.gemini_costs import costs_of
from llm_intercept.dialects.google_gemini.token_counts import media_of
from llm_intercept.dialects.shared.pieces import Splitter
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.google_gemini.candidate_plan import Plan
    from llm_intercept.dialects.google_gemini.generations import Generation
    from llm_intercept.model.wire import Delta

FIRST, LATER = 4, 12
"""How many tokens the first chunk of a text has, and each later one: the medians of the recorded ones."""
CALLED = "functionCall"

Parts = list[dict[str, Any]]


@dataclass(slots=True)
class Chunk:
    """A chunk of an answer.

    Attributes:
        plan: The candidate that it is of.
        parts: What is said in it.
        said: How many tokens were said until then.
        is_last: Whether it is the candidate's last.

    """

    plan: Plan
    parts: Parts
    said: int
    is_last: bool = False


@dataclass(slots=True)
class Teller:
    """Tells the candidates of an answer one after the other.

    Attributes:
        plans: The candidates.
        manner: How the model's generation tells.
        tokenizer: Cuts texts into tokens.
        model: The model's name.
        is_stream: Whether anybody hears of the chunks.
        searches: Whether the request has tools that the API itself runs.

    """

    plans: list[Plan]
    manner: Generation
    tokenizer: Tokenizer
    model: str
    is_stream: bool
    searches: bool = False
    _begun: dict[str, Any] | None = None

    @property
    def said(self) -> int:
        """How many tokens were said."""
        return sum(plan.budget.spent for plan in self.plans)

    def tell(self) -> Generator[Chunk | Awaited]:
        """Tell all candidates."""
        for plan in self.plans:
            yield from self._candidate(plan)

    def _candidate(self, plan: Plan) -> Generator[Chunk | Awaited]:
        """Tell a candidate; a chunk is held back until it is known whether it is the last, unless it is given live."""
        held: Chunk | None = None
        with closing(self._spoken(plan)) as spoken:
            for parts in spoken:
                if held is not None:
                    yield held
                    held = None
                if isinstance(parts, Awaited):
                    yield parts
                    continue
                chunk = Chunk(plan, parts, self.said)
                if plan.is_live:
                    yield chunk
                else:
                    held = chunk
        yield from self._end(plan, held)

    def _end(self, plan: Plan, held: Chunk | None) -> Iterator[Chunk]:
        """Tell the end: with what was said last, or in a chunk of its own."""
        if held is None and not plan.parts:
            yield Chunk(plan, [], self.said, is_last=True)
            return
        end = {TEXT: "", **(self._end_signature(plan) if self._begun is plan.parts[-1] else {})}
        if held is not None and not self._ends_apart:
            held.is_last = True
        elif held is not None and self.searches and CALLED in held.parts[-1]:
            held = Chunk(plan, [*held.parts, end], held.said, is_last=True)
        if held is not None:
            yield held
        if held is None or not held.is_last:
            yield Chunk(plan, [end], self.said, is_last=True)

    @property
    def _ends_apart(self) -> bool:
        return self.is_stream and self.manner.ends_apart

    def _end_signature(self, plan: Plan) -> dict[str, Any]:
        last = plan.parts[-1]
        signs = self._ends_apart and TEXT in last and SIGNATURE in last
        return {SIGNATURE: last[SIGNATURE]} if signs else {}

    def _spoken(self, plan: Plan) -> Generator[Parts | Awaited]:
        """Give what is said in each chunk."""
        together: Parts = []
        for part in plan.parts:
            if plan.budget.cut and "thought" not in part:
                break
            if CALLED in part:
                if not plan.budget.spend(self._call_tokens(part)):
                    break  # the API has no half of a call: arguments are an object
                together.append(part)
                if not (self.manner.calls_apart and not self.searches):
                    continue
            if together:
                yield together
                together = []
            self._begun = part
            if CALLED not in part:
                yield from self._part(plan, part)
        if together:
            yield together

    def _part(self, plan: Plan, part: dict[str, Any]) -> Generator[Parts | Awaited]:
        if TEXT not in part or "thought" in part:
            plan.budget.spent += sum(media_of((part,)).values())
            yield [part]
            return
        signs_at_end = part is plan.parts[-1] and SIGNATURE in self._end_signature(plan)
        beside = {SIGNATURE: part[SIGNATURE]} if SIGNATURE in part and not signs_at_end else {}
        with closing(self._texts(plan, part[TEXT])) as texts:
            for text in texts:
                if isinstance(text, Awaited):
                    yield text
                else:
                    yield [{TEXT: text, **beside}]
                    beside = {}

    def _texts(self, plan: Plan, given: str | Iterable[Delta]) -> Generator[str | Awaited]:
        """Give a text in the pieces that it is told in: some tokens each, or exactly those that it was given in."""
        splitter = Splitter(self.tokenizer, self.model, plan.budget)
        if not (self.is_stream or plan.stops or plan.budget.left is not None):
            yield splitter.unbroken(given).whole()
            return
        sizes = chain((FIRST,), repeat(LATER)) if isinstance(given, str) else repeat(1)
        size, run, tokens, is_told = next(sizes), "", 0, False
        with closing(splitter.pieces(given, plan.stops)) as pieces:
            for piece in pieces:
                if isinstance(piece, Awaited):
                    yield piece
                    continue
                run, tokens = run + piece[0], tokens + len(piece[1])
                if tokens >= size:
                    yield run
                    size, run, tokens, is_told = next(sizes), "", 0, True
        if run or not is_told:
            yield run

    def _call_tokens(self, part: dict[str, Any]) -> int:
        called = mapping(part[CALLED])
        said = count(self.tokenizer, called["name"] + encode(called["args"]).decode(), self.model)
        return max(1, said + costs_of(self.model).call)
