"""Frames one response, as OpenAI does or as Azure does: what all its chunks share, in which order.

Knows: docs/wire.md 2.1, 2.2 and 4. Must not know: what is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from llm_intercept.base.json import encode, is_array, is_object
from llm_intercept.base.sse import frame
from llm_intercept.dialects.openai.padding import MODULUS, Padding, quoted
from llm_intercept.dialects.openai_chat.azure_latency import latency
from llm_intercept.dialects.openai_chat.counts import usage_json
from llm_intercept.dialects.shared.ready import DONE
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from llm_intercept.dialects.openai.hosts.profile import Host
    from llm_intercept.dialects.openai_chat.along import Along
    from llm_intercept.model.usage import Usage

SAFE = {"filtered": False, "severity": "safe"}
CLEAN = {"detected": False, "filtered": False}
PROMPT_FILTER = {"hate": SAFE, "jailbreak": CLEAN, "self_harm": SAFE, "sexual": SAFE, "violence": SAFE}
CHOICE_FILTER = {
    "hate": SAFE,
    "protected_material_code": CLEAN,
    "protected_material_text": CLEAN,
    "self_harm": SAFE,
    "sexual": SAFE,
    "violence": SAFE,
}
BARE = {"role": "assistant", "content": None}
"""The delta of the role where several calls follow (docs/wire.md 2.2.9)."""
FILTERED = "content_filter_results"
DELTA_FILTER = {"protected_material_text": CLEAN}


HOLE = "\ufdd0"
"""Stands for a text that is spliced in: a noncharacter (Unicode, 23.7), which no text that is sent has."""


@dataclass(slots=True)
class Run:
    """Chunks that differ in one text only: makes their choice with a text, and the texts, some at a time."""

    choice: Callable[[str], dict[str, Any]]
    texts: Iterable[Sequence[str] | Awaited]


@dataclass(slots=True)
class Envelope:
    """What the body or all chunks of a response have in common; of a ready body also what no reply has.

    Attributes:
        id: The answer's id.
        created: When it was made, in Unix seconds.
        model: The model that answers.
        fingerprint: The system that made it; None where the model's family has none.
        identity: Hex digits that are the same for the same request.
        service_tier: The tier; None leaves it out.
        usage: The tokens as a ready body reports them.
        filters_prompt: Whether Azure filters the prompt.
        choices: How many choices a ready body has; it is not bent to the request.
        more: Fields of a ready body that only its host has.
        along: What goes along with each choice of a ready body.
        host: The row of the host that is asked; None where OpenAI or Azure is.

    """

    id: str
    created: int
    model: str
    fingerprint: str | None
    identity: str
    service_tier: str | None = "default"
    usage: dict[str, Any] | None = None
    filters_prompt: bool = True
    choices: int | None = None
    more: Mapping[str, Any] | None = None
    along: tuple[Along, ...] = ()
    host: Host | None = None


class Frames(Protocol):
    """How one manner frames responses."""

    def usage(self, used: Usage) -> dict[str, Any]:
        """Write the usage."""
        ...

    def body(self, choices: list[dict[str, Any]], usage: dict[str, Any]) -> bytes:
        """Frame the JSON body."""
        ...

    def begin(self) -> Iterator[bytes]:
        """Yield what comes before the first chunk of a choice."""
        ...

    def told(self, choice: dict[str, Any]) -> Iterable[bytes]:
        """Frame one choice's delta."""
        ...

    def run(self, run: Run) -> Iterator[Sequence[bytes | Awaited]]:
        """Frame chunks that differ in one text, some at a time."""
        ...

    def end(self, usage: dict[str, Any]) -> Iterator[bytes]:
        """Frame what comes after all deltas: the usage if it is asked for, what ends the stream."""
        ...


class _OwnFrames:
    """What OpenAI's manner and Azure's have in common: a chunk for each delta, and usage in one of its own."""

    def __init__(self, envelope: Envelope, *, include_usage: bool) -> None:
        self._envelope, self._include_usage = envelope, include_usage

    @cached_property
    def _padding(self) -> Padding:
        return Padding(self._envelope.identity)

    def usage(self, used: Usage) -> dict[str, Any]:
        """Write the usage."""
        return usage_json(used, self._envelope.model)

    def chunk(self, choice: dict[str, Any] | None, usage: dict[str, Any] | None) -> bytes:
        """Frame one choice's delta, or the usage at the end."""
        raise NotImplementedError

    def told(self, choice: dict[str, Any]) -> Iterable[bytes]:
        """Frame one choice's delta."""
        return (self.chunk(choice, None),)

    def end(self, usage: dict[str, Any]) -> Iterator[bytes]:
        """Frame the usage if it is asked for, and `[DONE]`."""
        if self._include_usage:
            yield self.chunk(None, usage)
        yield DONE


class OpenAIFrames(_OwnFrames):
    """OpenAI's manner: pretty-printed body, compact chunks, each padded to a length (`obfuscation`)."""

    def __init__(self, envelope: Envelope, *, include_usage: bool) -> None:
        super().__init__(envelope, include_usage=include_usage)
        self._no_usage = ',"usage":null' if include_usage else ""
        self._several: set[int] = set()  # the choices that are several calls

    @cached_property
    def _head(self) -> str:
        """What all chunks begin with."""
        envelope = self._envelope
        model, fingerprint = encode(envelope.model).decode(), encode(envelope.fingerprint).decode()
        tier = f'"service_tier":{encode(envelope.service_tier).decode()},' if envelope.service_tier else ""
        return (
            f'{{"id":{encode(envelope.id).decode()},"object":"chat.completion.chunk","created":{envelope.created},'
            f'"model":{model},{tier}"system_fingerprint":{fingerprint},'
        )

    def body(self, choices: list[dict[str, Any]], usage: dict[str, Any]) -> bytes:
        """Frame the JSON body."""
        envelope = self._envelope
        body: dict[str, Any] = {
            "id": envelope.id,
            "object": "chat.completion",
            "created": envelope.created,
            "model": envelope.model,
            "choices": choices,
            "usage": usage,
        }
        if envelope.service_tier:
            body["service_tier"] = envelope.service_tier
        body["system_fingerprint"] = envelope.fingerprint
        return encode(body, indent=2) + b"\n"

    def begin(self) -> Iterator[bytes]:
        """Yield nothing."""
        return iter(())

    def chunk(self, choice: dict[str, Any] | None, usage: dict[str, Any] | None) -> bytes:
        """Frame one choice's delta, or the usage at the end."""
        before, behind = self._around(choice)
        text = before + (encode(choice).decode() if choice is not None else "")
        counted = behind if usage is None else ',"usage":' + encode(usage).decode()
        text += "]" + self._more(choice) + counted + ',"obfuscation":"'
        missing = (1 - len(text) - len('"}')) % MODULUS  # docs/wire.md 2.2: 1 character more than a multiple of 16
        return frame(text + self._padding.letters()[:missing] + '"}')

    def _around(self, choice: dict[str, Any] | None) -> tuple[str, str]:
        """Write what stands before a choice and behind; usage stands before those of several calls (2.2.12)."""
        if choice is not None and choice["finish_reason"] is None:
            if choice["delta"] == BARE:
                self._several.add(choice["index"])
            if self._no_usage and choice["index"] in self._several:
                return self._head + self._no_usage[1:] + ',"choices":[', ""
        return self._head + '"choices":[', self._no_usage

    def _more(self, choice: dict[str, Any] | None) -> str:
        """Write what a ready body has beside, into the last chunk of a choice."""
        more = self._envelope.more
        if not more or choice is None or choice["finish_reason"] is None:
            return ""
        return "," + encode(more).decode()[1:-1]

    def run(self, run: Run) -> Iterator[Sequence[bytes | Awaited]]:
        """Frame chunks that differ in one text, some at a time."""
        choice = run.choice(HOLE)
        before, after = encode(choice).decode().split(f'"{HOLE}"')
        around, behind = self._around(choice)
        head, tail = around + before, f'{after}]{behind},"obfuscation":"'
        for texts in run.texts:
            yield (texts,) if isinstance(texts, Awaited) else self._spliced(head, tail, texts)

    def _spliced(self, head: str, tail: str, texts: Sequence[str]) -> list[bytes]:
        """Put each text between what all have in common, and a padding behind."""
        missing, letters = 1 - len(head) - len(tail) - len('"}'), self._padding.letters(len(texts))
        begin = "data: " + head

        def frames(written: Sequence[str]) -> list[bytes]:
            places = range(0, len(letters), MODULUS)
            return [
                f'{begin}{text}{tail}{letters[at : at + (missing - length) % MODULUS]}"}}\n\n'.encode()
                for at, text, length in zip(places, written, map(len, written), strict=True)
            ]

        try:
            return frames([*map(quoted, texts)])
        except UnicodeEncodeError:  # a lone surrogate
            return frames([encode(text).decode() for text in texts])


class AzureFrames(_OwnFrames):
    """Azure's manner: keys in alphabetical order at every level, compact, with content filter results."""

    def body(self, choices: list[dict[str, Any]], usage: dict[str, Any]) -> bytes:
        """Frame the JSON body."""
        filtered = [
            {
                "logprobs": None,
                "content_filter_results": CHOICE_FILTER if choice["message"]["content"] else {},
                **choice,
            }
            for choice in choices
        ]
        body = self._common("chat.completion", filtered)
        body |= {"prompt_filter_results": self._prompt_filter(), "usage": {**usage, **self._measured(usage)}}
        return encode(_alphabetical(body)) + b"\n"

    def begin(self) -> Iterator[bytes]:
        """Yield the prompt's filter results: a chunk without id, time, model and kind (41 of 46)."""
        head: dict[str, Any] = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
        filtered = (self._envelope.more or {}).get("prompt_filter_results") or self._prompt_filter()
        yield frame(encode({**head, "prompt_filter_results": filtered}).decode())

    def chunk(self, choice: dict[str, Any] | None, usage: dict[str, Any] | None) -> bytes:
        """Frame one choice's delta, or the usage at the end."""
        choices: list[dict[str, Any]] = []
        if choice is not None:
            said = self._envelope.filters_prompt and bool(choice["delta"].get("content"))
            choices.append({"logprobs": None, "content_filter_results": DELTA_FILTER if said else {}, **choice})
        body = self._common("chat.completion.chunk", choices)
        if self._envelope.more and choice is not None and choice["finish_reason"] is not None:
            body |= {key: value for key, value in self._envelope.more.items() if key != "prompt_filter_results"}
        body["obfuscation"] = ""
        if self._include_usage:
            body["usage"] = usage
        if usage is not None:
            body |= self._measured(usage)
        return frame(self._padded(encode(_alphabetical(body)).decode(), choices))

    def _measured(self, usage: dict[str, Any]) -> dict[str, Any]:
        return {"latency_checkpoint": latency(self._envelope.identity, int(usage["completion_tokens"]))}

    def _padded(self, text: str, choices: list[dict[str, Any]]) -> str:
        """Pad as OpenAI does; the filters' results come to a chunk after that, and do not count (4.1.5)."""
        own = "".join(f'"{FILTERED}":{encode(one[FILTERED]).decode()},' for one in choices)
        padding = self._padding.letters()[: (1 - len(text) + len(own)) % MODULUS]
        return text.replace('"obfuscation":""', f'"obfuscation":"{padding}"', 1)

    def run(self, run: Run) -> Iterator[Sequence[bytes | Awaited]]:
        """Frame chunks that differ in one text, some at a time."""
        for texts in run.texts:
            if isinstance(texts, Awaited):
                yield (texts,)
            else:
                yield [self.chunk(run.choice(text), None) for text in texts]

    def _prompt_filter(self) -> list[Any]:
        """The prompt's filter results, which are empty where the prompt ends in a tool's answer."""
        return [{"prompt_index": 0, "content_filter_results": PROMPT_FILTER if self._envelope.filters_prompt else {}}]

    def _common(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        envelope = self._envelope
        return {
            "choices": choices,
            "created": envelope.created,
            "id": envelope.id,
            "model": envelope.model,
            "object": kind,
            "service_tier": envelope.service_tier,
            "system_fingerprint": envelope.fingerprint,
        }


def _alphabetical(value: Any) -> Any:
    if is_object(value):
        # Prompt filter results keep their own order (docs/wire.md 4).
        entries: dict[str, Any] = value
        return {
            key: entries[key] if key == "prompt_filter_results" else _alphabetical(entries[key])
            for key in sorted(entries)
        }
    if is_array(value):
        return [_alphabetical(one) for one in value]
    return value
