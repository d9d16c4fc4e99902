"""Exact tokens, by the vocabularies of OpenAI's encodings that bpe-openai carries, loaded when a text is first split.

Knows: bpe-openai (0.1.4), which model has which encoding. Must not know: messages, prices, HTTP.
"""

from __future__ import annotations

import codecs
import re
import warnings
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from llm_intercept.base.tokens import LONG, SHORT, EstimatingTokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PACKAGE = "bpe_openai"
OLD, NEW = "cl100k_base", "o200k_base"
HAVE_OLD = re.compile(r"gpt-4(?![o.])|gpt-3\.5|gpt-35|text-embedding-|(?:davinci|babbage)-002")
"""Models of the older encoding (tiktoken 0.12, `model.py`); all others have the newer."""
MOST = 500_000  # characters: bpe-openai refuses a million


class Encoding(Protocol):
    """What of bpe-openai's encodings is used."""

    def encode_ordinary(self, text: str) -> list[int]:
        """Return the numbers of the tokens of `text`."""
        ...

    def token_byte_values(self) -> list[bytes]:
        """Return the bytes of every token, by its number."""
        ...


@cache
def is_installed() -> bool:
    """Whether bpe-openai is there, by the extra `tokens`; the import system is asked once a process."""
    return find_spec(PACKAGE) is not None


class ExactTokenizer:
    """OpenAI's own tokens; texts for other makers' models are split by OpenAI's newer encoding too."""

    def split(self, text: str, model: str) -> Sequence[str]:
        """Split `text` into its encoding's tokens; joined they are `text` again."""
        name = OLD if HAVE_OLD.match(model.rpartition("/")[2]) else NEW
        if len(text) <= SHORT:
            return _short(text, name)
        return _long(text, name) if len(text) <= LONG else _tokens(text, name)


@lru_cache(maxsize=1024)
def _short(text: str, name: str) -> tuple[str, ...]:
    return _tokens(text, name)


@lru_cache(maxsize=32)
def _long(text: str, name: str) -> tuple[str, ...]:
    return _tokens(text, name)


def _tokens(text: str, name: str) -> tuple[str, ...]:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which no encoding has
        return tuple(EstimatingTokenizer().split(text, ""))
    if len(text) > MOST:
        parts = (text[start : start + MOST] for start in range(0, len(text), MOST))
        return tuple(token for part in parts for token in _tokens(part, name))
    encoding, values = _encoding(name)
    found = [values[token] for token in encoding.encode_ordinary(text)]
    try:
        return tuple([value.decode() for value in found])
    except UnicodeDecodeError:  # a token ends inside a character
        decode = codecs.getincrementaldecoder("utf-8")().decode
        return tuple([decode(value) for value in found])


@cache
def _encoding(name: str) -> tuple[Encoding, list[bytes]]:
    """Load an encoding: it, and the bytes of each of its tokens."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bpe-openai 0.1.4 opens its files in a way that Python deprecates
        get_encoding: Callable[[str], Encoding] = import_module(PACKAGE).get_encoding
        encoding = get_encoding(name)
    return encoding, encoding.token_byte_values()
