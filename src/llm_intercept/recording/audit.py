"""Looks through takes that are kept for secrets that should not be there; says where they are, never what.

Knows: redaction, which leaves alone what it has been over. Must not know: engines.
"""

from __future__ import annotations

from operator import is_
from typing import TYPE_CHECKING, Any

from llm_intercept.facts import SecretFacts
from llm_intercept.recording.compare import Difference, differences
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import redacted_take
from llm_intercept.recording.take import document_of
from llm_intercept.secrets.credentials import NOTHING, Secrets
from llm_intercept.secrets.replace import secrets_in

if TYPE_CHECKING:
    from llm_intercept.recording.take import Take


def secrets_of(
    name: str, take: Take, redaction: Redaction | None = None, secrets: Secrets = NOTHING
) -> list[SecretFacts]:
    """List what in a take would be redacted, had it not been; `secrets` were used while it was recorded."""
    clean = redacted_take(take, redaction or Redaction(), secrets)
    if _is_unchanged(take, clean):
        return []
    return [SecretFacts(name, one.path, _kind(one)) for one in differences(document_of(take), document_of(clean))]


def _is_unchanged(take: Take, clean: Take) -> bool:
    """Whether redaction gave back what it was given: what it does not change it does not copy.

    No is no answer: what is copied may be equal. It saves making and comparing two documents of each take.
    """
    was, now = take.response, clean.response
    heads = take.request.url == clean.request.url and take.request.headers == clean.request.headers
    texts = take.request.text == clean.request.text and was.text == now.text and was.base64 == now.base64
    bodies = take.request.body is clean.request.body and was.body is now.body
    events = len(was.events or ()) == len(now.events or ()) and all(map(is_, was.events or (), now.events or ()))
    return heads and texts and bodies and events and was.headers == now.headers


def _kind(found: Difference) -> str:
    value: Any = found.was
    kinds = secrets_in(value) if isinstance(value, str) else []
    return ", ".join(kinds) or "a value that is to be redacted"
