"""The log probabilities of an answer of Cohere's, where the request asks for them: of its text, a piece at a time.

Source: cohere 7.3, `LogprobItem`, `ChatContentDeltaEvent`, `V2ChatResponse`. Nobody recorded how a plan or a
thought has them; we tell none.

Knows: the form of an item. Must not know: where it is put.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.dialects.shared.logprobs import Asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.shared.told_parts import Said
    from llm_intercept.replies.reply import Reply

VOCABULARY = 255_000
"""How many tokens Cohere's models know, about (the configuration of c4ai-command-r)."""


@dataclass(slots=True)
class Odds:
    """What is asked for, and how many tokens were told."""

    asked: Asked
    told: int = 0

    def item(self, said: Said) -> dict[str, Any]:
        """Make the item of a piece of text; the ids of its tokens are invented."""
        entries = self.asked.entries(said.tokens, self.told)
        self.told += len(said.tokens)
        numbers = [int(derived("token", one)[:8], 16) % VOCABULARY for one in said.tokens]
        return {"text": said.text, "token_ids": numbers, "logprobs": [one.get("logprob") for one in entries]}


def odds_of(body: Mapping[str, Any], reply: Reply, identity: str) -> Odds | None:
    """Return what a request asks for, if it does."""
    return Odds(Asked(0, identity, reply.logprobs)) if body.get("logprobs") is True else None
