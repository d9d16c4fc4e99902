"""Finds the key of a request that is looked up, without making what would be kept of it.

Knows: that most requests hold no secret and nothing that changes from run to run, so that their canonical text is that
of what was sent; which do is told at a glance, and the glance errs towards the long way. Must not know: files.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.recording.fingerprint import canonical_text, hashed, recorded_of, slug
from llm_intercept.recording.sanitize import sanitize_request
from llm_intercept.recording.tape import DEFAULT, Key, key_of
from llm_intercept.recording.volatile import is_changed
from llm_intercept.secrets.credentials import credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.recording.known_secrets import Known
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.secrets.credentials import Secrets

MOST = 1024  # requests that are remembered, each by a hash


class FingerprintCache:
    """Makes keys, and remembers those of the requests it saw; its redaction has no hook, to be asked each time."""

    def __init__(self, redaction: Redaction, known: Known) -> None:
        self._redaction, self._secrets = redaction, known
        self._at = known.secrets
        self._known: dict[Any, Key] = {}
        self._head = lru_cache(maxsize=64)(self._headed)

    def of(self, method: str, url: str, headers: Mapping[str, str], body: Any, content: bytes) -> Key:
        """Make the key that `sanitize_request` gives; `content` is empty unless it says the same as `body`."""
        if not content:
            return self._made(method, url, headers, body)
        if self._at is not self._secrets.secrets:
            self._at = self._secrets.secrets
            self._known.clear()
        sent = (method, url, _pairs(headers), hashlib.blake2b(content).digest())
        known = self._known.get(sent)
        if known is None:
            if len(self._known) >= MOST:
                self._known.clear()
            known = self._known[sent] = self._made(method, url, headers, body)
        return known

    def _made(self, method: str, url: str, headers: Mapping[str, str], body: Any) -> Key:
        secrets = self._secrets.beside(credentials(url, headers.items()))
        recorded = recorded_of(method, url)
        canonical = {**self._head(method, url, secrets), "body": DEFAULT.kept(body, recorded)}
        text = canonical_text(canonical)
        if not self._redaction.is_clean(text, secrets):
            return sanitize_request(method, url, headers, body, self._redaction, self._secrets).key
        return key_of(DEFAULT.numbered(canonical, recorded)) if is_changed(text) else Key(hashed(text), slug(canonical))

    def _headed(self, method: str, url: str, secrets: Secrets) -> dict[str, Any]:
        return DEFAULT.head(method, self._redaction.url(url, secrets))


def _pairs(headers: Any) -> tuple[Any, ...]:
    """Give headers as something to compare: an HTTP client's as it has them."""
    return tuple(headers.raw if hasattr(headers, "raw") else headers.items())
