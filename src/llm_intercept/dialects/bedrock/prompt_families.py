"""The words that families of models have for a prompt and what they say to it: a row each.

Knows: the bodies (Amazon's "Inference request parameters and response fields"). Must not know: how they are sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.dialects.shared.told_parts import End


class Answered(NamedTuple):
    """What a model says: a text or a piece of one, why it ends if it does, and what was read and said by then."""

    text: str
    why: str | None = None
    read: int | None = None
    said: int | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """The words of a family.

    Attributes:
        prompt: The field of the prompt.
        limit: Where the request says how many tokens the answer may have.
        stops: Where it says before which sequences the text ends; empty where it cannot.
        ends: Why an answer ends.
        body: Writes an answer.
        event: Writes an event of a stream.
        answered: Reads an answer, or an event.

    """

    prompt: str
    limit: tuple[str, ...]
    stops: tuple[str, ...]
    ends: Mapping[End, str]
    body: Callable[[Answered], dict[str, Any]]
    event: Callable[[Answered], dict[str, Any]]
    answered: Callable[[Mapping[str, Any]], Answered]


USUAL: dict[End, str] = {"stop": "stop", "stop_sequence": "stop", "length": "length"}


def _llama(one: Answered) -> dict[str, Any]:
    counted = {"prompt_token_count": one.read, "generation_token_count": one.said}
    return {"generation": one.text, **counted, "stop_reason": one.why}


def _read_llama(value: Mapping[str, Any]) -> Answered:
    counted = (_number(value.get(f"{name}_token_count")) for name in ("prompt", "generation"))
    return Answered(text(value.get("generation")), text(value.get("stop_reason")) or None, *counted)


def _listed(name: str) -> tuple[Callable[[Answered], dict[str, Any]], Callable[[Mapping[str, Any]], Answered]]:
    """Write and read an answer that is the only one of a list."""

    def write(one: Answered) -> dict[str, Any]:
        return {name: [{"text": one.text, "stop_reason": one.why}]}

    def read(value: Mapping[str, Any]) -> Answered:
        found = mapping(next(iter(items(value.get(name))), None))
        return Answered(text(found.get("text")), text(found.get("stop_reason")) or None)

    return write, read


def _titan(one: Answered) -> dict[str, Any]:
    told = {"tokenCount": one.said, "outputText": one.text, "completionReason": one.why}
    return {"inputTextTokenCount": one.read, "results": [told]}


def _titan_event(one: Answered) -> dict[str, Any]:
    counted = {"totalOutputTextTokenCount": one.said, "completionReason": one.why, "inputTextTokenCount": one.read}
    return {"outputText": one.text, "index": 0, **counted}


def _read_titan(value: Mapping[str, Any]) -> Answered:
    found = mapping(next(iter(items(value.get("results"))), value))
    said = _number(found.get("tokenCount", found.get("totalOutputTextTokenCount")))
    read = _number(value.get("inputTextTokenCount"))
    return Answered(text(found.get("outputText")), text(found.get("completionReason")) or None, read, said)


def _number(value: object) -> int | None:
    return value if is_int(value, 0) else None


_outputs, _choices = _listed("outputs"), _listed("choices")
LLAMA = Family("prompt", ("max_gen_len",), (), USUAL, _llama, _llama, _read_llama)
MISTRAL = Family("prompt", ("max_tokens",), ("stop",), USUAL, _outputs[0], *_outputs)
DEEPSEEK = Family("prompt", ("max_tokens",), ("stop",), USUAL, _choices[0], *_choices)
CONFIG = "textGenerationConfig"
TITAN = Family(
    "inputText",
    (CONFIG, "maxTokenCount"),
    (CONFIG, "stopSequences"),
    {"stop": "FINISH", "stop_sequence": "STOP_CRITERIA_MET", "length": "LENGTH"},
    _titan,
    _titan_event,
    _read_titan,
)
