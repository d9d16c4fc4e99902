"""`Recordings`: which tape, and how it is recorded and played; and how its store is opened.

Knows: settings. Must not know: requests.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote, urlsplit

from llm_intercept.base.folders import absent, import_advice
from llm_intercept.base.spelling import spelt_class
from llm_intercept.errors import SettingsError
from llm_intercept.recording.fingerprint import Match, ignored
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.store import FolderStore, Store
from llm_intercept.recording.volatile import VOLATILE
from llm_intercept.settings import SETTINGS, of_others, values

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping, Sequence

    from llm_intercept.model.request import LLMRequest
    from llm_intercept.settings import ReplaySpeed

OFF = ("", "0", "false", "off", "no")


ELSEWHERE = {
    one.name: f"It is a setting: intercept(recordings=…, {one.name}=…)." for one in SETTINGS if one.is_argument
}


@partial(spelt_class, words={**ELSEWHERE, **of_others.ARGUMENTS})
@dataclass(frozen=True, slots=True)
class Recordings:
    """A tape, with all that can be said about it.

    Args:
        location: The folder, or an fsspec URL (`s3://…`, with the extra `llm-intercept-transport[fsspec]`).
        ignore: Paths of fields of the request that may differ from the recorded one, one or several: `$.temperature`,
            `$.messages[0]`, `$.messages[*].name`, `$..id`, and the words `host` (with its port), `path` and `query` for
            the URL's. With the word `api` a take of any API answers the same conversation: the model, who said what,
            the tools, and what is asked of the answer make the difference, and paths are of these (`$.model`,
            `$.messages`, `$.tools`, `$.tool_choice`, `$.calls_singly`, `$.max_tokens`, `$.output_format`).
        key: A function of the `LLMRequest` that returns what makes the difference, instead of the whole request.
        volatile: The names of the values that change from run to run: `uuid`, `time`, `call` and `tmp` by default,
            and `date`, `epoch` (a Unix time) and `clock` (07:16) if you name them; or a mapping from a name to a
            regular expression.
        replay_speed: How streams are played: `instant`, `recorded` (with their gaps), or a factor of the gaps (2.0 is
            slower); by default as the interceptor's `replay_speed` says, or at once.
        repeat_last: Whether the last take of a request is played again when there is none left.
        keep_errors: Whether answers with 401, 403, 429 and 5xx are kept too. By default the client gets them and a
            warning says so, since they would be played for ever.
        redaction: What is kept out of takes beside the known shapes of secrets; None keeps bodies as they are, and
            leaves out of URLs and headers what it always does.

    Raises:
        SettingsError: An argument has a value that cannot be used.

    """

    location: str | os.PathLike[str]
    ignore: str | Sequence[str] = ()
    key: Callable[[LLMRequest], object] | None = None
    volatile: Sequence[str] | Mapping[str, str | re.Pattern[str]] = tuple(VOLATILE)
    replay_speed: ReplaySpeed | None = None
    repeat_last: bool = False
    keep_errors: bool = False
    redaction: Redaction | None = field(default_factory=Redaction)
    matching: Match = field(init=False, repr=False, compare=False)
    """What may differ."""

    def __post_init__(self) -> None:
        if not isinstance(self.location, str | os.PathLike) or not str(self.location):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SettingsError("recordings", self.location, "a folder or an fsspec URL")
        object.__setattr__(self, "matching", Match(ignored(self.ignore), self.key, self.volatile))
        object.__setattr__(self, "redaction", Redaction.of_heads() if self.redaction is None else self.redaction)
        if not isinstance(self.redaction, Redaction):
            raise SettingsError("redaction", self.redaction, "Redaction(…), or None to keep bodies as they are")
        if self.replay_speed is not None:
            values.SPEED.check("replay_speed", self.replay_speed)

    @property
    def redacting(self) -> Redaction:
        """What is kept out of takes, as a `Redaction`."""
        return cast("Redaction", self.redaction)

    @property
    def factor(self) -> float:
        """What the recorded gaps are multiplied with."""
        speed = self.replay_speed or "instant"
        return {"instant": 0.0, "recorded": 1.0}[speed] if isinstance(speed, str) else float(speed)

    def store(self) -> Store:
        """Open the store."""
        return store_at(self.location)


def recordings_of(given: str | os.PathLike[str] | Recordings, speed: ReplaySpeed | None = None) -> Recordings:
    """Make `Recordings` of what `recordings=` gives, played at `speed` where they say none."""
    made = given if isinstance(given, Recordings) else Recordings(given)
    return made if made.replay_speed is not None else replace(made, replay_speed=speed)


def store_at(location: str | os.PathLike[str]) -> Store:
    """Open a folder, or the place an fsspec URL names; raises `SettingsError` if that cannot be done."""
    text = os.fspath(location)
    if "://" not in text and "::" not in text:
        return FolderStore(text)
    parts = urlsplit(text)
    if parts.scheme in {"file", "local"}:
        return FolderStore(unquote(parts.netloc + parts.path))
    from llm_intercept.recording.remote import RemoteStore  # noqa: PLC0415 - fsspec is an extra

    return RemoteStore(text)


def check_folder(location: str | os.PathLike[str], *, writes: bool) -> None:
    """Raise `SettingsError` if a local tape cannot be read or, where it `writes`, written; a URL is not asked."""
    text = os.fspath(location)
    if "://" in text or "::" in text:
        return
    folder = Path(text).absolute()
    there = next(one for one in (folder, *folder.parents) if one.exists())
    if not there.is_dir():
        expected = f"a folder; {'this' if there == folder else there} is a file"
        advice = import_advice(text)
        raise SettingsError("recordings", text, expected, advice and f"Use {expected}. {advice}")
    if writes and not os.access(there, os.W_OK | os.X_OK):
        raise SettingsError("recordings", text, f"a folder that can be written; {there} cannot, for this user")


def check_played(mode: str, location: str | os.PathLike[str] | None, name: str) -> None:
    """Raise `SettingsError`, with `name`, if a mode that asks no network has no take to play; a URL is not asked.

    For commands, whose user sees no answer: a block, whose rules come first, tells it when a request asks.
    """
    if location is None or mode not in {"replay", "auto"} or (mode == "auto" and not is_ci()):
        return
    text = os.fspath(location)
    why = absent(text)
    if not why and "://" not in text and "::" not in text and next(Path(text).glob("*.json"), None) is None:
        why = "there are no takes in it."
    if why:
        where = " in CI" if mode == "auto" else ""
        raise SettingsError(name, text, advice=f"Mode {mode!r} plays{where} what is recorded there, and {why}")


def is_ci(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether this is a CI run, by the variable `CI` that every service sets."""
    return environ.get("CI", "").strip().lower() not in OFF
