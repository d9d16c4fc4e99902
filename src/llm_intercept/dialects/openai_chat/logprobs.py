"""Log probabilities: invented, but of the text's own tokens and the same for the same request.

Knows: OpenAI's reference, `ChatCompletionTokenLogprob`. Must not know: where they are put.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai.ids import derived

if TYPE_CHECKING:
    from llm_intercept.dialects.openai_chat.plan import Plan

ALTERNATIVES = (" the", " a", ".", ",", " and", " to", " of", "\n", "I", "The", " in", " is", "It", " it", "!", "A",
                " that", " for", "?", "You", " I", "-")  # fmt: skip
STEP = 0.75


def entries(plan: Plan, tokens: tuple[str, ...], position: int) -> list[Any] | None:
    """Make the entries for `tokens`, the first being the choice's token number `position`; None if not asked for."""
    if plan.top_logprobs is None:
        return None
    given = plan.turn.logprobs
    if given is not None:
        return [dict(one) for one in given[position : position + len(tokens)]]
    return [_entry(plan, token, position + number) for number, token in enumerate(tokens)]


def _entry(plan: Plan, token: str, position: int) -> dict[str, Any]:
    likely = -int(derived(plan.identity, "logprob", position)[:4], 16) / 65_536 / 2
    logprob = round(likely, 8)
    top = [_candidate(token, logprob)]
    others = (one for one in ALTERNATIVES if one != token)
    top += [_candidate(one, round(logprob - STEP * rank - 1, 8)) for rank, one in enumerate(others, 1)]
    return {**_candidate(token, logprob), "top_logprobs": top[: plan.top_logprobs]}


def _candidate(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode(errors="replace"))}
