"""One exchange as a take keeps it: the request redacted when it is asked, the answer when it is whole.

Knows: redaction, fingerprints, takes. Must not know: where the bytes come from, where the take goes.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import ValidationError

from llm_intercept.base.json import mapping, plain
from llm_intercept.errors import SettingsError
from llm_intercept.recording.answer_changes import answer_changes
from llm_intercept.recording.bodies import content_of, framing_in, response_of
from llm_intercept.recording.events_redaction import redacted_events, redacted_text
from llm_intercept.recording.joined import redacted_together
from llm_intercept.recording.take import Part, Take, TakeRequest, TakeResponse
from llm_intercept.recording.tape import DEFAULT, Key, key_of, now
from llm_intercept.secrets.credentials import Secrets, credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llm_intercept.facts import RedactedFacts
    from llm_intercept.recording.bodies import Chunk
    from llm_intercept.recording.known_secrets import Known
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.secrets.redactor import Redactor

ASCII = re.compile(rb"[\t\r\n\x20-\x7e]{8,}")
T = TypeVar("T", bound=Part)
Told: TypeAlias = "Callable[[tuple[RedactedFacts, ...]], None]"


def unheard(_: tuple[RedactedFacts, ...]) -> None:
    """Hear nothing of what was changed."""


@dataclass(frozen=True, slots=True)
class CleanRequest:
    """A request as it is kept, and what is not in it.

    Attributes:
        request: What is kept.
        secrets: Its credentials.
        sent: What is secret in its answer: the credentials, and what was taken out of its body.

    """

    request: TakeRequest
    secrets: Secrets
    sent: Secrets


@dataclass(frozen=True, slots=True)
class SanitizedRequest(CleanRequest):
    """A request as it is kept on a tape.

    Attributes:
        canonical: What the fingerprint is taken from.
        key: The key.

    """

    canonical: dict[str, Any]
    key: Key


def sanitize_request(
    method: str, url: str, headers: Mapping[str, str], body: object, redaction: Redaction, known: Known | None = None
) -> SanitizedRequest:
    """Redact a request as `clean_request` does, and make its key."""
    clean = clean_request(method, url, headers, body, redaction, known)
    request = clean.request
    canonical = DEFAULT.canonical(request.method, request.url, request.body if request.text is None else request.text)
    return SanitizedRequest(request, clean.secrets, clean.sent, canonical, key_of(canonical))


def clean_request(
    method: str, url: str, headers: Mapping[str, str], body: object, redaction: Redaction, known: Known | None = None
) -> CleanRequest:
    """Redact a request, whose body is a JSON value or text; `SettingsError` if the hook errs."""
    secrets = credentials(url, headers.items())
    if known is not None:
        secrets = known.beside(secrets)
    kept = redaction.headers(headers.items(), secrets)
    parts: dict[str, Any] = {"method": method, "url": redaction.url(url, secrets), "headers": kept}
    clean, sent = redaction.asked(body, secrets)
    if isinstance(body, str):
        parts["text"] = clean
    elif body is not None:
        parts["body"] = plain(clean)
    return CleanRequest(_hooked(redaction, {"request": parts}, "request", TakeRequest), secrets, sent)


def sanitize_response(
    asked: CleanRequest,
    status: int,
    headers: Sequence[tuple[str, str]],
    chunks: Sequence[Chunk],
    redaction: Redaction,
    told: Told = unheard,
    known: Known | None = None,
) -> TakeResponse:
    """Redact a response, its body decoded; `told` hears what of the body was changed.

    What is secret in it is `known` from then on.

    Raises:
        SettingsError: The redaction's hook errs.

    """
    secrets = Secrets((*asked.sent.literals, *credentials("", headers).literals), asked.sent.named)
    came = response_of(status, redaction.headers(headers, secrets), chunks)
    response, found = redacted_response(came, redaction, secrets)
    if known is not None:
        known.learn(found)
    if changed := answer_changes(came, response):
        told(changed)
    if redaction.hook is None:
        return response
    parts = {"request": _fields(asked.request), "response": _fields(response)}
    return _hooked(redaction, parts, "response", TakeResponse)


def redacted_response(response: TakeResponse, redaction: Redaction, secrets: Secrets) -> tuple[TakeResponse, set[str]]:
    """Redact the body of a response, whatever it is; also gives what was taken out, which is nowhere else in it."""
    found: set[str] = set()
    while not redaction.leaves_bodies:
        response = _redacted_body(response, redaction.of_answer(secrets, found))
        before, secrets = secrets, secrets.and_found(found)
        if secrets is before:
            break
    return response, found


def _redacted_body(response: TakeResponse, redactor: Redactor) -> TakeResponse:
    changed: dict[str, Any] = {}
    if response.events is not None:
        changed["events"] = redacted_events(response.events, redactor, framing_in(response))
    elif response.base64 is not None:
        changed["base64"] = _redacted_bytes(response.base64, redactor)
    elif response.text is not None:
        changed["text"] = redacted_text(response.text, redactor)
    else:
        (changed["body"],) = redacted_together([response.body], redactor)
    return response.model_copy(update=changed)


def redacted_take(take: Take, redaction: Redaction, secrets: Secrets) -> Take:
    """Redact a take that is kept already: one that was redacted stays as it is."""
    request = take.request
    asked, sent = redaction.asked(request.body if request.text is None else request.text, secrets)
    changed = {
        "url": redaction.url(request.url, secrets),
        "headers": redaction.headers(request.headers.items(), secrets),
        "body": asked if request.text is None else request.body,
        "text": None if request.text is None else asked,
    }
    response, _ = redacted_response(take.response, redaction, sent)
    headers = redaction.headers(response.headers.items(), secrets)
    return take.model_copy(
        update={
            "request": request.model_copy(update=changed),
            "response": response.model_copy(update={"headers": headers}),
        }
    )


def take_of(asked: SanitizedRequest, response: TakeResponse, *, partial: str | None, versions: dict[str, str]) -> Take:
    """Put a take together."""
    return Take(
        fingerprint=asked.key.fingerprint,
        recorded_at=now(),
        versions=versions,
        partial=partial,
        request=asked.request,
        response=response,
    )


def wire_bytes(take: Take) -> bytes:
    """Give the body of a take's answer as it was on the wire, decoded."""
    return content_of(take.response)


def _hooked(redaction: Redaction, known: dict[str, Any], side: str, kind: type[T]) -> T:
    if redaction.hook is None:
        return kind.model_validate(known[side])
    changed = redaction.hook(known)
    try:
        return kind.model_validate(mapping(changed)[side])
    except (KeyError, ValidationError) as error:
        expected = f"a function that returns what it is given, changed: a dict with {side!r} ({error})"
        raise SettingsError("hook", redaction.hook, expected) from error


def _fields(part: Part) -> dict[str, Any]:
    return part.model_dump(exclude_defaults=True)


def _redacted_bytes(encoded: str, redactor: Redactor) -> str:
    """Redact what is no text: each stretch of it that could be one."""
    content = base64.b64decode(encoded)
    clean = ASCII.sub(lambda found: redactor.text(found.group().decode()).encode(), content)
    return encoded if clean == content else base64.b64encode(clean).decode()
