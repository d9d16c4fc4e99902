"""A request to a model, the same for every API: its conversation, its tools, and what is asked of the answer.

Knows: parts. Must not know: any API's JSON; a dialect reads into these. Every value keeps what it was read from as
`raw`, so nothing a client sent is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Self, overload

from llm_intercept.base.json import json_object
from llm_intercept.model.parts import Part, Text, ToolCall, ToolResult
from llm_intercept.shown import visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest

NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message of a conversation.

    Attributes:
        role: Who says it: `system`, `developer`, `user`, `assistant`, `tool`, or another word of the API's.
        parts: What it is made of, in order.
        name: The name that the API was given for who says it.
        raw: The message as the API has it.

    """

    role: str
    parts: tuple[Part, ...] = ()
    name: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def text(self) -> str:
        """The message's text: its text parts, or a tool's answer, joined."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Text):
            return self.parts[0].text
        return "".join(part.text for part in self.parts if isinstance(part, Text | ToolResult))

    @property
    def said(self) -> str:
        """The text parts alone, without what tools answered."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls this message asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """The answers of tools that this message brings."""
        return tuple(part for part in self.parts if isinstance(part, ToolResult))

    @property
    def is_user(self) -> bool:
        """Whether the user speaks in it; some APIs put what tools answered, and its files, into the user's messages."""
        if self.role != "user":
            return False
        return any(isinstance(part, Text) for part in self.parts) or not self.tool_results


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A tool the request offers.

    Attributes:
        name: Its name.
        type: `function`, or the API's own word for another kind: `custom`, `web_search`, ….
        parameters: The JSON schema of its arguments.
        raw: The tool as the API has it.

    """

    name: str
    type: str = "function"
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which tools the answer may or must call.

    Attributes:
        mode: `auto`, `none`, or `required`: at least one call.
        tools: The names that may be called; empty for all that are offered.

    """

    mode: Literal["auto", "none", "required"] = "auto"
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """The format the answer's text is to have.

    Attributes:
        type: `text`, `json_object` (any JSON object), `json_schema`, or `enum`: one of the schema's values, unquoted.
        name: The schema's name.
        schema: The JSON schema.

    """

    type: str
    name: str = ""
    schema: Any = True

    @property
    def is_of_schema(self) -> bool:
        """Whether the schema says what the text may be."""
        return self.type in {"json_schema", "enum"}


class _Beside:
    """What follows from a request alone, for those who would make it again when the same request comes again.

    It is no cached_property, which until Python 3.12 has a lock that takes a microsecond.
    """

    @overload
    def __get__(self, request: None, _: object) -> Self: ...
    @overload
    def __get__(self, request: LLMRequest, _: object) -> dict[Any, Any]: ...
    def __get__(self, request: LLMRequest | None, _: object) -> dict[Any, Any] | Self:
        if request is None:  # of the class, as help() asks
            return self
        found: dict[Any, Any] = request.__dict__.setdefault("beside", {})
        return found


class LLMRequest:
    """A request to a model, the same for every API.

    Attributes:
        api: Which API is asked: `openai.chat`, `openai.embeddings`, …; empty where none is known.
        model: The model's name.
        messages: The conversation.
        tools: The tools offered.
        tool_choice: Which of them the answer may or must call; None if the request does not say.
        stream: Whether the answer is to be a stream.
        max_tokens: How many tokens the answer may have; None without a limit.
        calls_singly: Whether it wants no more than one call of a tool at a time.
        output_format: The format the answer is to have; None if the request does not say.
        raw: The whole body.
        headers: Looked up without regard to case; nobody can change them.
        url: Where it was sent.
        at: Where it was sent indeed, if that is a server that stands for the `url`.
        method: The HTTP method.
        content: The body's bytes.

    A dialect's own kind of request reads the messages and the rest of the body when they are first asked for.

    """

    FIELDS = ("api", "model", "messages", "tools", "tool_choice", "stream", "max_tokens", "output_format")
    SENT = ("raw", "headers", "url", "method", "content")
    api: str = ""
    model: str = ""
    stream: bool = False
    raw: Mapping[str, Any]
    headers: Mapping[str, Any]
    url: str
    at: str = ""
    method: str
    content: bytes

    @classmethod
    def made(cls, head: WireRequest, body: Mapping[str, Any], content: bytes, **read: Any) -> Self:
        """Make a request of a head and a body.

        Args:
            head: Where it is sent, and how.
            body: The JSON of its body.
            content: The body's bytes.
            read: What of it was read already; the rest is read when it is first asked for.

        """
        made = cls.__new__(cls)
        headers = MappingProxyType(head.headers)  # which are read again where the answer is written again
        sent = {"raw": body, "headers": headers, "url": head.url, "method": head.method, "content": content}
        made.__dict__.update(sent, **read)
        if head.at:
            made.__dict__["at"] = head.at
        return made

    def __init__(
        self,
        *,
        api: str = "",
        model: str = "",
        messages: tuple[Message, ...] = (),
        tools: tuple[Tool, ...] = (),
        tool_choice: ToolChoice | None = None,
        stream: bool = False,
        max_tokens: int | None = None,
        output_format: OutputFormat | None = None,
        raw: Mapping[str, Any] = NOTHING,
        headers: Mapping[str, Any] = NOTHING,
        url: str = "",
        method: str = "POST",
        content: bytes = b"",
    ) -> None:
        self.__dict__.update(api=api, model=model, messages=messages, tools=tools, tool_choice=tool_choice)
        self.__dict__.update(stream=stream, max_tokens=max_tokens, output_format=output_format)
        self.__dict__.update(raw=raw, headers=MappingProxyType(headers), url=url, method=method, content=content)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        return ()

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers."""
        return ()

    @cached_property
    def tool_choice(self) -> ToolChoice | None:
        """Which tools the answer may or must call; None if the request does not say."""
        return None

    @cached_property
    def max_tokens(self) -> int | None:
        """How many tokens the answer may have; None without a limit."""
        return None

    @cached_property
    def calls_singly(self) -> bool:
        """Whether the request wants no more than one call of a tool at a time."""
        return False

    @cached_property
    def output_format(self) -> OutputFormat | None:
        """The format the answer is to have; None if the request does not say."""
        return None

    beside = _Beside()

    is_lent = False

    def lent(self) -> Self:
        """Give the request to what a user wrote, which may change what it holds: no later one is read of it then."""
        self.__dict__["is_lent"] = True
        return self

    def as_sent(self) -> Mapping[str, Any]:
        """Return the body as it was sent: read anew where what a user wrote may have changed it."""
        sent = json_object(self.content) if self.is_lent else None
        return self.raw if sent is None else sent

    def replaced(self, **changes: Any) -> Self:
        """Make a copy with other values in some fields; what follows from them is read anew."""
        made = object.__new__(type(self))
        made.__dict__.update({name: getattr(self, name) for name in (*self.FIELDS, *self.SENT)}, **changes)
        return made

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"an LLMRequest cannot be changed: {name}={value!r} was to be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"an LLMRequest cannot be changed: {name} was to be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LLMRequest):
            return NotImplemented
        return all(getattr(self, one) == getattr(other, one) for one in (*self.SENT, *self.FIELDS))

    def __hash__(self) -> int:
        return hash((self.api, self.model, self.url, self.content))

    def __getstate__(self) -> dict[str, Any]:
        """Say what a copy has, or another process: the view of the headers is made anew there."""
        headers: Any = self.headers
        return {**self.__dict__, "headers": headers.copy()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({**state, "headers": MappingProxyType(state["headers"])})

    def __repr__(self) -> str:
        said = {name: getattr(self, name) for name in (*self.FIELDS, *self.SENT[:-1])}
        said["headers"] = dict(self.headers)
        return visible(f"LLMRequest({', '.join(f'{name}={value!r}' for name, value in said.items())})")

    @cached_property
    def turn(self) -> int:
        """Which answer of the model's is asked for: 1 in a conversation without an assistant message.

        What the model said in several messages in a row is one answer, and one with which the conversation ends is the
        beginning of the answer that is asked for.
        """
        said = self._before_answer
        ends = (one.role == "assistant" and after.role != "assistant" for one, after in pairwise(said))
        return 1 + sum(ends)

    @property
    def _before_answer(self) -> tuple[Message, ...]:
        """The conversation without what the answer begins with."""
        end = len(self.messages)
        while end and self.messages[end - 1].role == "assistant":
            end -= 1
        return self.messages[:end]

    @cached_property
    def last_user(self) -> str:
        """What the user said last, empty if nothing; answers of tools do not count, whoever brings them."""
        return next((message.said for message in reversed(self.messages) if message.is_user), "")

    @cached_property
    def system(self) -> str:
        """The text of all system and developer messages, a line each."""
        said = (message.text for message in self.messages if message.role in {"system", "developer"})
        return "\n".join(filter(None, said))

    @cached_property
    def last(self) -> str:
        """The text of the last message, whoever says it."""
        return self.messages[-1].text if self.messages else ""

    @cached_property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """What tools answered since the last assistant message, each with the name of its tool."""
        names = {call.id: call.name for message in self.messages for call in message.tool_calls}
        said = self._before_answer
        since = next((n for n, message in enumerate(reversed(said)) if message.role == "assistant"), None)
        latest = said[len(said) - since :] if since is not None else said
        return tuple(_named(result, names) for message in latest for result in message.tool_results)

    @cached_property
    def conversation(self) -> str:
        """What stays the same in every turn of a conversation: its opening up to the first user message."""
        opening: list[str] = []
        for message in self.messages:
            opening.append(f"{message.role}: {message.text}")
            if message.role == "user":
                break
        return "\n".join(opening)


def _named(result: ToolResult, names: Mapping[str, str]) -> ToolResult:
    return result if result.name else ToolResult(result.text, result.id, names.get(result.id, ""), result.is_error)
