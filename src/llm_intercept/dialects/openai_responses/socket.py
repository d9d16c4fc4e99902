"""Responses over a WebSocket: requests are events of the client, answers the events of a stream as messages.

Knows: OpenAI's guide "WebSocket mode", and the events of its SDK (`ResponsesClientEvent`, `ResponsesServerEvent`). Must
not know: how messages are carried, how a request is answered.
"""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from llm_intercept.base.hosts import is_llm_host
from llm_intercept.base.json import encode, is_array, json_object, mapping, text
from llm_intercept.base.questions import asks_a_model
from llm_intercept.dialects.openai_responses.kept import RESPONSE
from llm_intercept.stored.shelves import Stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import Headers, WireRequest, WireResponse

MOST_LANES = 32
"""So many named lanes has one connection."""
REMEMBERED = 256
"""So many responses of a connection are told from unknown ones."""
LAST = frozenset({"response.completed", "response.incomplete", "response.failed", "error"})
"""The events that end an answer."""
FAILED = frozenset({"response.failed", "error"})
"""Those of an answer that failed: what it continues is not kept in memory any longer."""
ONLY_HERE = ("type", "stream_id")
"""What a request has here and not over HTTP."""
TOLD_HEADERS = ("retry-after", "retry-after-ms", "x-request-id", "x-should-retry")
TOLD_LIMITS = "x-ratelimit-"
VERSIONED = re.compile(r"/v[0-9][a-z0-9]*/responses/?$")
"""The path as APIs have it; without a version it may be that of a form's answers."""
INVALID = "invalid_request_error"


def is_spoken_at(head: WireRequest) -> bool:
    """Whether a WebSocket is one of this API's and no other application's: there is no body yet that could say so."""
    is_an_apis = is_llm_host(head.host) or VERSIONED.search(head.path) is not None
    return is_an_apis or asks_a_model(head.method, head.path, head.headers) == "yes"


class ResponsesSocket:
    """One connection: its lanes, and which responses it has answered.

    Attributes:
        stored: The last response of each lane, which is continued from memory though nobody stores it.

    """

    headers: Headers = (("openai-version", "2020-10-01"), ("server", "cloudflare"))

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lanes: set[str] = set()
        self._answered: dict[str, tuple[str | None, bool]] = {}
        """The ids of the last responses that began, in which lane, and whether each has ended."""
        self._last: dict[str | None, str] = {}
        self.stored = Stored()

    def read(self, message: str | bytes) -> ResponsesTurn | str:
        body = json_object(message.encode("utf-8", "replace") if isinstance(message, str) else message)
        if body is None:
            return error_event(400, "The message is not a JSON object.", "invalid_json")
        match body.get("type"):
            case "response.create":
                return self._begun(body)
            case "response.steer":
                return self._not_steered(body)
            case other:
                said = f"Invalid value: {other!r}. Supported values are: 'response.create' and 'response.steer'."
                return error_event(400, said, "invalid_value", "type", lane=body.get("stream_id"))

    def note(self, response_id: str, lane: str | None, *, has_ended: bool) -> None:
        """Remember that a response began, or that it ended."""
        with self._lock:
            self._answered[response_id] = lane, has_ended
            if len(self._answered) > REMEMBERED:
                self._answered.pop(next(iter(self._answered)))
            before = self._last.get(lane)
            if has_ended and before != response_id:
                self._last[lane] = response_id
                self.forget(before or "")

    def forget(self, response_id: str) -> None:
        """Keep a response no longer, since its lane has gone on, or what continued it failed."""
        self.stored.drop(RESPONSE, response_id)

    def _begun(self, body: Mapping[str, Any]) -> ResponsesTurn | str:
        lane = body.get("stream_id")
        if lane is not None and (not isinstance(lane, str) or not lane):
            return error_event(400, "Invalid 'stream_id': a string that is not empty is expected.", param="stream_id")
        if body.get("background") is True:
            said = "Background responses are not supported over a WebSocket."
            return error_event(400, said, "unsupported_parameter", "background", lane=lane)
        with self._lock:
            if lane is not None and lane not in self._lanes:
                if len(self._lanes) >= MOST_LANES:
                    said = f"This connection has {MOST_LANES} streams already; use one of them, or another connection."
                    return error_event(429, said, "websocket_stream_limit_reached", "stream_id", lane=lane)
                self._lanes.add(lane)
        return ResponsesTurn(self, lane, body)

    def _not_steered(self, body: Mapping[str, Any]) -> str:
        """Refuse input for a response under way, as OpenAI does where model or mode do not support it."""
        target, given = text(body.get("previous_response_id")), body.get("input")
        lane, has_ended = self._answered.get(target, (None, None))
        if not target or not given or not (isinstance(given, str) or is_array(given)):
            code, said = "invalid_input", "Give 'previous_response_id', and 'input': a text, or a list of messages."
        elif has_ended is None:
            code, said = "response_not_found", f"Response with id '{target}' not found on this connection."
        elif has_ended:
            code, said = "response_already_completed", f"Response with id '{target}' has completed."
        else:
            code, said = "steering_not_supported", "llm-intercept does not steer a response that is under way."
        event = {
            "type": "response.steer.failed",
            "sequence_number": 0,
            "steer": {"input": "" if given is None else given, "previous_response_id": target},
            "error": {"type": INVALID, "code": code, "message": said},
        }
        return encode(event if lane is None else {**event, "stream_id": lane}).decode()


class ResponsesTurn:
    """One `response.create`: the body it has over HTTP, and its answer's events with its lane."""

    def __init__(self, connection: ResponsesSocket, lane: str | None, body: Mapping[str, Any]) -> None:
        self._connection, self._lane = connection, lane
        self._response_id = ""
        self._continued = text(body.get("previous_response_id"))
        kept = {name: value for name, value in body.items() if name not in ONLY_HERE}
        self.body = encode({**kept, "stream": True})
        self.is_told = False

    @property
    def lane(self) -> str:
        return self._lane or ""

    def event(self, data: str) -> str:
        event = json_object(data.encode("utf-8", "replace"))
        if event is None:
            return data  # broken on purpose
        kind = text(event.get("type"))
        self._note(kind, mapping(event.get("response")))
        is_flat = kind == "error" and "error" not in event  # as it is in a stream over HTTP
        if self._lane is None and not is_flat:
            return data
        if is_flat:
            said = {name: event.pop(name, None) for name in ("code", "message", "param")}
            event["error"] = {"type": "server_error", **said}
        return self._told(event)

    def failed(self, response: WireResponse, content: bytes) -> str:
        self.is_told = True
        self._connection.forget(self._continued)
        found = mapping((json_object(content) or {}).get("error"))
        shown = content.decode("utf-8", "replace").strip()
        said = {
            "type": text(found.get("type")) or ("server_error" if response.status >= 500 else INVALID),  # noqa: PLR2004
            "code": found.get("code"),
            "message": text(found.get("message")) or shown or "The request failed.",
            "param": found.get("param"),
        }
        headers = {name: value for name, value in response.headers if _is_told(name)}
        error = {**said, "headers": headers} if headers else said
        return self._told({"type": "error", "status": response.status, "error": error})

    def broken(self, why: str) -> str:
        self.is_told = True
        self._connection.forget(self._continued)
        return error_event(500, why, "llm_intercept_failed", lane=self._lane, kind="server_error")

    def _told(self, event: dict[str, Any]) -> str:
        return encode(event if self._lane is None else {**event, "stream_id": self._lane}).decode()

    def _note(self, kind: str, response: Mapping[str, Any]) -> None:
        self.is_told = self.is_told or kind in LAST
        self._response_id = text(response.get("id")) or self._response_id
        if self._response_id:
            self._connection.note(self._response_id, self._lane, has_ended=self.is_told)
        if kind in FAILED:
            self._connection.forget(self._continued)


def error_event(
    status: int, message: str, code: str | None = None, param: str | None = None, lane: Any = None, kind: str = INVALID
) -> str:
    """Write an error that is no event of a response."""
    said = {"type": kind, "code": code, "message": message, "param": param}
    event = {"type": "error", "status": status, "error": said}
    return encode(event if not isinstance(lane, str) else {**event, "stream_id": lane}).decode()


def _is_told(name: str) -> bool:
    return name.lower() in TOLD_HEADERS or name.lower().startswith(TOLD_LIMITS)
