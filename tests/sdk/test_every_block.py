"""Each block and item that the installed SDKs know, in a ready answer, comes in a stream as it does in JSON."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from llm_intercept import intercept, raw

if TYPE_CHECKING:
    from collections.abc import Iterator

SCALARS: dict[Any, Any] = {str: "x", bool: True, int: 1, float: 1.0, type(None): None, object: {}, Any: {}}
DEEPEST = 4


def members(kind: Any) -> Iterator[Any]:
    """Give the branches of a union."""
    if get_origin(kind) is Annotated:
        yield from members(get_args(kind)[0])
    elif get_origin(kind) in (Union, types.UnionType):
        for one in get_args(kind):
            yield from members(one)
    else:
        yield kind


def smallest(kind: Any, depth: int = 0) -> Any:
    """Make a value of a type, with no more than it requires."""
    kind = next(members(kind))
    if kind in SCALARS:
        return SCALARS[kind]
    if get_origin(kind) is Literal:
        return get_args(kind)[0]
    if get_origin(kind) is list:
        return [smallest(get_args(kind)[0], depth + 1)] if depth < DEEPEST else []
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        return {one.alias or name: smallest(one.annotation, depth + 1) for name, one in fields if one.is_required()}
    return {}


def test_each_item_of_a_response() -> None:
    """What has no id is given one: openai breaks a stream off whose last event has other items than those before."""
    openai = pytest.importorskip("openai")
    output = [smallest(kind) for kind in members(pytest.importorskip("openai.types.responses").ResponseOutputItem)]
    assert len(output) > 10
    body: dict[str, Any] = {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-5.6",
        "status": "completed",
    }
    body |= {"output": output, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    with intercept(raw(body)), openai.OpenAI() as client, client.responses.stream(model="m", input="hi") as events:
        told = events.get_final_response().to_dict()["output"]
    for one, sent in zip(told, output, strict=True):
        known = {name: value for name, value in one.items() if not name.startswith("parsed")}
        if "id" not in sent:
            assert known.pop("id")
        if known["type"] != "message":
            assert known == sent
    assert [one["type"] for one in told] == [one["type"] for one in output]


def test_each_block_of_a_message() -> None:
    """The betas' too."""
    anthropic = pytest.importorskip("anthropic")
    content = [smallest(kind) for kind in members(pytest.importorskip("anthropic.types.beta").BetaContentBlock)]
    assert len(content) > 10
    body: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5",
        "content": content,
    }
    body |= {"stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1}}
    asked: dict[str, Any] = {"model": "claude-opus-5", "max_tokens": 9}
    asked["messages"] = [{"role": "user", "content": "hi"}]
    with intercept(raw(body)), anthropic.Anthropic() as client, client.beta.messages.stream(**asked) as events:
        told = events.get_final_message().to_dict()["content"]
    assert [one["type"] for one in told] == [one["type"] for one in content]
    for one, sent in zip(told, content, strict=True):
        assert {name: value for name, value in one.items() if name in sent} == sent
