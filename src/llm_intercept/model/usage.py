"""The tokens of one exchange, counted in terms every API has.

Knows: numbers. Must not know: how an API reports them, how they are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from llm_intercept.base.spelling import spelt_class
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
NAMES = (
    "Its names are input_tokens (what was asked), output_tokens (what was answered, reasoning included), "
    "cache_read_tokens and cache_write_tokens (parts of the input), reasoning_tokens; "
)
OBJECTS = f"{NAMES}the object that an API reported is given whole: Reply('text', usage={{…}})."


@partial(spelt_class, words={"*": OBJECTS})
@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one exchange.

    Attributes:
        input_tokens: Of the prompt, cached ones included.
        output_tokens: Of the answer, reasoning included.
        cache_read_tokens: Of the prompt, those read from a cache.
        cache_write_tokens: Of the prompt, those written to a cache.
        reasoning_tokens: Of the answer, those of reasoning.
        extra: The whole object as an API reported it, where it did; that API gives it again as it is.
        api: Which API's words `extra` is in; empty until somebody is asked.

    Raises:
        SettingsError: A number is none, or below 0.

    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    api: str = ""

    def __post_init__(self) -> None:
        counts = (
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.reasoning_tokens,
        )
        if set(map(type, counts)) != {int} or min(counts) < 0:
            name, value = next(one for one in zip(COUNTS, counts, strict=True) if not _is_count(one[1]))
            raise SettingsError(f"Usage({name})", value, "a whole number of tokens, 0 or more")

    @property
    def is_read(self) -> bool:
        """Whether the numbers are known: those of an object that is given whole are when somebody is asked."""
        return not self.extra or bool(self.api)

    def told_by(self, api: str) -> dict[str, Any] | None:
        """Return what `api` reported to the letter; None where it reported nothing."""
        return dict(self.extra) if self.api == api and self.extra else None

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
