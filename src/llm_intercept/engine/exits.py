"""What may leave the process: requests that nobody answers, and whatever `network="none"` is to keep in.

Knows: hosts and paths, who is let out. Must not know: rules, how a request is answered.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.hosts import is_local
from llm_intercept.base.offline import HINTS
from llm_intercept.dialects import OPAQUE
from llm_intercept.engine.keyless import keep_in
from llm_intercept.errors import NoNetworkError, UnmatchedWarning, UnseenClientError
from llm_intercept.model.wire import Forward

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.model.wire import Contact, Exchange, WireRequest

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def port_of(head: WireRequest) -> int | None:
    """Read the port a request goes to, by its URL or its scheme; None if it says neither."""
    parts = urlsplit(head.url)
    return parts.port or PORTS.get(parts.scheme)


def place(host: str, port: int | None) -> str:
    """Name a host as `passthrough` takes it: with its port, where it is this machine's or not the usual one."""
    if port is None or (port in PORTS.values() and not is_local(host)):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_cut_off(hosts: Sequence[str], port: int | None, chain: Sequence[Engine]) -> bool:
    """Whether an engine keeps all in, and what goes to a host, by the names and addresses it has, is no exception."""
    if all(engine.network != "none" for engine in chain) or is_local(hosts[-1]):
        return False
    return not any(engine.lets_out(host, port=port) for engine in chain for host in hosts)


def kept_in(exchange: Exchange | None, head: WireRequest) -> Exchange:
    """Run an exchange, and refuse the connection where it would send the request on.

    Raises:
        NoNetworkError: It would, or there is no exchange, so that the request would go its way.

    """
    error = _no_network("", head.host, port_of(head))
    if exchange is None:
        raise error
    try:
        need = next(exchange)
        while True:
            if isinstance(need, Forward):
                need = exchange.throw(error)
                continue
            try:
                value = yield need
            except BaseException as thrown:  # noqa: BLE001 - the exchange decides what becomes of it
                need = exchange.throw(thrown)
            else:
                need = exchange.send(value)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def stop(contact: Contact, engine: Engine, chain: Sequence[Engine]) -> None:
    """Stop what nobody can answer on its way to a model, or out of the process where nothing may leave it.

    Raises:
        NoNetworkError: Nothing may leave the process.
        DummyKeyError: It has no key but the dummy.
        UnseenClientError: It asks a model, is not let out, and the policy is `error` or `raise`.

    """
    head, port = contact.head, contact.port
    hosts = (head.host, contact.address) if contact.address else (head.host,)
    if is_cut_off(hosts, port, chain):
        raise _no_network(contact.library, head.host, port)
    keep_in(head, contact.content or b"", engine.journal)
    if contact.is_let_out or not OPAQUE.is_question(head, contact.content):
        return
    if engine.unmatched == "passthrough" or any(engine.lets_out(host, port=port) for host in hosts):
        return
    request = "" if OPAQUE.claims(head) else f"{head.method} {head.path}"
    error = UnseenClientError(contact.library, head.host, request, place(head.host, port))
    if engine.unmatched == "warn":
        warnings.warn(str(error), UnmatchedWarning, stacklevel=5)
        return
    engine.journal.note_failure(error)
    raise error


def _no_network(what: str, host: str, port: int | None) -> NoNetworkError:
    return NoNetworkError(what, host, place(host, port), HINTS.get(host, ""))
