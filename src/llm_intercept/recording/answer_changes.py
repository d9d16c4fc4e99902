"""What redaction changed of an answer: a program that is given it in replay goes on with something else.

Knows: takes before and after. Must not know: who is told, what a secret looks like.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.facts import RedactedFacts
from llm_intercept.recording.compare import Difference, differences
from llm_intercept.secrets.fieldnames import holds
from llm_intercept.secrets.looks import MARK
from llm_intercept.secrets.replace import secrets_in
from llm_intercept.secrets.taken_out import inner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept.recording.take import TakeResponse

NUMBER = re.compile(r"\[\d+\]")
LAST_NAME = re.compile(r"([^.\[\]]+)(?:\[[^\]]*\])*$")


def answer_changes(came: TakeResponse, kept: TakeResponse) -> tuple[RedactedFacts, ...]:
    """List what is another in a body, each field once, wherever in a list or a stream it stands."""
    if came == kept:
        return ()
    fields = ("body", "events", "text", "base64")
    was, now = (one.model_dump(include=set(fields), exclude_defaults=True) for one in (came, kept))
    found = [fact for one in differences(was, now) for fact in _facts(one)]
    return tuple(dict.fromkeys(found))


def _facts(found: Difference) -> Iterator[RedactedFacts]:
    """Say what changed: in a text that is JSON, such as a call's arguments, the fields in it."""
    path, was, now = found.path, found.was, found.now
    values = inner(was, now) if isinstance(was, str) and isinstance(now, str) else None
    for one in differences(*values, path) if values is not None else ():
        yield from _facts(one)
    if values is None:
        yield RedactedFacts(NUMBER.sub("[*]", path), _why(path, was, now))


def _why(path: str, was: Any, now: Any) -> str:
    kinds = secrets_in(was) if isinstance(was, str) else []
    name = LAST_NAME.search(path)
    if not kinds and now == MARK and name is not None and holds(name[1]):
        kinds = [f"a value named {name[1]!r}"]
    return ", ".join(kinds) or "what the request or its answer carries as a secret, or a pattern of yours"
