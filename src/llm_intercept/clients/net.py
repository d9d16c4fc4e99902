"""The last net: which names this process looks up and where it connects to, whatever library does so.

Python raises an audit event for each (PEP 578), in the thread and the context that ask. A hook on these events cannot
be removed, so it is installed once, when somebody first answers, and then asks whether anybody does.

Knows: the events, and what they carry. Must not know: which hosts matter, any library.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from llm_intercept.base.dummy_keys import leaves_with_dummy
from llm_intercept.clients.activation import active, is_sent_on
from llm_intercept.model.wire import Contact, WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from llm_intercept.clients.activation import Handler

    Ask = Callable[..., None]

REMEMBERED = 4096
"""How many addresses are known by the name that gave them; the oldest is forgotten first."""
_lock = threading.Lock()
_installed = False
_names: dict[str, str] = {}
"""The name that each address was last given for."""
_ours: dict[tuple[str, int | None], int] = {}
"""The places where this process answers itself, and how often it was said so."""


def install() -> None:
    """See what this process looks up and connects to, from now until it ends; once."""
    global _installed  # noqa: PLW0603 - a process has one net
    with _lock:
        if not _installed:
            sys.addaudithook(_hook(EVENTS))
            _installed = True


@contextmanager
def answering(host: str, port: int) -> Generator[None]:
    """Let a place be known as one where this process answers itself: who connects to it reaches nobody else."""
    _ours[host, port] = _ours.get((host, port), 0) + 1
    try:
        yield
    finally:
        _ours[host, port] -= 1
        if not _ours[host, port]:
            del _ours[host, port]


def ask(contact: Contact) -> None:
    """Ask whoever is active whether a contact may be made; raises what they raise."""
    handlers = active()
    if handlers and (contact.head.host, contact.port) not in _ours:
        handlers[0].unseen(contact, handlers[1:])


def let_by(head: WireRequest, handlers: Sequence[Handler]) -> None:
    """Let a request that nobody answers go its way, but ask whoever is active if it has the dummy key."""
    if handlers and leaves_with_dummy(head.host, head.url, head.headers):
        handlers[0].unseen(Contact("", head, urlsplit(head.url).port, is_let_out=True), handlers[1:])


def is_anybody_active() -> bool:
    """Whether anybody answers here and now."""
    return bool(active())


def remembering(look_up: Callable[..., Any]) -> Callable[..., Any]:
    """Make what `socket.getaddrinfo` does instead: it notes which addresses a name has.

    Who connects to one of them may be another than who looked it up. A name that gave the address later takes its
    place, since many have one address (a content network's).
    """

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        found = look_up(host, *args, **kwargs)
        name = _text(host)
        if name and not _is_address(name):
            _names.update((address[0], name) for *_, address in found)
        while len(_names) > REMEMBERED:
            _names.pop(next(iter(_names)), None)
        return found

    return getaddrinfo


def _hook(events: dict[str, Ask]) -> Callable[[str, tuple[Any, ...]], None]:
    """Make the hook; what it needs is bound to it, since it is called until modules are gone."""

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        heard = events.get(event)
        if heard is not None and active():
            heard(*arguments)

    return audited


def _look_up(host: Any, port: Any = None, *_: Any) -> None:
    _ask(_text(host), port)


def _look_up_address(address: Any, *_: Any) -> None:
    _ask(_text(address[0] if isinstance(address, tuple) else address), None)


def _connect(__: Any, address: Any) -> None:
    if not isinstance(address, tuple) or not address or isinstance(address[0], int):
        return  # a path, nothing, as for a datagram of a connected socket, or no network that has names
    host, port, *_ = (*cast("tuple[Any, ...]", address), None)
    _ask(_text(host), port)


def _ask(host: str, port: Any) -> None:
    name = _names.get(host, host)
    number = port if isinstance(port, int) else int(port) if str(port).isdecimal() else None
    address = host if name != host else ""
    is_let_out = is_sent_on(None if address or _is_address(host) else name)  # an address may be several names'
    ask(Contact("", WireRequest("", "", name, "", {}), number, address, is_let_out=is_let_out))


def _start(_: Any, arguments: Any, *__: Any) -> None:
    words = cast("list[Any]", arguments) if isinstance(arguments, list | tuple) else [arguments]
    _run(" ".join(map(_text, words)))


def _run(command: Any) -> None:
    """Judge a command by where it tells a program to fetch from."""
    from llm_intercept.clients.fetching import fetched  # noqa: PLC0415 - few programs start others

    for one in fetched(_text(command)):
        head = WireRequest("POST", "", one.host, one.path, one.headers)  # the method comes by an option
        ask(Contact(one.program, head, one.port, content=one.content, is_let_out=is_sent_on(one.host)))


def _text(value: Any) -> str:
    """Return a name as text, as DNS has it; whatever else is given is for Python to refuse."""
    if isinstance(value, bytes | bytearray | os.PathLike):
        return os.fsdecode(cast("bytes", bytes(value) if isinstance(value, bytearray) else value))
    if not isinstance(value, str) or value.isascii():
        return value if isinstance(value, str) else ""
    try:
        return value.encode("idna").decode()
    except UnicodeError:
        return value


def _is_address(name: str) -> bool:
    return ":" in name or name.replace(".", "").isdigit()


EVENTS: dict[str, Ask] = {
    "socket.getaddrinfo": _look_up,
    "socket.gethostbyname": _look_up,
    "socket.gethostbyaddr": _look_up_address,
    "socket.getnameinfo": _look_up_address,
    "socket.connect": _connect,
    "socket.sendto": _connect,
    "socket.sendmsg": _connect,
    "subprocess.Popen": _start,
    "os.posix_spawn": _start,
    "os.exec": _start,
    "os.system": _run,
}
