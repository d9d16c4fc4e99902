"""What of a request only says how it is answered: as a stream or not, with usage at its end or without.

Knows: `stream` and `stream_options` (OpenAI's reference). Must not know: any one API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.wire import Step


PADDING = re.compile(rb',"obfuscation":"[^"]*"')
"""The field with its name; within a text the quotes would be escaped."""


def without_stream(body: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out of a body what asks for a stream."""
    told = dict(sorted(body.items()))
    told.pop("stream", None)
    told.pop("stream_options", None)
    return told


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Whether a request asks for the usage at the end of a stream."""
    return "stream_options" in body and mapping(body["stream_options"]).get("include_usage") is True


def unpadded(chunks: Iterable[Step], body: Mapping[str, Any]) -> Iterable[Step]:
    """Leave out of a stream's frames what hides the length of a text, if `include_obfuscation` says so."""
    if "stream_options" not in body or mapping(body["stream_options"]).get("include_obfuscation") is not False:
        return chunks
    return _without_padding(chunks)


def _without_padding(chunks: Iterable[Step]) -> Iterator[Step]:
    told = iter(chunks)
    try:
        for one in told:
            yield PADDING.sub(b"", one) if isinstance(one, bytes) else one
    finally:
        close = getattr(told, "close", None)
        if close is not None:
            close()


def asks_alike(request: LLMRequest, asked: Mapping[str, Any], *, is_stream: bool) -> bool:
    """Whether a stream is asked for as it was, with usage at its end or without."""
    if request.stream != is_stream:
        return False
    return not request.stream or wants_usage(request.raw) == wants_usage(asked)
