"""Imports other recorders' files: one tape for each, under the same relative path.

A tape is written once, as a whole: one that is there with other takes is another file's, or was edited, and stays as
it is. So importing a file again changes nothing.

Knows: what was read of them, tapes. Must not know: their formats.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import TooDeepError, is_array, is_object, loads
from llm_intercept.dialects import OPAQUE
from llm_intercept.model.wire import WireRequest
from llm_intercept.recording.bodies import Chunk
from llm_intercept.recording.compare import differences
from llm_intercept.recording.known_secrets import Known
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sameness import same
from llm_intercept.recording.sanitize import Told, sanitize_request, sanitize_response, take_of, unheard
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.take import document_of, write_take
from llm_intercept.recording.tape import Tape, canonical_of, key_of
from llm_intercept.tapetools.documents import DEPTH, PACKED, TOO_DEEP, ImportFailedError, Plain, TooMuchError
from llm_intercept.tapetools.importers import NOTHING, SUFFIXES, read_foreign, unpacked
from llm_intercept.tapetools.kept_elsewhere import Foreign, content_of_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.facts import RedactedFacts
    from llm_intercept.recording.take import Take

LISTED = 5
AGAIN = "Nothing was changed. Delete the tape to import it anew, or import into another folder"


@dataclass(slots=True)
class Imported:
    """What came of one file: its tape, the names of the takes and what redaction changed, or why there are none."""

    file: Path
    tape: Path
    names: list[str] = field(default_factory=list[str])
    failure: str = ""
    changed: Counter[RedactedFacts] = field(default_factory=Counter["RedactedFacts"])
    is_new: bool = True


def files_under(paths: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Give the files to import, each with its path relative to the folder it was found under."""
    for path in paths:
        if not path.is_dir():
            yield path, Path(path.name)
            continue
        for file in sorted(path.rglob("*")):
            if unpacked(file).suffix in SUFFIXES and file.is_file():
                yield file, file.relative_to(path)


def not_read(paths: Iterable[Path]) -> str:
    """Say what is in folders of which nothing can be imported, and what could."""
    found = Counter(_kind(file) for path in paths for file in path.rglob("*") if file.is_file())
    listed = ", ".join(f"{count} {kind}" for kind, count in found.most_common(LISTED)) or "no files at all"
    more = f" and {len(found) - LISTED} other kinds" if len(found) > LISTED else ""
    return f"found {listed}{more}; what can be read: {', '.join(SUFFIXES)}, each also with {PACKED}"


def _kind(file: Path) -> str:
    packed = file.suffix if file.suffix == PACKED else ""
    return unpacked(file).suffix + packed or "without a suffix"


def import_files(
    files: Iterable[tuple[Path, Path]],
    to: Path,
    redaction: Redaction | None = None,
    stands_for: Mapping[str, str] = NOTHING,
) -> Iterator[Imported]:
    """Import files as the tapes `to / relative`, without suffixes; whatever is wrong with one is said of it alone."""
    done: dict[Path, Path] = {}
    for file, relative in files:
        tape = to / unpacked(relative).with_suffix("")
        other = done.setdefault(tape, file)
        if other is file:
            yield _imported(Imported(file, tape), redaction or Redaction(), stands_for)
        else:
            why = f"{other} has become the tape {tape} already. Import it into a folder of its own"
            yield Imported(file, tape, failure=why)


def import_file(file: Path, relative: Path, to: Path, redaction: Redaction | None = None) -> Imported:
    """Import one file."""
    return next(import_files([(file, relative)], to, redaction))


def _imported(done: Imported, redaction: Redaction, stands_for: Mapping[str, str]) -> Imported:
    try:
        known, told = Known(), done.changed.update
        takes = _named(take_from(one, redaction, told, known) for one in read_foreign(done.file, stands_for))
        done.is_new = _place(done.tape, takes)
        done.names = list(takes)
    except ImportFailedError as error:
        done.failure = error.why
    except (TooMuchError, OSError) as error:
        done.failure = str(error)
    except Exception as error:  # noqa: BLE001 - whatever a file does to its reader, the others are imported
        done.failure = f"an exchange cannot be kept ({type(error).__name__}: {str(error).partition(chr(10))[0]})"
    return done


def _named(takes: Iterable[Take]) -> dict[str, Take]:
    """Give takes the names under which their requests find them, in order."""
    found: dict[str, Take] = {}
    count = Counter[str]()
    for take in takes:
        key = key_of(canonical_of(take))
        count[key.fingerprint] += 1
        found[key.name(count[key.fingerprint])] = take
    return found


def _place(folder: Path, takes: Mapping[str, Take]) -> bool:
    """Write a tape; False if it is there and the same.

    Raises:
        ImportFailedError: It is there with other takes.

    """
    store = FolderStore(folder)
    known = set(store.names())
    for name in sorted(known | takes.keys()) if known else ():
        problem = _differing(Tape(store), name, takes.get(name))
        if problem:
            raise ImportFailedError(folder, f"the tape {folder} is there and differs: {name} {problem}. {AGAIN}")
    for name, take in takes.items() if not known else ():
        store.create(name, write_take(take))
    return not known


def _differing(tape: Tape, name: str, take: Take | None) -> str:
    """Say what is another in a tape than what would be imported; empty if nothing is."""
    kept = tape.peek(name)
    if take is None:
        return "is not in the file"
    if kept is None:
        return f"cannot be read ({tape.problems[name]})" if name in tape.problems else "is not in it"
    if same(kept, take):
        return ""
    return f"has another {next(str(one) for one in differences(document_of(kept), document_of(take)))}"


def take_from(exchange: Foreign, redaction: Redaction, told: Told = unheard, known: Known | None = None) -> Take:
    """Make a take, redacted as a recorded one is; raises `TooMuchError` if it is nested too deep to be kept."""
    body = Plain().value(_body(exchange))
    request = sanitize_request(exchange.method, exchange.url, dict(exchange.headers), body, redaction, known)
    chunks = [Chunk(exchange.content, 0.0)] if exchange.content else []
    response = sanitize_response(request, exchange.status, exchange.response_headers, chunks, redaction, told, known)
    take = take_of(request, response.model_copy(update={"after_ms": None}), partial=None, versions={})
    return take.model_copy(update={"recorded_at": exchange.recorded_at})


def _body(exchange: Foreign) -> Any:
    """Read a request's body as that of one on its way is read: as JSON, as a form's parts, or as a hash of the rest."""
    if is_object(exchange.body) or is_array(exchange.body):
        return exchange.body
    content = content_of_body(exchange.body)
    try:
        loads(content.decode(errors="replace"), DEPTH)
    except TooDeepError:
        raise TooMuchError(TOO_DEEP) from None
    except ValueError:
        pass
    headers = {name.lower(): value for name, value in exchange.headers}
    return OPAQUE.read(WireRequest(exchange.method, exchange.url, "", "", headers), content).raw
