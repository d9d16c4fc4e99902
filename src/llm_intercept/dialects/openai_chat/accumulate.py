"""Adds up a stream's chunks to the JSON body that says the same, with whatever else they carry.

Knows: chunks and completions, as OpenAI has them and as compatible hosts do. Must not know: rules, how a body is sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_array, is_object, items, mapping, plain, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OF_CHUNKS = frozenset({"object", "choices", "obfuscation"})
"""What chunks have in a way of their own."""
OWN = frozenset({"index", "delta", "message", "logprobs", "finish_reason"})
"""What is known of a chunk's choice."""
WHOLE = frozenset({"id", "type", "index", "format", "role"})
"""Texts that each chunk says as a whole; all others are said piece by piece."""


@dataclass(slots=True)
class _Choice:
    """One choice as it adds up."""

    message: dict[str, Any] = field(default_factory=lambda: {"role": "assistant", "content": None})
    calls: list[tuple[int | None, dict[str, Any]]] = field(default_factory=list[tuple[int | None, dict[str, Any]]])
    logprobs: dict[str, Any] | None = None
    finish_reason: Any = None
    more: dict[str, Any] = field(default_factory=dict[str, Any])

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add what a chunk says of it."""
        self._say(mapping(chunk.get("delta" if "delta" in chunk else "message")))
        for name, found in mapping(chunk.get("logprobs")).items():
            self.logprobs = self.logprobs or {"content": None, "refusal": None}
            self.logprobs[name] = _added(name, self.logprobs.get(name), found)
        self.finish_reason = chunk.get("finish_reason") or self.finish_reason
        for key, value in chunk.items():
            if key not in OWN:
                self.more[key] = _latest(self.more.get(key), value)

    def _say(self, delta: Mapping[str, Any]) -> None:
        for key, value in delta.items():
            if key == "tool_calls":
                for call in items(value):
                    self._call(mapping(call))
            elif key == "content":
                self.message[key] = _content(self.message.get(key), value)
            else:
                self.message[key] = _added(key, self.message.get(key), value)

    def _call(self, chunk: Mapping[str, Any]) -> None:
        """Add a fragment to the call it is of, or begin another."""
        index = chunk.get("index") if is_int(chunk.get("index"), 0) else None
        same = [call for number, call in self.calls if number == index]
        call = same[-1] if same and not _begins(same[-1], chunk) else None
        if call is None:
            call = dict[str, Any]()
            self.calls.append((index, call))
        for key, value in chunk.items():
            if key != "index":
                call[key] = _added(key, call.get(key), value)

    def written(self, index: int) -> dict[str, Any]:
        """Write it as a completion has it."""
        message = dict(self.message)
        if self.calls:
            are_numbered = all(number is not None for number, _ in self.calls)
            ordered = sorted(self.calls, key=lambda one: one[0] or 0) if are_numbered else self.calls
            message["tool_calls"] = [_whole_call(call) for _, call in ordered]
        if is_object(message.get("function_call")):
            message["function_call"] = _whole_called(message["function_call"])
        refusal = message.get("refusal")
        message["refusal"] = refusal if refusal or message.get("content") is None else None
        head = {"index": index, "message": message, "logprobs": self.logprobs, "finish_reason": self.finish_reason}
        return {**head, **self.more}


def accumulated(chunks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up a stream's chunks to the JSON body that says the same."""
    body: dict[str, Any] = {}
    choices: dict[int, _Choice] = {}
    for chunk in chunks:
        for key, value in chunk.items():
            if key not in OF_CHUNKS:
                body[key] = _latest(body.get(key), value)
        for number, choice in enumerate(map(mapping, items(chunk.get("choices")))):
            index = choice["index"] if is_int(choice.get("index"), 0) else number
            choices.setdefault(index, _Choice()).add(choice)
    listed = [choices[index].written(index) for index in sorted(choices)]
    head = {"id": body.pop("id", ""), "object": "chat.completion", "created": body.pop("created", 0)}
    tail = {key: body.pop(key) for key in ("usage", "service_tier") if body.get(key)}
    fingerprint = body.pop("system_fingerprint", None)
    model = body.pop("model", "")
    more = {key: value for key, value in body.items() if value is not None}
    return {**head, "model": model, "choices": listed, **tail, "system_fingerprint": fingerprint, **more}


def _latest(before: Any, after: Any) -> Any:
    """Keep what was said last; an object that comes in parts has all of them."""
    if after.__class__ is str and before == after:
        return before
    if is_object(before) and is_object(after):
        return {**mapping(before), **mapping(after)}
    return before if before and not after else plain(after)


def _begins(call: Mapping[str, Any], chunk: Mapping[str, Any]) -> bool:
    """Whether a fragment begins another call: it has a name, and the call has one and another id or none is told."""
    name = any(text(mapping(chunk.get(kind)).get("name")) for kind in ("function", "custom"))
    named = any(text(mapping(call.get(kind)).get("name")) for kind in ("function", "custom"))
    given, known = chunk.get("id") or "", call.get("id") or ""
    is_other = given != known if given or known else not is_int(chunk.get("index"), 0)
    return name and named and is_other


def _added(key: str, before: Any, more: Any) -> Any:
    """Add a part to what was said before; total over all JSON."""
    if before is None or more is None:
        return plain(before if more is None else more)
    if isinstance(before, str) and isinstance(more, str):
        return (before or more) if key in WHOLE else before + more
    if is_object(before) and is_object(more):
        whole = dict(mapping(before))
        for name, value in mapping(more).items():
            whole[name] = _added(name, whole.get(name), value)
        return whole
    return _listed(items(before), items(more)) if is_array(before) and is_array(more) else plain(more)


def _listed(before: list[Any], more: list[Any]) -> list[Any]:
    """Add entries to a list; one that has the index of another is a part of that."""
    whole = list(before)
    for entry in more:
        index = mapping(entry).get("index")
        place = next((n for n, one in enumerate(whole) if is_int(index) and mapping(one).get("index") == index), None)
        if place is None:
            whole.append(plain(entry))
        else:
            whole[place] = _added("", whole[place], entry)
    return whole


def _content(before: Any, more: Any) -> Any:
    """Add content to content, each a text or a list of parts."""
    if not (is_array(before) or is_array(more)):
        return _added("content", before, more)
    whole = _parts(before)
    for part in _parts(more):
        last = whole[-1] if whole else None
        if is_object(last) and is_object(part) and mapping(last).get("type") == mapping(part).get("type"):
            joined = _joined(mapping(last), mapping(part))
            if joined is not None:
                whole[-1] = joined
                continue
        whole.append(plain(part))
    return whole


def _parts(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list(items(content))


def _joined(last: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any] | None:
    """Join two texts, or two thoughts; None where two parts are no pieces of one."""
    kind = text(part.get("type"))
    if kind not in {"text", "thinking"} or last.keys() != part.keys() or len(last) != 2:  # noqa: PLR2004 - type and what it is
        return None
    return {"type": kind, kind: _content(last.get(kind), part.get(kind))}


def _whole_call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _whole_called(value) if key in {"function", "custom"} else value for key, value in call.items()}


def _whole_called(called: Any) -> Any:
    """Write no name and no arguments as empty ones, as chunks say them."""
    return {key: "" if value is None else value for key, value in called.items()} if is_object(called) else called
