"""The credentials that one exchange carries in its headers and its URL, in each way they may be written elsewhere.

Knows: headers, cookies, queries, encodings. Must not know: bodies, takes.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from llm_intercept.model.wire import SECRET_HEADERS
from llm_intercept.secrets.fieldnames import Holds, holds
from llm_intercept.secrets.looks import MARK, is_placeholder, is_random, is_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAST_LITERAL = 8  # a shorter credential, such as `none`, may be part of any word
LEAST_ENCODED = 16  # as above, of what is looked for in base64
COOKIES = frozenset({"cookie", "set-cookie"})
IN_QUERY = frozenset({"key", "token", "sig", "signature", "code", "auth"})


@dataclass(frozen=True, slots=True)
class Secrets:
    """The credentials of one exchange, which are secret wherever else they turn up.

    Attributes:
        literals: What is secret in any text, the longest first: of one that begins with another the rest would stay.
        named: What stood under a secret's name in what was sent, and is secret under such a name in the answer.

    """

    literals: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        ordered = sorted(set(self.literals), key=lambda one: (-len(one), one))
        object.__setattr__(self, "literals", tuple(ordered))

    def and_sent(self, taken: Iterable[str]) -> Secrets:
        """Add what was taken out of a request, so that it is nowhere else in the exchange either."""
        named = frozenset(taken)
        return Secrets(self.and_found(named).literals, named) if named else self

    def and_found(self, taken: Iterable[str]) -> Secrets:
        """Add what was taken out of a text, and what stands as a password in it, if these look like secrets."""
        bare = {one.strip("\"'") for one in taken}
        parts = {part for one in bare for part in (one, unquote(one.partition(":")[2]))}
        sure = {form for one in parts if _is_credential(one) for form in _forms(one) if form not in MARK}
        if sure.issubset(self.literals):
            return self
        return Secrets((*self.literals, *sure), self.named)


NOTHING = Secrets()


def credentials(url: str, headers: Iterable[tuple[str, str]]) -> Secrets:
    """Find the credentials that the headers and the URL of a request or an answer carry."""
    found = {*_in_url(url)}
    for name, value in headers:
        if is_secret_header(name):
            found |= _in_header(name.lower() in COOKIES, value)
        elif holds(name):
            found |= {one for one in _in_header(False, value) if is_random(one)}
    if not found:
        return NOTHING
    written = {form for one in found for form in _forms(one)}
    return Secrets(tuple(one for one in written if one not in MARK))


@lru_cache(maxsize=1024)
def is_secret_header(name: str) -> bool:
    """Whether a header's value is a credential."""
    return name.lower() in SECRET_HEADERS or holds(name) > Holds.LIKELY


@lru_cache(maxsize=1024)
def is_secret_parameter(name: str) -> bool:
    """Whether a parameter of a URL is a credential by its name; a maker's own signature has its prefix before it."""
    lowered = name.lower()
    return lowered in IN_QUERY or lowered.endswith("-signature") or bool(holds(name))


@lru_cache(maxsize=64)
def _in_url(url: str) -> frozenset[str]:
    try:
        parts = urlsplit(url)
        people = filter(None, (parts.username, parts.password))
        query = (value for name, value in parse_qsl(parts.query) if is_secret_parameter(name))
        found = {unquote(one) for one in (*people, *query)}
    except ValueError:
        return frozenset()
    return frozenset(one for one in found if _is_credential(one))


@lru_cache(maxsize=256)
def _in_header(is_cookie: bool, value: str) -> frozenset[str]:
    """Find what of a header may be repeated elsewhere: what its cookies are set to, or the token after the scheme."""
    parts = _cookies(value) if is_cookie else _tokens(value)
    check = is_random if is_cookie else _is_credential
    return frozenset(one for one in parts if len(one) >= LEAST_LITERAL and check(one))


def _cookies(header: str) -> Iterator[str]:
    """Give the values of cookies; an attribute of `Set-Cookie`, such as `HttpOnly` or a path, is none."""
    for one in re.split(r",\s*(?=[^;,\s=]+=)", header):
        for part in re.split(r";\s*", one):
            name, _, value = part.strip().partition("=")
            if value and name.lower() not in {"path", "domain", "expires", "max-age", "samesite", "priority"}:
                yield value.strip('"')


def _tokens(header: str) -> Iterator[str]:
    """Give the header, its parts, and what a basic authorization says."""
    yield header
    for part in re.split(r"[;,]\s*", header):
        yield part.rpartition(" ")[2]
        yield part.partition("=")[2].strip('"')
    scheme, _, token = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            said = base64.b64decode(token, validate=True).decode()
        except (ValueError, binascii.Error):
            return
        yield said
        yield said.partition(":")[2]


def _is_credential(value: str) -> bool:
    """Whether a value is no dummy such as `lm-studio`, nor a word that an answer may say."""
    return len(value) >= LEAST_LITERAL and not is_words(value) and not is_placeholder(value)


@lru_cache(maxsize=256)
def _forms(secret: str) -> tuple[str, ...]:
    """Write a credential as it may stand elsewhere: as it is, percent-encoded, and in base64 at any place."""
    encoded = {quote(secret, safe=safe, errors="replace") for safe in ("", "/")}
    raw = secret.encode(errors="replace")
    if len(raw) >= LEAST_ENCODED:
        for before in range(3):
            coded = base64.b64encode(b"\0" * before + raw).decode()
            inner = coded[(0, 2, 3)[before] : len(coded) - ((0, 3, 2)[(before + len(raw)) % 3])].rstrip("=")
            encoded |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return (secret, *(one for one in encoded if one != secret))
