"""Says a message, or the deltas of one, as a host's row does: its keys, its reasoning, its calls.

Knows: docs/wire.md 7, the messages and deltas that `chunks.py` makes. Must not know: what frames them, any one host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping
from llm_intercept.dialects.openai.hosts.templates import ABSENT, filled, filled_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from llm_intercept.dialects.openai.hosts.profile import Aspect, Host, Moment, Template

REASONING = "reasoning_content"
"""What chunks and messages call reasoning before a row names it."""
NAMED = frozenset({"role", "content", REASONING, "tool_calls"})
"""What of a message or delta every row says in some way."""
NOTHING: Template = {}
KINDS, CALL = ("function", "custom"), ("id", "type", "index")


def message_of(host: Host, message: Mapping[str, Any], around: Mapping[str, Any]) -> dict[str, Any]:
    """Say the message of a body."""
    calls = message.get("tool_calls")
    values = {
        **around,
        **message,
        "said": message.get("content") or "",
        "reasoning": message.get(REASONING) or message.get("reasoning", ABSENT),
        "tool_calls": ABSENT if calls is None else calls_of(host.call, calls),
        "refusal": message.get("refusal") or ABSENT,
    }
    aspects: list[Aspect] = ["any"]
    if calls and not message.get("content"):
        aspects.append("calls")
    if values["reasoning"] is not ABSENT:
        aspects.append("reasoning")
    for aspect in aspects:
        for name, template in host.message_beside.get(aspect, {}).items():
            if aspect != "any" or values.get(name, ABSENT) is ABSENT:
                values[name] = filled(template, values)
    return _with_rest(filled_object(host.message, values), message)


def _with_rest(told: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Add what is said and the row has no place for."""
    return {**told, **{key: value for key, value in said.items() if value and key not in NAMED and key not in told}}


def calls_of(template: Template, calls: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Say calls, or pieces of them; what is not in a piece is left out."""
    return [_call(template, call, number) for number, call in enumerate(calls)]


def _call(template: Template, call: Mapping[str, Any], number: int) -> dict[str, Any]:
    kind = next((kind for kind in KINDS if kind in call), "function")
    if kind == "custom":  # which no host but OpenAI was seen to have
        return dict(call)
    told = {name: call[name] for name in ("id", "type") if name in call}
    own = {"index": call.get("index", number), **told, **mapping(call.get(kind))}
    said = filled_object(template, own)
    return {**said, **{key: value for key, value in call.items() if key not in said and key not in {*CALL, kind}}}


class Telling:
    """What one choice of a stream has told, and what its next delta is in the host's words."""

    def __init__(self, host: Host, around: Mapping[str, Any], *, reasons: bool) -> None:
        self._host, self._around, self._reasons = host, around, reasons
        self._is_role_due = host.role == "joined"
        self._has_reasoned = self._has_text = False
        self._calls: list[Any] = []
        self.so_far = ""
        self.is_text = False

    def deltas(self, delta: Mapping[str, Any], *, is_finish: bool) -> Iterator[dict[str, Any]]:
        """Yield the deltas that say the same."""
        self.is_text = False
        if "role" in delta:
            yield from self._opened(delta)
            delta = {key: value for key, value in delta.items() if key == "tool_calls"}
        if delta.get("tool_calls") and self._host.calls_at_finish:
            self._calls += delta["tool_calls"]
            return
        if is_finish:
            yield self._delta("finish", {"tool_calls": self._calls or None, **delta})
        elif delta:
            yield self._delta(self._moment(delta), delta)

    def _opened(self, delta: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield the delta with the role, where the host has one of its own."""
        if self._host.role != "first":
            return
        moment: Moment = "opening"
        if self._reasons:
            moment = "opening of reasoning"
        elif delta.get("content") is None and delta.get("refusal") is None:
            moment = "opening of calls"
        yield self._delta(moment if moment in self._host.beside else "opening", {"role": delta["role"]})

    def _moment(self, delta: Mapping[str, Any]) -> Moment | None:
        """Tell what a delta is; text is nothing particular, but where reasoning went before."""
        if delta.get("tool_calls"):
            return "calls"
        if REASONING in delta:
            begins, self._has_reasoned = not self._has_reasoned, True
            return "reasoning begins" if begins and "reasoning begins" in self._host.beside else "reasoning"
        self.is_text = "content" in delta
        if not self.is_text or not self._has_reasoned:
            return None
        begins, self._has_text = not self._has_text, True
        return "text begins after reasoning" if begins else "text after reasoning"

    def _delta(self, moment: Moment | None, delta: Mapping[str, Any]) -> dict[str, Any]:
        host, calls = self._host, delta.get("tool_calls")
        values: dict[str, Any] = {
            **self._around,
            "content": ABSENT,
            **delta,
            "said": delta.get("content") or "",
            "reasoning": delta.get(REASONING, delta.get("reasoning", ABSENT)),
            "tool_calls": calls_of(host.chunk_call, calls) if calls else ABSENT,
            "refusal": delta.get("refusal") or ABSENT,
        }
        if host.role == "every" or self._is_role_due:
            values["role"], self._is_role_due = "assistant", False
        beside: Template = NOTHING if moment is None else host.beside.get(moment, NOTHING)
        values |= {name: filled(template, values) for name, template in beside.items()}
        if isinstance(values["content"], str):
            self.so_far += values["content"]
        return _with_rest(filled_object(host.delta, values), delta)
