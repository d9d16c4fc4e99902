"""Checks a tape: what cannot be read, found or parsed, what is there twice, what is secret.

Knows: takes, and the models of the APIs' SDKs, where these are installed. Must not know: commands. An SDK is loaded
here alone, and by name, since it is the user's that is to be asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from llm_intercept.base.json import is_object, items
from llm_intercept.dialects import all_dialects
from llm_intercept.engine.reread import api_of_take
from llm_intercept.recording.audit import secrets_of
from llm_intercept.recording.bodies import answer_values, event_bytes, event_value, framing_in
from llm_intercept.recording.sameness import same
from llm_intercept.recording.tape import canonical_of, is_partial, key_of
from llm_intercept.shown import shorten

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from pydantic_core import ErrorDetails

    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.recording.take import Take
    from llm_intercept.recording.tape import Tape

WITHOUT_MODEL = frozenset[str]().union(*(each.recorded.without_model for each in all_dialects()))


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a take."""

    name: str
    kind: str
    what: str


def check(tape: Tape, played: Container[str] | None = None, redaction: Redaction | None = None) -> Iterator[Problem]:
    """Give what is wrong with a tape.

    Args:
        tape: The tape.
        played: The names a full run played; takes that it did not are told.
        redaction: What it was recorded with, so that what that keeps is no secret.

    """
    before: dict[str, list[tuple[str, Take]]] = {}
    for name, take in tape.takes():
        yield from _found_again(name, take)
        yield from (Problem(name, "secret", f"{one.path}: {one.kind}") for one in secrets_of(name, take, redaction))
        yield from _unread(name, take)
        problem = unparsed(take)
        if problem:
            yield Problem(name, "SDK", problem)
        earlier = before.setdefault(take.fingerprint, [])
        asks_again = take.request.method in {"GET", "HEAD"}  # how far something is: the number of times counts
        twin = None if asks_again else next((other for other, one in earlier if same(one, take)), None)
        if twin is not None:
            yield Problem(name, "duplicate", f"the same answer to the same request as {twin}")
        if played is not None and name not in played:
            yield Problem(name, "orphan", "the last run did not play it")
        earlier.append((name, take))
    yield from (Problem(name, "damaged", why) for name, why in sorted(tape.problems.items()))


def unparsed(take: Take) -> str:
    """Say why the installed SDK of its API does not take an answer; empty if it does, or if it has no model of it."""
    found = _models(urlsplit(take.request.url).path.rstrip("/"))
    if found is None or take.response.status != 200 or take.partial is not None:  # noqa: PLR2004 - errors have no model
        return ""
    whole, event = found
    read = api_of_take(take.request).recorded.as_clients_read
    try:
        if take.response.events is None:
            (said,) = answer_values(take.response) or [None]
            for value in items(said) or [said]:  # a stream may be an array
                whole.validate_python(read(value))
        elif event is not None:
            for value in answer_values(take.response):
                if "error" not in value and value.get("type") not in WITHOUT_MODEL:  # the SDK raises the first
                    event.validate_python(value)
    except ValidationError as error:
        # What an SDK does not know yet it leaves out before it looks, also where its models forbid it (google-genai).
        wrong = _nearest([one for one in error.errors() if one["type"] != "extra_forbidden"])
        return f"{'.'.join(map(str, wrong[0]['loc'])) or 'the answer'}: {wrong[0]['msg']}" if wrong else ""
    except Exception as error:  # noqa: BLE001 - of a model of others, as google-genai's of a finish reason that is a number
        return f"the answer: {type(error).__name__}: {shorten(str(error), 60)}"
    return ""


def _nearest(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Choose the errors of the class that an event most likely is of: each of a union tells its own."""
    of_each: dict[object, list[ErrorDetails]] = {}
    for one in errors:
        of_each.setdefault(next(iter(one["loc"]), ""), []).append(one)
    by_fit = sorted(of_each.values(), key=lambda told: (any(one["type"] == "literal_error" for one in told), len(told)))
    return by_fit[0] if by_fit else []


def _unread(name: str, take: Take) -> Iterator[Problem]:
    """Find events whose data is no JSON and no end that the API knows, and answers that nobody can read back."""
    dialect, framing = api_of_take(take.request), framing_in(take.response)
    for number, event in enumerate(take.response.events or (), 1):
        data = framing.said.findall(event.text or "")
        is_read = is_object(event_value(event, framing)) or dialect.grammar.is_last(event_bytes(event, framing))
        if data and not is_read:
            yield Problem(name, "event", f"the data of event {number} is no JSON object: {shorten(data[0], 60)}")
    try:
        dialect.recorded.replies(answer_values(take.response))
    except Exception as error:  # noqa: BLE001 - an answer may be anything, and what cannot be read back is to be told
        yield Problem(name, "answer", f"it cannot be read back ({type(error).__name__}: {shorten(str(error), 60)})")


def _found_again(name: str, take: Take) -> Iterator[Problem]:
    """Whether a request like the take's would be looked for under the take's name."""
    key = key_of(canonical_of(take))
    if take.fingerprint != key.fingerprint:
        yield Problem(name, "orphan", "its request was changed, and no request finds it; rekey or record it")
    elif name.partition("-")[2] != key.name(1, partial=is_partial(name)).partition("-")[2]:
        yield Problem(name, "orphan", f"no request finds it under this name; it would be {key.name(1)[4:]}")


def _models(path: str) -> tuple[TypeAdapter[Any], TypeAdapter[Any] | None] | None:
    every = {ending: models for each in all_dialects() for ending, models in each.recorded.models.items()}
    ending = next((one for one in every if path.endswith(one)), None)
    return None if ending is None else _loaded(*every[ending])


@cache
def _loaded(module: str, whole: str, event: str | None) -> tuple[TypeAdapter[Any], TypeAdapter[Any] | None] | None:
    """Load the SDK's models; once, since making their validators takes a fifth of a second."""
    try:
        types = import_module(module)
    except ImportError:
        return None
    return TypeAdapter(getattr(types, whole)), TypeAdapter(getattr(types, event)) if event else None
