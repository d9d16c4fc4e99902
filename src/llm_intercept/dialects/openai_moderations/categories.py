"""The categories of both families of moderation models, and a result of one input.

Knows: their names, in the order they are answered in (OpenAI's reference, "The moderation object"). Must not know:
requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.words import nearest
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.errors import ReplyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OMNI = (
    "harassment",
    "harassment/threatening",
    "sexual",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm/intent",
    "self-harm/instructions",
    "self-harm",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
TEXT = (
    "sexual",
    "hate",
    "harassment",
    "self-harm",
    "sexual/minors",
    "hate/threatening",
    "violence/graphic",
    "self-harm/intent",
    "self-harm/instructions",
    "harassment/threatening",
    "violence",
)
"""What the models had that read text alone."""
OF_IMAGES = frozenset(
    {"sexual", "self-harm/intent", "self-harm/instructions", "self-harm", "violence", "violence/graphic"}
)
"""What is looked for in images too."""
FOUND = 0.5
"""The score from which a category is found."""


def result_of(
    found: Mapping[str, float | None], kinds: frozenset[str], identity: str, *, is_omni: bool
) -> dict[str, Any]:
    """Write the result of one input.

    Args:
        found: The categories that are spoken of, by either name, with their scores; None for one that is just found.
        kinds: What the input is made of: `text`, `image`.
        identity: Hex digits that are the same for the same input, from which scores follow that nobody said.
        is_omni: Whether the model reads images too, and says what it looked at.

    Raises:
        ReplyError: The model has no such category.

    """
    names = OMNI if is_omni else TEXT
    said = {_name(name, names): score for name, score in found.items()}
    scores = {name: _score(name, said, identity) for name in names}
    categories = {name: name in said and score >= FOUND for name, score in scores.items()}
    result: dict[str, Any] = {"flagged": any(categories.values()), "categories": categories, "category_scores": scores}
    if is_omni:
        result["category_applied_input_types"] = {name: _applied(name, kinds) for name in names}
    return result


def _name(given: str, names: Iterable[str]) -> str:
    """Find the API's name of a category."""
    plain = {name.replace("-", "_").replace("/", "_"): name for name in names}
    found = plain.get(given.replace("-", "_").replace("/", "_"))
    if found is None:
        near = nearest(given, plain)
        meant = f" Did you mean {plain[near]!r}?" if near is not None else ""
        raise ReplyError(f"moderation({given!r}): the model has no such category", f"It has {', '.join(names)}.{meant}")
    return found


def _score(name: str, said: Mapping[str, float | None], identity: str) -> float:
    given = said.get(name)
    if given is not None:
        return float(given)
    drawn = int(derived(identity, name)[:8], 16) / 2**32
    return round(0.9 + drawn / 10, 6) if name in said else round(1e-6 + drawn * 1e-3, 10)


def _applied(name: str, kinds: frozenset[str]) -> list[str]:
    return [kind for kind in ("text", "image") if kind in kinds and (kind == "text" or name in OF_IMAGES)]
