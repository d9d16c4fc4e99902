"""A dataclass whose methods are made late is the one that `dataclasses` makes; before its first object it has none."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, field
from functools import cached_property
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_intercept
from llm_intercept.declared import dataclass
from llm_intercept.trouble import Malformed


class Base(ABC):
    """What a class may inherit from."""

    __slots__ = ()

    @abstractmethod
    def said(self) -> str: ...


def frozen(make: Any) -> Any:
    @make(frozen=True, slots=True)
    class Frozen:
        """A value."""

        first: int
        second: str = "two"
        third: list[int] = field(default_factory=list, compare=False, repr=False)

        @property
        def double(self) -> int:
            return 2 * self.first

    return Frozen


def mutable(make: Any) -> Any:
    @make(slots=True)
    class Mutable:
        """A state."""

        first: int
        second: str = "two"
        third: list[int] = field(default_factory=list)

        def __post_init__(self) -> None:
            if self.first < 0:
                raise ValueError(self.first)

    return Mutable


def odd(make: Any) -> Any:
    @make(slots=True, eq=False, repr=False)
    class Odd(Base):
        """One with a base and words of its own."""

        first: int
        second: str = field(default="two", kw_only=True)
        third: Any = field(default=None, repr=False)

        def said(self) -> str:
            return f"odd {self.first}"

        def __repr__(self) -> str:
            return self.said()

    return Odd


def open_ended(make: Any) -> Any:
    @make(frozen=True)
    class OpenEnded:
        """One without slots."""

        first: int
        second: str = "two"
        third: list[int] = field(default_factory=list, compare=False)

        @cached_property
        def double(self) -> int:
            return 2 * self.first

    return OpenEnded


KINDS = (frozen, mutable, odd, open_ended)


@dataclass(frozen=True, slots=True)
class Kept:
    """One that pickle finds."""

    value: int


@dataclass(slots=True)
class KeptState:
    """One that pickle finds, and that changes."""

    value: int


def both(kind: Any) -> tuple[Any, Any]:
    return kind(dataclass), kind(dataclasses.dataclass)


def told(action: Any, cls: Any) -> Any:
    """Say what comes of an action: its value, or its error."""
    try:
        return action(cls)
    except Exception as error:  # noqa: BLE001 - it is compared
        return type(error), str(error)


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(), st.text(), st.lists(st.integers()), st.integers())
def test_an_object_is_as_dataclasses_makes_it(kind, first, second, third, other):
    """What it says, equals, hashes to, lets be set, is replaced by, and refuses."""
    ours, theirs = both(kind)
    for action in (
        lambda cls: repr(cls(first, second=second)),
        lambda cls: cls(first) == cls(first),
        lambda cls: cls(first) == cls(other, second=second),
        lambda cls: cls(first).__eq__(first),
        lambda cls: hash(cls(first, second=second)) if kind in (frozen, open_ended) else cls.__hash__ is None,
        lambda cls: dataclasses.astuple(cls(first, second=second, third=third)),
        lambda cls: dataclasses.astuple(dataclasses.replace(cls(first), second=second)),
        lambda cls: setattr(cls(first), "second", second),
        lambda cls: delattr(cls(first), "second"),
        lambda cls: cls(),
        lambda cls: cls(first, nothing=1),
        lambda cls: hasattr(cls(first), "__dict__"),
        lambda cls: cls(first).double,
    ):
        assert told(action, ours) == told(action, theirs)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("used", [False, True])
def test_a_class_is_as_dataclasses_makes_it(kind, used):
    """Its fields, parameters, patterns and name, whether or not there was an object."""
    ours, theirs = both(kind)
    if used:
        ours(1)
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert dataclasses.is_dataclass(ours)
    assert [(one.name, one.type) for one in dataclasses.fields(ours)] == [
        (one.name, one.type) for one in dataclasses.fields(theirs)
    ]
    assert ours(1).__match_args__ == theirs(1).__match_args__
    for name in ("__name__", "__qualname__", "__module__", "__doc__", "__slots__", "__bases__", "__annotations__"):
        assert getattr(ours, name, None) == getattr(theirs, name, None)
    assert not {name for name in vars(theirs) if name not in vars(ours)} - {"__abstractmethods__", "_abc_impl"}


@pytest.mark.parametrize("kept", [Kept(1), KeptState(1)])
def test_objects_are_copied_and_pickled(kept):
    """Frozen ones too."""
    for one in (copy.copy(kept), copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        assert one == kept
        assert one is not kept


def test_an_object_is_unpickled_where_there_was_none_before(run_python):
    """The methods are made then."""
    code = f"""
import pickle
print(pickle.loads({pickle.dumps(Malformed(2))!r}))
"""
    assert run_python(code).stdout == "malformed(after=2)\n"


def test_a_frozen_object_stays_as_it_is():
    """With the exception of `dataclasses`."""
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'value'"):
        Kept(1).value = 2  # type: ignore[misc]


def test_the_methods_are_made_with_the_first_object():
    """And once."""
    ours = frozen(dataclass)
    assert "__repr__" not in vars(ours)
    stand_in = ours.__init__
    ours(1)
    made = ours.__init__
    assert made is not stand_in
    ours(2)
    assert ours.__init__ is made
    assert "__repr__" in vars(ours)


def test_threads_may_make_the_first_object_at_once():
    """Each gets a whole one."""
    expected = [repr(frozen(dataclasses.dataclass)(1))] * 6
    assert all(made_at_once(frozen(dataclass), 6) == expected for _ in range(50))


def made_at_once(cls: Any, number: int) -> list[str]:
    """Make an object in each of several threads that begin together; say what they are."""
    barrier = threading.Barrier(number)

    def make(value: int) -> str:
        barrier.wait()
        return repr(cls(value))

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(make, [1] * number))


def test_all_slotted_dataclasses_of_ours_are_of_this_kind():
    """One that is not costs each program that loads it."""
    names = [one.name for one in walk_packages(llm_intercept.__path__, "llm_intercept.")]
    sources = [inspect.getsource(import_module(name)) for name in names if not name.endswith("declared")]
    assert not [source for source in sources if "slots=True" in source and "llm_intercept.declared" not in source]
