"""An exchange from request to answer: read, decide, write, note.

Knows: dialects, rules, the journal. Must not know: any HTTP library; it is a generator that yields what it needs
and is driven by a door, sync or async.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from llm_intercept.base.hosts import names_one
from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.dialects import OPAQUE, claimed_by
from llm_intercept.dialects.base import BadRequestError, Context, UnreadableError
from llm_intercept.engine.again import CONTINUES, again_of
from llm_intercept.engine.ask import are_computed, placed, read_deltas, resolve, whose
from llm_intercept.engine.brought import answer_each
from llm_intercept.engine.decide import Case, FailedExchange, decide
from llm_intercept.engine.deliver import Delivery, is_end, is_plain
from llm_intercept.engine.exits import is_cut_off, kept_in, port_of, stop
from llm_intercept.engine.explain import exhausted, stopped, unanswered
from llm_intercept.engine.fitting import Fitting
from llm_intercept.engine.homes import at_home
from llm_intercept.engine.identity import Identities, told_now
from llm_intercept.engine.in_the_body import asked_for
from llm_intercept.engine.reach import (
    answers,
    concerns,
    is_answered_elsewhere,
    is_of_a_model,
    is_read,
    is_stopped,
    lets_out,
    records,
)
from llm_intercept.engine.readings import read
from llm_intercept.engine.sending_on import let_by, send_on
from llm_intercept.engine.settle import settled
from llm_intercept.engine.turned_down import broken, refused, unmatched
from llm_intercept.engine.watched import Keeping, Noted, Watched
from llm_intercept.engine.whose_usage import with_usage
from llm_intercept.errors import AnswerError, LLMInterceptError, ReplyError
from llm_intercept.journal.journal import Call, Journal
from llm_intercept.model.wire import READ_BODY, NetworkFaultError
from llm_intercept.recording.capture import Capture
from llm_intercept.replies.kinds import ANSWERS, AutoReply, Callback, Passthrough, RawReply
from llm_intercept.replies.mock_params import MOCK_PARAMS
from llm_intercept.replies.raised import RaiseError
from llm_intercept.rules.book import RuleBook
from llm_intercept.rules.script import Exhausted
from llm_intercept.settings.environment import served_at
from llm_intercept.simulation.service import Service
from llm_intercept.stored.shelves import Shelves, Stored

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.base import Dialect
    from llm_intercept.engine.again import Again
    from llm_intercept.engine.recorder import Recorder
    from llm_intercept.engine.replay import Replay
    from llm_intercept.facts import Refusal
    from llm_intercept.journal.budget import Budget
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.usage import Usage
    from llm_intercept.model.wire import Contact, Exchange, SocketForm, Step, WireRequest, WireResponse
    from llm_intercept.replies.kinds import Answer
    from llm_intercept.rules.rule import Unknown
    from llm_intercept.settings import Network, UnmatchedPolicy, Validation
    from llm_intercept.timing.pace import Pace

OFF = "With validate='off' it is answered."


class HasEngine(Protocol):
    """What an exchange needs of each handler around it."""

    def engine(self) -> Engine:
        """Return the engine whose rules, recordings, limits and journal are asked; a lazy one is made now."""
        ...


@dataclass(slots=True)
class Engine:
    """What one interceptor answers with: its rules, its journal and its settings."""

    unmatched: UnmatchedPolicy = "error"
    seed: int = 0
    tokenizer: Tokenizer = field(default_factory=EstimatingTokenizer)
    passthrough: tuple[str, ...] = ()
    network: Network = "open"
    validate: Validation = "auto"
    fitting: Fitting = field(default_factory=Fitting)
    all_used: bool = False
    refusal: Refusal | None = None
    budget: Budget | None = None
    book: RuleBook = field(default_factory=RuleBook)
    journal: Journal = field(default_factory=Journal)
    service: Service = field(default_factory=Service)
    recorder: Recorder | None = None
    stored: Stored = field(default_factory=Stored)
    served: str = field(default_factory=served_at)
    identities: Identities = field(default_factory=Identities)

    def exchange(self, head: WireRequest, outer: Sequence[HasEngine] = ()) -> Exchange | None:
        """Begin the exchange for a request; None if it is nobody's business here and goes its way untouched.

        Args:
            head: The request's head.
            outer: Whose engines to ask when this one has no rule that matches, the nearest first.

        """
        chain = self._chain(outer)
        if self.served:
            head = at_home(head, self.served)
            if head.at and len(chain) == 1 and self.sends_on:  # which that server does for all programs
                return None
        exchange = self._begun(head, chain)
        if (outer or self.network == "none") and is_cut_off((head.host,), port_of(head), chain):
            return kept_in(exchange, head)
        return exchange

    def _begun(self, head: WireRequest, chain: tuple[Engine, ...]) -> Exchange | None:
        dialect = claimed_by(head)
        if dialect is None and not concerns(head, chain):
            return None
        return self._exchange(head, dialect or OPAQUE, chain)

    def socket(self, head: WireRequest, _: Sequence[HasEngine] = ()) -> SocketForm | None:
        """Say how a WebSocket is spoken whose messages make requests with this head; None if it is not answered."""
        head = at_home(head, self.served) if self.served else head
        is_let_out = self.lets_unmatched_out or self.lets_out(head.host, path=head.path, port=port_of(head))
        dialect = None if is_let_out else claimed_by(head)
        return None if dialect is None else dialect.socket(head)

    def engine(self) -> Engine:
        """Return itself: an engine is a handler whose engine is made."""
        return self

    def answers(self, head: WireRequest, content: bytes, outer: Sequence[HasEngine] = ()) -> bool:
        """Whether a request is answered here and not let out, for those who ask before it is made."""
        return answers(head, content, self._chain(outer))

    @property
    def lets_unmatched_out(self) -> bool:
        """Whether what nothing answers goes to the network."""
        return self.unmatched in {"passthrough", "warn"}

    @property
    def sends_on(self) -> bool:
        """Whether what no rule answers goes on, to be recorded or let out."""
        return self.lets_unmatched_out or (self.recorder is not None and self.recorder.records)

    def lets_out(self, host: str, model: str = "", path: str = "", port: int | None = None) -> bool:
        """Whether a request is one of those that `passthrough` lets out, by its host, its model, or host and path."""
        if not self.passthrough:
            return False
        return names_one(self.passthrough, host, model, port) or names_one(self.passthrough, host + path)

    def unseen(self, contact: Contact, outer: Sequence[HasEngine] = ()) -> None:
        """Stop what cannot be answered on its way to a model; see `exits.stop` for what it raises."""
        stop(contact, self, self._chain(outer))

    def check_budget(self) -> None:
        """Refuse a call that is more than the budget allows: a program that runs away is stopped.

        Raises:
            BudgetExceededError: It is.

        """
        error = self.budget.exceeded(self.journal) if self.budget is not None else None
        if error is not None:
            raise error

    def settle(self, *, complete: bool = False) -> LLMInterceptError | None:
        """Return the error that the block should end with: what went unanswered, failed or was more than allowed.

        Args:
            complete: Whether the block came to its end, so that rules left over count too, where they are to be used.

        """
        recorded = self.recorder.settle(complete=complete) if self.recorder is not None else None
        book = self.book if complete else None
        return settled(self.journal, self.budget, book, recorded, all_used=self.all_used)

    def _chain(self, outer: Sequence[HasEngine]) -> tuple[Engine, ...]:
        return (self, *[one.engine() for one in outer]) if outer else (self,)

    def _exchange(self, head: WireRequest, dialect: Dialect, chain: tuple[Engine, ...]) -> Exchange:
        why, is_ruled = "", True
        content = (yield READ_BODY) if is_read(head, dialect, chain) else b""
        unknown: Unknown = "a model"
        if dialect is OPAQUE and not is_of_a_model(head, content, chain):
            unknown = "elsewhere"
        try:
            request = self._checked(dialect, read(dialect, head, content), head, chain)
        except BadRequestError as error:
            if not self._goes_out(head, chain):
                return refused(self, error, head, dialect, content)
            dialect, request, is_ruled = OPAQUE, read(OPAQUE, head, content), False  # let the API itself refuse it
        except UnreadableError as error:
            unknown = "unread" if OPAQUE.is_question(head, content) or records(chain) else "elsewhere"
            dialect, request, why = OPAQUE, read(OPAQUE, head, content), str(error)
        if unknown == "elsewhere" and not is_answered_elsewhere(request, chain):
            return (yield from let_by(head, content, self.journal))
        digest = self.identities.of(dialect, request, self.seed)
        call = Call(request, digest=digest, failed_before=self.journal.failed_before(digest), timeout=head.timeout)
        call.is_side, call.retries_told = dialect.is_side or dialect.is_listed_apart, dialect.retry.attempt
        case = Case(head, request, dialect, call, self.service, chain, self, unknown=unknown, is_ruled=is_ruled)
        try:
            return (yield from self._answered(case, chain, why))
        except FailedExchange as failed:
            return broken(self, case, failed.error)
        except BaseException as error:  # a cancelled task ends a call too
            call.error = error.seen if isinstance(error, NetworkFaultError) else error
            call.finish()
            raise

    def _goes_out(self, head: WireRequest, chain: tuple[Engine, ...]) -> bool:
        """Whether a tape or the network may answer what no rule does."""
        return records(chain) or self.lets_unmatched_out or lets_out(head, chain)

    def _checked(
        self, dialect: Dialect, request: LLMRequest, head: WireRequest, chain: tuple[Engine, ...]
    ) -> LLMRequest:
        """Complete a request by what it continues, and refuse what its API would; a tape or the network may know it."""
        try:
            if dialect.remembers:
                recalled = dialect.recall(request, Shelves([engine.stored for engine in chain], self.stored))
                if recalled is not request:
                    request.lent()  # its copy, which shares its body, may be
                    request = recalled
                    request.beside[CONTINUES] = True
            if self.recorder is None and self.validate not in {"off", request.beside.get("validated")}:
                self._validate(dialect, request, head)
        except BadRequestError:
            if not self._goes_out(head, chain):
                raise
        return request

    def _validate(self, dialect: Dialect, request: LLMRequest, head: WireRequest) -> None:
        """Refuse what the API would; a server of ours is asked by any path, and without a key."""
        strictly = self.validate == "strict"
        try:
            if not head.at:
                dialect.validate_head(head, strictly=strictly)
            dialect.validate(request, strictly=strictly)
        except BadRequestError as refused:
            raise BadRequestError(refused.error, f"{refused.hint} {OFF}".lstrip()) from refused
        request.beside["validated"] = self.validate

    def _answered(self, case: Case, chain: tuple[Engine, ...], why: str) -> Exchange:
        """Answer with what was decided."""
        answer: Any = None
        if not MOCK_PARAMS.isdisjoint(case.request.raw):
            answer = yield from asked_for(case)
        if answer is None:
            answer = decide(case, chain)
        if isinstance(answer, Callback):
            answer = yield from resolve(answer, case)
        if isinstance(answer, ANSWERS):
            return (yield from self._given(case, answer))
        match answer:
            case None:
                facts = stopped(case, why, chain) if is_stopped(case.dialect, chain) else unanswered(case, chain)
                return (yield from unmatched(self, case, facts))
            case Exhausted():
                return (yield from unmatched(self, case, exhausted(case, answer)))
            case Passthrough():
                return (yield from send_on(case.call))
            case Capture():
                # A server of ours records what comes to it, and asks who is meant.
                return (yield from send_on(case.call, None if self.served and case.head.at else answer))
            case RaiseError():
                raise answer.made()
            case _:
                return self._replayed(case, answer)

    def _given(self, case: Case, answer: Answer) -> Generator[Any, Any, WireResponse]:
        """Write and deliver a reply."""
        if are_computed(answer):
            answer = yield from read_deltas(answer, case)
        if isinstance(answer, RawReply) and answer.made_by:
            from llm_intercept.engine.of_another import of_another  # noqa: PLC0415 - it reads as takes are read

            answer = of_another(answer, case)
        answer = with_usage(answer, case)
        if isinstance(answer, AutoReply):
            case.brought = yield from answer_each(case, self._exchange)
        case.engine.fitting.check(answer, case)
        if is_plain(answer, case):
            case.call.reply = answer
            identity = self._identity(case)
            response = self._written(case, answer, identity)
            again = again_of(case, answer, identity, self.tokenizer)
        else:
            delivery = Delivery.of(answer, case)
            case.call.reply = delivery.answer
            yield from delivery.fail_at_once()
            identity = self._identity(case)
            delivered = delivery.as_long(identity)
            written = self._written(case, delivered, identity, delivery.pace)
            response = yield from delivery.perform(written, identity)
            again = again_of(case, delivered, identity, self.tokenizer) if response is written else None
        if case.request.stream or response.timeline is not None or response.chunks.__class__ is not tuple:
            return self._watched(case, response, again)
        return case.call.finish_with(response, again)

    def _watched(self, case: Case, response: WireResponse, again: Again | None = None) -> WireResponse:
        """Note how the body ends, and what is given of it: how much, if it can be written again, else all of it."""
        steps, ended = response.chunks, partial(self._ended, case)
        if again is not None:
            case.call.answered, again.given = again, 0
            return response.with_chunks(Watched(steps, ended, again))
        if steps.__class__ is tuple:
            case.call.answered = response
            return response.with_chunks(Watched(steps, ended))
        kept: list[Step] = []
        case.call.answered = response.with_chunks(kept)
        timeline = response.timeline
        if timeline is None or timeline.clock.is_virtual:
            return response.with_chunks(Keeping(steps, ended, kept))
        noted = Noted(steps, timeline)

        def ended_in_time(error: Exception | None, last: Step | None) -> None:
            case.call.answered = response.with_chunks(noted.as_taken(kept, case.call.before_headers))
            self._ended(case, error, last)

        return response.with_chunks(Keeping(noted, ended_in_time, kept))

    def _identity(self, case: Case) -> Identity:
        digits = self.identities.next(case.call.digest, case.dialect.name, stream=case.request.stream)
        return told_now(digits, self.service.clock)

    def _context(self, case: Case, identity: Identity, pace: Pace | None) -> Context:
        def note_usage(usage: Usage) -> None:
            case.call.usage = usage

        return Context(self.tokenizer, identity, note_usage, case, pace)

    def _written(self, case: Case, answer: Answer, identity: Identity, pace: Pace | None = None) -> WireResponse:
        try:
            response = case.dialect.respond(case.request, answer, self._context(case, identity, pace))
        except ReplyError as error:
            raise FailedExchange(placed(error, case)) from error
        except LLMInterceptError as error:
            raise FailedExchange(error) from error
        except Exception as error:
            raise FailedExchange(AnswerError(str(case.origin), case.where, error)) from error
        case.call.status = response.status
        return response

    def _replayed(self, case: Case, replay: Replay) -> WireResponse:
        identity = told_now(case.call.digest, self.service.clock) if case.is_replay else self._identity(case)
        context = Context(self.tokenizer, identity, lambda _: None, case)
        try:
            response = replay.response(case, context)
            case.call.status, case.call.usage = response.status, replay.usage(case)
        except LLMInterceptError as error:
            raise FailedExchange(error) from error
        return self._watched(case, response)

    def _ended(self, case: Case, error: Exception | None, last: Step | None) -> None:
        """Note how a body ended; what a user's iterator raised is raised again when the block ends."""
        call = case.call
        if case.leave is not None:
            case.leave()
        if case.timed is not None:
            case.note_time()
        if call.source != "recording":
            call.complete = error is None and is_end(case, last)
        if error is not None:
            call.error = error.seen if isinstance(error, NetworkFaultError) else error
            if not isinstance(error, NetworkFaultError) and call.source != "recording":
                self.journal.note_failure(whose(error, case))
        call.finish()
