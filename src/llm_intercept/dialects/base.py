"""What a dialect is: all that an API differs in, behind one class.

Knows: the neutral vocabulary. Must not know: any API; each has a folder of its own, and `opaque` stands for the rest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from llm_intercept.dialects.no_streams import NoStreams
from llm_intercept.shown import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.dialects.key_headers import KeyHeader
    from llm_intercept.faults.base import Alive, Grammar
    from llm_intercept.model.exchange_id import Identity
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.usage import Usage
    from llm_intercept.model.wire import Headers, SocketForm, WireRequest, WireResponse
    from llm_intercept.replies.kinds import Answer, ErrorReply, Kinds, LimitState
    from llm_intercept.replies.reply import Reply
    from llm_intercept.stored.shelves import Shelves
    from llm_intercept.timing.clock import Clock
    from llm_intercept.timing.pace import Pace


class Around(Protocol):
    """What the engine knows of an exchange that few answers need."""

    @property
    def shelves(self) -> Shelves:
        """What is kept of answers."""
        ...

    @property
    def clock(self) -> Clock:
        """The simulated time."""
        ...

    @property
    def is_replay(self) -> bool:
        """Whether a take answers."""
        ...

    @property
    def brought(self) -> tuple[Brought, ...]:
        """What answers the requests that the request brings."""
        ...

    @property
    def asked_at(self) -> str:
        """The URL where the client asked, for answers that say where it is to ask next; empty where nobody did."""
        ...


@dataclass(slots=True)
class Context:
    """What a dialect needs beside request and reply to write a response.

    Attributes:
        tokenizer: Splits text into deltas and counts it.
        identity: What the ids follow from, and when the answer is made.
        note_usage: Called once, when the usage is known.
        around: What few answers need, made when it is asked for.
        pace: How fast the answer comes; for answers that are worked on after they were given.

    """

    tokenizer: Tokenizer
    identity: Identity
    note_usage: Callable[[Usage], None]
    around: Around
    pace: Pace | None = None

    @property
    def shelves(self) -> Shelves:
        """What was kept of earlier answers, and where to keep this one."""
        return self.around.shelves

    @property
    def clock(self) -> Clock:
        """The simulated time."""
        return self.around.clock

    @property
    def is_replay(self) -> bool:
        """Whether a take answers, which is kept when it is known what it says."""
        return self.around.is_replay


@dataclass(frozen=True, slots=True)
class Brought:
    """The answer to a request that another one brings."""

    status: int
    content: bytes


class BadRequestError(Exception):
    """The API itself would refuse the request, with this error; `hint` says in our words what to change."""

    def __init__(self, error: ErrorReply, hint: str = "") -> None:
        self.error, self.hint = error, hint
        said = (error.message or f"It would answer {error.status}").strip()
        told = said if not hint or said.endswith(".") else f"{said}."
        super().__init__(visible(f"{told} {hint}".strip()))  # which names what a client sent


class UnreadableError(Exception):
    """The body is nothing that the API has, so that no API can be said to be asked; `str()` says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recordings need to know of an API's JSON.

    Attributes:
        not_in_key: Fields of the request's body that make no other request of it.
        false_by_default: Fields that say the same where they are false as where they are not there.
        call_ids: Where ids of calls stand: the field, and the field around it, or None for anywhere.
        call_id: A pattern of the ids of calls and answers that the API gives out, which change from run to run.
        delta_fields: Fields of a stream's events that hold a part of a longer text.
        indices: Fields of a stream's events that say which text a part belongs to.
        kept_headers: Headers that a take keeps beside HTTP's own; `*` is a wildcard.
        changing_headers: Headers that it keeps though they are others each time, whatever is answered.
        changing_fields: Fields of an answer that are others each time, whatever is answered; ids and times are known.
        last_user: Reads from a request's body what the user said last.
        roles: Reads from a request's body who speaks in what order.
        usage: Reads the tokens from an answer: its JSON, or its events' in order; None if it does not report them.
        usage_in: The field of an answer that has the tokens.
        usage_names: The names in it, by which one is known that is given alone.
        replies: Reads an answer back into replies, one a choice; none where it cannot be read, or failed on its way.
        event_kind: The field of an event that says of what kind it is; empty where none does.
        free_fields: Fields whose value is an object of the model's own making, whose keys say nothing of the API.
        same_url: Names one URL for all that ask the same, where an API has another for a stream.
        models: The SDK's models of an answer by the end of the path: their module, the class of the JSON body, and the
            class of an event, empty where it has none.
        as_clients_read: Makes of an answer's JSON what the SDK's client does before its model sees it.
        without_model: Types of events that say nothing, so that the SDK has no model of them.

    """

    last_user: Callable[[Any], str] = lambda _: ""
    roles: Callable[[Any], list[str]] = lambda _: []
    usage: Callable[[Sequence[Any]], Usage | None] = lambda _: None
    usage_in: str = "usage"
    usage_names: frozenset[str] = frozenset()
    replies: Callable[[Sequence[Any]], tuple[Reply, ...]] = lambda _: ()
    not_in_key: frozenset[str] = frozenset()
    false_by_default: frozenset[str] = frozenset()
    call_ids: tuple[tuple[str, str | None], ...] = ()
    call_id: str = ""
    delta_fields: frozenset[str] = frozenset()
    indices: tuple[str, ...] = ()
    kept_headers: tuple[str, ...] = ()
    changing_headers: tuple[str, ...] = ()
    changing_fields: frozenset[str] = frozenset()
    event_kind: str = ""
    free_fields: frozenset[str] = frozenset()
    same_url: Callable[[str], str] = lambda url: url
    models: Mapping[str, tuple[str, str, str]] = field(default_factory=dict[str, tuple[str, str, str]])
    as_clients_read: Callable[[Any], Any] = lambda value: value
    without_model: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Retry:
    """How an API tells clients when to try again, and how they tell which attempt one is.

    Attributes:
        at_once: Headers that let clients try again without their usual sleep.
        never: Headers that keep clients from trying again.
        longest: Seconds: clients obey no longer wait.
        wait: Writes the headers that tell clients to wait some seconds.
        asked: Reads how many seconds a response's headers tell to wait; None if they do not.
        attempt: Reads the number of an attempt, from 0, from a request's headers; None where the client does not say.

    """

    at_once: Headers
    never: Headers
    longest: float
    wait: Callable[[float], Headers]
    asked: Callable[[Headers], float | None]
    attempt: Callable[[Mapping[str, Any]], int | None]


class Dialect(ABC):
    """One API. What a subclass does not say is as HTTP has it.

    Attributes:
        name: Its name, as `LLMRequest.api` has it: `openai.chat`.
        grammar: The grammar of its streams.
        recorded: What recordings need to know of its JSON.
        counted: Counts the tokens of an event of its streams; None where each that takes time carries one.
        retry: How it tells clients when to try again.
        takes: The kinds of replies by which a rule answers it without saying that it means this API; None for a
            conversation, which every rule may mean.
        default: What answers a request that no rule and no recording does; None where nothing can.
        is_side: Whether its requests are side requests of frameworks, which are listed apart and count nowhere, and
            which a block answers whatever else it does.
        is_listed_apart: Whether its requests are listed apart and count nowhere for another reason: they are about
            sessions, say, and ask no model.
        is_kept: Whether recordings keep its exchanges, and play them.
        remembers: Whether its requests may continue what was answered before; `recall` says what.
        home: The host at which its maker serves it, which a server of any name stands for; empty where there is none.
        variables: The environment variables by which its clients are told of another server; `{}` is that one's URL.
        links: Fields of its JSON that hold a URL where a client is to ask next; a server that stands for its host lets
            them lead to itself.
        keys: How programs show their keys to the hosts of its maker, and to others that serve its API.
        once: Why its requests mean something once only, so that they cannot be sent again: what they are about is gone
            by then, or stays each time; empty where they can. `why_once` asks it of a request.
        objects: What the classes of SDKs begin with, their modules first, whose objects are its answers.

    """

    name: str
    home: str = ""
    variables: Mapping[str, str] = MappingProxyType({})
    links: tuple[str, ...] = ()
    keys: tuple[KeyHeader, ...] = ()
    once: str = ""
    objects: tuple[str, ...] = ()
    grammar: Grammar = NoStreams()
    recorded: Recorded = Recorded()
    counted: Callable[[bytes], int] | None = None
    retry: Retry
    takes: Kinds | None = None
    default: Answer | None = None
    is_side: bool = False
    is_listed_apart: bool = False
    is_kept: bool = True
    remembers: bool = False

    @abstractmethod
    def claims(self, head: WireRequest) -> bool:
        """Whether the head alone says that the request is one of this API's."""

    @abstractmethod
    def read(self, head: WireRequest, content: bytes) -> LLMRequest:
        """Read a request, as far as it can be answered; what else the API would refuse of it `validate` refuses.

        Raises:
            BadRequestError: There is nothing in it that could be answered; so says the API.
            UnreadableError: It is nothing that the API has, or may be another application's.

        """

    def why_once(self, request: LLMRequest) -> str:
        """Say why a request means something once only, as `once` does; empty where it can be sent again."""
        del request
        return self.once

    def validate(self, request: LLMRequest, *, strictly: bool) -> None:
        """Refuse what was read and the API would not take, as far as that is sure; the setting `validate` asks for it.

        Args:
            request: The request, with all that it continues.
            strictly: Whether to refuse also what the installed SDK does not know, and hosts that only speak as the API
                does may take.

        Raises:
            BadRequestError: The API would refuse it.

        """
        del request, strictly

    def validate_head(self, head: WireRequest, *, strictly: bool) -> None:
        """Refuse what the API would for the head alone, where no server of ours is asked: a path; strictly, no key.

        Raises:
            BadRequestError: The API would refuse it.

        """
        del head, strictly

    @abstractmethod
    def respond(self, request: LLMRequest, answer: Answer, context: Context) -> WireResponse:
        """Write an answer as the API would, in the shape the request asks for.

        Raises:
            LLMInterceptError: The answer is nothing this API can give.

        """

    @abstractmethod
    def fail(self, request: LLMRequest, error: ErrorReply, identity: Identity) -> WireResponse:
        """Write an error in the API's own words and shape."""

    def is_asked(self, request: LLMRequest) -> bool:
        """Whether host or client say that the API's maker is asked, whatever the path is."""
        del request
        return False

    def limits(self, states: Sequence[LimitState], second: int) -> Headers:
        """Write what the API says of its rate limits beside every answer, which is made at that second."""
        del second
        return tuple(
            (f"x-ratelimit-{name}-{state.unit}", str(value))
            for state in states
            for name, value in (("limit", state.limit), ("remaining", state.remaining), ("reset", round(state.reset)))
        )

    def essence(self, request: LLMRequest) -> Any:
        """Return what makes a request the same one, asked as JSON or as a stream; its ids follow from it."""
        return {"url": request.url, "body": request.raw}

    def in_same_shape(self, request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
        """Whether a recorded answer, to a request with the body `asked`, can be given to `request` as it is."""
        del asked
        return request.stream == is_stream

    def tells_events(self, request: LLMRequest) -> bool:
        """Whether the answer is a stream of events, which has faults of its own."""
        return request.stream

    def unasked(self, request: LLMRequest) -> Answer | None:
        """Return what the API answers without asking its model, whatever rules and recordings say; None if it asks."""
        del request
        return None

    def socket(self, head: WireRequest) -> SocketForm | None:
        """Say how requests with this head are made and answered over a WebSocket; None where they are not."""
        del head
        return None

    def recall(self, request: LLMRequest, shelves: Shelves) -> LLMRequest:
        """Complete a request by what was answered before.

        Raises:
            BadRequestError: It continues what nobody here answered.

        """
        del shelves
        return request

    def replayed(self, request: LLMRequest, response: WireResponse, context: Context) -> WireResponse:
        """Hear of what a take answers; returns the response that does so."""
        del request, context
        return response

    def is_later(self, request: LLMRequest) -> bool:
        """Whether a request is answered at once, and worked on afterwards, so that its answer takes no time."""
        del request
        return False

    def alive(self, request: LLMRequest) -> Alive | None:
        """Return what tells how a stream says that its server is still there; None where it has no event for that."""
        del request
        return None

    def brings(self, request: LLMRequest) -> Sequence[tuple[WireRequest, bytes]]:
        """Return the requests that a request brings, each with its body; the API's own answer to it needs theirs."""
        del request
        return ()

    def knows(self, request: LLMRequest, shelves: Shelves) -> bool:
        """Whether a request is about what an interceptor has answered, so that nobody else can answer it."""
        del request, shelves
        return False

    def follows(self, request: LLMRequest, asked: Mapping[str, Any]) -> bool:
        """Whether a request continues what one with the body `asked` did, as far as that is known."""
        del request, asked
        return True
