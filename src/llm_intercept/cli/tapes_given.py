"""The tapes that a command is given, on its command line.

Knows: how a command says that there are none. Must not know: what is done with tapes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.cli.endings import failure

if TYPE_CHECKING:
    from llm_intercept.recording.tape import Tape


def tapes_given(locations: tuple[str, ...]) -> list[tuple[str, Tape]]:
    """Find the tapes at some places; ends the command where there are none."""
    from llm_intercept.tapetools.locate import none_at, tapes_at  # noqa: PLC0415 - it imports pydantic

    found = list(tapes_at(locations))
    if not found:
        raise failure("\n".join(map(none_at, locations)))
    return found
