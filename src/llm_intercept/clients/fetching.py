"""Programs that fetch what a command tells them: where curl, wget and their like are sent.

Knows: these programs by name, how shells are told a command. Must not know: which hosts matter, who starts them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = re.compile(r"(?:^|[;|&(\n`]|\s-\w*c\s)\s*(?:\S*[/\\])?(curl|wget2?|https?|xhs?|aria2c|grpcurl)(?:\.exe)?\s")
"""A program where a command begins: the whole one, one of a shell's, or what `sh -c` is given."""
URL = re.compile(r"(?<![^\s'\"=])(?:https?|wss?)://(?:[^/\s'\"@]*@)?([^/:?#\s'\"]+)(?::(\d+))?([^?#\s'\"]*)")


def fetched(command: str) -> Iterator[tuple[str, str, int | None, str]]:
    """Give the program, and the host, port and path of every URL that it is given."""
    program = PROGRAM.search(command)
    if program is not None:
        for url in URL.finditer(command, program.end() - 1):
            yield program[1], url[1].lower(), int(url[2]) if url[2] else None, url[3]
