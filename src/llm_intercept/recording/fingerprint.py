"""The fingerprint by which a request finds its take: one function for recording and for replaying.

Knows: the canonical form of a request (docs/wire.md 8), what changes from run to run, and how both are loosened.
Must not know: files, where requests come from.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.dialects import dialect_of
from llm_intercept.dialects.base import Recorded
from llm_intercept.errors import SettingsError
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.paths import Path, parse, removed
from llm_intercept.recording.volatile import ON_REQUEST, VOLATILE, may_change
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.user_patterns import compiled

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr)
SLUG = 40  # characters
WORD = re.compile(r"[A-Z]?[a-z]{1,14}|[A-Z]{1,6}|[0-9]{1,4}")
PARTS = re.compile(r"[A-Za-z0-9]+")
OF_URL = frozenset({"host", "path", "query"})
API = "api"
WORDS = OF_URL | {API}
"""What `ignore=` takes beside paths."""
HOW = frozenset({"api-version", "alt", "beta"})
"""Parameters of a URL that only say how to answer."""
SENT_AS_IT_IS = "%/:;=@!$&'()*+,~-._[]"
"""The signs of a path that no client encodes; others, as in another recorder's `<PROJECT>`, some do, and some not."""
GIVEN_OUT = 32_768
"""From this port on the system gives them out, to a server of a test another each time; those below somebody chose."""
USUAL_PORTS = {"http": 80, "https": 443}
KNOWN = {**VOLATILE, **ON_REQUEST}
NO_API = Recorded()
Key = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Match:
    """How like a recorded request another must be to get its answer.

    Args:
        ignore: Paths of fields that make no difference, and words; see `Recordings` for this and the others.
        key: A function of the `LLMRequest` that returns what makes the difference, instead of the whole request.
        volatile: What changes from run to run.

    Raises:
        SettingsError: An argument cannot be used.

    """

    ignore: tuple[str, ...] = ()
    key: Key | None = None
    volatile: Sequence[str] | Mapping[str, str | re.Pattern[str]] = tuple(VOLATILE)
    _paths: tuple[Path, ...] = field(init=False, repr=False, compare=False, default=())
    _volatile: tuple[tuple[str, re.Pattern[str]], ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        paths = tuple(parse(path) for path in self.ignore if path not in WORDS)
        object.__setattr__(self, "_paths", paths)
        object.__setattr__(self, "_volatile", tuple(_patterns(self.volatile)))
        if self.key is not None and not callable(self.key):  # pyright: ignore[reportUnnecessaryComparison]
            raise SettingsError("key", self.key, "a function of the request")

    @property
    def is_default(self) -> bool:
        """Whether the fingerprint is the one in the takes' file names."""
        return not self.ignore and self.key is None and self.volatile == tuple(VOLATILE)

    @property
    def is_across_apis(self) -> bool:
        """Whether a take of one API answers another's request for the same conversation."""
        return API in self.ignore and self.key is None

    def across(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Make what the fingerprint is taken from, out of what a conversation says whichever API it is held over."""
        return self.numbered({"body": self.kept(said, NO_API)}, NO_API)

    def canonical(self, method: str, url: str, body: object) -> dict[str, Any]:
        """Make what the fingerprint is taken from, out of a redacted request."""
        recorded = recorded_of(method, url)
        return self.numbered({**self.head(method, url), "body": self.kept(body, recorded)}, recorded)

    def numbered(self, canonical: dict[str, Any], recorded: Recorded) -> dict[str, Any]:
        """Number what changes from run to run in a canonical request, of its path the ids, and leave out its nulls."""
        renumbering = Renumbering(self._volatile, recorded.call_ids)
        path = {"path": renumbering.path(canonical["path"])} if "path" in canonical else {}
        return {**canonical, **path, "body": renumbering.value(canonical["body"])}

    def head(self, method: str, url: str) -> dict[str, Any]:
        """Make the canonical request without its body."""
        parts = urlsplit(recorded_of(method, url).same_url(url))
        made: dict[str, Any] = {"method": method.upper()}
        if "host" not in self.ignore:
            made["host"] = server_of(url)
        if "path" not in self.ignore:
            made["path"] = quote(parts.path, safe=SENT_AS_IT_IS).rstrip("/")
        query = [] if "query" in self.ignore else _asked(parts)
        return {**made, "query": query} if query else made

    def kept(self, body: object, recorded: Recorded) -> Any:
        """Leave out of a body what makes no difference."""
        kept: Any = {} if body is None or body == "" else body  # of a request without a body, however that is kept
        if is_object(body):
            entries = mapping(body).items()
            usual = recorded.false_by_default
            kept = {
                key: item
                for key, item in entries
                if key not in recorded.not_in_key and not (item is False and key in usual)
            }
        for path in self._paths:
            kept = removed(kept, path)
        return kept

    def fingerprint(self, canonical: object) -> str:
        """Hash a canonical request, or what `key` returned."""
        return hashed(canonical_text(canonical))


def canonical_text(canonical: object) -> str:
    """Write what the fingerprint is the hash of: JSON in ASCII, keys sorted."""
    return _ENCODER.encode(canonical)


def hashed(text: str) -> str:
    """Hash the text of a canonical request."""
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()


def ignored(value: object) -> tuple[str, ...]:
    """Return the paths that `ignore=` gives, one or several; raises `SettingsError`."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(cast("Iterable[str]", value))
    raise SettingsError(
        "ignore", value, "paths ('$.temperature'), 'host', 'path', 'query' or 'api', one or a list of them"
    )


class Renumbering:
    """Replaces volatile values by numbered names, in the order in which one request has them."""

    def __init__(
        self, patterns: Sequence[tuple[str, re.Pattern[str]]], call_ids: Sequence[tuple[str, str | None]] = ()
    ) -> None:
        self._patterns = patterns
        self._anywhere = frozenset(name for name, around in call_ids if around is None)
        self._within = frozenset((name, around) for name, around in call_ids if around is not None)
        self._usual = all(VOLATILE.get(name) == pattern.pattern for name, pattern in patterns)
        self._calls = any(name == "call" for name, _ in patterns)
        self._names: dict[str, dict[str, str]] = {}

    def value(self, value: Any, key: str = "", around: str = "") -> Any:
        """Replace in a JSON value, objects by sorted keys and without nulls; `key` and `around` say where it stands."""
        if isinstance(value, str):
            return self._string(value, key, around)
        if is_object(value):
            entries = mapping(value)
            return {name: self.value(entries[name], name, key) for name in sorted(entries) if entries[name] is not None}
        if is_array(value):
            return [self.value(item, key, around) for item in items(value)]
        return value

    def path(self, path: str) -> str:
        """Replace the ids in a URL's path, which the API gave out; whatever else is in it says what is asked."""
        patterns = (pattern for name, pattern in self._patterns if name == "call")
        for pattern in patterns:
            path = pattern.sub(partial(self._found, "call"), path)
        return path

    def _string(self, text: str, key: str, around: str) -> str:
        if self._calls and (key in self._anywhere or (key, around) in self._within):
            return self._name("call", text)
        if self._usual and not may_change(text):
            return text
        for name, pattern in self._patterns:
            text = pattern.sub(partial(self._found, name), text)
        return text

    def _found(self, kind: str, found: re.Match[str]) -> str:
        return self._name(kind, found.group())

    def _name(self, kind: str, found: str) -> str:
        known = self._names.setdefault(kind, {})
        return known.setdefault(found, f"<{kind}-{len(known) + 1}>")


def slug(canonical: object) -> str:
    """Make the words of a file name from a canonical request's last user message; `request` if it has none.

    What does not look like words is left out: it may be a secret whose shape nobody knows.
    """
    known = mapping(canonical)
    said = recorded_of(known["method"], known.get("path", "")).last_user(known.get("body"))
    words = "-".join(word.lower() for one in said[:200].split() for word in _words(one))
    if len(words) > SLUG:
        words = words[:SLUG].rpartition("-")[0] or words[:SLUG]
    return words or "request"


def _words(written: str) -> list[str]:
    """Give the words in what stands between two spaces; none if a part is no word, or a number among words."""
    parts = PARTS.findall(written.replace("'", ""))
    are_words = all(map(WORD.fullmatch, parts)) and (len(parts) == 1 or not any(part.isdigit() for part in parts))
    return parts if are_words else []


@lru_cache(maxsize=256)
def recorded_of(method: str, url: str) -> Recorded:
    """Return what the API of a request, known by its method and URL or path, tells recordings."""
    parts = urlsplit(url)
    return dialect_of(WireRequest(method, url, parts.hostname or "", parts.path, {})).recorded


@lru_cache(maxsize=256)
def server_of(url: str) -> str:
    """Name the server of a URL: its host, and its port where that is not the usual one, nor one that was given out.

    This machine's own addresses are one.
    """
    parts = urlsplit(url)
    host = _host(parts.hostname or "")
    try:
        port = parts.port
    except ValueError:
        port = None
    is_told = port not in (None, USUAL_PORTS.get(parts.scheme)) and (host != "localhost" or (port or 0) < GIVEN_OUT)
    return f"{host}:{port}" if is_told else host


def _host(host: str) -> str:
    try:
        return "localhost" if ipaddress.ip_address(host).is_loopback else host.lower()
    except ValueError:
        return host.lower()


def _asked(parts: SplitResult) -> list[list[str]]:
    """Give the parameters of a redacted URL that make a difference, sorted: those whose values are kept."""
    query = parse_qsl(parts.query, keep_blank_values=True) if parts.query else []
    return sorted([name, value] for name, value in query if value != MARK and name.lower() not in HOW)


def _patterns(volatile: Any) -> Iterable[tuple[str, re.Pattern[str]]]:
    given: object = volatile
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        wanted = f"a tuple of names out of {', '.join(KNOWN)}, or a mapping to patterns"
        raise SettingsError("volatile", given, wanted)
    names = cast("Iterable[Any]", given)
    named = dict(mapping(names)) if is_object(names) else {str(name): KNOWN.get(str(name)) for name in names}
    for name, pattern in named.items():
        if pattern is None:
            raise SettingsError("volatile", name, f"names out of {', '.join(KNOWN)}, or a mapping to patterns")
        is_ours = KNOWN.get(name) == pattern
        yield name, re.compile(pattern) if is_ours else compiled("volatile", pattern)
