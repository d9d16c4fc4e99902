"""Adds up the chunks of a stream to the body that says the same, also where it broke off.

Knows: chunks (the API's reference, "GenerateContentResponse"). Must not know: rules, how a body is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_object, items, mapping, plain, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SIGNATURE = "thoughtSignature"
MERGED = frozenset({"text", "thought", SIGNATURE})
"""What a part has that may be one with its neighbour."""
BESIDE = ("groundingMetadata", "urlContextMetadata", "citationMetadata")
"""What may be empty in a later chunk, and is not forgotten."""


def accumulated(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up chunks: parts in order, neighbouring texts as one, of anything else what was said last."""
    body: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        told = plain(chunk)
        for candidate in items(told.get("candidates")):
            if is_object(candidate):
                index = candidate.get("index")
                _add(candidates.setdefault(index if is_int(index, 0) else 0, {}), candidate)
        body |= {name: value for name, value in told.items() if value or name not in body}
    if candidates:
        body["candidates"] = [_whole(candidates[index]) for index in sorted(candidates)]
    return body


def _add(candidate: dict[str, Any], told: dict[str, Any]) -> None:
    """Add what a chunk tells of a candidate."""
    content: dict[str, Any] = plain(mapping(told.pop("content", None)))
    kept = {name: candidate[name] for name in BESIDE if candidate.get(name) and not told.get(name)}
    if content or "content" in candidate:
        had: dict[str, Any] = candidate.get("content") or {}
        parts = [*items(had.get("parts")), *items(content.get("parts"))]
        candidate["content"] = {**had, **content, **({"parts": parts} if parts else {})}
    candidate.update({**told, **kept})


def _whole(candidate: dict[str, Any]) -> dict[str, Any]:
    content = mapping(candidate.get("content"))
    if "parts" in content:
        candidate["content"] = {**content, "parts": joined(items(content["parts"]))}
    return candidate


def joined(parts: Iterable[Any]) -> list[Any]:
    """Make one part of neighbouring texts, or of neighbouring thoughts; a text that is empty says nothing."""
    found: list[Any] = []
    for part in parts:
        last = found[-1] if found else None
        if last is not None and _are_one(last, part):
            found[-1] = {**last, **part, "text": text(last["text"]) + text(part["text"])}
        else:
            found.append(part)
    said = [one for one in found if not (is_object(one) and one.get("text") == "" and SIGNATURE not in one)]
    return said or found[:1]


def _are_one(one: Any, other: Any) -> bool:
    if not (is_object(one) and is_object(other) and "text" in one and "text" in other):
        return False
    if not (one.keys() <= MERGED and other.keys() <= MERGED):
        return False
    return one.get("thought") == other.get("thought") and not (one.get(SIGNATURE) and other.get(SIGNATURE))
