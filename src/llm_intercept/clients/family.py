"""The client families: httpx, httpx2 and whatever else has their classes under another name.

Knows: which classes a family has. Must not know: how they are patched. A family is found from a request's own class,
so types of one never reach a client of another.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from llm_intercept.model.wire import NetworkFaultError, is_connection_error

if TYPE_CHECKING:
    from types import ModuleType

FAMILIES = ("httpx", "httpx2")


@dataclass(frozen=True, slots=True)
class Family:
    """One HTTP library, as a value.

    Attributes:
        module: The library.
        stream: The class of the response streams made for it.
        tee: The class of the streams that stand before a real response's.
        network_errors: The exceptions that mean to its clients that the network failed.

    """

    module: ModuleType
    stream: type[Any] = field(repr=False)
    tee: type[Any] = field(repr=False)
    network_errors: tuple[type[BaseException], ...] = field(repr=False)

    def adopt(self, error: BaseException) -> BaseException:
        """Return `error` as an exception of this family: another family's is replaced by the one of the same name."""
        kind = error.kind if isinstance(error, NetworkFaultError) else _kind_of(error)
        if kind:
            made: BaseException = getattr(self.module, kind)(str(error))
            return made
        own = getattr(self.module, type(error).__name__, None)
        if isinstance(error, self.network_errors) or not is_network_error(error) or not isinstance(own, type):
            return error
        try:
            return own(str(error)) if issubclass(own, self.network_errors) else error
        except TypeError:  # it is made of more than a message, as HTTPStatusError is
            return error


def is_network_error(error: BaseException) -> bool:
    """Tell whether an exception means, to a client of any loaded family, that the network failed."""
    if isinstance(error, NetworkFaultError) or is_connection_error(error):
        return True
    return any(isinstance(error, _family(module).network_errors) for module in loaded())


def family_of(request: object) -> Family:
    """Find the family of a request object from its class.

    Raises:
        TypeError: The class comes from no known family.

    """
    kind: Any = type(request)
    return _family_of_class(kind)


def loaded() -> list[Any]:
    """The family modules that are imported."""
    return [sys.modules[name] for name in FAMILIES if sys.modules.get(name) is not None]


def is_client(value: object) -> bool:
    """Tell whether `value` is a client of a family that is loaded."""
    return any(isinstance(value, (module.Client, module.AsyncClient)) for module in loaded())


def _kind_of(error: BaseException) -> str:
    """Name what a real transport makes of an error of the operating system; empty if it makes nothing of it."""
    match error:
        case TimeoutError():
            return "ReadTimeout"
        case ConnectionRefusedError():
            return "ConnectError"
        case ConnectionError():
            return "ReadError"
        case _:
            return ""


@lru_cache(maxsize=64)
def _family_of_class(request_class: Any) -> Family:
    # By identity: SDKs rename the classes' `__module__` (openai 3.54 does).
    for module in loaded():
        if issubclass(request_class, module.Request):
            return _family(module)
    raise TypeError(
        f"{request_class.__module__}.{request_class.__qualname__} is a request of no known HTTP library. "
        f"llm-intercept knows {' and '.join(FAMILIES)}."
    )


@lru_cache(maxsize=8)
def _family(module: ModuleType) -> Family:
    from llm_intercept.clients.stream import ByteChunks  # noqa: PLC0415 - the streams' classes are made per family
    from llm_intercept.clients.tee import Tee  # noqa: PLC0415

    bases = (module.SyncByteStream, module.AsyncByteStream)
    stream, tee = type("InterceptedStream", (ByteChunks, *bases), {}), type("RecordedStream", (Tee, *bases), {})
    return Family(module, stream, tee, (module.HTTPError, module.InvalidURL))
