"""The neutral vocabulary of a conversation: requests, messages and their parts, tool calls, usage.

Knows: what every chat API has in common. Must not know: any API's JSON; a dialect reads into these.
Every value keeps what it was read from as `raw`, so nothing a client sent is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SkipValidation

Raw = Annotated[Mapping[str, Any], SkipValidation]
NOTHING: Mapping[str, Any] = {}


class Value(BaseModel):
    """A frozen value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class TextPart(Value):
    """Plain text."""

    kind: Literal["text"] = "text"
    text: str


class RefusalPart(Value):
    """The model's refusal to answer."""

    kind: Literal["refusal"] = "refusal"
    text: str


class ToolCallPart(Value):
    """A call the model asked for; `arguments` is the JSON text to the letter."""

    kind: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: str = ""


class ToolResultPart(Value):
    """What a tool answered to the call with this id."""

    kind: Literal["tool_result"] = "tool_result"
    id: str
    text: str


class OtherPart(Value):
    """Anything else (images, audio, files, parts of an API newer than this page), kept as it came."""

    kind: Literal["other"] = "other"
    type: str
    raw: Raw = NOTHING


Part = Annotated[
    TextPart | RefusalPart | ToolCallPart | ToolResultPart | OtherPart,
    Field(discriminator="kind"),
]


class Message(Value):
    """One message: who says it and the parts it is made of."""

    role: str
    parts: tuple[Part, ...] = ()
    name: str = ""
    raw: Raw = NOTHING

    @property
    def text(self) -> str:
        """The message's text: its text parts, or a tool's answer, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart | ToolResultPart))

    @property
    def tool_calls(self) -> tuple[ToolCallPart, ...]:
        """The calls this message asks for."""
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))


class Tool(Value):
    """A tool the request offers; `parameters` is the JSON schema of its arguments."""

    name: str
    type: str = "function"
    parameters: Raw = NOTHING
    raw: Raw = NOTHING


class Usage(Value):
    """Tokens of one exchange, in chat completions' terms (OpenAI's reference, `CompletionUsage`)."""

    model_config = ConfigDict(populate_by_name=True)

    prompt_tokens: int = Field(default=0, ge=0, validation_alias=AliasChoices("prompt_tokens", "input_tokens"))
    completion_tokens: int = Field(default=0, ge=0, validation_alias=AliasChoices("completion_tokens", "output_tokens"))
    cached_tokens: int = Field(default=0, ge=0)
    reasoning_tokens: int = Field(default=0, ge=0)

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens


class ToolResult(NamedTuple):
    """What a tool answered, and the tool's name (empty if no call of the conversation has the result's id)."""

    name: str
    text: str


class LLMRequest(Value):
    """A request to a model, the same for every API.

    `params` holds every field of the body but model, messages, tools, stream and response_format; `raw` the whole
    body, `content` its bytes; `headers` is looked up without regard to case.
    """

    operation: str
    model: str
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()
    stream: bool = False
    response_format: Raw | None = None
    params: Raw = NOTHING
    raw: Raw = NOTHING
    headers: Raw = NOTHING
    url: str = ""
    method: str = "POST"
    content: bytes = Field(default=b"", repr=False)

    @property
    def turn(self) -> int:
        """Which answer of the model's is asked for: 1 in a conversation without an assistant message."""
        return 1 + sum(message.role == "assistant" for message in self.messages)

    @property
    def last_user(self) -> str:
        """The text of the last user message, empty if there is none."""
        return self._last("user")

    @property
    def system(self) -> str:
        """The text of all system and developer messages, a line each."""
        return "\n".join(message.text for message in self.messages if message.role in {"system", "developer"})

    @property
    def last(self) -> str:
        """The text of the last message, whoever says it."""
        return self.messages[-1].text if self.messages else ""

    @property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """What tools answered since the last assistant message, each with the name of its tool."""
        names = {call.id: call.name for message in self.messages for call in message.tool_calls}
        since = next((n for n, message in enumerate(reversed(self.messages)) if message.role == "assistant"), None)
        latest = self.messages[len(self.messages) - since :] if since is not None else self.messages
        return tuple(result for message in latest for result in _results(message, names))

    @property
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
