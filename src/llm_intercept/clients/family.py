"""The client families: httpx, httpx2 and whatever else has their classes under another name.

Knows: which classes a family has. Must not know: how they are patched. A family is found from a request's own class,
so types of one never reach a client of another.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module, util
from typing import TYPE_CHECKING, Any

from llm_intercept.errors import SettingsError
from llm_intercept.model.wire import NetworkFaultError

if TYPE_CHECKING:
    from types import ModuleType

FAMILIES = ("httpx", "httpx2")


@dataclass(frozen=True, slots=True)
class Family:
    """One HTTP library, as a value: its module, and the exceptions that mean to its clients that the network failed."""

    module: ModuleType
    network_errors: tuple[type[BaseException], ...] = field(repr=False)

    def own_error(self, error: BaseException) -> BaseException:
        """Return `error` as this family has it: a failure of the network is one of its own classes."""
        fault = network_fault(error)
        if fault is None or isinstance(fault.seen, self.network_errors):
            return error if fault is None else fault.seen
        own = getattr(self.module, fault.kind, None)
        if not isinstance(own, type) or not issubclass(own, self.network_errors):
            return error
        try:
            return own(fault.message)
        except TypeError:  # it is made of more than a message, as HTTPStatusError is
            return error


def network_fault(error: BaseException) -> NetworkFaultError | None:
    """What failure of the network an exception of the operating system or of any loaded family means."""
    if isinstance(error, NetworkFaultError):
        return error
    kind = _kind_of(error)
    if not kind and any(isinstance(error, _family(module).network_errors) for module in loaded()):
        kind = type(error).__name__
    return NetworkFaultError(kind, str(error), error) if kind else None


def family_of(request: object) -> Family:
    """Find the family of a request object from its class; raises `TypeError` if it comes from none."""
    kind: Any = type(request)
    return _family_of_class(kind)


def loaded() -> list[Any]:
    """The family modules that are imported."""
    return [sys.modules[name] for name in FAMILIES if sys.modules.get(name) is not None]


def installed(wanted_by: str) -> Any:
    """Import the first family that is installed; raises `SettingsError`, with what wants one, if none is."""
    name = next((one for one in FAMILIES if util.find_spec(one) is not None), None)
    if name is None:
        raise SettingsError(wanted_by, "", advice="Install httpx or httpx2, which sends requests on.")
    return import_module(name)


def is_client(value: object) -> bool:
    """Whether `value` is a client of a family that is loaded."""
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
    return Family(module, (module.HTTPError, module.InvalidURL))
