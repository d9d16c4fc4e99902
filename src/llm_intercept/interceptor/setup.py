"""Makes an interceptor's engine of its settings.

Knows: what each setting does. Must not know: how a setting is said or checked, blocks, clients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.base.exact_tokens import ExactTokenizer, is_installed
from llm_intercept.base.tokens import CheckedTokenizer, EstimatingTokenizer
from llm_intercept.engine.exchange import Engine
from llm_intercept.engine.fitting import Fitting
from llm_intercept.errors import SettingsError
from llm_intercept.facts import Refusal
from llm_intercept.journal.log import CallLog
from llm_intercept.settings import WITHOUT_TAPE
from llm_intercept.simulation.service import Service
from llm_intercept.timing.clock import Clock
from llm_intercept.timing.pace_text import pace_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.base.tokens import Tokenizer
    from llm_intercept.engine.recorder import Recorder


BLOCKED = Refusal(
    "llm-intercept: mode 'block' (LLM_INTERCEPT=block) refuses every request to a model that no rule answers.",
    "Give it an answer: intercept('text') around the code, or LLM_INTERCEPT=mock for the whole process.\n"
    "To let it out: unmatched='passthrough' (LLM_INTERCEPT_UNMATCHED=passthrough), or passthrough=['a host or model'].",
)


def engine_of_settings(settings: Mapping[str, Any]) -> Engine:
    """Make the engine that does what the settings say; raises `SettingsError` if a place cannot be opened."""
    pace = settings["pace"]
    engine = Engine(
        unmatched=settings["unmatched"],
        seed=settings["seed"],
        tokenizer=_tokenizer(settings["tokenizer"]),
        passthrough=_hosts_and_models(settings["passthrough"]),
        network=settings["network"],
        validate=settings["validate"],
        fitting=Fitting(settings["strict"]),
        all_used=settings["all_used"],
        refusal=BLOCKED if settings["mode"] == "block" else None,
        service=Service(
            Clock(settings["time_scale"], settings["created"]), None if pace is None else pace_of("pace", pace)
        ),
        recorder=None if settings["mode"] in WITHOUT_TAPE else _recorder(settings),
    )
    if engine.recorder is not None:
        engine.recorder.check_place()
    if settings["log"] is not None:
        engine.journal.log = CallLog(settings["log"])
    return engine


def _tokenizer(said: Any) -> Tokenizer:
    """Make the tokenizer that a setting says; where it says none, an exact one if its vocabularies are installed.

    Raises:
        SettingsError: An exact one is wanted, and they are not.

    """
    if said == "estimate" or (said is None and not is_installed()):
        return EstimatingTokenizer()
    if said is not None and said != "exact":
        return CheckedTokenizer(said)
    if not is_installed():
        advice = "Install bpe-openai, which has the vocabularies: the extra tokens. Or say 'estimate'."
        raise SettingsError("tokenizer", said, advice=advice)
    return ExactTokenizer()


def _hosts_and_models(given: str | Iterable[str]) -> tuple[str, ...]:
    """Make the names of `passthrough`; of a URL, its host is taken, with the port if it has one."""
    names = (given,) if isinstance(given, str) else given
    return tuple(_host(name) or name if "://" in name else name for name in names)


def _host(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:  # it is none, so no request can have it
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname and port else parts.hostname or ""


def _recorder(settings: Mapping[str, Any]) -> Recorder:
    from llm_intercept.engine.recorder import Recorder  # noqa: PLC0415 - recordings cost 20 ms
    from llm_intercept.engine.wanted_takes import WantedTakes  # noqa: PLC0415 - as above
    from llm_intercept.recording.config import recordings_of  # noqa: PLC0415 - as above

    tape = recordings_of(settings["recordings"], settings["replay_speed"])
    wanted = WantedTakes(settings["max_age"], settings["old_takes"], settings["all_played"])
    return Recorder(tape, settings["mode"], settings["mode_from"], wanted)
