"""Reads a request for content into the neutral vocabulary; total over any JSON object.

Knows: the request's JSON (the API's reference, "Generating content"). Must not know: replies.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items, json_object, mapping, text
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.google.named import got
from llm_intercept.dialects.google.places import asks, place_of
from llm_intercept.dialects.google_gemini.contents import messages_of
from llm_intercept.dialects.google_gemini.openapi_schemas import json_schema
from llm_intercept.model.request import LLMRequest, OutputFormat, Tool, ToolChoice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.dialects.google.places import Place
    from llm_intercept.model.request import Message
    from llm_intercept.model.wire import WireRequest

NAME = "google.gemini"
WHOLE, STREAMED = "generateContent", "streamGenerateContent"
JSON_TYPE, ENUM_TYPE = "application/json", "text/x.enum"
JSON_SCHEMAS = ("responseJsonSchema", "_responseJsonSchema")
"""Where a schema stands that is a JSON schema."""


def claims(head: WireRequest) -> bool:
    """Whether this is a POST that asks a model for content, whatever the host, the version and the prefix."""
    path = head.path.rstrip("/")
    return head.method == "POST" and (asks(path, WHOLE) or asks(path, STREAMED))


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request.

    Raises:
        UnreadableError: It is no JSON object.

    """
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    return GeminiRequest.of(head, body, content, place_of(head.url))


class GeminiRequest(LLMRequest):
    """A request for content, whose parts are read when somebody asks for them."""

    @classmethod
    def of(
        cls, head: WireRequest, body: Mapping[str, Any], content: bytes, place: Place, api: str = NAME
    ) -> GeminiRequest:
        """Make one of a body."""
        model = place.model or text(body.get("model")).removeprefix("models/")
        return cls.made(head, body, content, api=api, model=model, stream=place.method == STREAMED)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation: what the system says, and the contents."""
        return tuple(messages_of(self.raw))

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers; those that the API runs itself have a type and no name."""
        return tuple(one for tool in items(self.raw.get("tools")) for one in _tools(mapping(tool)))

    @cached_property
    def tool_choice(self) -> ToolChoice | None:
        """Which of them the answer may or must call."""
        config = mapping(got(got(self.raw, "toolConfig"), "functionCallingConfig"))
        return _tool_choice(config) if config else None

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have."""
        limit = _whole_number(got(config_of(self.raw), "maxOutputTokens"))
        return limit if is_int(limit, 0) else None

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have; None if the request does not say."""
        return _output_format(config_of(self.raw))


def config_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how the content is to be generated."""
    return mapping(got(body, "generationConfig"))


def thinking_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return how the model is to think."""
    return mapping(got(config_of(body), "thinkingConfig"))


def stops_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the sequences before which the text ends."""
    return tuple(one for one in items(got(config_of(body), "stopSequences")) if isinstance(one, str) and one)


def candidate_count(body: Mapping[str, Any]) -> int:
    """Read how many answers are asked for."""
    count = _whole_number(got(config_of(body), "candidateCount"))
    return count if is_int(count, 1) else 1


def _whole_number(value: Any) -> int | None:
    """Read a whole number, which may be written as `2.0` (protocol buffers' JSON)."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if is_int(value) else None


def own_tools(body: Mapping[str, Any]) -> frozenset[str]:
    """Name the tools of a request that the API runs itself."""
    return frozenset(one.type for tool in items(body.get("tools")) for one in _tools(mapping(tool)) if not one.name)


def _tools(raw: Mapping[str, Any]) -> Iterator[Tool]:
    """Give the tools in one entry, which may declare several functions and have tools of the API's beside them."""
    for declared in map(mapping, items(got(raw, "functionDeclarations"))):
        own = got(declared, "parametersJsonSchema")
        schema = mapping(own) if own is not None else json_schema(declared.get("parameters"))
        yield Tool(name=text(declared.get("name")), parameters=schema, raw=declared)
    for name in raw:
        if name not in {"functionDeclarations", "function_declarations"} and raw[name] is not None:
            yield Tool(name="", type=_camel(name), raw=mapping(raw[name]))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _tool_choice(config: Mapping[str, Any]) -> ToolChoice:
    """Read all modes; one that makes sure that calls fit their schemas lets the model choose."""
    named = tuple(one for one in items(got(config, "allowedFunctionNames")) if isinstance(one, str))
    mode = text(config.get("mode")).upper()
    if mode == "ANY":
        return ToolChoice("required", named)
    return ToolChoice("none") if mode == "NONE" else ToolChoice("auto", named)


def _output_format(config: Mapping[str, Any]) -> OutputFormat | None:
    """Read the format in both ways to ask for it; of the newer one that of texts, where several are asked for."""
    texts = [mapping(mapping(one).get("text")) for one in items(got(config, "responseFormat"))]
    wanted = next((one for one in texts if one), None)
    if wanted is None:
        return _older_format(config)
    if wanted.get("schema") is not None:
        return OutputFormat("json_schema", schema=wanted["schema"])
    return OutputFormat("json_object" if "JSON" in text(got(wanted, "mimeType")).upper() else "text")


def _older_format(config: Mapping[str, Any]) -> OutputFormat | None:
    own = next((config[name] for name in JSON_SCHEMAS if config.get(name) is not None), None)
    own = got(config, "responseJsonSchema") if own is None else own
    other, kind = got(config, "responseSchema"), got(config, "responseMimeType")
    if own is not None or other is not None:
        schema = json_schema(other) if own is None else own
        return OutputFormat("enum" if kind == ENUM_TYPE else "json_schema", schema=schema)
    if not isinstance(kind, str):
        return None
    return OutputFormat("json_object" if kind == JSON_TYPE else "text")
