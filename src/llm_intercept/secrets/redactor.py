"""Redacts text and JSON values: known shapes, fields by their names, the credentials of an exchange, what users say.

Redaction is total (any value has one) and idempotent (what is redacted stays as it is).

Knows: JSON. Must not know: requests, answers, events, files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_object, mapping
from llm_intercept.secrets import user_patterns
from llm_intercept.secrets.credentials import NOTHING, Secrets
from llm_intercept.secrets.fieldnames import Holds, holds
from llm_intercept.secrets.looks import MARK, is_placeholder, is_random, is_words
from llm_intercept.secrets.prefilter import document
from llm_intercept.secrets.replace import may_hold_secret, replace_secrets
from llm_intercept.secrets.spared import NOTHING_SPARED, Spared
from llm_intercept.secrets.taken_out import taken_out

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

SCHEMA_WORDS = frozenset({"type", "$ref", "anyOf", "oneOf", "allOf", "enum", "const", "description", "properties"})
LAYOUTS: tuple[dict[str, Any], ...] = tuple(
    {"ensure_ascii": is_ascii, **how}
    for is_ascii in (False, True)
    for how in ({"separators": (",", ":")}, {}, {"indent": 2}, {"indent": 4})
)
"""How JSON is usually written."""
_ALWAYS = 9  # for fields that users name: whatever they hold
_AROUND = -1  # for what stands in an object of a secret's name


@dataclass(frozen=True, slots=True)
class Redactor:
    """What redacts.

    Args:
        secrets: The credentials of an exchange.
        patterns: What they find in any text is secret.
        fields: Names, in lower case, of fields whose values are secret.
        spared: What is left as it is although it has a secret's name.
        heard: Where what is taken out is noted, if anywhere.

    """

    secrets: Secrets = NOTHING
    patterns: tuple[re.Pattern[str], ...] = ()
    fields: frozenset[str] = frozenset()
    spared: Spared = NOTHING_SPARED
    heard: set[str] | None = None

    def is_clean(self, text: str) -> bool:
        """Whether a glance at a document (see `may_hold_secret`) shows nothing secret; no, where it cannot tell."""
        if self.patterns or self.fields or may_hold_secret(text):
            return False
        return all(_is_plain(literal) and literal not in text for literal in self.secrets.literals)

    def whole(self, value: Any) -> Any:
        """Redact a JSON value as `value` does, but return it as it is where a glance tells that nothing is secret."""
        text = document(value)
        return value if text is not None and self.is_clean(text) else self.value(value)

    def value(self, value: Any, kind: int = Holds.NOTHING) -> Any:
        """Redact a JSON value at every depth; `kind` says how sure the name of its field tells of a secret."""
        if isinstance(value, str):
            is_secret = _is_secret(value, kind) and not self._is_spared(value, kind)
            return self._marked(value) if is_secret else self.text(value)
        if is_object(value):
            return self._object(mapping(value), kind)
        if isinstance(value, list | tuple):  # a tuple is one where a value of ours is told and not what came as JSON
            return [self.value(item, kind) for item in cast("Sequence[Any]", value)]
        is_secret = is_number(value) and _is_secret_number(value, kind) and not self._is_spared(str(value), kind)
        return MARK if is_secret else value

    def _marked(self, value: str) -> str:
        if self.heard is not None:
            self.heard.add(value)
        return MARK

    def _is_spared(self, value: str, kind: int) -> bool:
        return kind != _ALWAYS and self.spared.is_said(value, kind)

    def _object(self, value: Mapping[str, Any], kind: int) -> dict[str, Any]:
        if SCHEMA_WORDS.intersection(value):
            kind = Holds.NOTHING
        inner = _AROUND if kind in {Holds.KEY, Holds.PASSWORD} else kind if kind == _ALWAYS else Holds.NOTHING
        found: dict[str, Any] = {}
        for key, item in value.items():  # in a comprehension, deep values would meet Python's limit sooner
            kept = self.spared.keeps(key)
            found[self.text(key)] = self.value(item, Holds.NOTHING if kept else self._kind(key) or inner)
        return found

    def text(self, text: str) -> str:
        """Redact a text; if it is JSON, its fields too."""
        found = self._json(text) if text[:1] in {"{", "["} else text
        while True:
            before = found
            for literal in self.secrets.literals:
                found = found.replace(literal, MARK)
            found = user_patterns.redacted(found, self.patterns) if self.patterns else found
            found = replace_secrets(found, self.spared)
            if found == before:
                break
        if self.heard is not None and found != text:
            self.heard.update(taken_out(text, found))
        return found

    def _json(self, text: str) -> str:
        try:
            value = json.loads(text)
            clean = self.value(value)
        except (ValueError, RecursionError):
            return text
        return text if clean == value else as_laid_out(clean, value, text)

    def _kind(self, name: str) -> int:
        return _ALWAYS if name.lower() in self.fields else holds(name)


def as_laid_out(clean: Any, value: Any, text: str) -> str:
    """Write a value as a text was that said another one: as compact, as deep, with the same escapes."""
    for layout in LAYOUTS:
        if json.dumps(value, **layout) == text:
            return json.dumps(clean, **layout)
    return json.dumps(clean, ensure_ascii=False)


def _is_secret(value: str, kind: int) -> bool:
    """Whether a text in a field of some kind is a secret."""
    match kind:
        case Holds.NOTHING:
            return False
        case Holds.LIKELY:
            return is_random(value)
        case Holds.PASSWORD:
            return bool(value) and not is_placeholder(value)
        case Holds.KEY | -1:
            return not is_words(value) and bool(value.strip()) and not is_placeholder(value)
        case _:
            return bool(value)


def _is_secret_number(value: float, kind: int) -> bool:
    least = {Holds.PASSWORD: 0, Holds.KEY: 1000, _ALWAYS: 0}.get(kind)
    return least is not None and (kind == _ALWAYS or abs(value) >= least)


def _is_plain(literal: str) -> bool:
    """Whether a text is the same in JSON."""
    return literal.isascii() and literal.isprintable() and '"' not in literal and "\\" not in literal
