"""What a ready completion says that no reply has, and how it goes along with the answer that is written anew.

Knows: completions and chunks, also those of compatible hosts. Must not know: rules, how the rest is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

BODY = frozenset({"id", "object", "created", "model", "choices", "usage", "service_tier", "system_fingerprint"})
CHOICE = frozenset({"index", "message", "logprobs"})
MESSAGE = frozenset({"role", "content", "reasoning_content", "refusal", "tool_calls", "function_call", "annotations"})
CALL = frozenset({"index", "id", "type", "function", "custom"})
"""What is read into a reply, or into what all its chunks have in common."""


@dataclass(frozen=True, slots=True)
class Along:
    """What goes along with one choice.

    Attributes:
        message: Fields of its message.
        calls: Fields of each of its calls.
        choice: Fields of the choice itself, and why it ended, in its host's words.
        logprobs: Its log probabilities.
        has_text: Whether its content is a text, be it an empty one.

    """

    message: Mapping[str, Any] = field(default_factory=dict[str, Any])
    calls: tuple[Mapping[str, Any], ...] = ()
    choice: Mapping[str, Any] = field(default_factory=dict[str, Any])
    logprobs: Any = None
    has_text: bool = True

    def with_choice(self, choice: dict[str, Any]) -> dict[str, Any]:
        """Put it into a choice of a JSON body."""
        message = {**self._of_text(choice["message"]), **self.message}
        if self.calls and message.get("tool_calls"):
            message["tool_calls"] = self._with_calls(message["tool_calls"])
        logprobs = {} if self.logprobs is None else {"logprobs": self.logprobs}
        return {**choice, "message": message, **logprobs, **self.choice}

    def with_deltas(self, deltas: Iterable[Any]) -> Iterator[Any]:
        """Put it into the choices of a stream: the message's after the first, the choice's into the last."""
        is_first = True
        for one in deltas:
            if not is_object(one):
                yield one
                continue
            yield self._with_delta(one)
            if is_first and (self.message or self.logprobs is not None):
                logprobs = {} if self.logprobs is None else {"logprobs": self.logprobs}
                yield {"index": one["index"], "delta": dict(self.message), **logprobs, "finish_reason": None}
            is_first = False

    def _of_text(self, said: dict[str, Any]) -> dict[str, Any]:
        """Say that there is no text where a ready message says so, instead of an empty one."""
        return said if self.has_text or said.get("content") != "" else {**said, "content": None}

    def _with_delta(self, choice: dict[str, Any]) -> dict[str, Any]:
        if choice["finish_reason"] is not None:
            return {**choice, **self.choice}
        choice = {**choice, "delta": self._of_text(choice["delta"])}
        calls = items(choice["delta"].get("tool_calls"))
        if not self.calls or not calls or "id" not in calls[0]:
            return choice
        return {**choice, "delta": {**choice["delta"], "tool_calls": self._with_calls(calls)}}

    def _with_calls(self, calls: list[Any]) -> list[Any]:
        return [
            {**call, **(self.calls[place] if (place := call.get("index", number)) < len(self.calls) else {})}
            for number, call in enumerate(calls)
        ]


NOTHING = Along()


def along(choice: Mapping[str, Any]) -> Along:
    """Find what of a completion's choice no reply has."""
    message = mapping(choice.get("message"))
    more = {key: plain(value) for key, value in message.items() if key not in MESSAGE and value is not None}
    if is_array(message.get("content")):
        more["content"] = plain(message["content"])
    if cited(message) is None:
        more["annotations"] = plain(message["annotations"])
    reason = choice.get("finish_reason")
    own = {key: plain(value) for key, value in choice.items() if key not in CHOICE and key != "finish_reason"}
    calls = tuple(
        {key: plain(value) for key, value in mapping(call).items() if key not in CALL}
        for call in items(message.get("tool_calls"))
    )
    return Along(
        message=more,
        calls=calls if any(calls) else (),
        choice=own if reason is None else {"finish_reason": reason, **own},
        has_text=isinstance(message.get("content"), str),
        logprobs=choice.get("logprobs") if is_object(choice.get("logprobs")) else None,
    )


def cited(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """Read the annotations of a message; None if they are something else, which goes along as it is."""
    found = message.get("annotations")
    if found is None:
        return ()
    return items(found) if is_array(found) and all(map(mapping, items(found))) else None


def beside(body: Mapping[str, Any]) -> dict[str, Any]:
    """Find what of a completion's body no reply has."""
    return {key: plain(value) for key, value in body.items() if key not in BODY}
