"""`dataclass`, whose methods are made when the first object is: a program uses some of the classes it loads.

Knows: `dataclasses`, which compiles the methods, 0.3 ms a class. Must not know: what the classes are for.
"""

from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, slots: bool = False, **options: bool) -> Any:
        """Do what `dataclasses.dataclass` does, with `slots=True` later: the class is made anew for these anyway."""
        return (lambda cls: _Declared(cls, options).slotted) if slots else dataclasses.dataclass(**options)


__all__ = ["dataclass"]

LATE = ("__dataclass_fields__", "__dataclass_params__", "__signature__")
_lock = threading.RLock()


class _Declared:
    """A class as it was written, and the one with slots that gets its methods from it.

    Args:
        written: The class under the decorator.
        options: What `dataclasses` is to do with it.

    """

    def __init__(self, written: type, options: dict[str, bool]) -> None:
        self._written: type | None = written
        self._options: dict[str, Any] = dict(options)
        fields = tuple(written.__annotations__)
        replaced = {*fields, "__dict__", "__weakref__"}
        body = {name: value for name, value in vars(written).items() if name not in replaced}
        body |= {"__qualname__": written.__qualname__, "__slots__": fields}
        body |= {"__init__": self._init(), "__getstate__": _state, "__setstate__": self._set_state()}
        body |= {name: _Late(self, name) for name in LATE}
        self.slotted: Any = type(written)(written.__name__, written.__bases__, body)

    def make(self) -> None:
        """Make the methods, `__init__` last: until it is there, nobody has an object."""
        with _lock:
            written, self._written = self._written, None
            if written is not None:
                kept: set[str] = {*self.slotted.__dict__, *vars(written)} - {*LATE, "__init__"}
                make: Any = dataclasses.dataclass
                full: type = make(written, slots=True, **self._options)
                del self.slotted.__signature__  # whoever asks looks at `__init__` then
                made = [name for name in vars(full) if name not in kept]
                for name in sorted(made, key="__init__".__eq__):
                    setattr(self.slotted, name, vars(full)[name])

    def _init(self) -> Any:
        def __init__(this: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - it stands in for it
            self.make()
            self.slotted.__init__(this, *args, **kwargs)

        return __init__

    def _set_state(self) -> Any:
        def __setstate__(this: Any, state: list[Any]) -> None:  # noqa: N807 - it is it
            self.make()
            for name, value in zip(this.__slots__, state, strict=True):
                object.__setattr__(this, name, value)

        return __setstate__


class _Late:
    """Stands for what `dataclasses` keeps on a class under a name."""

    def __init__(self, declared: _Declared, name: str) -> None:
        self._declared, self._name = declared, name

    def __get__(self, instance: object, owner: type) -> Any:
        """Make the methods and give what there is under the name then."""
        self._declared.make()
        return getattr(self._declared.slotted, self._name)


def _state(this: Any) -> list[Any]:
    return [getattr(this, name) for name in this.__slots__]
