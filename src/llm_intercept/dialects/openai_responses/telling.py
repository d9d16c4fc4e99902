"""What happens while an answer is generated, event by event, and the items that come of it.

JSON and stream are both made by this, so that a stream adds up to the JSON body.

Knows: output items and the events that tell them (docs/wire.md 5.1). Must not know: numbers, framing, the response.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping, text
from llm_intercept.dialects.openai.costs import CallCosts
from llm_intercept.dialects.openai_responses.item_kinds import begun, kind_of
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from llm_intercept.dialects.openai_responses.output import Plan
    from llm_intercept.dialects.shared.pieces import Splitter
    from llm_intercept.model.wire import Delta

CALLS = frozenset({"function_call", "custom_tool_call"})
PICTURE = "image_generation_call"
SAID_OF_PICTURES = ("background", "output_format", "quality", "size")
"""What a partial image says of itself, as the whole one does."""


@dataclass(slots=True)
class Event:
    """An event: its type, and its fields but for its number."""

    type: str
    fields: dict[str, Any]


@dataclass(slots=True)
class Run:
    """Events that differ in their delta only: the fields they have in common, and the deltas, some at a time."""

    type: str
    fields: dict[str, Any]
    texts: Iterable[Sequence[str] | Awaited]


Told = Event | Run | Awaited

if TYPE_CHECKING:
    Telling = Generator[Told, None, dict[str, Any]]
    TellingText = Generator[Told, None, str]


@dataclass(slots=True)
class Teller:
    """Tells the items of a plan, within its budget.

    Attributes:
        plan: What is said.
        splitter: Cuts texts into tokens.
        is_stream: Whether anybody hears of the deltas.
        output: The items that are done.

    """

    plan: Plan
    splitter: Splitter
    is_stream: bool
    output: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    _position: int = 0  # of the next token, for log probabilities

    def tell(self) -> Generator[Told]:
        """Tell all items one after the other, until the budget is spent."""
        for item in self.plan.items:
            if self.plan.budget.cut:
                return
            index = len(self.output)
            yield Event("response.output_item.added", {"item": begun(item), "output_index": index})
            done = yield from self._item(item, {"item_id": item["id"], "output_index": index})
            yield Event("response.output_item.done", {"item": done, "output_index": index})
            self.output.append(done)

    def _item(self, item: dict[str, Any], where: dict[str, Any]) -> Telling:
        match item["type"]:
            case "message":
                return (yield from self._message(item, where))
            case "reasoning":
                return (yield from self._reasoning(item, where))
            case _:
                return (yield from self._other(item, where))

    def _message(self, item: dict[str, Any], where: dict[str, Any]) -> Telling:
        content: list[Any] = []
        for number, part in enumerate(items(item.get("content"))):
            if self.plan.budget.cut:
                break
            content.append((yield from self._part(mapping(part), {"content_index": number, **where})))
        status = {"status": "incomplete"} if self.plan.budget.cut and "status" in item else {}
        return {**item, **status, "content": content}

    def _part(self, part: Any, where: dict[str, Any]) -> Telling:
        kind = text(part.get("type"))
        key = {"output_text": "text", "refusal": "refusal", "reasoning_text": "text"}.get(kind)
        if key is None:
            return dict(part)
        empty: dict[str, Any] = {"annotations": [], "logprobs": []} if kind == "output_text" else {}
        shown = {name: empty.get(name, value) for name, value in part.items()}
        yield Event("response.content_part.added", {"part": {**shown, key: ""}, **where})
        if kind == "output_text":
            done = yield from self._output_text(part, where)
        else:
            said = yield from self._text(f"response.{kind}.delta", where, part.get(key) or "")
            yield Event(f"response.{kind}.done", {key: said, **where})
            done = {**part, key: said}
        given: dict[str, Any] = {"logprobs": []} if "logprobs" in done else {}
        yield Event("response.content_part.done", {"part": {**done, **given}, **where})
        return done

    def _output_text(self, part: Any, where: dict[str, Any]) -> Telling:
        """Tell a text with its sources, each when the text that is from it was said."""
        sources = [dict(mapping(one)) for one in items(part.get("annotations"))]
        logprobs: list[Any] = list(items(part.get("logprobs")))
        said_type = "response.output_text.delta"
        if self.plan.is_unlimited and not sources:
            fields: dict[str, Any] = {"logprobs": [], **where}
            said = yield from self._text(said_type, fields, part.get("text") or "")
        else:
            said = yield from self._piece_by_piece(said_type, where, part.get("text") or "", sources, logprobs)
        yield Event("response.output_text.done", {"logprobs": logprobs, "text": said, **where})
        return {**part, "annotations": sources, "logprobs": logprobs, "text": said}

    def _piece_by_piece(
        self, kind: str, where: dict[str, Any], given: str | Iterable[Delta], sources: list[Any], logprobs: list[Any]
    ) -> TellingText:
        said, cited = "", 0
        with closing(self.splitter.pieces(given)) as pieces:
            for piece in pieces:
                if isinstance(piece, Awaited):
                    yield piece
                    continue
                delta, tokens = piece
                found = self._logprobs(tokens)
                self._position += len(tokens)
                logprobs += found
                said += delta
                yield Event(kind, {"delta": delta, "logprobs": found, **where})
                while cited < len(sources) and _is_said(sources[cited], said):
                    yield _source(sources[cited], cited, where)
                    cited += 1
        for number in range(cited, len(sources)):
            yield _source(sources[number], number, where)
        return said

    def _logprobs(self, tokens: tuple[str, ...]) -> list[Any]:
        """Make the entries of the next tokens, if they are asked for, with their fields by name."""
        asked = self.plan.logprobs
        return [] if asked is None else [by_name(one) for one in asked.entries(tokens, self._position)]

    def _reasoning(self, item: dict[str, Any], where: dict[str, Any]) -> Telling:
        kind, summary = "response.reasoning_summary_text", list[dict[str, Any]]()
        for number, part in enumerate(items(item.get("summary"))):
            there = {"summary_index": number, **where}
            tokens = list(self.splitter.thoughts(text(mapping(part).get("text"))))
            told = {**mapping(part), "text": "".join(tokens)}
            empty = {**told, "text": ""}
            yield Event("response.reasoning_summary_part.added", {"part": empty, **there})
            if self.is_stream:
                yield Run(f"{kind}.delta", there, (tokens,))
            yield Event(f"{kind}.done", {"text": told["text"], **there})
            yield Event("response.reasoning_summary_part.done", {"part": told, **there})
            summary.append(told)
            if self.plan.budget.cut:
                break
        content: list[Any] = []
        for number, part in enumerate(items(item.get("content"))):
            content.append((yield from self._part(mapping(part), {"content_index": number, **where})))
        said = {"summary": summary} if self.plan.budget.cut else {}
        return {**item, **said, **({"content": content} if "content" in item else {})}

    def _other(self, item: dict[str, Any], where: dict[str, Any]) -> Telling:
        """Tell a call, or what the API itself did: how far it is, and what it is given."""
        kind = kind_of(item)
        *steps, last = kind.steps or ("",)
        name = f"response.{item['type']}"
        if steps:
            yield Event(f"{name}.{steps[0]}", dict(where))
        if kind.given is not None and isinstance(item.get(kind.given[0]), str):
            key, of = kind.given
            given = yield from self._given(item, key, f"response.{of}", where)
            if self.plan.budget.cut and item["type"] in CALLS:
                item = {**item, key: given, "status": "incomplete"}
        for step in steps[1:]:
            yield Event(f"{name}.{step}", dict(where))
        for number in range(self.plan.partial_images if item["type"] == PICTURE and item.get("result") else 0):
            told = {key: item[key] for key in SAID_OF_PICTURES if key in item}
            partial = {"partial_image_b64": item["result"], "partial_image_index": number}
            yield Event(f"{name}.partial_image", {**told, **partial, **where})
        if last and item.get("status", "completed") == "completed" and item.get("error") is None:
            yield Event(f"{name}.{last}", dict(where))
        elif last and item["type"].startswith("mcp_"):
            yield Event(f"{name}.failed", dict(where))
        return item

    def _given(self, item: dict[str, Any], key: str, kind: str, where: dict[str, Any]) -> TellingText:
        """Tell what a call is given; of several calls each is told at once (docs/wire.md 5.1)."""
        calls = [one for one in self.plan.items if one["type"] in CALLS]
        if item["type"] in CALLS:
            costs, splitter = CallCosts(len(calls), self.plan.names_tool), self.splitter
            number = next(number for number, one in enumerate(calls) if one["id"] == item["id"])
            splitter.budget.spend(costs.of(number, text(item.get("name")), splitter.tokenizer, splitter.model))
        if len(calls) > 1:
            said = self.splitter.whole(item[key])
            if said:
                yield Event(f"{kind}.delta", {"delta": said, **where})
        else:
            said = yield from self._text(f"{kind}.delta", where, item[key])
        yield Event(f"{kind}.done", {key: said, **where})
        return said

    def _text(self, kind: str, fields: dict[str, Any], given: str | Iterable[Delta]) -> TellingText:
        """Tell a text in deltas; returns as much of it as was told."""
        if self.plan.budget.left is not None:
            return (yield from self._limited(kind, fields, given))
        unbroken = self.splitter.unbroken(given)
        if not self.is_stream:
            return unbroken.whole()
        said: list[str] = []
        with closing(_noted(unbroken.runs(), said)) as texts:
            yield Run(kind, fields, texts)
        return "".join(said)

    def _limited(self, kind: str, fields: dict[str, Any], given: str | Iterable[Delta]) -> TellingText:
        said = ""
        with closing(self.splitter.pieces(given)) as pieces:
            for piece in pieces:
                if isinstance(piece, Awaited):
                    yield piece
                    continue
                said += piece[0]
                yield Event(kind, {"delta": piece[0], **fields})
        return said


def _noted(runs: Iterable[Sequence[str] | Awaited], said: list[str]) -> Generator[Sequence[str] | Awaited]:
    """Give runs of deltas, and keep what they say."""
    for run in runs:
        if not isinstance(run, Awaited):
            said += run
        yield run


def by_name(value: Any) -> Any:
    """Write the fields of an object, and of those in it, by name."""
    if is_object(value):
        return {name: by_name(value[name]) for name in sorted(value)}
    return [by_name(one) for one in items(value)] if is_array(value) else value


def _is_said(source: Any, said: str) -> bool:
    """Whether all of the text that is from a source was said; where it does not say, only at the end."""
    end = source.get("end_index")
    return isinstance(end, int) and 0 < end <= len(said)


def _source(source: dict[str, Any], number: int, where: dict[str, Any]) -> Event:
    return Event("response.output_text.annotation.added", {"annotation": source, "annotation_index": number, **where})
