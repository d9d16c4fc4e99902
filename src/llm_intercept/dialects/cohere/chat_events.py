"""Writes an answer of Cohere's: its events, and the body they add up to.

The text of an answer that calls tools is its plan (`tool_plan`), and no content.

What is told of tokens stands in the event, beside its delta; in a body it is a list of items (cohere 7.3,
`LogprobItem`).

Knows: the JSON of answers and events (Cohere's reference, "Chat" of version 2). Must not know: requests, rules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, is_array, items, mapping, text
from llm_intercept.base.sse import frame
from llm_intercept.dialects.cohere.cohere_origin import LINES
from llm_intercept.dialects.shared.ready import DONE
from llm_intercept.dialects.shared.told_parts import Begun, Ended, Said
from llm_intercept.model.parts import Citation, Other, Reasoning, Text, ToolCall
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from llm_intercept.dialects.cohere.cohere_odds import Odds
    from llm_intercept.dialects.shared.told_parts import Teller, Told
    from llm_intercept.model.parts import ReplyPart

PLAN = "tool_plan"
LOGPROBS = "logprobs"
IN_LISTS = ("content", "tool_calls", "citations")
JOINED = frozenset({"text", "thinking", "arguments"})
"""What comes in pieces; other fields of a delta say what the beginning said."""
Event = dict[str, Any]


@dataclass(slots=True)
class Writer:
    """Writes the events of one answer; `plan` has the numbers of the texts that are its plan."""

    plan: frozenset[int]
    odds: Odds | None = None
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(IN_LISTS, -1))
    said: str = ""

    def events(self, told: Told) -> Iterator[Event]:
        """Write what is told; a kind of parts is counted by itself."""
        match told:
            case Begun(part=Text()) | Ended(part=Text()) if told.number in self.plan:
                pass
            case Begun(part=part):
                yield from self._begun(part)
            case Said(part=Text(), text=said):
                self.said += said
                yield _plan(said) if told.number in self.plan else self._text(told)
            case Said(part=Reasoning(), text=said):
                yield self._delta("content", {"thinking": said})
            case Said(part=ToolCall(), text=said):
                yield self._delta("tool_calls", {"function": {"arguments": said}})
            case Ended(part=part):
                yield from self._ended(part)
            case _:
                pass

    def _text(self, told: Said) -> Event:
        event = self._delta("content", {"text": told.text})
        return event if self.odds is None else {**event, LOGPROBS: self.odds.item(told)}

    def _begun(self, part: ReplyPart) -> Iterator[Event]:
        match part:
            case Text():
                yield self._start("content", {"type": "text", "text": ""})
            case Reasoning():
                yield self._start("content", {"type": "thinking", "thinking": ""})
            case Other():
                yield self._start("content", dict(part.raw))
            case ToolCall():
                called = {"name": part.name, "arguments": ""}
                yield self._start("tool_calls", {"id": part.id, "type": "function", "function": called})
            case Citation():
                yield self._start("citations", _citation(part, self.said))
            case _:
                pass

    def _ended(self, part: ReplyPart) -> Iterator[Event]:
        match part:
            case Text() | Reasoning() | Other():
                yield self._end("content")
            case ToolCall():
                yield self._end("tool_calls")
            case Citation():
                yield self._end("citations")
            case _:
                pass

    def _start(self, where: str, value: Mapping[str, Any]) -> Event:
        self.counts[where] += 1
        delta = {"message": {where: value}}
        return {"type": f"{KINDS[where]}-start", "index": self.counts[where], "delta": delta}

    def _delta(self, where: str, value: Mapping[str, Any]) -> Event:
        delta = {"message": {where: value}}
        return {"type": f"{KINDS[where]}-delta", "index": self.counts[where], "delta": delta}

    def _end(self, where: str) -> Event:
        return {"type": f"{KINDS[where]}-end", "index": self.counts[where]}


def _plan(said: str) -> Event:
    return {"type": "tool-plan-delta", "delta": {"message": {PLAN: said}}}


KINDS = {"content": "content", "tool_calls": "tool-call", "citations": "citation"}


def _citation(part: Citation, said: str) -> dict[str, Any]:
    if part.raw:
        return dict(part.raw)
    name = part.title or part.url
    document = {"id": name, "title": part.title, "url": part.url}
    source = {"type": "document", "id": name, "document": {key: value for key, value in document.items() if value}}
    cited = {"start": part.start, "end": part.end, "text": said[part.start : part.end], "sources": [source]}
    return {**cited, "type": "TEXT_CONTENT"}


def events(
    head: Mapping[str, Any],
    more: Mapping[str, Any],
    teller: Teller,
    plan: frozenset[int],
    end: Callable[[], Mapping[str, Any]],
    odds: Odds | None = None,
) -> Iterator[Event | Awaited]:
    """Write the events of a stream.

    Args:
        head: What the first event says beside the message: its id.
        more: What the message has beside what is told.
        teller: Tells it.
        plan: The numbers of the texts that are its plan.
        end: Makes what the last event says.
        odds: The log probabilities that are asked for, if they are.

    """
    begun: dict[str, Any] = {"role": "assistant", "content": [], PLAN: "", "tool_calls": [], "citations": [], **more}
    yield {**head, "type": "message-start", "delta": {"message": begun}}
    writer = Writer(plan, odds)
    for told in teller.tell():
        if isinstance(told, Awaited):
            yield told
        else:
            yield from writer.events(told)
    yield {"type": "message-end", "delta": dict(end())}


def framed(told: Iterable[Event | Awaited], content_type: str) -> Iterator[bytes | Awaited]:
    """Frame events as Cohere does, in one of its two kinds of streams."""
    write = line_bytes if content_type == LINES else event_bytes
    for one in told:
        yield one if isinstance(one, Awaited) else write(one)
    if content_type != LINES:
        yield DONE


def line_bytes(event: Mapping[str, Any]) -> bytes:
    """Write an event as a line."""
    return encode(event) + b"\n"


def event_bytes(event: Mapping[str, Any]) -> bytes:
    """Frame one event."""
    return f"event: {event.get('type')}\n".encode() + frame(encode(event).decode())


def accumulated(told: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up events to the body that says the same; what a message does not have is left out."""
    body: dict[str, Any] = {}
    message: dict[str, Any] = {}
    probable: list[Any] = []
    for event in told:
        kind, delta = text(event.get("type")), mapping(event.get("delta"))
        if kind == "message-start":
            body |= {name: value for name, value in event.items() if name not in {"type", "delta"}}
            message |= {name: items(value)[:] if is_array(value) else value for name, value in _said(delta).items()}
        elif kind == "message-end":
            body |= {"message": {name: value for name, value in message.items() if value not in ("", [])}, **delta}
        else:
            _add(message, kind, _said(delta))
            probable += [event[LOGPROBS]] if event.get(LOGPROBS) else []
    more = {LOGPROBS: probable} if probable else {}
    return {**body, **more} if "message" in body or not message else {**body, "message": message, **more}


def _said(delta: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(delta.get("message"))


def _add(message: dict[str, Any], kind: str, said: Mapping[str, Any]) -> None:
    for name, value in said.items():
        if name == PLAN:
            message[PLAN] = text(message.get(PLAN)) + text(value)
        elif kind.endswith("-start"):
            message.setdefault(name, []).append(dict(mapping(value)))
        elif items(message.get(name)):
            _join(message[name][-1], mapping(value))


def _join(to: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if name in JOINED and isinstance(value, str) and isinstance(to.get(name), str):
            to[name] += value
        elif name == "function":
            to[name] = dict(mapping(to.get(name)))
            _join(to[name], mapping(value))
        else:
            to[name] = value
