"""TLS contexts made when they are first used: reading certificates takes 20 ms, and who is answered needs none.

Knows: what a family's default context is made of, so that a late one is what it would have been. Must not know: who
connects where.
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from llm_intercept.clients.activation import active

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

REMEMBERED = 16  # files of certificates


class LazySSLContext:
    """Stands for the `ssl.SSLContext` that `make` makes, which is made when anything of it is asked for or set."""

    __slots__ = ("__weakref__", "_late")
    _late: _Once

    def __init__(self, make: Callable[[], Any]) -> None:
        object.__setattr__(self, "_late", _Once(make))

    @property  # type: ignore[misc]
    def __class__(self) -> type[ssl.SSLContext]:  # type: ignore[override]
        """Say that it is a context, to `isinstance`."""
        return cast("type[ssl.SSLContext]", sys.modules["ssl"].SSLContext)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._late.made(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._late.made(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._late.made(), name)

    def __dir__(self) -> list[str]:
        return dir(self._late.made())

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Refuse to be copied and pickled, as contexts do."""
        return self._late.made().__reduce_ex__(protocol)


class _Once:
    """What is made once, also where several threads need it at the same time."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make: Callable[[], Any] = make
        self._made: Any = None
        self._lock = threading.Lock()

    def made(self) -> Any:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make()
        return self._made


def creating(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make what a family's `create_ssl_context` does instead: while somebody answers, its default context is late.

    One that might fail is made at once, so that it fails where it would have.
    """

    def create_ssl_context(*args: Any, **kwargs: Any) -> Any:
        is_default = not args and kwargs.get("verify", True) is True and not kwargs.get("cert")
        if not is_default or not active() or os.environ.get("SSLKEYLOGFILE") or not _is_pythons_own():
            return original(*args, **kwargs)
        trusted: Mapping[str, str] = os.environ if kwargs.get("trust_env", True) else {}
        if trusted.get("SSL_CERT_FILE"):
            return _of_file(partial(original, **kwargs), trusted["SSL_CERT_FILE"])
        if trusted.get("SSL_CERT_DIR"):  # it is read when a server shows its certificate
            return original(**kwargs)
        return LazySSLContext(lambda: _without_log(original(**{**kwargs, "trust_env": False})))

    return create_ssl_context


def _is_pythons_own() -> bool:
    """Whether Python's contexts are its own, not another tool's (truststore, a mock)."""
    import ssl  # noqa: PLC0415 - slow to import, and at interpreter start not needed

    return ssl.SSLContext.__module__ == getattr(ssl.create_default_context, "__module__", None) == "ssl"


def _of_file(make: Callable[..., Any], path: str) -> Any:
    """Make the context that trusts a file: late, if the file as it is now has been read before; it may be no good."""
    state = _state(path)
    content = _read.get(state)
    if content is not None:
        return LazySSLContext(lambda: _without_log(_trusting(make, path, state, content)))
    made = make()
    if state is not None:
        _remember(path, state)
    return made


State = tuple[str, int, int, int, int]
_read: dict[State | None, bytes] = {}
"""The files of certificates that were read without complaint, and what stood in them: a late context trusts that."""


def _state(path: str) -> State | None:
    """Tell one state of a file from another; None if it is not there, or is no file that can be read twice."""
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib is slow to import at interpreter start
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return (os.path.abspath(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)  # noqa: PTH100


def _remember(path: str, state: State) -> None:
    with open(path, "rb") as file:  # noqa: PTH123
        content = file.read()
    if _state(path) == state:
        while len(_read) >= REMEMBERED:
            _read.pop(next(iter(_read)), None)
        _read[state] = content


def _trusting(make: Callable[..., Any], path: str, state: State | None, content: bytes) -> Any:
    """Make the context that trusts a file as it was, or where it has changed since, a copy."""
    if _state(path) == state:
        return _verifying(make, path)
    import tempfile  # noqa: PLC0415 - hardly ever needed

    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "certificates.pem")  # noqa: PTH118
        with open(copy, "wb") as file:  # noqa: PTH123
            file.write(content)
        return _verifying(make, copy)


def _verifying(make: Callable[..., Any], path: str) -> Any:
    """Make what a family makes of `SSL_CERT_FILE`, which it makes of a path as `verify=` too, but complains of that."""
    import warnings  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return make(verify=path, trust_env=False)


def _without_log(context: Any) -> Any:
    """Undo that a context logs its keys because the environment says so now, which it did not."""
    if os.environ.get("SSLKEYLOGFILE"):
        context.keylog_filename = None
    return context
