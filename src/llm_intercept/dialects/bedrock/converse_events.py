"""Writes an answer of Converse's: its events, and the body they add up to.

An event is an object with its kind as the one key, as Amazon's SDKs give it; `frame_of` makes the frame that is sent.

Knows: the JSON of answers and events (Amazon's reference, "ConverseStream"). Must not know: requests, rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.amazon_frames import KIND, parsed, written
from llm_intercept.base.json import decode, encode, is_object, mapping, plain, text
from llm_intercept.dialects.shared.in_base64 import in_base64
from llm_intercept.dialects.shared.told_parts import Begun, Ended, Said
from llm_intercept.model.parts import Other, Reasoning, Text, ToolCall
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from llm_intercept.dialects.shared.told_parts import Teller, Told

START, BLOCK, DELTA, STOP, END, METADATA = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
)
IN_END = ("stopReason", "additionalModelResponseFields")
"""What of a body the event says that ends the message; the rest is in the last one."""
INDEX = "contentBlockIndex"
PAD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
"""What events are padded with, so that their length does not tell their text."""
Event = dict[str, Any]


def events(teller: Teller, end: Callable[[], Mapping[str, Any]]) -> Iterator[Event | Awaited]:
    """Write the events of a stream; `end` makes what the body has beside the message."""
    yield {START: {"role": "assistant"}}
    for told in teller.tell():
        if isinstance(told, Awaited):
            yield told
        else:
            yield from _events(told)
    rest = end()
    yield {END: {name: value for name, value in rest.items() if name in IN_END}}
    yield {METADATA: {name: value for name, value in rest.items() if name not in IN_END}}


def _events(told: Told) -> Iterator[Event]:
    match told:
        case Begun(number=number, part=ToolCall() as call):
            yield {BLOCK: {"start": {"toolUse": {"toolUseId": call.id, "name": call.name}}, INDEX: number}}
        case Begun(number=number, part=Other() as block):
            yield {BLOCK: {"start": dict(block.raw), INDEX: number}}
        case Said(number=number, part=part, text=said) if said or isinstance(part, Text):
            yield _delta(number, _said(part, said))
        case Ended(number=number, part=part, text=said):
            if isinstance(part, Text) and not said:
                yield _delta(number, {"text": ""})
            if isinstance(part, Reasoning):
                yield from _sealed(number, part)
            yield {STOP: {INDEX: number}}
        case _:
            pass


def _said(part: object, said: str) -> dict[str, Any]:
    if isinstance(part, ToolCall):
        return {"toolUse": {"input": said}}
    return {"reasoningContent": {"text": said}} if isinstance(part, Reasoning) else {"text": said}


def _sealed(number: int, part: Reasoning) -> Iterator[Event]:
    """Write what proves that thoughts are the model's own, or what only it can read."""
    if part.signature:
        yield _delta(number, {"reasoningContent": {"signature": part.signature}})
    if part.encrypted and not part.text:
        yield _delta(number, {"reasoningContent": {"redactedContent": in_base64(part.encrypted)}})


def _delta(number: int, delta: Mapping[str, Any]) -> Event:
    return {DELTA: {INDEX: number, "delta": delta}}


def frame_of(event: Mapping[str, Any], message: str = "event") -> bytes:
    """Write an event as a frame, padded as Amazon's are."""
    kind, payload = next(iter(event.items()))
    if message == "event" and is_object(payload):
        payload = {**payload, "p": PAD[: 4 + len(encode(payload)) * 7 % 53]}
    return written(kind, encode(payload), message)


def unpadded(payload: object) -> dict[str, Any]:
    """Leave out what an event is padded with."""
    return {name: one for name, one in mapping(payload).items() if name != "p"}


def event_in(frame: bytes) -> Event:
    """Read an event out of a frame; an empty one where there is none."""
    found = parsed(frame)
    return {} if found is None or not is_object(found.value) else {found.kind: found.value}


def event_of(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read an event as recordings keep it, or as SDKs give it."""
    name = next(iter(value), "")
    if not (name.startswith(":") and name.endswith(KIND)):
        return value
    return {text(value[name]): {key: one for key, one in value.items() if key != name}}


def accumulated(told: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up events to the body that says the same."""
    blocks: dict[int, dict[str, Any]] = {}
    body: dict[str, Any] = {"output": {"message": {"role": "assistant", "content": []}}}
    for event in map(event_of, told):
        for kind, value in event.items():
            payload = unpadded(value)
            number = payload.get(INDEX, 0)
            if kind == BLOCK:
                blocks[number] = _begun(mapping(payload.get("start")))
            elif kind == DELTA:
                _add(blocks.setdefault(number, {}), mapping(payload.get("delta")))
            elif kind in {END, METADATA}:
                body |= payload
    content = [_complete(blocks[number]) for number in sorted(blocks)]
    return {**body, "output": {"message": {"role": "assistant", "content": content}}}


def _begun(start: Mapping[str, Any]) -> dict[str, Any]:
    call = mapping(start.get("toolUse"))
    return {"toolUse": {**call, "input": ""}} if call else plain(start)


def _add(block: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for kind, value in delta.items():
        if kind == "text":
            block[kind] = text(block.get(kind)) + text(value)
        elif kind == "toolUse":
            block.setdefault(kind, {"input": ""})["input"] += text(mapping(value).get("input"))
        elif kind == "reasoningContent":
            _think(block.setdefault(kind, {}), mapping(value))


def _think(thought: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for name, value in delta.items():
        if name in {"text", "signature"}:
            inner = thought.setdefault("reasoningText", {"text": ""})
            inner[name] = text(inner.get(name)) + text(value)
        else:
            thought[name] = text(thought.get(name)) + text(value)


def _complete(block: dict[str, Any]) -> dict[str, Any]:
    """Read the input of a call, which was told as text; one that was cut short is empty."""
    call = mapping(block.get("toolUse"))
    if not isinstance(call.get("input"), str):
        return block
    try:
        return {"toolUse": {**call, "input": decode(call["input"].encode(errors="replace"))}}
    except ValueError:
        return {"toolUse": {**call, "input": {}}}


def usage_in(values: Sequence[Any]) -> Mapping[str, Any]:
    """Find what an answer's JSON, or its events, say of its tokens."""
    found = (mapping(one) for one in values)
    told = (mapping(one.get("usage")) or mapping(mapping(event_of(one).get(METADATA)).get("usage")) for one in found)
    return next((one for one in told if one), mapping(None))
