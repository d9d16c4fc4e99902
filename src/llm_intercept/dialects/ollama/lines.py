"""Writes an answer of Ollama's: one body, or lines that add up to it, each with a piece.

A form says where an answer has its text: in a `message` (a conversation) or beside everything else (a completion).

Knows: the answers' JSON (ollama/ollama, `api/types.go`). Must not know: requests, rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.json import is_object, items, json_object, mapping, plain, text
from llm_intercept.dialects.ollama.ollama_origin import go_json
from llm_intercept.dialects.shared.told_parts import Ended, Said
from llm_intercept.model.parts import Reasoning, Text, ToolCall
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from llm_intercept.dialects.ollama.odds import Odds
    from llm_intercept.dialects.shared.told_parts import Teller, Told
    from llm_intercept.model.parts import ReplyPart

CALLS = "tool_calls"
LOGPROBS = "logprobs"
ENDED = ("done", "done_reason")
"""What an answer says of its end before its log probabilities; what it took comes after them."""


class Form(NamedTuple):
    """Where an answer has what is said: the field around it, empty if there is none, and that of the text."""

    around: str
    text: str

    def said(self, **fields: Any) -> dict[str, Any]:
        """Write what is said: some text, or none and something else."""
        told = {self.text: "", **fields}
        return {self.around: {"role": "assistant", **told}} if self.around else told

    def inner(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what an answer says."""
        return mapping(body.get(self.around)) if self.around else body


MESSAGE, RESPONSE = Form("message", "content"), Form("", "response")


def call_json(call: ToolCall, arguments: str, number: int) -> dict[str, Any]:
    """Write a call, whose arguments are a JSON object."""
    return {
        "id": call.id,
        "function": {"index": number, "name": call.name, "arguments": json_object(arguments.encode(errors="replace"))},
    }


def body_of(
    head: Mapping[str, Any], form: Form, teller: Teller, end: Callable[[], Mapping[str, Any]], odds: Odds | None
) -> bytes:
    """Write one body."""
    entries: list[Any] = []
    told = teller.whole(None if odds is None else lambda said: entries.extend(odds.of(said)))
    fields = {
        form.text: _joined(told, Text),
        "thinking": _joined(told, Reasoning),
        CALLS: list(_calls(told, is_cut=teller.end == "length")),
    }
    said = form.said(**{name: value for name, value in fields.items() if value or name == form.text})
    ended = end()
    first = {name: ended[name] for name in ENDED if name in ended}
    return go_json({**head, **said, **first, **_along(entries), **ended})


def _along(entries: list[Any]) -> dict[str, Any]:
    return {LOGPROBS: entries} if entries else {}


def _joined(told: Sequence[tuple[ReplyPart, str]], kind: type[ReplyPart]) -> str:
    return "".join(said for part, said in told if isinstance(part, kind))


def _calls(told: Sequence[tuple[ReplyPart, str]], *, is_cut: bool) -> Iterator[dict[str, Any]]:
    """Write the calls; one that was cut short is none."""
    whole = told[:-1] if is_cut else told
    calls = [(part, said) for part, said in whole if isinstance(part, ToolCall)]
    yield from (call_json(part, said, number) for number, (part, said) in enumerate(calls))


def lines_of(
    head: Mapping[str, Any],
    form: Form,
    teller: Teller,
    end: Callable[[], Mapping[str, Any]],
    odds: Odds | None = None,
) -> Iterator[bytes | Awaited]:
    """Write the lines of a stream."""
    calls = 0
    for one in teller.tell():
        if isinstance(one, Awaited):
            yield one
            continue
        fields = _fields(one, form, calls, is_cut=teller.splitter.budget.cut)
        if fields is not None:
            calls += CALLS in fields
            entries = odds.of(one) if odds is not None and isinstance(one, Said) else []
            yield _line({**head, **form.said(**fields), "done": False, **_along(entries)})
    yield _line({**head, **form.said(), **end()})


def _fields(told: Told, form: Form, calls: int, *, is_cut: bool) -> dict[str, Any] | None:
    """Return what a line says; None where there is none: a call is said whole."""
    match told:
        case Said(part=Text()):
            return {form.text: told.text}
        case Said(part=Reasoning()):
            return {"thinking": told.text}
        case Ended(part=ToolCall() as call) if not is_cut:
            return {CALLS: [call_json(call, told.text, calls)]}
        case _:
            return None


def _line(value: Mapping[str, Any]) -> bytes:
    return go_json(value) + b"\n"


def line_of_error(message: str) -> bytes:
    """Write the line that says that a stream failed."""
    return _line({"error": message})


def accumulated(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Add up the lines of a stream; texts and lists are joined, of everything else the last counts."""
    body: dict[str, Any] = {}
    for line in lines:
        _add(body, line)
    return body


def _add(to: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        known = to.get(name)
        if name in {"content", "thinking", "response"} and isinstance(known, str):
            to[name] = known + text(value)
        elif name in {CALLS, LOGPROBS}:
            to[name] = [*items(known), *items(value)]
        elif is_object(value) and is_object(known):
            _add(to[name], mapping(value))
        else:
            to[name] = plain(value)
