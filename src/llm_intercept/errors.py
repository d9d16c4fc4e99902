"""Every error a user can meet, each built from typed facts so that its text says what happened and what to do next.

Knows: words. Must not know: HTTP libraries, rules, dialects; they hand over facts as plain values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.shown import indented, shorten, visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llm_intercept.facts import RedactedFacts, RuleFacts, SecretFacts, Unmatched

SHOWN_REQUESTS = 5


def portable(value: Any) -> Any:
    """Return a value if another process can have it, pickled; else its `repr`."""
    import pickle  # noqa: PLC0415 - few programs send what happened elsewhere, and Python's start loads this module

    try:
        pickle.loads(pickle.dumps(value))  # noqa: S301 - what was pickled on this line
    except Exception:  # noqa: BLE001 - whatever a class does when it is pickled or made again, this one does not travel
        return repr(value)
    return value


class LLMInterceptError(Exception):
    """The base of every error llm-intercept raises; its text obeys `visible`, and any of them can be pickled."""

    def __init__(self, *words: str) -> None:
        super().__init__(*(visible(one, lines=True) for one in words))

    def __reduce__(self) -> tuple[Any, ...]:
        facts = {name: portable(value) for name, value in self.__dict__.items()}
        return _made_again, (type(self), self.args, facts)


def _made_again(kind: type[LLMInterceptError], words: tuple[Any, ...], facts: dict[str, Any]) -> LLMInterceptError:
    """Make an error as it was; its class would make the text from the facts again."""
    error = kind.__new__(kind)
    error.args = words
    error.__dict__.update(facts)
    return error


class LLMInterceptWarning(UserWarning):
    """The base of every warning; its text obeys `visible`."""

    def __init__(self, text: str = "") -> None:
        super().__init__(visible(text, lines=True))


class SettingsError(LLMInterceptError, ValueError):
    """A setting (an argument, an environment variable, a file's key) has a value that cannot be used.

    `expected` says what can be used; `advice` is a whole sentence instead.
    """

    def __init__(self, name: str, value: object, expected: str = "", advice: str = "") -> None:
        self.name, self.value, self.expected = name, value, expected
        super().__init__(f"{name}={value!r} cannot be used. {advice or f'Use {expected}.'}")


class UnknownSettingError(SettingsError, TypeError):
    """A setting has a name that none has, as an argument, an environment variable or a file's key."""

    def __init__(self, name: str, value: object, advice: str, where: str = "") -> None:
        self.name, self.value, self.expected, self.where = name, value, advice, where
        place = f" in {where}" if where else ""
        problem = f"{name}={value!r} cannot be used{place}: no setting has this name."
        super(SettingsError, self).__init__(f"{problem} {advice}")


class UnknownArgumentError(SettingsError, TypeError):
    """A function was given an argument that it does not have, or lacks one; `advice` says what was meant."""


class RuleFileError(LLMInterceptError, ValueError):
    """A file of rules has something that cannot be used."""

    def __init__(self, where: str, key: str, problem: str, advice: str) -> None:
        self.where, self.key, self.problem, self.advice = where, key, problem, advice
        super().__init__(f"{where}: {f'{key}: ' if key else ''}{problem.rstrip('.')}. {advice}")


class ReplyError(LLMInterceptError, TypeError):
    """What was given as a reply cannot be one."""

    def __init__(self, problem: str, advice: str, where: str = "") -> None:
        self.problem, self.advice, self.where = problem, advice, where
        super().__init__(f"{problem}{f' (at {where})' if where else ''}. {advice}")


class NotSentOnError(LLMInterceptError):
    """A request came over a WebSocket that is answered here, and would have to be sent on, which is not done there."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            "llm-intercept answers this WebSocket itself and sends nothing on over it, so this request can be neither "
            "let out nor recorded. Use the SDK's HTTP transport for it (a recording of that answers a WebSocket too), "
            f"give it a rule, or let the whole connection out: passthrough=[{host!r}]."
        )


class WrapError(LLMInterceptError, TypeError):
    """What was given to `wrap` holds no HTTP client that can be wrapped, or was never wrapped."""


class ReplyFunctionError(LLMInterceptError):
    """A reply function or a condition of the test raised; `__cause__` is what it raised."""

    def __init__(self, rule: str, where: str, cause: BaseException) -> None:
        self.rule, self.where = rule, where
        self.__cause__ = cause
        super().__init__(
            f"The function of rule {rule} ({where}) raised {type(cause).__name__}: {cause}. "
            "It was called to answer a request; correct it, or raise one of the HTTP library's own exceptions "
            "to make the request itself fail."
        )


class TokenizerError(LLMInterceptError):
    """The tokenizer of the settings raised; `__cause__` is what it raised."""

    def __init__(self, tokenizer: object, cause: BaseException) -> None:
        self.tokenizer = tokenizer
        self.__cause__ = cause
        super().__init__(
            f"The tokenizer {type(tokenizer).__name__} raised {type(cause).__name__}: {cause}. Correct it, or leave "
            "tokenizer= out, which takes the built-in estimate. One that downloads its vocabulary (tiktoken) needs it "
            "on disk where there is no network: set TIKTOKEN_CACHE_DIR."
        )


class AnswerError(LLMInterceptError):
    """An answer could not be written, for a reason in llm-intercept itself; `__cause__` is what was raised."""

    def __init__(self, rule: str, where: str, cause: BaseException) -> None:
        self.rule, self.where = rule, where
        self.__cause__ = cause
        super().__init__(
            f"The answer of {rule}{f' ({where})' if where else ''} could not be written: {type(cause).__name__}: "
            f"{cause}. No function of yours raised this: it is a mistake in llm-intercept. Please report it with the "
            "traceback and the reply; until it is mended, give the whole body with raw(…)."
        )


class ShadowedRuleWarning(LLMInterceptWarning):
    """A rule was made that can never answer, because an earlier one answers everything for ever."""


class NeverUsedWarning(LLMInterceptWarning, RuntimeWarning):
    """What `intercept(…)` returned was neither entered nor used as a decorator, or an `Interceptor` had no client."""


class UnmatchedWarning(LLMInterceptWarning):
    """A request that nothing answers was let through, as `unmatched="warn"` asks."""


class UnfitReplyWarning(LLMInterceptWarning):
    """A rule's reply is none that the model could give to the request; with `strict=True` it is an error."""


class RunawayPatternWarning(LLMInterceptWarning):
    """A rule's regular expression takes for ever on some short text, so that a request may hang in it."""


class LogLossWarning(UserWarning):
    """A call could not be written to the log; the program goes on as if there were none. It is told once."""


class UnmatchedRequestError(LLMInterceptError, AssertionError):
    """Requests that nothing answered, raised when the block that should have answered them ends."""

    def __init__(self, unmatched: Sequence[Unmatched]) -> None:
        self.unmatched = tuple(unmatched)
        count = len(self.unmatched)
        lines = [] if count == 1 else [f"llm-intercept: {count} requests were not answered.\n"]
        lines += [f"{one}\n" for one in self.unmatched[:SHOWN_REQUESTS]]
        lines += [f"… and {count - SHOWN_REQUESTS} more; llm.unmatched has them all."] if count > SHOWN_REQUESTS else []
        super().__init__("\n".join(lines).rstrip("\n"))


class ElsewhereError(LLMInterceptError, AssertionError):
    """What went wrong with requests that other processes made, which a block started."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        lines = ["llm-intercept: not all went well in the processes that were started inside this block."]
        for problem in self.problems[:SHOWN_REQUESTS]:
            lines += indented(problem, 2)
        more = len(self.problems) - SHOWN_REQUESTS
        super().__init__("\n".join([*lines, *([f"  … and {more} more"] if more > 0 else [])]))


class BlockEndedError(LLMInterceptError):
    """Something was asked of an interceptor whose block has ended, so that it could have no effect."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(
            f"llm.{what} has no effect: the block that gave this interceptor has ended, and it answers no more. "
            "Call it inside the block, or begin another one: with intercept(…) as llm."
        )


class DummyKeyError(LLMInterceptError):
    """A request that was to go to the network has the key that stands in where a program has none."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"llm-intercept did not send a request on to {host}: it has no key. Where no key is set, a dummy stands in "
            "while requests are answered, and is never sent out. Set the variable that the client reads "
            "(OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, …), or let a rule or a recording answer the request."
        )


class UnusedRuleError(LLMInterceptError, AssertionError):
    """Rules that no request used, or scripts with replies left over, where all were to be used."""

    def __init__(self, unused: Sequence[RuleFacts]) -> None:
        self.unused = tuple(unused)
        lines = ["llm-intercept: not every rule was used to its end."]
        for rule in self.unused:
            lines += indented(str(rule), 2)
        lines.append("Take it out, or say that it need not be used: llm.on(…).reply(…).optional().")
        super().__init__("\n".join(lines))


class ExpectationError(LLMInterceptError, AssertionError):
    """What a test says of its calls does not hold.

    Attributes:
        problem: What does not hold.

    """

    def __init__(self, problem: str, details: Sequence[str] = ()) -> None:
        self.problem = problem
        super().__init__("\n".join([f"llm-intercept: {problem}", *details]))


class BudgetExceededError(LLMInterceptError, AssertionError):
    """More calls were made, or more tokens used, than `llm.budget(…)` allows."""

    def __init__(self, what: str, allowed: float, used: float, calls: Sequence[str]) -> None:
        self.what, self.allowed, self.used = what, allowed, used
        problem = f"llm-intercept: the budget is {allowed:,g} {what}, and {used:,g} were used."
        super().__init__("\n".join([problem, "the calls:", *calls]))


class UnseenClientError(LLMInterceptError):
    """A library (empty: nobody knows which) was about to reach a model, by host or by `request`, method and path."""

    def __init__(self, library: str, host: str, request: str = "", let_out: str = "") -> None:
        self.library, self.host, self.request = library, host, request
        reached = f"send {request} to {host}, which asks a model," if request else f"reach {host}, a known LLM host,"
        unknown = library or "the library that looked up the name or connected, which it does not know"
        advice = "Mock this call with" if library else "The traceback shows which it is: mock the call with"
        super().__init__(
            f"{library or 'Something in this process'} was about to {reached} while llm-intercept is active. "
            f"llm-intercept answers httpx, httpx2, aiohttp and urllib3 (requests) and cannot answer {unknown}; the "
            f"request was stopped so that nothing reaches a paid API unasked. {advice} a tool for that library. Let it "
            f"out with passthrough=[{let_out or host!r}], or all that nothing answers with unmatched='passthrough'."
        )


class NoNetworkError(LLMInterceptError, ConnectionRefusedError):
    """Something was about to leave this machine while `network="none"` holds; to clients it is a refused connection."""

    def __init__(self, what: str, host: str, let_out: str, hint: str = "") -> None:
        self.what, self.host = what, host
        super().__init__(
            f"{what or 'Something in this process'} was about to reach {host}; network='none' lets nothing but "
            f"loopback out, so it was refused. {hint}Let it out with passthrough=[{let_out!r}], or leave out "
            "network='none'."
        )


class HookError(LLMInterceptError):
    """A function through which requests go out cannot be hooked, so llm-intercept does not start."""

    def __init__(self, name: str, found: object) -> None:
        self.name, self.found = name, found
        what = "it is not there" if found is None else f"it is {shorten(repr(found))}"
        super().__init__(
            f"llm-intercept cannot hook {name}: {what}, and only a Python function can be hooked. Requests that go "
            f"through it would reach the network unanswered, so nothing was started. If another tool (a test's mock, a "
            f"tracer) has put it there, begin to intercept before that tool does, or let it put a Python function "
            f"there. Otherwise this version of {name.partition('.')[0]} is not known: use another one."
        )


class RecordingError(LLMInterceptError):
    """An answer could not be recorded, the client got it all the same; or takes were not played that were to be."""


class DamagedRecordingWarning(LLMInterceptWarning):
    """Files of a tape could not be read as takes; they were skipped."""


class UnrecordedAnswerWarning(LLMInterceptWarning):
    """Answers were not recorded, since they say how things stood then: a wrong key, a limit, a server that failed."""


class OldRecordingWarning(LLMInterceptWarning):
    """Takes were played that are older than `max_age`: the API may answer in another way by now."""

    def __init__(self, location: str, days: float | None, takes: Sequence[str]) -> None:
        self.location, self.days, self.takes = location, days, takes
        listed = "".join(f"\n  {take}" for take in takes)
        problem = f"older than max_age={days} days: record them again, with mode 'record'.{listed}"
        super().__init__(f"llm-intercept: takes in {location} are {problem}")


class RedactedAnswerWarning(LLMInterceptWarning):
    """Redaction changed answers: in replay a program gets the mark, and not what it got.

    Attributes:
        location: The tape.
        changed: What was changed, and how often.

    """

    def __init__(self, location: str, changed: Mapping[RedactedFacts, int]) -> None:
        self.location, self.changed = location, dict(changed)
        listed = [f"  {fact} ({count}x)" for fact, count in self.changed.items()]
        more = [f"  and {len(listed) - SHOWN_REQUESTS} more"] if len(listed) > SHOWN_REQUESTS else []
        super().__init__(
            f"llm-intercept: redaction changed answers in {location}; in replay they say [redacted] there:\n"
            + "\n".join([*listed[:SHOWN_REQUESTS], *more])
            + "\nIf that is no secret, keep it: Recordings(…, redaction=Redaction(keep_fields=('its name',))), or "
            "redaction=None for all that is said; and record again."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel between processes."""
        return type(self), (self.location, self.changed)


class SecretInRecordingError(LLMInterceptError):
    """A finished tape holds what looks like a secret."""

    def __init__(self, location: str, found: Sequence[SecretFacts]) -> None:
        self.location, self.found = location, tuple(found)
        lines = "\n".join(f"  {one}" for one in self.found)
        super().__init__(
            f"llm-intercept: the recordings in {location} hold what looks like a secret, at\n{lines}\n"
            "Delete these files before they are committed. Keep such values out with "
            "Recordings(…, redaction=Redaction(fields=…, patterns=…)), and record again."
        )


class SchemaError(LLMInterceptError, ValueError):
    """A schema that has no instance, or is none; `path` says where in it."""

    def __init__(self, path: str, problem: str) -> None:
        self.path, self.problem = path, problem
        super().__init__(
            f"auto() cannot answer this schema: at {path or '#'}, {problem}. Correct the schema, or answer this "
            "request with a rule of its own: structured(…) or tool_call(…)."
        )


class EndlessError(SchemaError):
    """A required part of the schema contains itself."""


class NotResilientError(LLMInterceptError, AssertionError):
    """A program did not do what it should with the faults it met; `resilience` says what it did."""

    def __init__(self, report: str, kinds: Sequence[str], resilience: object) -> None:
        self.resilience, self.kinds = resilience, tuple(kinds)
        super().__init__(
            f"The program under test is not resilient: {', '.join(kinds)}.\n{report}\n"
            f"Change what it does, or allow it: assert_resilient(allow={list(kinds)!r})."
        )


class MockedError(LLMInterceptError):
    """An error that `mock_response="litellm.<name>"` asked for; litellm's attributes, without litellm."""

    status_code: int = 500

    def __init__(self, message: str, model: str = "", llm_provider: str = "openai") -> None:
        self.message, self.model, self.llm_provider = message, model, llm_provider
        super().__init__(f"litellm.{type(self).__name__}: {message}")
