"""The doors: a library and a way to use it each, and how they ask.

Knows: what a door is and how one is run. Must not know: any library; each is imported by its door alone.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tests.trap.targets import GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.trap.targets import Target

MODULES = ("answered", "urllib3", "watched", "sockets", "foreign", "processes")
HOSTS_ALONE = ("hosts", "places")
PATIENCE = 3.0
"""The seconds that a door waits for an answer."""


@dataclass(frozen=True)
class Door:
    """A library and a way to use it.

    Attributes:
        name: What it is called.
        ask: Asks each of a list of targets, within `attempt`; sync or async.
        needs: The module that must be there.
        is_answered: Whether requests by it are answered, so that those which are recorded go out.
        groups: Which groups of targets it can ask: an SDK's path is its own.

    """

    name: str
    ask: Callable[[Sequence[Target]], Any]
    needs: str
    is_answered: bool
    groups: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        """Whether its library is installed."""
        try:
            return find_spec(self.needs) is not None
        except ModuleNotFoundError:  # the package around it
            return False


DOORS: dict[str, Door] = {}
outcomes: Counter[str] = Counter()
"""What came of the attempts of this process, by the kind of error."""


def door(
    name: str, needs: str = "", *, is_answered: bool = False, groups: tuple[str, ...] = GROUPS
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function a door."""

    def make(ask: Callable[..., Any]) -> Callable[..., Any]:
        DOORS[name] = Door(name, ask, needs or name.partition(" ")[0], is_answered, groups)
        return ask

    return make


def load() -> dict[str, Door]:
    """Return all doors, by name."""
    for name in MODULES:
        import_module(f"tests.trap.doors_{name}")
    return DOORS


@contextmanager
def attempt(*_: Target) -> Iterator[None]:
    """Let an attempt fail as it will: what came out says the listener."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - libraries of others raise what they like
        outcomes[type(error).__name__] += 1
    else:
        outcomes["answered"] += 1


def run(one: Door, targets: Sequence[Target]) -> None:
    """Ask by a door, in a loop of its own if it needs one."""
    asked = [target for target in targets if target.group in one.groups]
    if one.groups == HOSTS_ALONE:
        asked = [target for target in asked if target.method == "POST"]
    if inspect.iscoroutinefunction(one.ask):
        asyncio.run(one.ask(asked))
    else:
        one.ask(asked)
