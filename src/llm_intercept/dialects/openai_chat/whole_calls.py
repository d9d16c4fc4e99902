"""Streams each call of a tool in one delta, as Mistral does: its SDK reads no fragment without a name (mistralai 3.7).

Knows: the deltas of a stream. Must not know: what frames them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, mapping
from llm_intercept.dialects.openai_chat.frames import Run
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.dialects.openai_chat.chunks import Choice


def with_whole_calls(deltas: Iterable[Choice | Run | Awaited]) -> Iterator[Choice | Run | Awaited]:
    """Join the fragments of each call to the delta that begins it."""
    begun: Choice | None = None
    for one in deltas:
        choice = one.choice("") if isinstance(one, Run) else {} if isinstance(one, Awaited) else one
        call = _call(choice)
        if begun is not None and call and "id" not in call:
            _argue(begun, call, one)
            continue
        if begun is not None and choice:
            yield begun
            begun = None
        if call:
            begun = choice
        else:
            yield one
    if begun is not None:
        yield begun


def _call(choice: Choice) -> dict[str, Any]:
    calls = items(mapping(choice.get("delta")).get("tool_calls"))
    return calls[0] if calls else {}


def _argue(begun: Choice, fragment: dict[str, Any], one: Choice | Run | Awaited) -> None:
    """Add a fragment's arguments, or those of a run of fragments."""
    kind = "custom" if "custom" in fragment else "function"
    key = "input" if kind == "custom" else "arguments"
    runs = one.texts if isinstance(one, Run) else [[fragment[kind][key]]]
    texts = (text for run in runs if not isinstance(run, Awaited) for text in run)
    _call(begun)[kind][key] += "".join(texts)
