"""Log probabilities: invented, but of the text's own tokens and the same for the same request.

Knows: OpenAI's reference, `ChatCompletionTokenLogprob`, whose form Ollama has too (`api/types.go`, `Logprob`). Must not
know: where they are put.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.shared.hashed_ids import derived

if TYPE_CHECKING:
    from collections.abc import Mapping

ALTERNATIVES = (" the", " a", ".", ",", " and", " to", " of", "\n", "I", "The", " in", " is", "It", " it", "!", "A",
                " that", " for", "?", "You", " I", "-")  # fmt: skip
STEP = 0.75


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for of each token: so many alternatives, invented after an identity unless entries are given."""

    top: int
    identity: str
    given: tuple[Mapping[str, Any], ...] | None = None

    def entries(self, tokens: tuple[str, ...], position: int) -> list[Any]:
        """Make the entries for `tokens`, the first being the answer's token number `position`."""
        if self.given is not None:
            return [dict(one) for one in self.given[position : position + len(tokens)]]
        return [self._entry(token, position + number) for number, token in enumerate(tokens)]

    def _entry(self, token: str, position: int) -> dict[str, Any]:
        likely = -int(derived(self.identity, "logprob", position)[:4], 16) / 65_536 / 2
        logprob = round(likely, 8)
        top = [_candidate(token, logprob)]
        others = (one for one in ALTERNATIVES if one != token)
        top += [_candidate(one, round(logprob - STEP * rank - 1, 8)) for rank, one in enumerate(others, 1)]
        return {**_candidate(token, logprob), "top_logprobs": top[: self.top]}


def _candidate(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode(errors="replace"))}
