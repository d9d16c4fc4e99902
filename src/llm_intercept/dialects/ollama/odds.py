"""The log probabilities of an answer of Ollama's: of thoughts and of text, where the request asks for them.

Source: ollama/ollama, `server/logprob.go`, `server/routes.go`: each line has those of its own tokens, whatever they
say. Of a call we tell none.

Knows: the form of an entry. Must not know: where it is put.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.dialects.shared.logprobs import Asked
from llm_intercept.model.parts import Reasoning, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.dialects.shared.told_parts import Said
    from llm_intercept.replies.reply import Reply


@dataclass(frozen=True, slots=True)
class Odds:
    """What is asked for of a text and of a thought, and how many tokens of each were told."""

    asked: Mapping[type, Asked]
    told: dict[type, int] = field(default_factory=dict[type, int])

    def of(self, said: Said) -> list[Any]:
        """Make the entries for what is said; an entry without alternatives has no list of them."""
        kind = type(said.part)
        if kind not in self.asked:
            return []
        position = self.told.get(kind, 0)
        self.told[kind] = position + len(said.tokens)
        found = self.asked[kind].entries(said.tokens, position)
        return [{name: value for name, value in one.items() if value != []} for one in found]


def odds_of(body: Mapping[str, Any], reply: Reply, identity: str) -> Odds | None:
    """Return what a request asks for, if it does; entries that a reply gives are those of its text."""
    if body.get("logprobs") is not True:
        return None
    top = body.get("top_logprobs")
    most = top if is_int(top, 0) else 0
    return Odds({Text: Asked(most, identity, reply.logprobs), Reasoning: Asked(most, f"{identity} thought")})
