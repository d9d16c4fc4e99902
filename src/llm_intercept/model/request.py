"""The neutral vocabulary of a conversation: requests, messages and their parts, tool calls, usage.

Knows: what every chat API has in common. Must not know: any API's JSON; a dialect reads into these.
Every value keeps what it was read from as `raw`, so nothing a client sent is lost. What users make is checked by
pydantic; what a dialect reads of every request are plain frozen values (docs/architecture.md, "Speed").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, NoReturn, Self, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SkipValidation

Raw = Annotated[Mapping[str, Any], SkipValidation]
NOTHING: Mapping[str, Any] = {}
T = TypeVar("T")
if TYPE_CHECKING:
    Unchecked = Annotated[T, SkipValidation]
else:

    class Unchecked:
        """A field that pydantic leaves as it is. It need not know of what: that takes 1 ms for each kind of fault."""

        def __class_getitem__(cls, kind: object) -> object:
            """Give what pydantic looks at."""
            return Any


class Value(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextPart:
    """Plain text."""

    kind: Literal["text"] = "text"
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusalPart:
    """The model's refusal to answer."""

    kind: Literal["refusal"] = "refusal"
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCallPart:
    """A call the model asked for; `arguments` is the JSON text to the letter."""

    kind: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolResultPart:
    """What a tool answered to the call with this id."""

    kind: Literal["tool_result"] = "tool_result"
    id: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OtherPart:
    """Anything else (images, audio, files, parts of an API newer than this page), kept as it came."""

    kind: Literal["other"] = "other"
    type: str
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])


Part = TextPart | RefusalPart | ToolCallPart | ToolResultPart | OtherPart


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message: who says it and the parts it is made of."""

    role: str
    parts: tuple[Part, ...] = ()
    name: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def text(self) -> str:
        """The message's text: its text parts, or a tool's answer, joined."""
        if len(self.parts) == 1 and isinstance(self.parts[0], TextPart):
            return self.parts[0].text
        return "".join(part.text for part in self.parts if isinstance(part, TextPart | ToolResultPart))

    @property
    def tool_calls(self) -> tuple[ToolCallPart, ...]:
        """The calls this message asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))


@dataclass(frozen=True, kw_only=True, slots=True)
class Tool:
    """A tool the request offers; `parameters` is the JSON schema of its arguments."""

    name: str
    type: str = "function"
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any])


COUNTED = {"prompt_tokens", "completion_tokens", "reasoning_tokens"}


class Usage(Value):
    """Tokens of one exchange, in chat completions' terms (OpenAI's reference, `CompletionUsage`)."""

    model_config = ConfigDict(populate_by_name=True)

    prompt_tokens: int = Field(default=0, ge=0, validation_alias=AliasChoices("prompt_tokens", "input_tokens"))
    completion_tokens: int = Field(default=0, ge=0, validation_alias=AliasChoices("completion_tokens", "output_tokens"))
    cached_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)

    @classmethod
    def counted(cls, prompt: int, completion: int, reasoning: int = 0) -> Self:
        """Make one of tokens that were counted, and so need no check: it is made for every answer."""
        made = object.__new__(cls)
        fields = {"prompt_tokens": prompt, "completion_tokens": completion, "cached_tokens": 0}
        object.__setattr__(made, "__dict__", {**fields, "reasoning_tokens": reasoning})
        object.__setattr__(made, "__pydantic_fields_set__", COUNTED)
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


class ToolResult(NamedTuple):
    """What a tool answered, and the tool's name (empty if no call of the conversation has the result's id)."""

    name: str
    text: str


class LLMRequest:
    """A request to a model, the same for every API.

    Args:
        operation: What is asked for, as `chat.completions`.
        model: The model's name.
        messages: The conversation.
        tools: The tools offered.
        stream: Whether the answer is to be a stream.
        response_format: The format the answer is to have; None if the request does not say.
        params: Every field of the body but model, messages, tools, stream and response_format.
        raw: The whole body.
        headers: Looked up without regard to case.
        url: Where it was sent.
        method: The HTTP method.
        content: The body's bytes.

    A dialect's own kind of request reads the messages and the rest of the body when they are first asked for.

    """

    FIELDS = (
        "operation",
        "model",
        "messages",
        "tools",
        "stream",
        "response_format",
        "params",
        "raw",
        "headers",
        "url",
        "method",
    )
    operation: str
    model: str
    stream: bool
    raw: Mapping[str, Any]
    headers: Mapping[str, Any]
    url: str
    method: str
    content: bytes

    def __init__(
        self,
        *,
        operation: str,
        model: str,
        messages: tuple[Message, ...] = (),
        tools: tuple[Tool, ...] = (),
        stream: bool = False,
        response_format: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] = NOTHING,
        raw: Mapping[str, Any] = NOTHING,
        headers: Mapping[str, Any] = NOTHING,
        url: str = "",
        method: str = "POST",
        content: bytes = b"",
    ) -> None:
        given = {"operation": operation, "model": model, "messages": messages, "tools": tools, "stream": stream}
        self.__dict__.update(given, response_format=response_format, params=params, raw=raw, headers=headers)
        self.__dict__.update(url=url, method=method, content=content)

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The conversation."""
        return ()

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """The tools the request offers."""
        return ()

    @cached_property
    def response_format(self) -> Mapping[str, Any] | None:
        """The format the answer is to have; None if the request does not say."""
        return None

    @cached_property
    def params(self) -> Mapping[str, Any]:
        """Every field of the body but model, messages, tools, stream and response_format."""
        return NOTHING

    def replaced(self, **changes: Any) -> Self:
        """Make a copy with other values in some fields; what follows from them is read anew."""
        made = object.__new__(type(self))
        made.__dict__.update({name: getattr(self, name) for name in (*self.FIELDS, "content")}, **changes)
        return made

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse a change.

        Raises:
            AttributeError: Always.

        """
        raise AttributeError(f"an LLMRequest cannot be changed: {name}={value!r} was to be set")

    def __delattr__(self, name: str) -> NoReturn:
        """Refuse a change.

        Raises:
            AttributeError: Always.

        """
        raise AttributeError(f"an LLMRequest cannot be changed: {name} was to be deleted")

    def __eq__(self, other: object) -> bool:
        """Compare field by field."""
        if not isinstance(other, LLMRequest):
            return NotImplemented
        return self.content == other.content and all(getattr(self, one) == getattr(other, one) for one in self.FIELDS)

    def __hash__(self) -> int:
        """Hash what is quickly hashed."""
        return hash((self.operation, self.model, self.url, self.content))

    def __repr__(self) -> str:
        """Say every field but the bytes."""
        return f"LLMRequest({', '.join(f'{name}={getattr(self, name)!r}' for name in self.FIELDS)})"

    @cached_property
    def turn(self) -> int:
        """Which answer of the model's is asked for: 1 in a conversation without an assistant message."""
        return 1 + sum(message.role == "assistant" for message in self.messages)

    @cached_property
    def last_user(self) -> str:
        """The text of the last user message, empty if there is none."""
        return self._last("user")

    @cached_property
    def system(self) -> str:
        """The text of all system and developer messages, a line each."""
        return "\n".join(message.text for message in self.messages if message.role in {"system", "developer"})

    @cached_property
    def last(self) -> str:
        """The text of the last message, whoever says it."""
        return self.messages[-1].text if self.messages else ""

    @cached_property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """What tools answered since the last assistant message, each with the name of its tool."""
        names = {call.id: call.name for message in self.messages for call in message.tool_calls}
        since = next((n for n, message in enumerate(reversed(self.messages)) if message.role == "assistant"), None)
        latest = self.messages[len(self.messages) - since :] if since is not None else self.messages
        return tuple(result for message in latest for result in _results(message, names))

    @cached_property
    def conversation(self) -> str:
        """What stays the same in every turn of a conversation: its opening up to the first user message."""
        opening: list[str] = []
        for message in self.messages:
            opening.append(f"{message.role}: {message.text}")
            if message.role == "user":
                break
        return "\n".join(opening)

    def _last(self, role: str) -> str:
        return next((message.text for message in reversed(self.messages) if message.role == role), "")


def _results(message: Message, names: Mapping[str, str]) -> tuple[ToolResult, ...]:
    if message.role == "function":
        return (ToolResult(message.name, message.text),)
    return tuple(
        ToolResult(names.get(part.id, ""), part.text) for part in message.parts if isinstance(part, ToolResultPart)
    )
