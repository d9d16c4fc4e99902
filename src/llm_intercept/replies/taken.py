"""Takes objects that already are an answer for what they are: an SDK's response objects, an HTTP library's response.

Knows: how SDKs' models and responses are told, by their modules and attributes, without importing any. Must not know:
what is in them; a dialect reads that.
"""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel

from llm_intercept.model.wire import CONNECTION_HEADERS

SDK_MODELS = (
    "openai.types.", "anthropic.types.", "google.genai.types", "groq.types.", "together.types.", "litellm.types.",
    "mistralai.",
)  # fmt: skip
"""Modules whose models are an API's own objects, and so ready bodies; any other model is given for its JSON."""
OF_THE_CONNECTION = CONNECTION_HEADERS | {"content-length", "content-encoding"}
"""Headers that belong to the connection a response came by, not to what it says."""

Ready = tuple[Any, int, tuple[tuple[str, str], ...]]


def taken(value: Any) -> Ready | None:
    """Return the body, status and headers of an object that is an answer; None if it is none."""
    if _is_sdk_model(value):
        return _body(cast("object", value)), 200, ()
    if _is_response(value):
        return _response(value)
    several = cast("list[object]", value) if isinstance(value, list) else []
    if several and all(map(_is_sdk_model, several)):
        return tuple(map(_body, several)), 200, ()
    return None


def _is_sdk_model(value: object) -> bool:
    return isinstance(value, BaseModel) and any(kind.__module__.startswith(SDK_MODELS) for kind in type(value).__mro__)


def _body(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _is_response(value: object) -> bool:
    """Whether it is a response of httpx, httpx2 or what has their attributes (SDKs rename the classes' modules)."""
    return type(value).__name__ == "Response" and all(
        hasattr(value, name) for name in ("status_code", "headers", "read", "iter_bytes")
    )


def _response(response: Any) -> Ready:
    headers = [(name.lower(), text) for name, text in response.headers.items()]
    kept = tuple(one for one in headers if one[0] not in OF_THE_CONNECTION)
    return response.read(), int(response.status_code), kept
