"""What a conversation is found by on a tape, whichever API it was recorded over.

A request may say by an id alone what was said before it; on the tape, the take that answered with that id tells.

Knows: dialects' memory, the neutral form of a request. Must not know: rules, how a take becomes a response.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.dialects import OPAQUE
from llm_intercept.dialects.base import BadRequestError, Context
from llm_intercept.engine.reread import read_request
from llm_intercept.model.exchange_id import Identity
from llm_intercept.model.wire import WireResponse
from llm_intercept.recording.neutral import neutral
from llm_intercept.recording.sanitize import wire_bytes
from llm_intercept.recording.tape import canonical_of_request
from llm_intercept.secrets.credentials import NOTHING
from llm_intercept.stored.shelves import Shelves, Stored
from llm_intercept.timing.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.dialects.base import Brought, Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.recording.fingerprint import Match
    from llm_intercept.recording.redaction import Redaction
    from llm_intercept.recording.sanitize import SanitizedRequest
    from llm_intercept.recording.take import Take, TakeRequest
    from llm_intercept.secrets.credentials import Secrets

MOST, LARGEST = 100_000, 512 * 2**20
"""How many answers of a tape, of how many bytes together, are known by their ids."""
ANSWERED = 200


class UnknownBeforeError(Exception):
    """A request continues what nobody here knows; it is found by what its own API sends, if at all."""


@dataclass(slots=True)
class OnTape:
    """What surrounds an exchange on a tape: what else is on it."""

    shelves: Shelves
    clock: Clock = field(default_factory=Clock)
    is_replay: bool = True
    brought: tuple[Brought, ...] = ()
    asked_at: str = ""


class Across:
    """Makes what conversations are found by.

    Args:
        match: What may differ.
        redaction: What is kept out of takes, and so out of this.

    """

    def __init__(self, match: Match, redaction: Redaction) -> None:
        self._match, self._redaction = match, redaction
        self._stored = Stored(MOST, LARGEST)

    def of_asked(self, sought: SanitizedRequest, stores: Sequence[Stored]) -> dict[str, Any]:
        """Say what a request is found by; what is no conversation, as its API has it.

        Args:
            sought: The request, as it is kept.
            stores: What was answered before.

        Raises:
            UnknownBeforeError: It continues what nobody answered.

        """
        dialect, request = self._recalled(sought.request, stores)
        return self._said(dialect, request, sought.request, sought.secrets)

    def of_take(self, take: Take) -> dict[str, Any]:
        """Say what a take is found by, and keep what it answered for those that continue it.

        Raises:
            UnknownBeforeError: It continues what no take before it answered.

        """
        dialect, request = self._recalled(take.request, ())
        if dialect.remembers and take.response.status == ANSWERED:
            around = OnTape(Shelves((), self._stored))
            context = Context(EstimatingTokenizer(), Identity(take.fingerprint, 0), lambda _: None, around)
            dialect.replayed(request, WireResponse(ANSWERED, (), (wire_bytes(take),)), context)
        return self._said(dialect, request, take.request, NOTHING)

    def _recalled(self, asked: TakeRequest, stores: Sequence[Stored]) -> tuple[Dialect, LLMRequest]:
        dialect, request = read_request(asked)
        try:
            return dialect, dialect.recall(request, Shelves((*stores, self._stored), self._stored))
        except BadRequestError as error:
            raise UnknownBeforeError from error

    def _said(self, dialect: Dialect, request: LLMRequest, asked: TakeRequest, secrets: Secrets) -> dict[str, Any]:
        if not is_conversation(dialect):
            return canonical_of_request(asked, self._match)
        return self._match.across(self._redaction.asked(neutral(request), secrets)[0])


def is_conversation(dialect: Dialect) -> bool:
    """Whether an API's requests are conversations, which another API may hold too."""
    return dialect is not OPAQUE and dialect.takes is None
