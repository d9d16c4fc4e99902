"""What happens while a message is generated, event by event, and the content that comes of it.

JSON and stream are both made by this, so that a stream adds up to the JSON body.

Knows: content blocks and the events that tell them (docs/wire.md 6.2). Must not know: framing, the message around them.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from llm_intercept.base.json import decode, items, mapping
from llm_intercept.base.tokens import count
from llm_intercept.dialects.anthropic_messages.claude_costs import scaled
from llm_intercept.dialects.anthropic_messages.content import CALL
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from llm_intercept.dialects.anthropic_messages.blocks import Plan
    from llm_intercept.dialects.shared.pieces import Splitter
    from llm_intercept.model.wire import Delta

    Event = dict[str, Any]
    Told = Event | Awaited
    Telling = Generator[Told, None, dict[str, Any]]
    TellingText = Generator[Told, None, str]

CALL_TOKENS = 36
"""What a call costs beside its name and input, in tokens that are yet to be scaled (docs/wire.md 6.5)."""
ANSWER_TOKENS = 3
"""What the end of an answer costs."""
LONGEST = 16
"""How many characters pieces of a text have before they are sent, at the most (docs/wire.md 6.2)."""


@dataclass(slots=True)
class Teller:
    """Tells the blocks of a plan, within its budget.

    Attributes:
        plan: What is said.
        splitter: Cuts texts into tokens.
        identity: What the lengths of pieces follow from: hex digits.
        is_stream: Whether anybody hears of the deltas.
        content: The blocks that are done.

    """

    plan: Plan
    splitter: Splitter
    identity: str
    is_stream: bool
    content: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _pieces: int = 0

    @property
    def output_tokens(self) -> int:
        """How many tokens were said and thought."""
        budget = self.plan.budget
        taken = budget.spent + budget.thought
        if budget.cut:  # at the limit, which counts as texts are cut
            return taken
        said = scaled(taken, self.splitter.tokenizer) + ANSWER_TOKENS
        return said if budget.left is None else min(said, taken + budget.left)

    def tell(self) -> Generator[Told]:
        """Tell all blocks one after the other, until the budget is spent or a text is stopped."""
        budget = self.plan.budget
        for block in self.plan.blocks:
            budget.cut = budget.cut or (budget.left == 0 and block["type"] in {"text", CALL})
            if budget.cut or budget.stopped:
                return
            index = len(self.content)
            yield {"type": "content_block_start", "index": index, "content_block": _begun(block)}
            self.content.append((yield from self._block(block, index)))
            yield {"type": "content_block_stop", "index": index}

    def _block(self, block: dict[str, Any], index: int) -> Telling:
        if block["type"] == "text":
            for one in items(block.get("citations")):
                yield _delta(index, {"type": "citations_delta", "citation": one})
            said = yield from self._told(index, "text_delta", "text", block["text"], self.plan.stops)
            return {**block, "text": said}
        if block["type"] == "thinking":
            return (yield from self._thinking(block, index))
        if isinstance(block.get("input"), str):
            return (yield from self._called(block, index))
        return block

    def _thinking(self, block: dict[str, Any], index: int) -> Telling:
        """Tell a thought, which counts by itself, and its signature."""
        thought = tuple(self.splitter.thoughts(block["thinking"]))
        block = {**block, "thinking": "".join(thought)}
        for piece in self._gathered(thought, LONGEST) if self.is_stream else ():
            if not isinstance(piece, Awaited):
                yield _delta(index, {"type": "thinking_delta", "thinking": piece})
        if block["signature"]:
            yield _delta(index, {"type": "signature_delta", "signature": block["signature"]})
        return block

    def _called(self, block: dict[str, Any], index: int) -> Telling:
        """Tell what a call is given, after an empty piece of it; nothing more where it is given nothing."""
        yield _delta(index, {"type": "input_json_delta", "partial_json": ""})
        if block["type"] == CALL:
            name = count(self.splitter.tokenizer, str(block.get("name")), self.splitter.model)
            self.splitter.budget.spend(CALL_TOKENS + name)
        given = "" if block["input"] == "{}" else block["input"]
        said = yield from self._told(index, "input_json_delta", "partial_json", given)
        return {**block, "input": input_of(said)}

    def _told(
        self, index: int, kind: str, key: str, given: str | Iterable[Delta], stops: tuple[str, ...] = ()
    ) -> TellingText:
        """Tell a text in deltas; returns as much of it as was told."""
        if not self.is_stream and not stops and self._fits(given):
            return self._whole(given)
        said: list[str] = []
        with closing(self.splitter.pieces(given, stops)) as pieces:
            texts: Iterable[Delta] = (one if isinstance(one, Awaited) else one[0] for one in pieces)
            if isinstance(given, str):
                texts = self._gathered(texts, 0 if kind == "input_json_delta" else LONGEST)
            for text in texts:
                if isinstance(text, Awaited):
                    yield text
                    continue
                said.append(text)
                yield {"type": "content_block_delta", "index": index, "delta": {"type": kind, key: text}}
        return "".join(said)

    def _fits(self, given: str | Iterable[Delta]) -> bool:
        """Whether a text that is there has no more tokens than are left, so that nothing of the request ends it."""
        left = self.plan.budget.left
        if not isinstance(given, str | tuple | list):
            return False
        if left is None:
            return True
        tokens = count(self.splitter.tokenizer, given, self.splitter.model) if isinstance(given, str) else len(given)
        return tokens <= left

    def _whole(self, given: str | Iterable[Delta]) -> str:
        """Take a text as a whole, and its tokens from the budget."""
        budget = self.plan.budget
        before = budget.spent
        said = self.splitter.unbroken(given).whole()
        if budget.left is not None:
            budget.left -= budget.spent - before
        return said

    def _gathered(self, texts: Iterable[Delta], first: int) -> Iterator[Delta]:
        """Join tokens to pieces of some characters, as many as a digit of the identity says; the first of so many."""
        held, wanted = "", min(first, self._length())
        for text in texts:
            if isinstance(text, Awaited):
                yield text
                continue
            held += text
            if len(held) > wanted:
                yield held
                held, wanted = "", self._length()
        if held:
            yield held

    def _length(self) -> int:
        self._pieces += 1
        return int(self.identity[self._pieces % len(self.identity)], LONGEST)


def _delta(index: int, delta: dict[str, Any]) -> Event:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _begun(block: dict[str, Any]) -> dict[str, Any]:
    """Write a block as it is when it begins: without what deltas tell."""
    if block["type"] == "text":
        untold: dict[str, Any] = {"citations": [], "text": ""}
        return {name: untold.get(name, value) if value is not None else None for name, value in block.items()}
    if block["type"] == "thinking":
        return {**block, "thinking": "", "signature": ""}
    return {**block, "input": {}} if isinstance(block.get("input"), str) else block


def input_of(arguments: str) -> dict[str, Any]:
    """Read what a call is given, as much of it as there is."""
    if not arguments:
        return {}
    try:
        found = from_json(arguments, allow_partial=True)
    except ValueError:
        found = decode(arguments.encode(errors="surrogatepass"))
    return dict(mapping(found))
