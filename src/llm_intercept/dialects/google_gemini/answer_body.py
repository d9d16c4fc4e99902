"""The answer around what is said: candidates, why they end, the usage, the model; whole, or one chunk of a stream.

Knows: the keys in the order of each API's messages (docs/wire.md 10.2). Must not know: what is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.google_gemini.accumulate import joined
from llm_intercept.dialects.google_gemini.candidate_plan import TEXT
from llm_intercept.dialects.google_gemini.event_ids import create_time, mean_logprob, response_id
from llm_intercept.dialects.google_gemini.finish_words import EMPTY
from llm_intercept.dialects.google_gemini.generations import CALLED_WORDS
from llm_intercept.dialects.google_gemini.token_counts import KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.google_gemini.candidate_plan import Plan
    from llm_intercept.dialects.google_gemini.chunked import Chunk
    from llm_intercept.dialects.google_gemini.generations import Generation
    from llm_intercept.model.exchange_id import Identity

BEHIND = (
    "finishMessage", "safetyRatings", "citationMetadata", "groundingMetadata", "avgLogprobs", "logprobsResult",
    "urlContextMetadata",
)  # fmt: skip
STUDIO = ("content", "finishReason", "index", *BEHIND)
VERTEX = ("index", "content", "finishReason", *BEHIND)
"""The fields of a candidate, in the order of each API's messages."""
GROUNDED, READ = "groundingMetadata", "urlContextMetadata"
SOURCES = (GROUNDED, READ)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all of an answer's chunks have in common.

    Attributes:
        manner: How the model's generation tells.
        model: The model's name.
        identity: What the ids follow from.
        searches: Whether the request has tools that the API itself runs.

    """

    manner: Generation
    model: str
    identity: Identity
    searches: bool

    def body(
        self, candidates: list[dict[str, Any]], around: Mapping[str, Any], usage: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Write an answer, or a chunk of one."""
        told: dict[str, Any] = {"candidates": candidates} if candidates else {}
        told |= {name: value for name, value in around.items() if name != KEY}
        told |= {KEY: {**usage, **around.get(KEY, {})}, "modelVersion": self.model}
        if self.manner.is_vertex:
            told["createTime"] = create_time(self.identity)
        return {**told, "responseId": response_id(self.identity)}

    def chunk(self, chunk: Chunk, *, is_first: bool) -> list[dict[str, Any]]:
        """Write what a chunk of a stream tells of its candidate."""
        plan = chunk.plan
        told = self._sources(plan, is_first=is_first, is_last=chunk.is_last)
        if chunk.is_last:
            rest = {name: value for name, value in plan.beside.items() if name not in SOURCES}
            told |= {"finishReason": plan.finish_reason, **self._explained(chunk.parts), **rest}
        return self._candidates(plan, chunk.parts, told)

    def whole(self, plan: Plan, parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Write a candidate of a JSON answer."""
        told = {"finishReason": plan.finish_reason, **self._explained(parts), **plan.beside}
        if self.searches and self.manner.grounds_along:
            told.setdefault(GROUNDED, {})
        if self.manner.has_logprobs and parts:
            told["avgLogprobs"] = mean_logprob(self.identity, plan.index)
        return self._candidates(plan, joined(parts), told)

    def _sources(self, plan: Plan, *, is_first: bool, is_last: bool) -> dict[str, Any]:
        """Tell what an answer is grounded on: at its end; of older generations what was read at its beginning."""
        along = self.manner.grounds_along
        told: dict[str, Any] = {GROUNDED: {}} if along and self.searches else {}
        if is_last and GROUNDED in plan.beside:
            told[GROUNDED] = plan.beside[GROUNDED]
        if READ in plan.beside and (is_first if along else is_last):
            told[READ] = plan.beside[READ]
        return told

    def _explained(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        calls = bool(parts) and TEXT not in parts[-1] and "functionCall" in parts[-1]
        return {"finishMessage": CALLED_WORDS} if calls and self.manner.explains_calls else {}

    def _candidates(self, plan: Plan, parts: list[dict[str, Any]], told: dict[str, Any]) -> list[dict[str, Any]]:
        """Write a candidate in the order of its API; none where only the prompt is judged."""
        if plan.around.get("promptFeedback"):
            return []
        if parts:
            said = {"role": "model", "parts": parts} if self.manner.is_vertex else {"parts": parts, "role": "model"}
            told["content"] = said
        elif plan.finish_reason in EMPTY:
            told["content"] = EMPTY[plan.finish_reason]
        if plan.index or self.manner.numbers_candidates:
            told["index"] = plan.index
        return [{name: told[name] for name in (VERTEX if self.manner.is_vertex else STUDIO) if name in told}]
