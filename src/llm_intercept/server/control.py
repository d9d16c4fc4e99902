"""The server's own paths, `/__llm_intercept/…`: a page, rules, calls, reset, verify, chaos, limits, pace, health.

Knows: what each path does to a share. Must not know: ASGI, dialects.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import decode, encode, is_object, mapping
from llm_intercept.errors import LLMInterceptError
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.rulefiles.load import read_rules
from llm_intercept.rules.shadow import shadowed
from llm_intercept.server.chaos_kinds import kinds_of
from llm_intercept.server.metrics import CONTENT_TYPE
from llm_intercept.server.refusing import RefusedError
from llm_intercept.server.told import LONGEST_NUMBER, Filter, told
from llm_intercept.timing.pace_text import EXPECTED as PACES
from llm_intercept.timing.pace_text import pace_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from llm_intercept.model.wire import Headers
    from llm_intercept.server.metrics import Metrics, NoMetrics
    from llm_intercept.server.shares import Share
    from llm_intercept.timing.clock import Clock

PREFIX = "/__llm_intercept/"
JSON, LINES, HTML = "application/json", "application/x-ndjson", "text/html; charset=utf-8"
FORGOTTEN = (
    "llm-intercept: what this test had before is forgotten, its rules and calls, since too many others asked after it "
    "(tests=): nobody knows whether all was well. A reset lets it begin again."
)
OPEN = frozenset({"health", "ready", ""})
"""What may be asked without a token: who asks it (a load balancer) has none, and the page for people holds no call."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the control.

    Attributes:
        method: Its method.
        path: What follows the prefix.
        query: Its parameters.
        body: Its body.
        share: Whose share it is about.

    """

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes
    share: Share

    def value(self) -> Any:
        """Read the body as JSON."""
        try:
            return decode(self.body) if self.body else {}
        except (ValueError, RecursionError) as error:
            raise RefusedError(400, f"llm-intercept: the body is not JSON: {error}.") from error


@dataclass(frozen=True, slots=True)
class Told:
    """What the control answers: a body, one that takes a while to make (in a thread), or lines that go on."""

    body: bytes
    status: int = 200
    kind: str = JSON
    made: Callable[[], bytes] | None = None
    lines: AsyncIterator[bytes] | None = None
    headers: Headers = ()


def _json(value: Any, status: int = 200) -> Told:
    return Told(encode(value) + b"\n", status)


class Control:
    """Answers the server's own paths.

    Args:
        metrics: What counts.
        clock: The simulated time since the server began.
        ready_after: Simulated seconds until it says that it is ready.
        stopping: Is set when the server stops.
        workers: How many processes serve; each has rules and calls of its own, so that none can be asked for all.

    """

    def __init__(
        self, metrics: Metrics | NoMetrics, clock: Clock, ready_after: float, stopping: asyncio.Event, workers: int
    ) -> None:
        self._metrics, self._clock, self._ready_after = metrics, clock, ready_after
        self._stopping, self._workers = stopping, workers
        self._paths: dict[tuple[str, str], Callable[[Asked], Told | Awaitable[Told]]] = {
            ("GET", "health"): lambda _: _json({"status": "ok"}),
            ("GET", "ready"): self._ready,
            ("GET", "metrics"): self._measured,
            ("GET", ""): lambda _: _page(),
            ("GET", "report"): _report,
            ("GET", "rules"): _rules,
            ("POST", "rules"): _add,
            ("DELETE", "rules"): _remove,
            ("GET", "calls"): self._calls,
            ("POST", "reset"): _reset,
            ("GET", "verify"): _verify,
            ("GET", "chaos"): _chaos,
            ("POST", "chaos"): _begin_chaos,
            ("DELETE", "chaos"): _end_chaos,
            ("GET", "limits"): _limits,
            ("POST", "limits"): _limit,
            ("DELETE", "limits"): _end_limits,
            ("GET", "pace"): _pace,
            ("POST", "pace"): _set_pace,
            ("DELETE", "pace"): _own_pace,
        }

    @staticmethod
    def refused(error: RefusedError) -> Told:
        """Say why something is not done."""
        return _json({"error": str(error)}, error.status)

    async def answer(self, asked: Asked) -> Told:
        """Answer a request; what cannot be done is refused, and the answer says why."""
        name = asked.path.partition("/")[0]
        try:
            if self._workers > 1 and name not in {"health", "ready", "metrics"}:
                raise RefusedError(409, _SEVERAL.format(self._workers))
            told = self._found(name, asked.method)(asked)
            return told if isinstance(told, Told) else await told
        except RefusedError as error:
            return self.refused(error)
        except LLMInterceptError as error:
            return _json({"error": str(error)}, 400)

    def _found(self, name: str, method: str) -> Callable[[Asked], Told | Awaitable[Told]]:
        found = self._paths.get((method, name))
        if found is not None:
            return found
        methods = [one for one, path in self._paths if path == name]
        if methods:
            raise RefusedError(405, f"llm-intercept: {PREFIX}{name} is asked by {' or '.join(methods)}, not {method}.")
        paths = ", ".join(filter(None, dict.fromkeys(path for _, path in self._paths)))
        raise RefusedError(404, f"llm-intercept: there is no {PREFIX}{name}. There are: {paths}.")

    def _ready(self, _: Asked) -> Told:
        left = self._ready_after - self._clock.now()
        if left > 0:
            return _json({"status": "starting", "seconds": round(left, 3)}, 503)
        return _json({"status": "ready"})

    def _measured(self, _: Asked) -> Told:
        text = self._metrics.text()
        if text is None:
            raise RefusedError(
                501, "llm-intercept: prometheus-client counts, and is not installed: it is in the extra serve."
            )
        return Told(text, kind=CONTENT_TYPE)

    def _calls(self, asked: Asked) -> Told:
        query = dict(asked.query)
        follow = query.pop("follow", "false")
        if follow not in {"true", "false"}:
            raise RefusedError(400, f"llm-intercept: follow={follow!r} cannot be used. Use true or false.")
        chosen = Filter(query)
        if follow == "true":
            return Told(b"", kind=LINES, lines=chosen.follow(asked.share.feed, self._stopping))
        return Told(b"".join(map(told, chosen.of(asked.share.llm.calls))), kind=LINES)


_SEVERAL = (
    "llm-intercept: this server has {} workers, and each has rules and calls of its own, so that what one says is not "
    "what the others do. Give rules by --rules, read calls in --log, or use --workers 1."
)


def _page() -> Told:
    from llm_intercept.server.live_report import HEADERS, live_page  # noqa: PLC0415 - few servers are looked at

    return Told(live_page(), kind=HTML, headers=HEADERS)


def _report(asked: Asked) -> Told:
    after = asked.query.get("after", "0")
    if not after.isascii() or not after.isdecimal() or len(after) > LONGEST_NUMBER:
        raise RefusedError(400, f"llm-intercept: after={after[:40]!r} cannot be used. Use what the last answer said.")
    live, last = asked.share.live, int(after)
    now = live.now()
    return Told(b"", made=lambda: live.since(last, now).as_json().encode())


def _rules(asked: Asked) -> Told:
    numbers = {id(rule): number for number, rule in asked.share.added.items()}
    return _json(
        {
            "rules": [
                {
                    "id": numbers.get(id(rule)),
                    "rule": str(rule),
                    "where": rule.where,
                    "used": rule.used,
                    "times": rule.at_most,
                    "replies": len(rule.prepared),
                    "optional": rule.is_optional,
                }
                for rule in engine_of(asked.share.llm).book.all()
            ]
        }
    )


async def _add(asked: Asked) -> Told:
    rules = await asyncio.to_thread(read_rules, asked.value(), "the request's body")  # whose patterns are looked at
    ids = asked.share.add(rules)
    never = [
        {"rule": str(rule), "because": f"{by} ({by.where}) comes first"}
        for rule, by in shadowed(engine_of(asked.share.llm).book.all())
        if any(rule is one for one in rules)
    ]
    return _json({"ids": ids, "never": never}, 201)


def _remove(asked: Asked) -> Told:
    given = asked.path.partition("/")[2]
    if not given:
        asked.share.remove([*asked.share.added])
    elif given not in map(str, asked.share.added):
        there = ", ".join(map(str, asked.share.added)) or "none"
        raise RefusedError(404, f"llm-intercept: no rule that was added has the id {given!r}. There are: {there}.")
    else:
        asked.share.remove([int(given)])
    return _json({})


def _reset(asked: Asked) -> Told:
    asked.share.reset()
    return _json({})


def _verify(asked: Asked) -> Told:
    engine = engine_of(asked.share.llm)
    found = {
        "unmatched": [str(one) for one in engine.journal.unmatched],
        "failures": [*([FORGOTTEN] if asked.share.is_anew else []), *map(str, engine.journal.failures)],
        "unused": [str(one) for one in engine.book.unused()],
    }
    ok = not any(found.values())
    return _json({"ok": ok, "calls": engine.journal.noted, **found}, 200 if ok else 409)


def _chaos(asked: Asked) -> Told:
    return _json({"chaos": [one.report() for one in engine_of(asked.share.llm).service.chaos]})


def _begin_chaos(asked: Asked) -> Told:
    given = _known(asked.value(), ("rate", "seed", "kinds"))
    kinds = None if given.get("kinds") is None else kinds_of(given["kinds"])
    asked.share.llm.chaos(rate=given.get("rate", 0.1), seed=given.get("seed", 0), kinds=kinds)
    return _json({}, 201)


def _end_chaos(asked: Asked) -> Told:
    engine_of(asked.share.llm).service.chaos.clear()
    return _json({})


def _limits(asked: Asked) -> Told:
    service = engine_of(asked.share.llm).service
    now = service.clock.now()
    return _json(
        {
            "limits": [
                {
                    "model": one.model,
                    "refused": one.refused,
                    **{state.unit: {"limit": state.limit, "remaining": state.remaining} for state in one.states(now)},
                }
                for one in service.limits
            ]
        }
    )


def _limit(asked: Asked) -> Told:
    asked.share.llm.rate_limit(**_known(asked.value(), ("requests_per_minute", "tokens_per_minute", "model")))
    return _json({}, 201)


def _end_limits(asked: Asked) -> Told:
    engine_of(asked.share.llm).service.limits.clear()
    return _json({})


def _pace(asked: Asked) -> Told:
    pace = engine_of(asked.share.llm).service.pace
    return _json({"pace": None if pace is None else str(pace)})


def _set_pace(asked: Asked) -> Told:
    given = _known(asked.value(), ("pace",)).get("pace")
    if not isinstance(given, str):
        raise RefusedError(400, f"llm-intercept: {given!r} says no pace. Use {PACES}.")
    engine_of(asked.share.llm).service.pace = pace_of("pace", given)
    return _json({}, 201)


def _own_pace(asked: Asked) -> Told:
    service = engine_of(asked.share.llm).service
    service.pace = service.own_pace
    return _json({})


def _known(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return a JSON object that has no other keys than these."""
    given = mapping(value)
    unknown = [name for name in given if name not in names]
    if not is_object(value) or unknown:
        what = f"the key {unknown[0]!r}" if unknown else "what is no JSON object"
        raise RefusedError(400, f"llm-intercept: {what} cannot be used. Use an object with {', '.join(names)}.")
    return dict(given)
