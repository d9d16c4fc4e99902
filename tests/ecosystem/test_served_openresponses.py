"""The cases of Open Responses' public compliance tests, asked in our words and checked by the specification's own models.

The tests themselves are no package. What they ask and look at is published under these ids; the models are openresponses-types',
made from the specification's OpenAPI document. Two optional cases, of tools that run at the API (`file-search`, `offline-web-search`), are not
among these: the models of 2026-04-24 know no such item.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from served_talk import PIECES, PLACE, serving
from tests.amounts import PATIENCE

types = pytest.importorskip("openresponses_types.types")
websockets = pytest.importorskip("websockets.sync.client")

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = [kind for name, kind in vars(types).items() if name.endswith("StreamingEvent")]
MODELS = {str(name): kind for kind in EVENTS for name in kind.model_fields["type"].annotation}
"""The specification's events by their types, of which each is an enum of one."""
RULES = """
rules = [
  {match = "weather", turn = 1, reply = {tool_calls = [{name = "get_weather", arguments = {city = "Paris"}}]}},
  {tool_result = "get_weather", reply = "It is sunny."},
  {match = "count", reply = {deltas = ["Packets ", "fall ", "like ", "leaves."]}},
  {reply = "Hello, little frog."},
]
"""
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "Says the weather.",
    "parameters": PLACE,
    "strict": False,
}
DATA = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def said(role: str, content: Any) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


CASES: dict[str, tuple[Any, dict[str, Any], str]] = {
    # what is asked, what else the request has, the item that the answer has
    "basic-response": ([said("user", "Greet the frog.")], {}, "message"),
    "system-prompt": ([said("system", "You are a pond."), said("user", "Greet the frog.")], {}, "message"),
    "tool-calling": ([said("user", "What is the weather?")], {"tools": [TOOL]}, "function_call"),
    "image-input": (
        [
            said(
                "user",
                [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{DATA}"},
                ],
            )
        ],
        {},
        "message",
    ),
    "file-input": (
        [
            said(
                "user",
                [
                    {"type": "input_text", "text": "What is its title?"},
                    {"type": "input_file", "filename": "pond.pdf", "file_data": f"data:application/pdf;base64,{DATA}"},
                ],
            )
        ],
        {},
        "message",
    ),
    "multi-turn": (
        [said("user", "I am Basho."), said("assistant", "Hello, Basho."), said("user", "Who am I?")],
        {},
        "message",
    ),
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("rules")
    (folder / "rules.toml").write_text(RULES)
    with serving(folder / "rules.toml") as one:
        yield one


def body(asked: Any, more: dict[str, Any]) -> dict[str, Any]:
    return {"model": "gpt-5", "input": asked, **more}


def checked(response: Any) -> Any:
    """Read a response as the specification has it."""
    types.ResponseResource.model_validate(response)
    assert response["output"]
    assert response["status"] == "completed"
    return response


def answered(url: str, asked: Any, **more: Any) -> Any:
    answer = httpx.post(f"{url}/v1/responses", json=body(asked, more), headers={"authorization": "Bearer none"})
    assert answer.status_code == 200, answer.text
    return checked(answer.json())


def streamed(url: str, asked: Any, **more: Any) -> tuple[list[Any], Any]:
    """Read a stream's events, each as the specification has it; return them, and the response at their end."""
    answer = httpx.post(f"{url}/v1/responses", json=body(asked, {"stream": True, **more}))
    assert answer.headers["content-type"].startswith("text/event-stream")
    data = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: {")]
    return events_of([json.loads(one) for one in data])


def events_of(events: list[Any]) -> tuple[list[Any], Any]:
    for event in events:
        MODELS[event["type"]].model_validate(event)
    return events, checked(events[-1]["response"])


def kinds(response: Any) -> list[str]:
    return [item["type"] for item in response["output"]]


@pytest.mark.parametrize("case", CASES)
def test_a_case_in_json(url: str, case: str) -> None:
    asked, more, kind = CASES[case]
    assert kind in kinds(answered(url, asked, **more))


def test_streaming_response(url: str) -> None:
    events, last = streamed(url, [said("user", "Count.")])
    assert [one["delta"] for one in events if one["type"] == "response.output_text.delta"] == PIECES
    assert last["output"][0]["content"][0]["text"] == "".join(PIECES)


def test_tool_calling_streaming(url: str) -> None:
    """The item is added, its arguments come in pieces and whole, and it is done."""
    events, last = streamed(url, [said("user", "What is the weather?")], tools=[TOOL])
    seen = [(one["type"], one.get("item", {}).get("type")) for one in events]
    assert ("response.output_item.added", "function_call") in seen
    assert ("response.output_item.done", "function_call") in seen
    deltas = "".join(one["delta"] for one in events if one["type"] == "response.function_call_arguments.delta")
    (done,) = (one for one in events if one["type"] == "response.function_call_arguments.done")
    assert json.loads(deltas) == json.loads(done["arguments"]) == {"city": "Paris"}
    assert kinds(last) == ["function_call"]


def test_function_call_roundtrip(url: str) -> None:
    """The whole conversation is sent again, with what the function returned."""
    forced = {"tools": [TOOL], "tool_choice": {"type": "function", "name": "get_weather"}}
    asked = said("user", "What is the weather?")
    (call,) = (item for item in answered(url, [asked], **forced)["output"] if item["type"] == "function_call")
    output = {"type": "function_call_output", "call_id": call["call_id"], "output": "21 degrees"}
    told = answered(url, [asked, call, output], tools=[TOOL])
    assert told["output"][-1]["content"][0]["text"] == "It is sunny."


def test_previous_response_id(url: str) -> None:
    first = answered(url, "Remember the pond.")
    assert answered(url, "What did I ask?", previous_response_id=first["id"])["previous_response_id"] == first["id"]


def test_the_websocket_that_the_specification_has_since_2026_04(url: str) -> None:
    """The same events as messages; what fails is an error of its own form."""
    with websockets.connect(url.replace("http", "ws", 1) + "/v1/responses", proxy=None) as connection:

        def told(**more: Any) -> list[Any]:
            asked = {"type": "response.create", **body([said("user", "Count.")], more)}
            types.WebSocketResponseCreateEvent.model_validate(asked)
            connection.send(json.dumps(asked))
            events = [json.loads(connection.recv(PATIENCE))]
            while events[-1]["type"] not in {"response.completed", "error"}:
                events.append(json.loads(connection.recv(PATIENCE)))
            return events

        _, last = events_of(told())
        (error,) = told(previous_response_id="resp_none")
    assert last["output"][0]["content"][0]["text"] == "".join(PIECES)
    types.WebSocketErrorEvent.model_validate(error)
