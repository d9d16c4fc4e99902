"""Keeps secrets out of takes: nothing reaches a disk, or a fingerprint, that has not been through here.

Knows: headers, queries, JSON and events. Must not know: files, who recorded. Redaction is total (any value has one)
and idempotent (what is redacted stays as it is), so a request is found by what was kept of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.dialects import EVERY
from llm_intercept.errors import SettingsError
from llm_intercept.model.wire import SECRET_HEADERS
from llm_intercept.recording import user_patterns
from llm_intercept.recording.patterns import MARK, holds_secret, may_hold_secret, replace_secrets
from llm_intercept.recording.prefilter import document

_OF_APIS = ((*each.recorded.kept_headers, *each.recorded.changing_headers) for each in EVERY)
STEERING = ("accept-ranges", "allow", "content-disposition", "content-range", "retry-after", "www-authenticate")
ADDRESSES = ("content-location", "link", "location", "operation-location")
HEADERS = frozenset({"accept", "content-type", "user-agent", *STEERING, *ADDRESSES}.union(*_OF_APIS))
"""The headers that takes keep, of requests and answers."""
HOW = ("api-version", "alt", "beta", "stream")
WHAT = ("deployment", "deployment-id", "deployment_id", "model", "version", "language", "region", "purpose", "task")
QUERY = (*HOW, *WHAT, "limit", "order", "after", "before", "include", "include[]")
"""The parameters of a URL whose values takes keep."""
SCHEMA_WORDS = frozenset({"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "description", "properties"})
LEAST_LITERAL = 8  # a shorter credential, such as `none`, may be part of any word

ADDRESS = re.compile(r"[^\s<>;\"]*(?:\?|://)[^\s<>;\"]*")

Hook = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is kept out of takes, beside the known shapes of secrets.

    Args:
        keep_headers: Headers to keep beside the usual ones, both ways; `*` is a wildcard.
        keep_query: Query parameters whose values to keep beside the usual ones.
        fields: Names of body fields, at any depth, whose values are secret.
        patterns: Regular expressions, as text or compiled; what they find in any text is secret.
        hook: Gets what would be kept of an exchange (`request`, and `response` when there is one) as JSON values, and
            returns it changed. It runs for requests that are looked up too.

    Raises:
        SettingsError: An argument cannot be used.

    """

    keep_headers: tuple[str, ...] = ()
    keep_query: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    patterns: tuple[str | re.Pattern[str], ...] = ()
    hook: Hook | None = None
    _compiled: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False, default=())
    _fields: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        compiled = tuple(user_patterns.compiled("patterns", pattern) for pattern in self.patterns)
        if any(pattern.search("") for pattern in compiled):
            raise SettingsError("patterns", self.patterns, "patterns that do not match ''")
        if self.hook is not None and not callable(self.hook):  # pyright: ignore[reportUnnecessaryComparison]
            raise SettingsError("hook", self.hook, "a function of a dict that returns one")
        object.__setattr__(self, "_compiled", compiled)
        object.__setattr__(self, "_fields", frozenset(name.lower() for name in self.fields))

    def headers(self, headers: Iterable[tuple[str, str]], secrets: Secrets) -> dict[str, str]:
        """Keep the headers that are allowed, names in lower case; of several with one name a list with commas."""
        kept: dict[str, str] = {}
        names = (*HEADERS, *(name.lower() for name in self.keep_headers))
        for name, value in headers:
            key = name.lower()
            if any(fnmatchcase(key, one) for one in names):
                clean = MARK if holds_secret(key) else self._header(key, value, secrets)
                kept[key] = f"{kept[key]}, {clean}" if key in kept else clean
        return kept

    def _header(self, name: str, value: str, secrets: Secrets) -> str:
        """Redact a header's value; the addresses in it as addresses are."""
        if name in ADDRESSES:
            value = ADDRESS.sub(lambda found: self.url(found.group(), secrets), value)
        return self.text(value, secrets)

    def url(self, url: str, secrets: Secrets) -> str:
        """Take user, password and fragment out of a URL, and the values of all but the known query parameters."""
        try:
            parts = urlsplit(url)
            query = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError:
            return self.text(url, secrets)
        kept = "&".join(self._parameter(name, value, secrets) for name, value in query)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, self.text(parts.path, secrets), kept, ""))

    def is_clean(self, text: str, secrets: Secrets) -> bool:
        """Whether a glance at a document (see `may_hold_secret`) shows nothing secret; no, where it cannot tell."""
        if self._compiled or self._fields or may_hold_secret(text):
            return False
        return all(_is_plain(literal) and literal not in text for literal in secrets.literals)

    def whole(self, value: Any, secrets: Secrets) -> Any:
        """Redact a JSON value as `value` does, but return it as it is where a glance tells that nothing is secret."""
        text = document(value)
        return value if text is not None and self.is_clean(text, secrets) else self.value(value, secrets)

    def value(self, value: Any, secrets: Secrets, *, secret: bool = False) -> Any:
        """Redact a JSON value at every depth; all of it where it stands in a `secret` field."""
        if isinstance(value, str):
            return MARK if secret and value else self.text(value, secrets)
        if is_object(value):
            entries = mapping(value)
            secret = secret and not SCHEMA_WORDS.intersection(entries)
            return {
                self.text(key, secrets): self.value(item, secrets, secret=secret or self._is_secret(key))
                for key, item in entries.items()
            }
        if is_array(value):
            return [self.value(item, secrets, secret=secret) for item in items(value)]
        return MARK if secret and is_number(value) else value

    def text(self, text: str, secrets: Secrets) -> str:
        """Redact a text; if it is JSON, its fields too."""
        found = self._json(text, secrets) if text[:1] in {"{", "["} else text
        while True:
            before = found
            for literal in secrets.literals:
                found = found.replace(literal, MARK)
            found = replace_secrets(user_patterns.redacted(found, self._compiled) if self._compiled else found)
            if found == before:
                return found

    def _json(self, text: str, secrets: Secrets) -> str:
        try:
            value = json.loads(text)
            clean = self.value(value, secrets)
        except (ValueError, RecursionError):
            return text
        return text if clean == value else json.dumps(clean, ensure_ascii=False)

    def _is_secret(self, name: str) -> bool:
        return holds_secret(name) or name.lower() in self._fields

    def _parameter(self, name: str, value: str, secrets: Secrets) -> str:
        is_kept = name.lower() in {*QUERY, *self.keep_query}
        clean = quote(self.text(value, secrets), safe="[]") if is_kept else MARK
        return f"{quote(self.text(name, secrets), safe='[]')}={clean}"


@dataclass(frozen=True, slots=True)
class Secrets:
    """The credentials of one exchange, which are secret wherever else they turn up."""

    literals: tuple[str, ...] = ()


NOTHING = Secrets()


def credentials(url: str, headers: Mapping[str, str]) -> Secrets:
    """Find the credentials a request carries in its headers and its URL."""
    carried = [value for name, value in headers.items() if _is_secret_header(name)]
    found = {*_in_url(url), *(part for value in carried for part in _values(value))}
    if not found:
        return NOTHING
    return Secrets(
        tuple(sorted((one for one in found if len(one) >= LEAST_LITERAL and one not in MARK), key=len, reverse=True))
    )


@lru_cache(maxsize=1024)
def _is_secret_header(name: str) -> bool:
    return name.lower() in SECRET_HEADERS or holds_secret(name)


@lru_cache(maxsize=64)
def _in_url(url: str) -> frozenset[str]:
    try:
        parts = urlsplit(url)
        people = filter(None, (parts.username, parts.password))
        query = (
            value for name, value in parse_qsl(parts.query) if holds_secret(name) or name in {"key", "token", "sig"}
        )
        return frozenset((*people, *query))
    except ValueError:
        return frozenset()


def _is_plain(literal: str) -> bool:
    """Whether a text is the same in JSON."""
    return literal.isascii() and literal.isprintable() and '"' not in literal and "\\" not in literal


def _values(header: str) -> Iterable[str]:
    """Cut a header into what may be repeated elsewhere: the token after the scheme, the values of cookies."""
    yield header
    for part in re.split(r"[;,]\s*", header):
        yield part.rpartition(" ")[2]
        yield part.partition("=")[2]
