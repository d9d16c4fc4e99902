"""What users hold is read by help(), inspect, pickle, copy and a debugger as anything else of Python is."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import pydoc
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import llm_intercept
from llm_intercept import (
    Pace,
    Recordings,
    Redaction,
    Reply,
    api_error,
    disconnect,
    errors,
    faults,
    intercept,
    model,
    raw,
    server,
    timeout,
    tool_call,
)
from tests.support import URL

if TYPE_CHECKING:
    from collections.abc import Callable

ROOMS = (llm_intercept, model, faults, errors, server)
NAMES = {
    f"{room.__name__}.{name}": getattr(room, name)
    for room in ROOMS
    for name in vars(room).get("__all__", dir(room))
    if name[0] != "_"
}
CLASSES = {
    name: one for name, one in NAMES.items() if isinstance(one, type) and one.__module__.startswith("llm_intercept")
}
VALUES: dict[str, Callable[[], object]] = {
    "Reply": lambda: Reply("hi", tool_call("f", a=1)),
    "tool_call": lambda: tool_call("f", a=1),
    "raw": lambda: raw({"a": 1}),
    "api_error": lambda: api_error(429),
    "Pace": lambda: Pace(ttft=1),
    "Recordings": lambda: Recordings("x"),
    "Redaction": lambda: Redaction(fields=("a",)),
    "Usage": lambda: model.Usage(input_tokens=1),
    "Text": lambda: model.Text("a"),
    "Reasoning": lambda: model.Reasoning("a"),
    "moderation": lambda: llm_intercept.moderation("hate"),
    "embedding": lambda: llm_intercept.embedding([0.1]),
    "timeout": lambda: faults.timeout,
    "cut_off": lambda: faults.cut_off,
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_read_as_any_other(name: str) -> None:
    """Each attribute can be asked for of the class itself, as documentation and debuggers do."""
    kind = CLASSES[name]
    members = dict(inspect.getmembers(kind))
    assert {one for one in dir(kind) if not hasattr(kind, one)} <= {"__abstractmethods__"}
    assert kind.__name__ in pydoc.render_doc(kind)
    assert pickle.loads(pickle.dumps(kind)) is copy.deepcopy(kind) is kind
    if dataclasses.is_dataclass(kind):
        assert {one.name for one in dataclasses.fields(kind)} <= {*members, *kind.__annotations__, *_inherited(kind)}


def _inherited(kind: type) -> set[str]:
    return {name for one in kind.__mro__ for name in vars(one).get("__annotations__", ())}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_what_its_copy_is(name: str) -> None:
    """By whichever way it was copied; and it says itself, not where it is in memory."""
    one = VALUES[name]()
    for other in (VALUES[name](), copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert one == other
        assert repr(one) == repr(other)
    assert " object at 0x" not in repr(one)


@pytest.mark.parametrize("name", [name for name in VALUES if name not in {"timeout", "cut_off"}])
def test_a_value_can_be_replaced(name: str) -> None:
    """As any dataclass, by which nothing is lost."""
    one: Any = VALUES[name]()
    assert repr(dataclasses.replace(one)) == repr(one)


def test_of_a_reply_what_is_beside_its_parts_can_be_replaced() -> None:
    reply = Reply("hi", tool_call("f", a=1), model="m", fault=disconnect(after=1), finish_reason="length")
    assert dataclasses.replace(reply) == reply
    assert dataclasses.replace(reply, model="n").model == "n"
    assert dataclasses.replace(reply, parts=("ho",)).text == "ho"
    assert dataclasses.replace(reply, parts=["ho", "hum"]).text == "hohum"
    assert dataclasses.replace(reply, fault=timeout()).faults == (timeout(),)
    assert dataclasses.replace(reply, faults=None).faults == ()
    for wrong in ({"text": "ho"}, {"tool_calls": []}):
        with pytest.raises(errors.ReplyError, match="beside them"):
            dataclasses.replace(reply, **wrong)
    for no_parts in ("ho", None, 5):
        with pytest.raises(errors.ReplyError, match="Parts need no name"):
            dataclasses.replace(reply, parts=no_parts)


def test_a_call_and_its_request_are_copied_with_what_they_say() -> None:
    with intercept("hi") as llm:
        httpx.post(URL, json={"model": "m", "messages": [{"role": "user", "content": "x"}]})
    for one in (llm.calls[0], llm.calls, llm.calls[0].request):
        for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
            assert repr(other) == repr(one)
            assert dict(inspect.getmembers(other)).keys() == dict(inspect.getmembers(one)).keys()


def test_what_answers_says_how_it_stands() -> None:
    with intercept("hi") as llm:
        llm.on("x").reply("y")
        httpx.post(URL, json={"model": "m", "messages": [{"role": "user", "content": "x"}]})
    assert repr(llm) == "<Interceptor of 2 rules, after 1 call>"
