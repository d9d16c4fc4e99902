"""Programs that fetch what a command tells them: where curl, wget and their like are sent.

Knows: these programs by name, how shells are told a command. Must not know: which hosts matter, who starts them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = re.compile(
    r"(?:^|[;|&(\n`]|\s-\w*c\s)[^\S\n]*(?:[^\s;|&(`]*[/\\])?(curl|wget2?|https?|xhs?|aria2c|grpcurl)(?:\.exe)?\s"
)
"""A program where a command begins: the whole one, one of a shell's, or what `sh -c` is given."""
URL = re.compile(r"(?<![^\s'\"=])(?:https?|wss?)://(?:[^/\s'\"@]*@)?([^/:?#\s'\"]+)(?::(\d+))?([^?#\s'\"]*)")
SENDS = re.compile(
    r"""[\s'"](?:-\w*[dF]|--(?:data|json|form|upload|post|body)[\w-]*|(?:-X|--request|--method)[\s'"=]*POST)\b"""
)
"""An option by which a body is sent."""
HOST = re.compile(r"(?:[\s'\"=]|-H)Host:\s*([^\s'\"]+)", re.IGNORECASE)


class Fetch(NamedTuple):
    """What a program is told to fetch.

    Attributes:
        program: The program.
        host: The host.
        port: The port, if the URL has one.
        path: The path.
        headers: The header `Host`, if it is told one.
        content: None where it sends a body, which nobody can look at; else empty.

    """

    program: str
    host: str
    port: int | None
    path: str
    headers: dict[str, str]
    content: bytes | None


def fetched(command: str) -> Iterator[Fetch]:
    """Give every URL that a command tells a program to fetch."""
    program = PROGRAM.search(command)
    if program is None:
        return
    content = None if SENDS.search(command, program.end() - 1) else b""
    host = HOST.search(command, program.end() - 1)
    headers = {} if host is None else {"host": host[1]}
    for url in URL.finditer(command, program.end() - 1):
        port = int(url[2]) if url[2] else None
        yield Fetch(program[1], url[1].lower(), port, unquote(url[3]), headers, content)
