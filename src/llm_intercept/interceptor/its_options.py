"""The arguments of `intercept`, `Interceptor`, `InterceptTransport` and `wrap`, beside the reply.

Knows: the settings' types. Must not know: what is made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.interceptor.interceptor import Interceptor
    from llm_intercept.recording.config import Recordings
    from llm_intercept.settings import Mode, Network, OldTakes, ReplaySpeed, UnmatchedPolicy, Validation
    from llm_intercept.timing.pace import Pace

    RulesSource = str | PathLike[str] | Callable[["Interceptor"], object]


class Options(TypedDict, total=False):
    """The arguments of `intercept`, `Interceptor`, `InterceptTransport` and `wrap`, beside the reply.

    What is left out or None has the default that `[tool.llm_intercept]` in pyproject.toml gives, or the one said here.

    Attributes:
        mode: `mock` (the default) answers by rules alone; `replay` with recordings where no rule answers; `record`
            sends such requests to the network and records the answers; `auto` replays, and records what is missing,
            but in CI (where the variable `CI` is set) replays alone.
        recordings: The tape: a folder, an fsspec URL, or `Recordings`; where no mode is given, it is replayed.
        replay_speed: How fast a recorded stream is played: `instant` (the default), `recorded`, or a factor of the
            recorded gaps.
        max_age: How many days old a take may be that is played; by default any. What was older is told when the block
            ends.
        old_takes: Whether that is a warning (`warn`, an `errors.OldRecordingWarning`; the default) or an error
            (`error`).
        all_played: Whether a block that replays and ends well raises for takes that it did not play.
        rules: Rules that come before those made later: the path of a .toml, .json or .py file, a function `rules(llm)`,
            or a list of these. They need not all be used.
        unmatched: What happens to a request that nothing answers, or that goes to a known LLM host another way:
            `error` (the default) answers it with a 404 that is not retried and raises when the block ends; `raise`
            raises inside the client's transport; `warn` warns and lets it out; `passthrough` lets it out.
        passthrough: Hosts (`localhost:11434`), models, and paths with their host (`api.openai.com/v1/files*`; `*` and
            `?` are wildcards) whose requests go out to the network, before any rule is asked; what else nothing
            answers is still `unmatched`.
        network: `open` (the default) lets what asks no model go out; `none` refuses every connection but to this
            machine and to the hosts that `passthrough` names.
        validate: Which requests get the API's own 400: `auto` (the default) those that OpenAI, Azure, Anthropic and
            Google are sure to refuse; `strict` also those that the API's installed SDK has no types for, at any host;
            `off` only what cannot be read. Where a tape or the network may answer, these do.
        strict: Whether a rule's reply that the model could not give to the request is an error that names the rule: the
            call of a tool that was not offered, arguments outside its schema, a text outside the response's format; by
            default a warning once a rule (`errors.UnfitReplyWarning`). What a tape plays is not looked at.
        seed: The same seed gives the same ids for the same requests; 0 by default.
        created: When answers say they were made (their `created`, their date, the time in their ids), in Unix seconds;
            by default the present of the simulated clock.
        tokenizer: Splits text into stream deltas and counts usage: `exact` (the extra `tokens`; the default where it is
            installed), `estimate`, or your own.
        log: A file that each call is appended to as a line of JSON; several processes may share it.
        all_used: Whether a block that ends well raises for rules that were not used, or not to their script's end.
        time_scale: Real seconds that a simulated second takes: 1 (the default) is real time, 0 virtual time, in which
            no wait takes time and the client's read timeouts fire as they would.
        pace: How fast answers come, where neither the rule nor the reply says it; by default at once.

    """

    mode: Mode | None
    recordings: str | PathLike[str] | Recordings | None
    replay_speed: ReplaySpeed | None
    max_age: float | None
    old_takes: OldTakes | None
    all_played: bool | None
    rules: RulesSource | Sequence[RulesSource] | None
    unmatched: UnmatchedPolicy | None
    passthrough: str | Sequence[str] | None
    network: Network | None
    validate: Validation | None
    strict: bool | None
    seed: int | None
    created: int | None
    tokenizer: Tokenizer | Literal["exact", "estimate"] | None
    log: str | PathLike[str] | None
    all_used: bool | None
    time_scale: float | None
    pace: Pace | str | None
