"""Takes objects that already are an answer for what they are: an SDK's response objects, an HTTP library's response.

Knows: how SDKs' models and responses are told, by their modules and attributes, without importing any. Must not know:
what is in them; a dialect reads that.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

from llm_intercept.base.json import is_model
from llm_intercept.model.wire import CONNECTION_HEADERS

SDK_MODELS = (
    "openai.types.", "anthropic.types.", "google.genai.types", "groq.types.", "together.types.", "litellm.types.",
    "mistralai.", "ollama.", "cohere.",
)  # fmt: skip
"""Modules whose models are an API's own objects, and so ready bodies; any other model is given for its JSON."""
OF_THE_CONNECTION = CONNECTION_HEADERS | {"content-length", "content-encoding"}
"""Headers that belong to the connection a response came by, not to what it says."""


class Taken(NamedTuple):
    """What an object that is an answer has.

    Attributes:
        body: The JSON body, the chunks of a stream, or bytes.
        status: The HTTP status.
        headers: The headers that are the answer's own.
        made_by: The class that says whose answer it is, with its module; empty where none does.

    """

    body: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    made_by: str = ""


def taken(value: Any) -> Taken | None:
    """Read an object that is an answer; None if it is none."""
    if _is_sdk_model(value):
        return Taken(_body(cast("object", value)), made_by=_class_of(value))
    if _is_response(value):
        return _response(value)
    several = cast("list[object]", value) if isinstance(value, list) else []
    if several and all(map(_is_sdk_model, several)):
        return Taken(tuple(map(_body, several)), made_by=_class_of(several[0]))
    return None


def _is_sdk_model(value: object) -> bool:
    return is_model(value) and bool(_class_of(value))


def _class_of(value: object) -> str:
    """Name the SDK's class that an object is of, or that its own extends; empty if there is none."""
    kinds = (kind for kind in type(value).__mro__ if kind.__module__.startswith(SDK_MODELS))
    return next((f"{kind.__module__}.{kind.__qualname__}" for kind in kinds), "")


def _body(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _is_response(value: object) -> bool:
    """Whether it is a response of httpx, httpx2 or what has their attributes (SDKs rename the classes' modules)."""
    return type(value).__name__ == "Response" and all(
        hasattr(value, name) for name in ("status_code", "headers", "read", "iter_bytes")
    )


def _response(response: Any) -> Taken:
    headers = [(name.lower(), text) for name, text in response.headers.items()]
    kept = tuple(one for one in headers if one[0] not in OF_THE_CONNECTION)
    return Taken(response.read(), int(response.status_code), kept)
