"""An API of embeddings that answers by itself: a vector for each text, the default one or those that a rule gives.

Knows: replies, vectors. Must not know: any API's JSON.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import cycle
from typing import TYPE_CHECKING

from llm_intercept.base.tokens import total
from llm_intercept.dialects.shared.own_answers import AnsweredByItself
from llm_intercept.dialects.shared.vectors import embedded
from llm_intercept.model.usage import Usage
from llm_intercept.replies.kinds import ANSWERS_ALL, Embeddings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.dialects.base import Context
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireResponse
    from llm_intercept.replies.kinds import Answer

MOST_DIMENSIONS = 16_384
"""The most that is made, whatever a request asks for."""


class EmbedsByItself(AnsweredByItself):
    """An API that gives a vector for each text."""

    what = "embeddings"
    takes = (*ANSWERS_ALL, Embeddings)

    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        if not isinstance(answer, Embeddings):
            return super().respond(request, answer, context)
        given = zip(self.inputs(request), cycle(answer.vectors), strict=False)
        return self._given(request, [vector for _, vector in given], answer.usage, context)

    def own(self, request: LLMRequest, context: Context) -> WireResponse:
        """Make the default vectors."""
        dimensions = self.dimensions(request)
        return self._given(request, [embedded(one, dimensions) for one in self.inputs(request)], None, context)

    def _given(
        self, request: LLMRequest, vectors: Sequence[Sequence[float]], usage: Usage | None, context: Context
    ) -> WireResponse:
        used = usage or Usage(total(context.tokenizer, self.inputs(request), request.model))
        context.note_usage(used)
        return self.answer(request, vectors, used, context)

    @abstractmethod
    def inputs(self, request: LLMRequest) -> list[str]:
        """Return the texts that are to be embedded."""

    @abstractmethod
    def dimensions(self, request: LLMRequest) -> int:
        """Return how many numbers a vector is to have."""

    @abstractmethod
    def answer(
        self, request: LLMRequest, vectors: Sequence[Sequence[float]], used: Usage, context: Context
    ) -> WireResponse:
        """Write vectors."""
