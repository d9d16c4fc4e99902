"""Adds up a stream's events to the response that says the same, also where it broke off.

Knows: events (OpenAI's reference, "Streaming events"). Must not know: rules, how a body is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_object, items, mapping, plain, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})
IN_PART = {"response.output_text": "text", "response.refusal": "refusal", "response.reasoning_text": "text"}
IN_ITEM = {
    "response.function_call_arguments": "arguments",
    "response.custom_tool_call_input": "input",
    "response.mcp_call_arguments": "arguments",
    "response.code_interpreter_call_code": "code",
}
IN_SUMMARY = "response.reasoning_summary_text"
"""Where an item has the texts that come in deltas."""


def accumulated(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up events: the last that has the whole response is it; without one, what came so far."""
    body: dict[str, Any] = {}
    output: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = text(event.get("type"))
        if "response" in event:
            body = plain(mapping(event["response"]))
            if kind in LAST:
                return _with_output(body, output)
        elif kind in {"response.output_item.added", "response.output_item.done"}:
            output[_index(event, "output_index")] = plain(mapping(event.get("item")))
        else:
            _add(output.setdefault(_index(event, "output_index"), {}) if "output_index" in event else {}, kind, event)
    return _with_output(body, output)


def _with_output(body: dict[str, Any], output: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return body if items(body.get("output")) or not output else {**body, "output": [output[n] for n in sorted(output)]}


def _index(event: Mapping[str, Any], name: str) -> int:
    found = event.get(name)
    return found if is_int(found, 0, 10_000) else 0


def _add(item: dict[str, Any], kind: str, event: Mapping[str, Any]) -> None:
    """Add a part of an item, or a piece of a text, to the item it is of."""
    subject, _, what = kind.rpartition(".")
    if subject == "response.content_part":
        _place(item, "content", _index(event, "content_index")).update(plain(mapping(event.get("part"))))
    elif subject == "response.reasoning_summary_part":
        _place(item, "summary", _index(event, "summary_index")).update(plain(mapping(event.get("part"))))
    elif subject in IN_PART:
        _say(_place(item, "content", _index(event, "content_index")), IN_PART[subject], what, event)
    elif subject == IN_SUMMARY:
        _say(_place(item, "summary", _index(event, "summary_index")), "text", what, event)
    elif subject in IN_ITEM:
        _say(item, IN_ITEM[subject], what, event)
    elif subject == "response.output_text.annotation":
        part = _place(item, "content", _index(event, "content_index"))
        part["annotations"] = [*items(part.get("annotations")), plain(event.get("annotation"))]


def _place(item: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    """Find a part of an item, or make it."""
    listed: list[dict[str, Any]] = [one if is_object(one) else {} for one in items(item.get(name))]
    listed += [{} for _ in range(number + 1 - len(listed))]
    item[name] = listed
    return listed[number]


def _say(holder: dict[str, Any], key: str, what: str, event: Mapping[str, Any]) -> None:
    if what == "delta":
        holder[key] = text(holder.get(key)) + text(event.get("delta"))
    elif what == "done" and isinstance(event.get(key), str):
        holder[key] = event[key]
