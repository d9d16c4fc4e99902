"""What users say of redaction, and what of a request's head is kept: nothing reaches a disk that has not been here.

Knows: headers, queries, which are kept. Must not know: shapes of secrets, events, files, who recorded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from typing import Any, cast
from urllib.parse import urlunsplit

from llm_intercept.base.spelling import spelt_class
from llm_intercept.dialects import all_dialects
from llm_intercept.errors import SettingsError
from llm_intercept.secrets import user_patterns
from llm_intercept.secrets.credentials import NOTHING, Secrets, is_secret_header
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.prefilter import document
from llm_intercept.secrets.redactor import Redactor
from llm_intercept.secrets.spared import Spared
from llm_intercept.secrets.taken_out import taken_out
from llm_intercept.secrets.urls import HARMLESS, bare, parted, quoted
from llm_intercept.settings.of_others import OF_REDACTION

__all__ = ["NOTHING", "Redaction", "Secrets"]

_OF_APIS = ((*each.recorded.kept_headers, *each.recorded.changing_headers) for each in all_dialects())
STEERING = ("accept-ranges", "allow", "content-disposition", "content-range", "retry-after", "www-authenticate")
ADDRESSES = ("content-location", "link", "location", "operation-location")
HEADERS = frozenset({"accept", "content-type", "user-agent", *STEERING, *ADDRESSES}.union(*_OF_APIS))
"""The headers that takes keep, of requests and answers."""
WHAT = ("deployment", "deployment-id", "deployment_id", "model", "version", "language", "region", "purpose", "task")
QUERY = (*HARMLESS, *WHAT, "limit", "order", "after", "before", "include", "include[]")
"""The parameters of a URL whose values takes keep."""

ADDRESS = re.compile(r"(?<![^\s<>;\"])[^\s<>;\"]*(?:\?|://)[^\s<>;\"]*")


@lru_cache(maxsize=1024)
def _is_kept(name: str, more: tuple[str, ...]) -> bool:
    """Whether takes keep a header, as a rule or since a user says so."""
    return any(fnmatchcase(name, one) for one in (*HEADERS, *(pattern.lower() for pattern in more)))


def _check_several(name: str, given: object, *kinds: type) -> None:
    """Refuse what is no row of names; of one text each letter would be a name, and what it names be kept."""
    several = isinstance(given, tuple | list | AbstractSet)
    if not several or not all(isinstance(one, kinds) for one in cast("Iterable[object]", given)):
        raise SettingsError(name, cast("object", given), f"a tuple of them, also of one: {name}=('…',)")


Hook = Callable[[dict[str, Any]], dict[str, Any]]


@partial(spelt_class, words=OF_REDACTION)
@dataclass(frozen=True, slots=True)
class Redaction:
    """What is kept out of takes, beside the known shapes of secrets.

    Args:
        keep_headers: Headers to keep beside the usual ones, both ways; `*` is a wildcard.
        keep_query: Query parameters whose values to keep beside the usual ones.
        fields: Names of body fields, at any depth, whose values are secret.
        keep_fields: Names of fields whose values are no secrets, although they are called like one (`passphrase`); what
            has the shape of a key is taken out all the same.
        patterns: Regular expressions, as text or compiled; what they find in any text is secret.
        hook: Gets what would be kept of an exchange (`request`, and `response` when there is one) as JSON values, and
            returns it changed. It runs for requests that are looked up too.

    Raises:
        SettingsError: An argument cannot be used.

    """

    keep_headers: tuple[str, ...] = ()
    keep_query: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    keep_fields: tuple[str, ...] = ()
    patterns: tuple[str | re.Pattern[str], ...] = ()
    hook: Hook | None = None
    _compiled: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False, default=())
    _fields: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    _kept: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())
    _leaves_bodies: bool = field(init=False, repr=False, default=False)

    def __post_init__(self) -> None:
        for name in ("keep_headers", "keep_query", "fields", "keep_fields"):
            _check_several(name, getattr(self, name), str)
        _check_several("patterns", self.patterns, str, re.Pattern)
        compiled = tuple(user_patterns.compiled("patterns", pattern) for pattern in self.patterns)
        if any(pattern.search("") for pattern in compiled):
            raise SettingsError("patterns", self.patterns, "patterns that do not match ''")
        if self.hook is not None and not callable(self.hook):  # pyright: ignore[reportUnnecessaryComparison]
            raise SettingsError("hook", self.hook, "a function of a dict that returns one")
        object.__setattr__(self, "_compiled", compiled)
        object.__setattr__(self, "_fields", frozenset(name.lower() for name in self.fields))
        object.__setattr__(self, "_kept", frozenset(name.lower() for name in self.keep_fields))
        if both := sorted(self._fields & self._kept):
            raise SettingsError("keep_fields", both, "names that are not among `fields` too")

    @classmethod
    def of_heads(cls) -> Redaction:
        """Make what leaves bodies as they are; what URLs and headers carry is kept out all the same."""
        made = cls()
        object.__setattr__(made, "_leaves_bodies", True)
        return made

    def of(self, secrets: Secrets) -> Redactor:
        """Make what redacts what is sent in an exchange with these credentials."""
        return Redactor(secrets, self._compiled, self._fields, Spared(self._kept))

    def of_answer(self, secrets: Secrets, heard: set[str]) -> Redactor:
        """Make what redacts the answer to what was sent with these credentials, and had these values taken out.

        What it takes out itself is added to `heard`.
        """
        spared = Spared(self._kept, is_answer=True, sent=secrets.named)
        return Redactor(secrets, self._compiled, self._fields, spared, heard)

    @property
    def leaves_bodies(self) -> bool:
        """Whether bodies are kept as they are."""
        return self._leaves_bodies

    def headers(self, headers: Iterable[tuple[str, str]], secrets: Secrets) -> dict[str, str]:
        """Keep the headers that are allowed, names in lower case; of several with one name a list with commas."""
        more = tuple(self.keep_headers)
        allowed = [(key, value) for name, value in headers if _is_kept(key := name.lower(), more)]
        said = document([value for key, value in allowed if key not in ADDRESSES])
        is_clean = said is not None and self.of(secrets).is_clean(said)
        kept: dict[str, str] = {}
        for key, value in allowed:
            is_shown = is_clean and key not in ADDRESSES
            clean = MARK if is_secret_header(key) else value if is_shown else self._header(key, value, secrets)
            kept[key] = f"{kept[key]}, {clean}" if key in kept else clean
        return kept

    def _header(self, name: str, value: str, secrets: Secrets) -> str:
        """Redact a header's value; the addresses in it as addresses are."""
        if name in ADDRESSES:
            value = ADDRESS.sub(lambda found: self.url(found.group(), secrets), value)
        return self.text(value, secrets)

    def url(self, url: str, secrets: Secrets) -> str:
        """Take user, password and fragment out of a URL, and the values of all but the known query parameters."""
        read = parted(url)
        if read is None:
            return self.text(bare(url), secrets)
        parts, query = read
        kept = "&".join(self._parameter(name, value, secrets) for name, value in query)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, self.text(parts.path, secrets), kept, ""))

    def is_clean(self, text: str, secrets: Secrets) -> bool:
        """Whether a glance at a document shows nothing secret; no, where it cannot tell."""
        return self._leaves_bodies or self.of(secrets).is_clean(text)

    def asked(self, body: Any, secrets: Secrets) -> tuple[Any, Secrets]:
        """Redact what is sent, a JSON value or text; also says what is secret in its answer.

        What is taken out at one place is nowhere else in it: what a program is told of a secret, and then says of it,
        is the same whether it has the secret or the mark.
        """
        if self._leaves_bodies:
            return body, secrets
        clean = self._asked(body, secrets)
        known = secrets.and_sent(taken_out(body, clean)) if clean is not body else secrets
        return (clean if known.literals == secrets.literals else self._asked(clean, known)), known

    def _asked(self, body: Any, secrets: Secrets) -> Any:
        redactor = self.of(secrets)
        return redactor.text(body) if isinstance(body, str) else redactor.whole(body)

    def value(self, value: Any, secrets: Secrets) -> Any:
        """Redact a JSON value at every depth."""
        return self.of(secrets).value(value)

    def text(self, text: str, secrets: Secrets) -> str:
        """Redact a text; if it is JSON, its fields too."""
        return self.of(secrets).text(text)

    def _parameter(self, name: str, value: str, secrets: Secrets) -> str:
        is_kept = name.lower() in {*QUERY, *self.keep_query}
        clean = quoted(self.text(value, secrets)) if is_kept else MARK
        return f"{quoted(self.text(name, secrets))}={clean}"
