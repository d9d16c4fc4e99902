"""One module for each contender; each is imported only in the environment made for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.case import Contender

SDK = {"httpx": ("openai>=2,<3", "httpx"), "httpx2": ("openai>=3", "httpx2")}


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a contender is, what its environment needs, and the families it is run on."""

    module: str
    requirements: tuple[str, ...]
    families: tuple[str, ...] = ("httpx", "httpx2")


# "." is this project. litellm 1.107.0 was a compromised release.
ENTRIES = {
    "floor": Entry("floor", ()),
    "real-headers": Entry("floor", ()),
    "llm-intercept": Entry("ours", (".",)),
    "respx": Entry("respx_", ("respx",)),
    "pytest-httpx": Entry("pytest_httpx_", ("pytest-httpx",), ("httpx",)),
    "httpx2-pytest": Entry("pytest_httpx_", ("httpx2-pytest",), ("httpx2",)),
    "vcrpy": Entry("vcrpy", ("vcrpy",)),
    "cassetter": Entry("cassetter_", ("cassetter",)),
    "litellm": Entry("litellm_", ("litellm<1.107",), ("httpx",)),
    "aimock": Entry("aimock", (), ("httpx",)),
}


def load(name: str) -> Contender:
    """Import a contender's module and make it."""
    made: Contender = import_module(f"harness.contenders.{ENTRIES[name].module}").make(name)
    return made
