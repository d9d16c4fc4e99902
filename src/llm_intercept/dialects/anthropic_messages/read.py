"""Reads a Messages request into the neutral vocabulary; total over any JSON object that asks a model something.

Knows: the request's JSON (Anthropic's reference, "Create a Message"). Must not know: replies.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_array, items, json_object, mapping, plain, text
from llm_intercept.dialects.anthropic.origin import VERSION, is_certain, on_vertex, place_of
from llm_intercept.dialects.anthropic_messages.content import messages_of, tools_of
from llm_intercept.dialects.anthropic_messages.rejected import check, check_version
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.shared.continuing import ContinuingRequest
from llm_intercept.dialects.shared.reading import check_whose
from llm_intercept.model.request import OutputFormat, Tool, ToolChoice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.request import LLMRequest, Message
    from llm_intercept.model.wire import WireRequest

NAME = "anthropic.messages"
PATH, BARE = "/v1/messages", "/messages"
BETA = "anthropic-beta"
COUNTS = "count-tokens"
"""What stands in the place of a model on Vertex, where tokens are to be counted."""
BODY_NAMES_MODEL = ("anthropic", "compatible")
"""The places where the body names the model; elsewhere the path does."""
MODES = {"any": "required", "auto": "auto", "none": "none", "tool": "required"}


def claims(head: WireRequest) -> bool:
    """Whether this is a POST to the path of Messages, on whatever host, or to a model of Anthropic's on Vertex."""
    if head.method != "POST":
        return False
    path = head.path.rstrip("/")
    if path.endswith(PATH) or (path.endswith(BARE) and VERSION in head.headers):
        return True
    named = on_vertex(path)
    return named is not None and named[0] != COUNTS


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request.

    Raises:
        BadRequestError: There is no list of messages.
        UnreadableError: It is no JSON object; or Anthropic would refuse it, and it may be another application's, since
            others have the path too.

    """
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    request = MessagesRequest.of(head, body, content)
    check_whose("Anthropic", partial(check_request, request), is_asked=is_certain(head))
    if not is_array(body.get("messages")):
        check_request(request)  # which says first what is missing first
    return request


def check_request(request: LLMRequest, *, strictly: bool = False) -> None:
    """Refuse what Anthropic refuses; of hosts that speak as it does, strictly alone what these may take.

    Raises:
        BadRequestError: It does.

    """
    body, place = request.raw, place_of(request.url)
    if place == "bedrock":
        check_version(body)
    names_model = place in BODY_NAMES_MODEL
    is_whole = strictly or place != "compatible"
    check(body, strictly=is_whole, names_model=names_model, betas=_betas(request.headers, body))


def _betas(headers: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    """Name the betas that a request takes part in; on Vertex and Bedrock its body says them."""
    return ",".join((str(headers.get(BETA, "")), *map(text, items(body.get("anthropic_beta")))))


class MessagesRequest(ContinuingRequest):
    """A Messages request; `before` are the messages of the thread that it continues, as they were sent and answered."""

    before: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, head: WireRequest, body: Mapping[str, Any], content: bytes, api: str = NAME) -> MessagesRequest:
        """Make one of a body; on Vertex the path says the model and, if the body does not, whether to stream."""
        model, method = on_vertex(urlsplit(head.url).path) or ("", "")
        stream = body.get("stream") is True or method == "streamRawPredict"
        return cls.made(head, body, content, api=api, model=text(body.get("model")) or model, stream=stream)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation: the system prompt, what was said before, and the messages."""
        return tuple(messages_of(self.said, tuple(map(plain, self.before))))

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers; those that have no schema are the API's own, whoever runs them."""
        return tuple(map(_tool, tools_of(self.said, self.before)))

    @cached_property
    def tool_choice(self) -> ToolChoice | None:
        """Which of them the answer may or must call."""
        choice = mapping(self.said.get("tool_choice"))
        mode: Any = MODES.get(text(choice.get("type")))
        named = (text(choice.get("name")),) if choice.get("type") == "tool" else ()
        return None if mode is None else ToolChoice(mode, named)

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have."""
        limit = self.raw.get("max_tokens")
        return limit if is_int(limit, 0) else None

    @cached_property
    def calls_singly(self) -> bool:
        """Whether the request wants no more than one call of a tool at a time."""
        return mapping(self.said.get("tool_choice")).get("disable_parallel_tool_use") is True

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have; None if the request does not say."""
        now, before = mapping(self.said.get("output_config")).get("format"), self.said.get("output_format")
        wanted = mapping(now) or mapping(before)
        return OutputFormat(text(wanted.get("type")), schema=wanted.get("schema", True)) if wanted else None

    @cached_property
    def stops(self) -> tuple[str, ...]:
        """The sequences before which the text ends."""
        return tuple(filter(None, map(text, items(self.raw.get("stop_sequences")))))


def _tool(raw: Mapping[str, Any]) -> Tool:
    kind = text(raw.get("type"))
    own = "function" if kind in ("", "custom") else kind
    return Tool(name=text(raw.get("name")), type=own, parameters=mapping(raw.get("input_schema")), raw=raw)
