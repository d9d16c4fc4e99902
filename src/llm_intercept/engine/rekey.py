"""Pairs a request that no take answers any longer with the take it had before its prompt changed.

Knows: tapes, and how alike two requests are. Must not know: what is done with the pairs; `llm-intercept recordings
rekey` reads them from a file.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from llm_intercept.engine.reread import api_of_take
from llm_intercept.recording.pairing import Conversation
from llm_intercept.settings.environment import PAIRS

if TYPE_CHECKING:
    from llm_intercept.recording.sanitize import SanitizedRequest
    from llm_intercept.recording.take import Take
    from llm_intercept.recording.tape import Tape


class Pairing:
    """Finds old takes for new requests, each once.

    Args:
        path: The file that the pairs are added to.

    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._paired: set[str] = set()

    def pair(self, tape: Tape, sought: SanitizedRequest) -> tuple[str, Take] | None:
        """Find the take that was most likely this request's: of the nearest in conversation the first in order.

        It is one of the same API, whose answer can be kept under the new request.
        """
        found: list[tuple[float, str, str, Take]] = []
        api, asked = api_of_take(sought.request), Conversation(sought.request)
        for name, take in tape.takes():
            is_free = take.partial is None and name not in self._paired and name not in tape.played
            if is_free and api_of_take(take.request) is api:
                found.append((round(Conversation(take.request).apart(asked), 1), take.recorded_at, name, take))
        if not found:
            return None
        _, _, name, take = min(found, key=lambda one: one[:3])
        self._paired.add(name)
        self._note({"tape": tape.store.place, "name": name, "request": _request(sought)})
        return name, take

    def _note(self, pair: dict[str, Any]) -> None:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, json.dumps(pair).encode() + b"\n")
        finally:
            os.close(descriptor)


def pairing() -> Pairing | None:
    """Make a pairing if the environment asks for one."""
    path = os.environ.get(PAIRS)
    return Pairing(path) if path else None


def _request(sought: SanitizedRequest) -> dict[str, Any]:
    return sought.request.model_dump(exclude_defaults=True)
