"""Whether a value looks like a secret, like words, or like what stands in place of a secret.

Knows: how people and machines write. Must not know: where the value stands.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache

MARK = "[redacted]"
SHORTEST = 8  # characters of what is random
BITS = 2.75  # a character, of what is random
NOT_VALUES = frozenset(
    re.findall(
        r"\w+",
        """
        a an and any auto bearer basic bool boolean bytes changed default disabled empty enabled expired false field
        first forbidden hash hashed hidden here incorrect input int integer invalid is it key last match missing must
        no none not null number object ok optional or password passphrase passwd prompt provided pwd required reset
        same secret set should str string test text the this token true type undefined unknown unset user username
        valid value was wrong your yes
        """,
    )
)
"""Words that stand where a secret would, and are none."""
_WORD = r"(?:[A-Z]?[a-z]{1,14}|[A-Z]{1,10}|[A-Z]?[a-z]{2,}(?:[A-Z][a-z]{2,}){1,4})"
_SIGN = r"[\s_./:,;!?'()+@-]"
_BETWEEN = rf"{_SIGN}++"
_WORDY_PART = rf"(?:{_WORD}|\d{{1,8}}|[A-Z]?[a-z]{{2,14}}\d{{1,4}}|[a-z0-9]{{1,3}}|[A-Z0-9]{{1,4}})"


def _parted(part: str) -> re.Pattern[str]:
    """Make a pattern of parts with signs between them; a part is read once, however many ways there are to read it."""
    whole = rf"(?>{part}(?={_SIGN}|\Z))"
    return re.compile(rf"(?:{_BETWEEN})?{whole}(?:{_BETWEEN}{whole})*+(?:{_BETWEEN})?")


_WORDS, _WORDY = _parted(_WORD), _parted(_WORDY_PART)
_BEGINS = re.compile(r"(?:(?i:bearer|basic|token) )?<|\[|\{\{|\$[{(]|\$[A-Z_]+\Z|%[A-Z_]+%|%[sdr]\b|%\(|\*+\Z|\.\.")
_MARKED = re.compile(r"(?i)[^\w\s]{0,3}_{0,3}(?:redacted|filtered|scrubbed|masked|removed|sanitized)_{0,3}[^\w\s]{0,3}")
"""What other redactors write."""
_STANDS_IN = (
    "...",
    "\u2026",
    "***",
    "xxxx",
    "your_",
    "your-",
    "your ",
    "placeholder",
    "changeme",
    "change_me",
    "not-needed",
)
_SPACE, _LETTER, _DIGIT = re.compile(r"\s"), re.compile(r"[^\W\d_]"), re.compile(r"\d")
_OF_PASSWORDS = tuple(map(re.compile, ("[a-z]", "[A-Z]", r"\d", r"[!?@#$%^&*+=~]")))
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]|\Z)|https?:|[A-Za-z]:\\|\.{0,2}/")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
LOOKED_AT = 200  # characters


@lru_cache(maxsize=1024)
def is_placeholder(value: str) -> bool:
    """Whether something stands in place of a secret: a mark, a variable, an example."""
    if _BEGINS.match(value) or MARK in value or _MARKED.fullmatch(value) or value.endswith(("EXAMPLE", "EXAMPLEKEY")):
        return True
    lowered = value[:LOOKED_AT].lower()
    return any(one in lowered for one in _STANDS_IN)


def is_words(value: str) -> bool:
    """Whether a value is made of words alone: `lm-studio`, `Not a key.`."""
    return len(value) <= LOOKED_AT and _WORDS.fullmatch(value) is not None


def is_wordy(value: str) -> bool:
    """Whether a value is made of words, numbers, and words with a number: `santa2024`, `sk_X509_pop_free`."""
    return len(value) <= LOOKED_AT and _WORDY.fullmatch(value) is not None


def is_passwordlike(value: str) -> bool:
    """Whether a word has what systems ask of passwords: small and capital letters, digits and a sign: `Summer2024!`."""
    return _SPACE.search(value) is None and all(one.search(value) for one in _OF_PASSWORDS)


def entropy(value: str) -> float:
    """Say how many bits each character tells: 0.0 for `aaaa`, 4.0 for hexadecimal digits."""
    counts, length = Counter(value).values(), len(value)
    return -sum(count / length * math.log2(count / length) for count in counts)


def is_random(value: str) -> bool:
    """Whether a value looks like what a machine has made up: letters and digits that are no words."""
    if len(value) < SHORTEST or _SPACE.search(value) or is_wordy(value) or entropy(value[:LOOKED_AT]) < BITS:
        return False
    if not _LETTER.search(value) or not (_DIGIT.search(value) or len(value) > 2 * SHORTEST):
        return False
    return not (is_placeholder(value) or _DATE.match(value) or _UUID.fullmatch(value))
