"""What of a request only says how it is answered: as a stream or not, with usage at its end or without.

Knows: `stream` and `stream_options` (OpenAI's reference). Must not know: any one API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.request import LLMRequest


def without_stream(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a body what asks for a stream."""
    told = dict(sorted(body.items()))
    told.pop("stream", None)
    told.pop("stream_options", None)
    return told


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Whether a request asks for the usage at the end of a stream."""
    return "stream_options" in body and mapping(body["stream_options"]).get("include_usage") is True


def asks_alike(request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
    """Whether a stream is asked for as it was, with usage at its end or without."""
    if request.stream != is_stream:
        return False
    return not request.stream or wants_usage(request.raw) == wants_usage(asked)
