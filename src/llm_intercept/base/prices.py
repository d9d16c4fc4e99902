"""What tokens cost, as far as the library genai-prices is installed and knows the model.

Knows: genai-prices. Must not know: calls.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def _library() -> Any:
    try:
        import genai_prices  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return None
    return genai_prices


def price(model: str, input_tokens: int, output_tokens: int) -> float | None:
    """The list price of tokens of `model` or `provider/model` in US dollars; None if genai-prices cannot tell."""
    library = _library()
    return None if library is None or not model else _price(library, model, input_tokens, output_tokens)


@lru_cache(maxsize=4096)
def _price(library: Any, model: str, input_tokens: int, output_tokens: int) -> float | None:
    provider, _, name = model.rpartition("/")
    for known in dict.fromkeys((provider or None, None)):  # the one that is named first
        try:
            usage = library.Usage(input_tokens=input_tokens, output_tokens=output_tokens)
            return float(library.calc_price(usage, model_ref=name, provider_id=known).total_price)
        except (LookupError, ValueError, ImportError):  # it loads parts of itself late
            continue
    return None
