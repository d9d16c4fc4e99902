"""The modes in which every door asks: blocks, the environment, and nothing at all, which shows that a door works."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OFF = "off"
BLOCKS = ("mock", "context", "replay", "record")
ENVIRONMENTS = ("env mock", "env replay", "env record", "env block")
MODES = (OFF, *BLOCKS, *ENVIRONMENTS)


def environment(mode: str, tape: str) -> dict[str, str]:
    """Return what the environment says of a mode."""
    name = mode.removeprefix("env ")
    if name == mode:
        return {}
    needs_a_tape = name in {"replay", "record"}
    return {
        "LLM_INTERCEPT": name,
        "LLM_INTERCEPT_QUIET": "1",
        **({"LLM_INTERCEPT_RECORDINGS": tape} if needs_a_tape else {}),
    }


@contextmanager
def block(mode: str, tape: str) -> Iterator[None]:
    """Hold a mode's block, if it is one."""
    if mode not in BLOCKS:
        yield
        return
    from llm_intercept import intercept

    options: dict[str, Any] = {
        "mock": {"reply": "ours"},
        "context": {"reply": "ours", "scope": "context"},
        "replay": {"mode": "replay", "recordings": tape},
        "record": {"mode": "record", "recordings": tape},
    }[mode]
    reply = [options.pop("reply")] if "reply" in options else []
    with intercept(*reply, **options):
        yield


def lets_out(mode: str) -> bool:
    """Whether what is answered goes out as somebody asks for it, to be recorded."""
    return mode.endswith("record")
