"""Finds the secrets that a text gives to a name: `password = "…"`, `API_KEY: …`, `--token …`, `<pwd>…</pwd>`.

Knows: how values are given to names in code, configuration and commands. Must not know: shapes of secrets.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.secrets.fieldnames import ENDINGS, SUFFIXES, Holds, holds
from llm_intercept.secrets.looks import NOT_VALUES, is_placeholder, is_random, is_words, is_wordy
from llm_intercept.secrets.spared import NOTHING_SPARED, Spared

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMED = re.compile(
    r"(?<![\w.-])-{0,2}(?P<name>(?:[A-Za-z]\w{0,19}[ ](?=[A-Za-z_]))?+[A-Za-z_][\w.-]{1,60}+)"
    r"(?P<sep>\\{0,3}[\"'`]?\]?[ \t]{0,4}(?:=>|:=|==?|:(?!//)|\|)\s{0,4}|(?<=\w)>(?=[^<\s]))"
)
_FLAG = re.compile(r"(?<!\S)--?(?P<name>[A-Za-z][\w-]{1,40}+)[ ]{1,4}(?=[^\s-])")
_QUOTED = re.compile(
    r"\\{0,3}(?P<quote>[\"'`])(?P<value>(?:(?!\\{0,3}(?P=quote))[^\n]){1,200}+)(?=\\{0,3}(?P=quote)|\Z)"
)
_BARE = re.compile(r"(?P<value>[^\s\"'`,;<>()\[\]{}&|\\=]{1,200}+={0,3})(?!\\?[(\[])")
_SCHEME = re.compile(r"(?i:bearer|basic|token|key|apikey|api-key|digest|negotiate)[ ]{1,3}(?=\S)")
_CODE = re.compile(r"(?=.+[._].)[A-Za-z_][A-Za-z0-9_]*+(?:\.[A-Za-z0-9_]++)*+|[A-Z][A-Z0-9_]+")
_SENTENCE = re.compile(r"(?:\S+\s+){3,}\S+[.!?]|(?:\S+\s+){6,}\S+")
SIGN = (
    rf"(?i:{ENDINGS})(?:[_. -]?(?i:{SUFFIXES}|[0-9]{{1,2}})){{0,2}}"
    r"""[\s"'`\\\]nrt]{0,10}(?:[=:>|]|\\u003[ade])|--?[A-Za-z0-9_-]{0,20}"""
    rf"(?i:{ENDINGS})[ \\]"
)
"""What a quick look finds where a name may get a secret; a line's end is an escape in JSON."""


def assigned(text: str, spared: Spared = NOTHING_SPARED) -> Iterator[tuple[int, int]]:
    """Give where the secrets are that a text gives to names, in order, none within another, but for what is spared."""
    end = 0
    for found in _NAMED.finditer(text):
        name, sep = found.groups()
        kind = Holds.NOTHING if spared.keeps(name) else holds(name)
        if kind and found.end() >= end and (span := _value(text, found.end(), kind, name, sep)):
            end = span[1]
            if not spared.is_said(text[span[0] : span[1]], kind):
                yield span
    for found in _FLAG.finditer(text):
        kind = Holds.NOTHING if spared.keeps(found["name"]) else holds(found["name"])
        given = _value(text, found.end(), kind, found["name"], "=") if kind else None
        if given and not spared.is_said(text[given[0] : given[1]], kind):
            yield given


def _value(text: str, at: int, kind: Holds, name: str, sep: str) -> tuple[int, int] | None:
    """Find the value that begins at a place, if it is a secret."""
    quoted = _QUOTED.match(text, at)
    scheme = _SCHEME.match(text, quoted.start("value") if quoted else at)
    if quoted is not None:
        begin, end = scheme.end() if scheme else quoted.start("value"), quoted.end("value")
        return (begin, end) if _is_quoted_secret(text[begin:end], kind) else None
    found = _BARE.match(text, scheme.end() if scheme else at)
    if found is None:
        return None
    value = found["value"].rstrip(".:!?*")
    is_line = kind is Holds.PASSWORD and _is_line(text, at - len(sep) - len(name), found.end())
    is_secret = _is_bare_secret(value, kind, is_tight=is_line or "=" in sep.split())
    return (found.start("value"), found.start("value") + len(value)) if is_secret else None


def _is_line(text: str, begin: int, end: int) -> bool:
    """Whether a name and its value are a line by themselves, as in a file of settings."""
    return text[max(0, begin - 1) : max(0, begin)] in {"", "\n"} and text[end : end + 1] in {"", "\n", "\r"}


@lru_cache(maxsize=1024)
def _is_quoted_secret(value: str, kind: Holds) -> bool:
    if is_placeholder(value) or value.strip().lower() in NOT_VALUES:
        return False
    if kind is Holds.PASSWORD:
        return len(value) > 3 and _SENTENCE.fullmatch(value) is None  # noqa: PLR2004 - a shorter one tells nothing
    return _is_key(value) if kind is Holds.KEY else is_random(value)


@lru_cache(maxsize=1024)
def _is_bare_secret(value: str, kind: Holds, *, is_tight: bool) -> bool:
    if len(value) < 4 or is_placeholder(value) or value.lower() in NOT_VALUES:  # noqa: PLR2004 - as above
        return False
    if is_wordy(value) and _CODE.fullmatch(value):  # another variable: settings.password, OPENAI_API_KEY
        return False
    if kind is Holds.PASSWORD:
        return is_tight or not is_words(value)
    if kind is Holds.KEY and is_tight:
        return _is_key(value)
    return is_random(value)


def _is_key(value: str) -> bool:
    return len(value) > 5 and not is_words(value)  # noqa: PLR2004 - as above
