"""How text is split into tokens: estimated, much as OpenAI's encodings do, or by a tokenizer that is given.

Knows: characters. Must not know: messages, models' prices, HTTP.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from llm_intercept.base.token_sketch import is_token
from llm_intercept.errors import TokenizerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Tokenizer(Protocol):
    """What splits text into tokens; give your own (tiktoken, say) as `intercept(tokenizer=…)`."""

    def split(self, text: str, model: str) -> Iterable[str]:
        """Split `text` into the tokens that `model` would see; joined they are `text` again.

        A token that ends inside a character is an empty str, and the token that completes the character has it whole.

        Args:
            text: Any text.
            model: The model's name as the request gave it.

        """
        ...


# How `o200k_base` cuts a text before it looks for tokens, one alternative for each kind of piece; together they match
# all text. Letters that are not ASCII count as small ones, since `re` has no classes of Unicode.
_PIECES = re.compile(
    r"""
    (?:[^\r\n\w]|_)?(?:[A-Z]*[^\W\d_A-Z]+|[A-Z]+)             # a word, with the mark before it
        (?:'(?:[stmdSTMD]|re|ve|ll|RE|VE|LL))?                    # and its contraction
    | \d{1,3}                                                      # digits by threes
    | [ ]?(?:[^\s\w]|_)+[\r\n/]*                                 # marks
    | \s*[\r\n]+                                                  # line ends with the indentation before them
    | \s+(?!\S) | \s+                                             # other white space
    """,
    re.VERBOSE,
)
LONGEST = 20
"""Characters of the longest token that is looked for, but for white space."""
LONGEST_IDEOGRAPHS = 4
NO_WORD, LONGEST_IN_NO_WORD = 64, 6
"""From so many characters on a piece is no word but data, whose tokens are short."""
IDEOGRAPHS = "\u2e80"
SHORT = 2_000  # characters
LONG = 50_000


class EstimatingTokenizer:
    """The built-in tokenizer: cuts as `o200k_base` does, and knows most of its tokens (`base/token_sketch.py`)."""

    def split(self, text: str, model: str) -> Iterable[str]:  # noqa: ARG002 - the protocol's second argument
        """Split `text` into token-like pieces; joined they are `text` again."""
        if len(text) <= SHORT:
            return _short(text)
        return _long(text) if len(text) <= LONG else tuple(_split(text))


@lru_cache(maxsize=1024)
def _short(text: str) -> tuple[str, ...]:
    """Split a short text, which is often asked for again: as a reply, or in the history of a conversation."""
    return tuple(_split(text))


@lru_cache(maxsize=32)
def _long(text: str) -> tuple[str, ...]:
    """Split a longer text; only a few are remembered, because their tokens take twenty times their space."""
    return tuple(_split(text))


def _split(text: str) -> list[str]:
    found: list[str] = []
    for piece in _PIECES.findall(text):
        found += _divided(piece)
    return found


@lru_cache(maxsize=1 << 14)
def _divided(piece: str) -> tuple[str, ...]:
    """Cut a piece into tokens, each as long as can be; words come again and again."""
    if len(piece) == 1 or piece[0].isdigit() or piece.isspace() or (len(piece) <= LONGEST and is_token(piece)):
        return (piece,)
    found: list[str] = []
    longest = LONGEST if len(piece) <= NO_WORD else LONGEST_IN_NO_WORD
    start = 0
    while start < len(piece):
        end = start + min(longest if piece[start] < IDEOGRAPHS else LONGEST_IDEOGRAPHS, len(piece) - start)
        while end > start + 1 and not is_token(piece[start:end]):
            end -= 1
        found.append(piece[start:end])
        start = end
    return tuple(found)


class TiktokenTokenizer:
    """Exact tokens by tiktoken: of `encoding` (or its name), by default each model's own, else `o200k_base`."""

    def __init__(self, encoding: Any = None) -> None:
        self._encoding = encoding

    def split(self, text: str, model: str) -> Iterator[str]:
        """Split `text` into the encoding's tokens."""
        encoding = self._for(model)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        for token in encoding.encode_ordinary(text):
            yield decode(encoding.decode_single_token_bytes(token))

    def _for(self, model: str) -> Any:
        import tiktoken  # noqa: PLC0415 # pyright: ignore[reportMissingImports] - the user's own, not a dependency

        if self._encoding is None:
            try:
                return tiktoken.encoding_for_model(model)
            except KeyError:
                return tiktoken.get_encoding("o200k_base")
        return tiktoken.get_encoding(self._encoding) if isinstance(self._encoding, str) else self._encoding


class CheckedTokenizer:
    """A tokenizer that somebody gave, whose errors are told as its own."""

    def __init__(self, given: Tokenizer) -> None:
        self.given = given

    def split(self, text: str, model: str) -> Iterator[str]:
        """Split `text` as the given one does; raises `TokenizerError` at whatever that raises."""
        try:
            yield from self.given.split(text, model)
        except Exception as error:
            raise TokenizerError(self.given, error) from error


def count(tokenizer: Tokenizer, text: str, model: str) -> int:
    """Count the tokens of `text`."""
    tokens = tokenizer.split(text, model)
    return len(tokens) if isinstance(tokens, tuple) else sum(1 for _ in tokens)


def total(tokenizer: Tokenizer, texts: Iterable[str], model: str) -> int:
    """Count the tokens of all `texts`."""
    said = tuple(filter(None, texts))
    if type(tokenizer) is EstimatingTokenizer and max(map(len, said), default=0) <= SHORT:  # a subclass may differ
        return sum(map(len, map(_short, said)))
    return sum(count(tokenizer, text, model) for text in said)
