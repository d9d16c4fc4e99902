"""Imports other recorders' files: one tape for each, under the same relative path.

Knows: what was read of them, tapes. Must not know: their formats.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object
from llm_intercept.recording.bodies import Chunk
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import sanitize_request, sanitize_response, take_of
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import Tape
from llm_intercept.tapetools.importers import SUFFIXES, Foreign, ImportFailedError, read_foreign

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.recording.take import Take


@dataclass(slots=True)
class Imported:
    """What came of one file: its tape and the names of the takes, or why there are none."""

    file: Path
    tape: Path
    names: list[str] = field(default_factory=list[str])
    failure: str = ""


def files_under(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Give the files to import, each with its path relative to the folder it was found under."""
    for path in paths:
        if path.is_file():
            yield path, Path(path.name)
            continue
        for file in sorted(path.rglob("*")):
            if file.suffix in SUFFIXES and file.is_file():
                yield file, file.relative_to(path)


def import_file(file: Path, relative: Path, to: Path, redaction: Redaction | None = None) -> Imported:
    """Import a file as the tape `to / relative`, without its suffix; importing it again changes nothing."""
    done = Imported(file, to / relative.with_suffix(""))
    try:
        exchanges = read_foreign(file)
    except (ImportFailedError, OSError) as error:
        done.failure = getattr(error, "why", str(error))
        return done
    tape = Tape(FolderStore(done.tape))
    session = tape.store.session()
    done.names = [tape.record(take_from(one, redaction or Redaction()), session=session) for one in exchanges]
    session.close()
    return done


def take_from(exchange: Foreign, redaction: Redaction) -> Take:
    """Make a take, redacted as a recorded one is."""
    request = sanitize_request(exchange.method, exchange.url, dict(exchange.headers), _body(exchange.body), redaction)
    chunks = [Chunk(exchange.content, 0.0)] if exchange.content else []
    response = sanitize_response(request, exchange.status, exchange.response_headers, chunks, redaction)
    take = take_of(request, response.model_copy(update={"after_ms": None}), partial=None, versions={})
    return take.model_copy(update={"recorded_at": exchange.recorded_at})


def _body(body: Any) -> Any:
    """Read a request's body as JSON where it is JSON."""
    if body is None or is_object(body) or is_array(body):
        return body
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if is_object(value) or is_array(value) else text
