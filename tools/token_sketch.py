"""Writes `src/llm_intercept/base/o200k.sketch`, which says what texts are tokens of OpenAI's `o200k_base`.

`python tools/token_sketch.py`, where bpe-openai is installed: it has the vocabulary, which is OpenAI's (MIT).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from llm_intercept.base.token_sketch import BITS, PATH, places

if TYPE_CHECKING:
    from collections.abc import Iterator


def tokens() -> Iterator[bytes]:
    """Give the tokens that are asked for: not single characters, spaces and digits, and no halves of characters."""
    encoding: Any = import_module("bpe_openai").get_encoding("o200k_base")
    for token in encoding.token_byte_values():
        text = token.decode("utf-8", "replace")
        if len(text) > 1 and "\ufffd" not in text and not text.isspace() and not text.isdigit():
            yield token


def main() -> None:
    """Write the sketch."""
    sketch = bytearray(1 << (BITS - 3))
    for token in tokens():
        for place in places(token):
            sketch[place >> 3] |= 1 << (place & 7)
    PATH.write_bytes(sketch)


if __name__ == "__main__":
    main()
