"""The tokens of one exchange, counted in terms every API has.

Knows: numbers. Must not know: how an API reports them, how they are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

from llm_intercept.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one exchange.

    Attributes:
        input_tokens: Of the prompt, cached ones included.
        output_tokens: Of the answer, reasoning included.
        cache_read_tokens: Of the prompt, those read from a cache.
        cache_write_tokens: Of the prompt, those written to a cache.
        reasoning_tokens: Of the answer, those of reasoning.

    Raises:
        SettingsError: A number is none, or below 0.

    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    def __post_init__(self) -> None:
        counts = (
            self.input_tokens,
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
            self.reasoning_tokens,
        )
        if set(map(type, counts)) != {int} or min(counts) < 0:
            name, value = next(one for one in zip(self.__slots__, counts, strict=True) if not _is_count(one[1]))
            raise SettingsError(f"Usage({name})", value, "a whole number of tokens, 0 or more")

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
