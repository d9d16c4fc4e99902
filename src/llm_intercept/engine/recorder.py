"""One interceptor's recordings: plays the take of a request, or records one.

Knows: modes, tapes, and how an `LLMRequest` is found on one. Must not know: how a take becomes a response, rules.
"""

from __future__ import annotations

import os
import threading
import warnings
from contextlib import suppress
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

from llm_intercept.base.json import mapping
from llm_intercept.base.version import __version__
from llm_intercept.dialects import OPAQUE
from llm_intercept.engine.across import Across, UnknownBeforeError
from llm_intercept.engine.losses import Losses
from llm_intercept.engine.rekey import pairing
from llm_intercept.engine.replay import Replay
from llm_intercept.engine.reread import api_of_take, read_request
from llm_intercept.engine.wanted_takes import WantedTakes
from llm_intercept.errors import (
    DamagedRecordingWarning,
    LLMInterceptError,
    RecordingError,
    ReplyFunctionError,
    SecretInRecordingError,
)
from llm_intercept.recording.audit import secrets_of
from llm_intercept.recording.capture import Capture
from llm_intercept.recording.config import check_folder, is_ci
from llm_intercept.recording.known_secrets import Known
from llm_intercept.recording.likeness import Asked
from llm_intercept.recording.locks import PATIENCE
from llm_intercept.recording.lookup_key import FingerprintCache
from llm_intercept.recording.sanitize import sanitize_request
from llm_intercept.recording.servers import Servers
from llm_intercept.recording.take import DamagedTakeError, read_take
from llm_intercept.recording.tape import Key, Tape, TapeHit, canonical_of, canonical_of_request
from llm_intercept.recording.writing import WRITER
from llm_intercept.secrets.credentials import Secrets, credentials
from llm_intercept.settings.environment import PLAYED

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.engine.decide import Case
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import WireRequest
    from llm_intercept.recording.config import Recordings
    from llm_intercept.recording.sanitize import SanitizedRequest
    from llm_intercept.recording.sessions import Session
    from llm_intercept.recording.take import Take, TakeRequest

T = TypeVar("T")
PASSING = frozenset({401, 403, 429, *range(500, 600)})
"""The statuses that say how things stand now, not what the request is worth."""


class Recorder:
    """Plays and records one tape.

    Args:
        recordings: The tape and its settings.
        mode: `replay`, `record` or `auto`.
        mode_from: Where that was said, a word of `remedy.SAID`.
        wanted: What is asked of the takes that are played.

    """

    def __init__(
        self, recordings: Recordings, mode: str, mode_from: str = "argument", wanted: WantedTakes | None = None
    ) -> None:
        self.recordings = recordings
        self._wanted = wanted or WantedTakes()
        self.mode, self.mode_from = mode, mode_from
        self._losses = Losses()
        self._session: Session | None = None
        self._secrets: set[str] = set()
        self._known = Known()
        self._pairing = pairing()
        self._factor = recordings.factor
        usual = recordings.matching.is_default and recordings.redacting.hook is None
        self._keys = FingerprintCache(recordings.redacting, self._known) if usual else None
        match = recordings.matching
        self._across = Across(match, recordings.redacting) if match.is_across_apis else None
        self._lock = threading.Lock()

    @property
    def records(self) -> bool:
        """Whether a request without a take goes to the network; in CI `auto` does not let it."""
        return self.mode == "record" or (self.mode == "auto" and not is_ci())

    def check_place(self) -> None:
        """Raise `SettingsError` now if no take can be read, or kept, where the tape is to be: not after one is paid."""
        check_folder(self.recordings.location, writes=self.records)

    def fresh(self) -> Recorder:
        """Make one of the same tape, of which nothing has been played."""
        return Recorder(self.recordings, self.mode, self.mode_from, self._wanted.fresh())

    @cached_property
    def tape(self) -> Tape:
        """The tape, opened when the first request asks for it."""
        match = self.recordings.matching
        return Tape(self.recordings.store(), None if match.is_default else self._loosened)

    @cached_property
    def _servers(self) -> Servers:
        return Servers(self.tape.store)

    def concerns(self, wire: WireRequest) -> bool:
        """Whether a request that no API claims is the tape's business, by its path or since its server is on it."""
        return OPAQUE.is_of_an_api(wire) or self._servers.have(wire.url)

    def answer(self, case: Case) -> Replay | Capture | None:
        """Find the take that answers a request, or what is to record one; None if there is neither.

        Raises:
            ReplyFunctionError: The user's `match` or redaction raised.

        """
        wire, request = case.head, case.request
        if self.mode == "record":
            return self._capture(case, self.sought(case))
        sought = cache(partial(self.sought, case))  # redacting the request takes longer than the rest
        if self._keys is None:
            key = sought()[1]
        else:
            key = self._redacted(
                self._keys.of, wire.method, wire.url, request.headers, request.as_sent(), request.content
            )
        asked = Asked(wire.url, request.as_sent(), lambda: sought()[0].request, partial(self.follows, case))
        found = self.tape.play(key, asked, repeat_last=self.recordings.repeat_last)
        if found is not None:
            return self._played(found)
        if self.tape.damaged(key):
            return None
        if self._pairing is not None:
            paired = self._pairing.pair(self.tape, sought()[0])
            return Replay(*paired, self._factor, self._is_on_tape) if paired is not None else None
        return self._capture(case, (sought()[0], key)) if self.records else None

    def follows(self, case: Case, asked: TakeRequest) -> bool:
        """Whether a request continues what a take's did: where the key has no part of that, and the API is the same."""
        if self._across is not None or not case.dialect.remembers or api_of_take(asked) is not case.dialect:
            return True
        return case.dialect.follows(case.request, mapping(asked.body))

    def sought(self, case: Case) -> tuple[SanitizedRequest, Key]:
        """Make what a request is kept as, and what it is found by."""
        wire, request, redaction = case.head, case.request, self.recordings.redacting
        head = (wire.method, wire.url, request.headers)
        kept = self._redacted(sanitize_request, *head, request.as_sent(), redaction, self._known)
        match = self.recordings.matching
        if match.is_default:
            return kept, kept.key
        if match.key is not None:
            return kept, Key(self._custom(match.key, request), kept.key.slug)
        try:
            return kept, Key(match.fingerprint(self._asked(kept, case)), kept.key.slug)
        except UnknownBeforeError:
            return kept, kept.key

    def said_now(self, kept: SanitizedRequest, case: Case) -> dict[str, Any]:
        """Say what a request asks, to be held against what takes say."""
        try:
            return kept.canonical if self._across is None else self._asked(kept, case)
        except UnknownBeforeError:
            return kept.canonical

    def said_then(self, take: Take) -> dict[str, Any]:
        """Say what a take asked."""
        try:
            return canonical_of(take) if self._across is None else self._across.of_take(take)
        except UnknownBeforeError:
            return canonical_of(take)

    def _asked(self, kept: SanitizedRequest, case: Case) -> dict[str, Any]:
        if self._across is None:
            return canonical_of_request(kept.request, self.recordings.matching)
        return self._across.of_asked(kept, case.shelves.stores)

    def settle(self, *, complete: bool = False) -> LLMInterceptError | None:
        """Say what went wrong with the recordings: a failure, or a secret that was kept; warn of damaged files.

        Args:
            complete: Whether the block came to its end, so that takes that were not played count, if they are to be.

        """
        wants_all = complete and self._wanted.all_played and not self.records
        if "tape" not in self.__dict__ and not wants_all:
            return None
        WRITER.wait(self.tape.store.place)
        self._leave()
        if self.tape.problems:
            listed = "".join(f"\n  {name}: {why}" for name, why in sorted(self.tape.problems.items()))
            self.tape.problems.clear()
            message = f"llm-intercept: files in {self.tape.store.location} could not be read:{listed}"
            warnings.warn(message, DamagedRecordingWarning, stacklevel=4)
        self._losses.warn(self.tape.store.location)
        failure = self._losses.error(self.tape.store.location)
        secret, old = self._scanned(), self._wanted.old_error(self.tape)
        if secret is not None and failure is not None:
            secret.add_note(str(failure))
        return secret or failure or old or (self._wanted.unplayed_error(self.tape) if wants_all else None)

    def _redacted(self, make: Callable[..., T], *arguments: Any) -> T:
        try:
            return make(*arguments)
        except LLMInterceptError:
            raise
        except Exception as error:
            raise ReplyFunctionError("redaction", self.tape.store.location, error) from error

    def _played(self, found: TapeHit) -> Replay:
        self._note(found.name)
        self._wanted.note(found)
        if found.made is None:
            found.made = Replay(found.name, found.take, self._factor, self._is_on_tape)
        played: Replay = found.made
        return played

    def _is_on_tape(self, url: str) -> bool:
        """Whether what is asked at a URL is answered by the tape, and never sent out."""
        return not self.records and self._servers.have(url)

    def _capture(self, case: Case, sought: tuple[SanitizedRequest, Key]) -> Capture:
        """Make what records the answer to a request; whatever goes wrong with that is told, and the client answered."""
        began, tape, known = self.tape.begin(), self.tape, self._known.secrets
        part: Session | None = None
        with suppress(OSError):  # it is tried again, and then told, when there is something to keep
            part = self._joined(patience=0.0)
        with self._lock:
            self._secrets.update(credentials(case.head.url, case.request.headers.items()).literals)

        @cache
        def asked() -> tuple[SanitizedRequest, Key]:
            """Say what is kept of the request, by what is known to be secret when the answer is there."""
            return sought if self._known.secrets is known else self.sought(case)

        def keep(take: Take) -> None:
            session = part or self._joined()
            try:
                if take.response.status in PASSING and not self.recordings.keep_errors:
                    self._losses.passed(take.response.status)
                else:
                    tape.record(take, session=session, replaces=self.mode == "record", key=asked()[1], began=began)
                    self._learn(take)
            finally:
                session.close()

        return Capture(
            lambda: asked()[0],
            self.recordings.redacting,
            self._known,
            case.dialect.grammar,
            keep,
            partial(self._losses.failed, sought[0]),
            partial(WRITER.do, (tape.store.place, sought[0].key.fingerprint)),
            {"llm-intercept": __version__},
            self._losses.changed,
        )

    def _learn(self, take: Take) -> None:
        """Hear of what a take answered, for requests that continue it."""
        if self._across is not None and take.partial is None:
            with suppress(UnknownBeforeError):
                self._across.of_take(take)

    def _joined(self, patience: float = PATIENCE) -> Session:
        """Take a part in the tape's session for one request; while this block records, the session does not end."""
        with self._lock:
            if self._session is None or self._session.process != os.getpid():
                self._session = self.tape.store.session(patience=patience)
        return self.tape.store.session(patience=patience)

    def _leave(self) -> None:
        """End this block's own part in the session; answers that are still on their way have theirs."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _loosened(self, take: Take) -> str | None:
        match = self.recordings.matching
        if match.key is not None:
            return self._custom(match.key, read_request(take.request)[1])
        try:
            return match.fingerprint(canonical_of(take, match) if self._across is None else self._across.of_take(take))
        except UnknownBeforeError:
            return None

    def _custom(self, key: Any, request: LLMRequest) -> str:
        try:
            return self.recordings.matching.fingerprint({"key": key(request.lent())})
        except Exception as error:
            raise ReplyFunctionError("key=…", self.tape.store.location, error) from error

    def _scanned(self) -> LLMInterceptError | None:
        """Read again what was written, and look for secrets in it."""
        written, self.tape.written = self.tape.written, []
        secrets = Secrets(tuple(self._secrets))
        found = [fact for name in dict.fromkeys(written) for fact in self._found(name, secrets)]
        return SecretInRecordingError(self.tape.store.location, found) if found else None

    def _found(self, name: str, secrets: Secrets) -> list[Any]:
        try:
            take = read_take(self.tape.store.read(name), name)
        except (OSError, DamagedTakeError):
            return []
        return list(secrets_of(name, take, self.recordings.redacting, secrets))

    def _note(self, name: str) -> None:
        path = os.environ.get(PLAYED)
        if path:
            try:
                append_line(path, f"{self.tape.store.place}\t{name}")
            except OSError as error:
                told = f"{PLAYED}={path}, where played takes are to be noted, cannot be written: {error.strerror}"
                raise RecordingError(told) from error


def append_line(path: str, line: str) -> None:
    """Add a line to a file in one write, so that processes do not mix their lines; raises `OSError`."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode(errors="surrogateescape") + b"\n")
    finally:
        os.close(descriptor)
