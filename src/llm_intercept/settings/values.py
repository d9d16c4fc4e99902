"""What a setting may be: whether a value can be used, in which words that is said, and how text becomes a value.

Knows: values and words. Must not know: which settings there are. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

IniType = Literal["string", "bool", "args"]
RULE_FILES = (".toml", ".json", ".py")
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be.

    Attributes:
        expected: What it may be, in words; messages and docs/settings.md say them.
        accepts: Whether a value can be used.
        read: Makes a value of text; text that says none it returns as it is, for `accepts` to refuse.
        choices: The words it may be, where it is one of some words.
        ini: The type that pytest's ini files give it.
        is_path: Whether it is a path (or several), which text says from a folder.
        may_be_empty: Whether empty text is a value; else it is the same as none.
        meant: Words of others, and which of the choices means the same.

    """

    expected: str
    accepts: Callable[[Any], bool]
    read: Callable[[str], object] = str
    choices: tuple[str, ...] = ()
    ini: IniType = "string"
    is_path: bool = False
    may_be_empty: bool = False
    meant: Mapping[str, str] = field(default_factory=dict[str, str])

    def check(self, name: str, value: Any) -> Any:
        """Return `value` if it can be used as the setting that a message calls `name`; or raise `SettingsError`."""
        if not self.accepts(value):
            meant = self.meant.get(value) if isinstance(value, str) else None
            same = f"{meant!r}, which does the same: " if meant else ""
            raise SettingsError(name, value, same + self.expected)
        return value

    def seen_from(self, folder: str, value: Any) -> Any:
        """Return `value`, a relative path made one from `folder`."""
        if self.is_path and isinstance(value, list):
            return [self.seen_from(folder, one) for one in cast("list[object]", value)]
        is_relative = self.is_path and isinstance(value, str) and value and "://" not in value
        return os.path.normpath(os.path.join(folder, value)) if is_relative else value  # noqa: PTH118 - pathlib is slow to import


class PaceKind(Kind):
    """A pace, or text that says one; a tape that it names is read when answers are to be paced."""

    __slots__ = ()

    def check(self, name: str, value: Any) -> Any:
        """Return `value` if it is or says a pace; see `Kind.check`."""
        from llm_intercept.timing import pace, pace_text  # noqa: PLC0415 - mostly nobody says one, and this runs at start-up

        if isinstance(value, str):
            pace_text.check_text(name, value)
        elif not isinstance(value, pace.Pace):
            raise SettingsError(name, value, self.expected)
        return value

    def seen_from(self, folder: str, value: Any) -> Any:
        """Return `value`, the relative path of a tape made one from `folder`."""
        from llm_intercept.timing.pace_text import seen_from  # noqa: PLC0415 - as above

        return seen_from(folder, value) if isinstance(value, str) else value


class RulesKind(Kind):
    """Files of rules and functions that make rules; the files must be there."""

    __slots__ = ()

    def check(self, name: str, value: Any) -> Any:
        """Return `value` if every path in it names a file of rules; see `Kind.check`."""
        # `super()` would be that of the class that `slots=True` replaced.
        for one in listed(Kind.check(self, name, value)):
            if not callable(one):
                _check_file(name, os.fspath(cast("str | os.PathLike[str]", one)))
        return value


def listed(value: object) -> list[object]:
    """Return the values of a list or tuple, or the one value there is."""
    return list(cast("list[object]", value)) if isinstance(value, list | tuple) else [value]


def _check_file(name: str, path: str) -> None:
    if not path.endswith(RULE_FILES):
        raise SettingsError(name, path, "the path of a .toml, .json or .py file")
    if not os.path.isfile(path):  # noqa: PTH113 - pathlib is slow to import at interpreter start
        raise SettingsError(name, path, f"the path of a file; from {os.getcwd()} there is none of this name")  # noqa: PTH109


def one_of(*words: str, meant: Mapping[str, str] | None = None) -> Kind:
    """Make the kind of a setting that is one of some words; `meant` are those of others for them."""
    expected = "one of " + ", ".join(map(repr, words))
    return Kind(
        expected, lambda value: isinstance(value, str) and value in words, str.strip, words, meant=dict(meant or {})
    )


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike) and bool(os.fspath(cast("str | os.PathLike[str]", value)))


def _are_names(value: object) -> bool:
    many = [value] if isinstance(value, str) else value
    return isinstance(many, list | tuple | set | frozenset) and all(
        isinstance(one, str) and one.strip() for one in cast("list[object]", many)
    )


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _whole(text: str) -> object:
    try:
        return int(text)
    except ValueError:
        return text


def _truth(text: str) -> object:
    word = text.strip().lower()
    return True if word in TRUE else False if word in FALSE else text


TEXT = Kind("text", lambda value: isinstance(value, str), may_be_empty=True)
WHOLE = Kind("an int", is_int, _whole)
MOMENT = Kind("Unix seconds, an int from 0 to 4294967295", lambda value: is_int(value) and 0 <= value < 1 << 32, _whole)
TRUTH = Kind("true or false", lambda value: isinstance(value, bool), _truth, ini="bool")
SCALE = Kind(
    "a number: 1 for real time, 0.01 for a hundredth, 0 for no waiting", lambda value: is_number(value, 0), _number
)
SPEED = Kind(
    "'instant', 'recorded', or a factor of the recorded gaps, 0 or more",
    lambda value: is_number(value, 0) or (isinstance(value, str) and value in {"instant", "recorded"}),
    _number,
)
AGE = Kind("a number of days, 0 or more", lambda value: is_number(value, 0), _number)
FILE = Kind("the path of a file", _is_path, is_path=True)
TAPE = Kind(
    "a folder, a URL that fsspec knows, or Recordings(…)",
    lambda value: _is_path(value) or hasattr(value, "location"),  # `Recordings` is a floor up
    is_path=True,
)
RULES = RulesKind(
    "the path of a .toml, .json or .py file, a function rules(llm), or a list of these",
    lambda value: all(callable(one) or _is_path(one) for one in listed(value)),
    ini="args",
    is_path=True,
)
NAMES = Kind(
    "a list of hosts and models, such as ['api.mistral.ai', 'mistral-*', 'localhost:11434', 'api.openai.com/v1/*']",
    _are_names,
    lambda text: text.replace(",", " ").split(),
    ini="args",
)
TOKENIZERS = ("exact", "estimate")
TOKENIZER = Kind(
    "'exact', 'estimate', or an object with split(text, model)",
    lambda value: value in TOKENIZERS if isinstance(value, str) else callable(getattr(value, "split", None)),
    str.strip,
)
PACE = PaceKind(
    "a Pace(…), or its arguments as text: 'ttft=0.3,tokens_per_second=60,load=0.02', 'tape=recordings/demo'",
    lambda _: True,  # `check` says more
)
