"""Every setting, as one row of one table, and how each is called wherever it can be said.

Knows: names, kinds, defaults. Must not know: what the settings do. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from llm_intercept.base.words import did_you_mean
from llm_intercept.errors import SettingsError, UnknownSettingError
from llm_intercept.settings import of_others, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.settings.values import Kind

Mode = Literal["mock", "replay", "record", "auto", "block"]
UnmatchedPolicy = Literal["error", "raise", "warn", "passthrough"]
Network = Literal["open", "none"]
Validation = Literal["auto", "off", "strict"]
Scope = Literal["process", "context"]
OldTakes = Literal["warn", "error"]
ReplaySpeed = Literal["instant", "recorded"] | float

DEFAULT_REPLY = "This is a mock request"
SWITCH = "LLM_INTERCEPT"
TABLE = "[tool.llm_intercept]"

PROCESS = frozenset({"environment", "run"})
"""An environment variable, and a flag of `llm-intercept run`."""
PROJECT = frozenset({"pyproject", "pytest"})
"""A key of `[tool.llm_intercept]`; an ini option and a flag of pytest."""
EVERYWHERE = PROCESS | PROJECT
ARGUMENT_ONLY = frozenset[str]()


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: an argument of every way in, and what it is called elsewhere.

    Attributes:
        name: The argument, and the key in pyproject.toml.
        kind: What it may be.
        default: What holds where nobody says anything.
        help: What it is, in one line.
        places: Where else it can be said.
        is_argument: Whether it is an argument of the ways in.

    """

    name: str
    kind: Kind
    default: object
    help: str
    places: frozenset[str] = EVERYWHERE
    is_argument: bool = True

    @property
    def variable(self) -> str:
        """The environment variable."""
        return SWITCH if self.name == "mode" else f"{SWITCH}_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """The flag of `llm-intercept run`."""
        return "--" + self.name.replace("_", "-")

    @property
    def ini(self) -> str:
        """The option in pytest's ini file."""
        return f"llm_{self.name}"

    @property
    def pytest_flag(self) -> str:
        """The flag of pytest."""
        return "--" + self.ini.replace("_", "-")


SETTINGS = (
    Setting(
        "mode",
        values.one_of(*get_args(Mode), meant=of_others.MODES),
        "mock",
        "where answers come from where no rule gives one; `block` refuses all",
    ),
    Setting(
        "reply",
        values.TEXT,
        None,
        "what is answered where no rule does; by default a ready sentence",
        PROCESS,
        is_argument=False,
    ),
    Setting("recordings", values.TAPE, None, "the tape, which the modes replay, record and auto need"),
    Setting("replay_speed", values.SPEED, None, "how fast a recorded stream is played; by default at once"),
    Setting("max_age", values.AGE, None, "how many days old a take may be that is played; by default any"),
    Setting(
        "old_takes",
        values.one_of(*get_args(OldTakes)),
        "warn",
        "whether takes that were played and are older than `max_age` are a warning or an error",
    ),
    Setting(
        "all_played",
        values.TRUTH,
        False,
        "whether takes that a block which replays and ends well did not play are an error",
        PROJECT,
    ),
    Setting("rules", values.RULES, (), "rules that come before all others, and need not be used"),
    Setting(
        "unmatched",
        values.one_of(*get_args(UnmatchedPolicy)),
        "error",
        "what happens to a request that nothing answers",
    ),
    Setting("passthrough", values.NAMES, (), "the hosts, models and paths whose requests go out to the network"),
    Setting(
        "network",
        values.one_of(*get_args(Network)),
        "open",
        "whether traffic that asks no model goes out, or nothing does but to this machine and to passthrough's hosts",
    ),
    Setting(
        "validate",
        values.one_of(*get_args(Validation)),
        "auto",
        "which requests get the API's own 400: what it is sure to refuse, nothing, or all that its SDK does not know",
    ),
    Setting(
        "strict",
        values.TRUTH,
        False,
        "whether a reply that the model could not give to the request is an error, and not a warning once a rule",
    ),
    Setting("scope", values.one_of(*get_args(Scope)), "process", "for whom a block answers", PROJECT),
    Setting("seed", values.WHOLE, 0, "another seed, other ids; the same one, the same"),
    Setting(
        "created",
        values.MOMENT,
        None,
        "when answers say they were made: now serves what reads times, a fixed moment what compares bytes",
    ),
    Setting(
        "tokenizer",
        values.TOKENIZER,
        None,
        "what splits and counts text; by default exact where the extra `tokens` is installed, else an estimate",
    ),
    Setting("log", values.FILE, None, "a file that each call is appended to as a line of JSON"),
    Setting("all_used", values.TRUTH, False, "whether a rule that was not used is an error; in pytest it is", PROJECT),
    Setting("time_scale", values.SCALE, 1.0, "the real seconds that a simulated second takes"),
    Setting(
        "quiet",
        values.TRUTH,
        False,
        "whether a process says nothing when it starts to answer",
        PROCESS,
        is_argument=False,
    ),
    Setting(
        "block",
        values.TRUTH,
        False,
        "whether pytest refuses the requests to models that no block answers",
        PROJECT,
        is_argument=False,
    ),
    Setting(
        "pace",
        values.PACE,
        None,
        "how fast answers come, and how they slow each other down, where neither rule nor reply says it",
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}
ARGUMENTS = tuple(setting.name for setting in SETTINGS if setting.is_argument)
WITHOUT_TAPE = ("mock", "block")
"""The modes that need no recordings."""


def said_in(place: str) -> tuple[Setting, ...]:
    """Return the settings that can be said in a place: `environment`, `run`, `pyproject` or `pytest`."""
    return tuple(setting for setting in SETTINGS if place in setting.places)


def refuse_unknown(given: Mapping[str, object], known: Iterable[str], where: str = "") -> None:
    """Raise `UnknownSettingError`, with the name that was meant, at a name that no setting has."""
    known = tuple(known)
    for name, value in given.items():
        if name not in known:
            others = of_others.ARGUMENTS.get(name, "")
            advice = others.format(name) or did_you_mean(name, known)
            raise UnknownSettingError(name, value, advice, where)


def check_tape(mode: object, recordings: object, name: str = "recordings") -> None:
    """Raise `SettingsError`, with `name`, if the mode needs recordings and has none."""
    if mode not in WITHOUT_TAPE and not recordings:
        raise SettingsError(name, recordings, f"a folder, which mode {mode!r} needs")
