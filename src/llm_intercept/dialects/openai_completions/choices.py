"""What each choice says: the reply, bent to the request's parameters, piece by piece.

JSON and stream are both made of these pieces, so that a stream adds up to the JSON body.

Knows: the request's parameters (OpenAI's reference, "Create completion"). Must not know: how a response is framed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.openai_completions.read import number_of, prompts_of, stops_of
from llm_intercept.dialects.shared.finish import finish_of
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.dialects.shared.logprobs import Asked
from llm_intercept.dialects.shared.pieces import Budget, Splitter
from llm_intercept.errors import ReplyError
from llm_intercept.model.parts import Media
from llm_intercept.model.wire import Awaited
from llm_intercept.replies.computed import Kept

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Delta
    from llm_intercept.replies.reply import Reply

ENDS = {"stop": "stop", "length": "length", "content_filter": "content_filter"}
"""The reasons to finish that this API has."""


@dataclass(slots=True)
class Said:
    """A piece of a choice's text, its log probabilities, and, at the end, why it ended."""

    text: str
    logprobs: dict[str, Any] | None = None
    finish_reason: str | None = None


@dataclass(slots=True)
class Choice:
    """One choice: what is said after which prompt, in what budget."""

    index: int
    prompt: str
    text: str | Iterable[Delta]
    asked: Asked | None
    stops: tuple[str, ...]
    budget: Budget
    is_echoed: bool
    given_end: str | None
    offset: int = field(default=0)

    def said(self, tokenizer: Tokenizer, model: str) -> Generator[Said | Awaited]:
        """Say it: the prompt first, if it is to be repeated, and last why it ended."""
        position = 0
        if self.is_echoed and self.prompt:
            tokens = tuple(tokenizer.split(self.prompt, model)) if self.asked is not None else ()
            yield Said(self.prompt, self._logprobs(tokens, 0, is_first=True))
            position = len(tokens)
        else:
            self.offset = len(self.prompt)
        held: Said | None = None  # the last piece that the limit allows: what comes after says whether it was cut
        with closing(Splitter(tokenizer, model, self.budget).pieces(self.text, self.stops)) as pieces:
            for piece in pieces:
                if isinstance(piece, Awaited):
                    yield piece
                    continue
                text, tokens = piece
                made = Said(text, self._logprobs(tokens, position))
                position += len(tokens)
                if self.budget.left == 0:
                    held = made
                else:
                    yield made
        if held is not None and self.budget.cut:
            held.finish_reason = self.finish_reason
            yield held
            return
        if held is not None:
            yield held
        yield Said("", finish_reason=self.finish_reason)

    @property
    def finish_reason(self) -> str:
        """Why it ended; to be asked when all was said."""
        return self.given_end or ("length" if self.budget.cut else "stop")

    def _logprobs(self, tokens: tuple[str, ...], position: int, *, is_first: bool = False) -> dict[str, Any] | None:
        """Write the log probabilities of some tokens; nothing comes before the first token of all, which has none."""
        if self.asked is None:
            return None
        entries = self.asked.entries(tokens, position)
        likely = [entry["logprob"] for entry in entries]
        tops = [{one["token"]: one["logprob"] for one in entry.get("top_logprobs", ())} for entry in entries]
        offsets = list(accumulate((len(entry["token"]) for entry in entries), initial=self.offset))
        self.offset = offsets.pop()
        first = [None] if is_first else []
        return {
            "tokens": [entry["token"] for entry in entries],
            "token_logprobs": [*first, *likely[len(first) :]],
            "top_logprobs": [*first, *tops[len(first) :]] if self.asked.top else None,
            "text_offset": offsets,
        }


def choices(request: LLMRequest, reply: Reply, identity: str) -> list[Choice]:
    """Plan the choices of an answer: so many as are asked for after each prompt.

    Raises:
        ReplyError: The reply calls a tool, which this API cannot.

    """
    asked, several = request.raw, reply.variants or (reply,)
    count = number_of(asked, "n") or 1
    prompts = prompts_of(asked)
    texts = [_text_of(one, is_shared=len(prompts) * count > 1) for one in several]
    found: list[Choice] = []
    for prompt in prompts:
        for number in range(count):
            one, index = several[number % len(several)], len(found)
            found.append(
                Choice(
                    index=index,
                    prompt=prompt if isinstance(prompt, str) and asked.get("prompt") is not None else "",
                    text=texts[number % len(several)],
                    asked=_asked(asked, one, derived(identity, index)),
                    stops=stops_of(asked),
                    budget=Budget.of(request.max_tokens, reply, one, choices=len(prompts) * count),
                    is_echoed=asked.get("echo") is True,
                    given_end=finish_of(one, ENDS, "a legacy completion"),
                )
            )
    return found


def _text_of(reply: Reply, *, is_shared: bool) -> str | Iterable[Delta]:
    if reply.tool_calls:
        problem = f"{reply!r} calls a tool, and a legacy completion has none"
        raise ReplyError(problem, "Give a text; or ask POST /v1/chat/completions, which has tools.")
    deltas = reply.deltas
    if deltas is None:
        spoken = "".join(part.transcript for part in reply.parts if isinstance(part, Media))
        return reply.text or reply.refusal or spoken
    return Kept(deltas) if is_shared and isinstance(deltas, Iterator) else deltas


def _asked(body: Mapping[str, Any], reply: Reply, identity: str) -> Asked | None:
    top = number_of(body, "logprobs")
    return None if top is None else Asked(top, identity, reply.logprobs)
