"""`Recordings`: which tape, and how it is recorded and played; and how its store is opened.

Knows: settings. Must not know: requests.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from llm_intercept.errors import SettingsError
from llm_intercept.recording.fingerprint import matching
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.store import FolderStore, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.recording.fingerprint import Match

Speed = Literal["instant", "recorded"] | float
OFF = ("", "0", "false", "off", "no")


@dataclass(frozen=True, slots=True)
class Recordings:
    """A tape, with all that can be said about it.

    Args:
        location: The folder, or an fsspec URL (`s3://…`, with the extra `llm-intercept[fsspec]`).
        match: What may differ from the recorded request: a `Match`, a path or several (`"$.temperature"`), a function
            of the request; None for nothing.
        pace: How streams are played: `instant`, `recorded` (with their gaps), or a factor of the gaps (2.0 is slower).
        repeat_last: Whether the last take of a request is played again when there is none left.
        redaction: What is kept out of takes beside the known shapes of secrets.

    Raises:
        SettingsError: An argument has a value that cannot be used.

    """

    location: str | os.PathLike[str]
    match: Any = None
    pace: Speed = "instant"
    repeat_last: bool = False
    redaction: Redaction = field(default_factory=Redaction)

    def __post_init__(self) -> None:
        if not isinstance(self.location, str | os.PathLike) or not str(self.location):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SettingsError("recordings", self.location, "a folder or an fsspec URL")
        object.__setattr__(self, "match", matching(self.match))
        check_pace(self.pace)

    @property
    def matching(self) -> Match:
        """What may differ, as a `Match`."""
        found: Match = self.match
        return found

    @property
    def factor(self) -> float:
        """What the recorded gaps are multiplied with."""
        return {"instant": 0.0, "recorded": 1.0}[self.pace] if isinstance(self.pace, str) else float(self.pace)

    def store(self) -> Store:
        """Open the store."""
        return store_at(self.location)


def is_speed(pace: object) -> bool:
    """Tell whether a pace is one of recordings, by a word or a factor, and none of made-up answers (`Pace`)."""
    return isinstance(pace, str | int | float)


def check_pace(pace: object) -> None:
    """Check how streams are to be played.

    Raises:
        SettingsError: `pace` is not `instant`, `recorded` or a factor.

    """
    is_number = isinstance(pace, int | float) and not isinstance(pace, bool) and 0 <= pace < float("inf")
    if pace not in ("instant", "recorded") and not is_number:
        raise SettingsError("pace", pace, "'instant', 'recorded', or a factor of the recorded gaps, 0 or more")


def recordings_of(given: object, match: object = None, pace: object = None) -> Recordings:
    """Make `Recordings` of what is given as `recordings=`, `match=` and `pace=`.

    Raises:
        SettingsError: It cannot be used.

    """
    made = given if isinstance(given, Recordings) else Recordings(given)  # type: ignore[arg-type]
    changes: dict[str, Any] = {"match": match, "pace": pace}
    return replace(made, **{name: value for name, value in changes.items() if value is not None})


def store_at(location: str | os.PathLike[str]) -> Store:
    """Open a folder, or the place an fsspec URL names.

    Raises:
        SettingsError: It cannot be opened.

    """
    text = os.fspath(location)
    if "://" not in text and "::" not in text:
        return FolderStore(text)
    parts = urlsplit(text)
    if parts.scheme in {"file", "local"}:
        return FolderStore(unquote(parts.netloc + parts.path))
    from llm_intercept.recording.remote import RemoteStore  # noqa: PLC0415 - fsspec is an extra

    return RemoteStore(text)


def is_ci(environ: Mapping[str, str] = os.environ) -> bool:
    """Tell whether this is a CI run, by the variable `CI` that every service sets."""
    return environ.get("CI", "").strip().lower() not in OFF
