"""Reads a file of another recorder as a JSON value, within bounds of size and depth, whatever is in it.

Knows: JSON, YAML, and what hostile files of them do. Must not know: recorders' formats. PyYAML is the extra
`llm-intercept-transport[import]`.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

from llm_intercept.errors import LLMInterceptError
from llm_intercept.recording.encodings import MOST, EncodedError, decode_stored

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

T = TypeVar("T", str, bytes)
PACKED = ".gz"
DEPTH = 200
"""How deep a value may be nested: what is deeper cannot be written as a take."""
VALUES = 1_000_000
"""How many values a document may have, each counted wherever an alias repeats it; real cassettes have 1,676 at most."""


class ImportFailedError(LLMInterceptError):
    """A file is no recording that can be imported."""

    def __init__(self, file: object, why: str) -> None:
        self.file, self.why = file, why
        super().__init__(f"{file}: {why}")


def content_of(file: Path) -> bytes:
    """Read a file, and unpack it if its name ends with `.gz`.

    Raises:
        ImportFailedError: It is no file that can be read, or too large.

    """
    try:
        if not file.is_file():
            raise ImportFailedError(file, "it is no regular file")
        if file.stat().st_size > MOST:
            raise ImportFailedError(file, f"it has {file.stat().st_size:,} bytes, and {MOST:,} are the most")
        content = file.read_bytes()
        return decode_stored(content) if file.suffix == PACKED else content
    except EncodedError as error:
        raise ImportFailedError(file, str(error)) from error
    except OSError as error:
        raise ImportFailedError(file, f"it cannot be read ({error.strerror})") from error


def document_of(file: Path, content: bytes, *, is_json: bool) -> Any:
    """Read a file's content as a JSON value whose texts may be bytes; raises `ImportFailedError` if it is none."""
    name = "JSON" if is_json else "YAML"
    try:
        return Plain().value(json.loads(content) if is_json else _yaml(file, content))
    except TooMuchError as error:
        raise ImportFailedError(file, str(error)) from None
    except RecursionError:
        raise ImportFailedError(file, TOO_DEEP) from None
    except (ValueError, TypeError, OverflowError) as error:
        raise ImportFailedError(file, f"it is not {name} ({(str(error) or 'empty').splitlines()[0]})") from error


MADE_OF = re.compile(r"python/object/(?:apply|new):")
"""The tags by which PyYAML writes an object as what makes it: a list of arguments, or an object of these and more."""
STATE = frozenset({"args", "kwds", "state", "listitems", "dictitems"})
TOO_DEEP = f"it is nested deeper than {DEPTH} values"
TOO_MANY = f"it has more than {VALUES:,} values, counted wherever they are repeated"
TOO_LARGE = f"it says more than {MOST:,} characters, counted wherever they are repeated"


class TooMuchError(ValueError):
    """A document is too deep or too large; `str()` says how."""


class Plain:
    """Makes plain JSON of what YAML can say: keys are text, sets are arrays; what is repeated is counted each time."""

    def __init__(self) -> None:
        self._values, self._characters = VALUES, MOST

    def value(self, value: Any, depth: int = 0) -> Any:
        """Make a plain copy; raises `TooMuchError`."""
        self._values -= 1
        if self._values < 0 or depth > DEPTH:
            raise TooMuchError(TOO_MANY if self._values < 0 else TOO_DEEP)
        if isinstance(value, str):
            return self._counted(value)
        if isinstance(value, bytes):
            return self._counted(value)
        if isinstance(value, dict):
            entries = cast("dict[Any, Any]", value)
            return {self._counted(_key(key)): self.value(item, depth + 1) for key, item in entries.items()}
        if isinstance(value, list | tuple | set):
            return [self.value(item, depth + 1) for item in cast("Collection[Any]", value)]
        return value.isoformat() if isinstance(value, date) else value

    def _counted(self, text: T) -> T:
        self._characters -= len(text)
        if self._characters < 0:
            raise TooMuchError(TOO_LARGE)
        return text


def _key(key: Any) -> str:
    """Write a key as JSON does."""
    return key if isinstance(key, str) else json.dumps(key, default=str)


def _yaml(file: Path, content: bytes) -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError as error:
        advice = "YAML is read with PyYAML: pip install 'llm-intercept-transport[import]'"
        raise ImportFailedError(file, advice) from error
    try:
        loader = _loader(yaml)
        for number, _ in enumerate(yaml.parse(content, loader)):  # the values themselves are a kilobyte each
            if number > VALUES:
                raise TooMuchError(TOO_MANY)
        return yaml.load(content, loader)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _made_of(known: dict[Any, Any]) -> Any:
    """Read what a Python object is made of as what it most likely holds: its entries, its items, its one argument."""
    for name in ("dictitems", "listitems"):
        if known.get(name):
            return known[name]
    given = known.get("args") or [known.get("state")]
    return given[0] if len(given) == 1 else given


def _unmerged(_loader: Any, _node: Any) -> None:
    """Leave a mapping as it is."""


def _loader(yaml: Any) -> Any:
    """Make a loader that takes any tag for what it stands on: `!binary`, `!!python/object/new:…istr`, and so on.

    Merge keys (`<<`) stay keys: they can make of a small file a large one, and no recorder writes them.
    """
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    kind: Any = type("Loader", (base,), {"flatten_mapping": _unmerged})

    def construct(loader: Any, tag: str, node: Any) -> Any:
        makes = MADE_OF.search(tag) is not None
        if isinstance(node, yaml.MappingNode):
            known = loader.construct_mapping(node, deep=True)
            return _made_of(known) if makes and STATE.issuperset(known) else known
        if isinstance(node, yaml.SequenceNode):
            listed = loader.construct_sequence(node, deep=True)
            return listed[0] if makes and len(listed) == 1 else listed
        text: str = loader.construct_scalar(node)
        return base64.b64decode(text) if tag.endswith(("binary", "python/bytes")) else text

    kind.add_multi_constructor("", construct)
    return kind
