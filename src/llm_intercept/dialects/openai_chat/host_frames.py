"""Frames one response as the row of a compatible host says it: which keys, in which order, in which chunk.

Knows: docs/wire.md 7, the choices that `chunks.py` makes. Must not know: any one host.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, items, mapping
from llm_intercept.dialects.openai.hosts.templates import ABSENT, filled, filled_object
from llm_intercept.dialects.openai.hosts.usage_told import usage_of
from llm_intercept.dialects.openai.padding import quoted
from llm_intercept.dialects.openai_chat.frames import HOLE
from llm_intercept.dialects.openai_chat.host_messages import Telling, message_of
from llm_intercept.dialects.shared.hashed_ids import derived
from llm_intercept.model.wire import Awaited

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from llm_intercept.dialects.openai.hosts.profile import Host, Template, When
    from llm_intercept.dialects.openai_chat.frames import Envelope, Run
    from llm_intercept.model.usage import Usage

PADDING = "abcdefghijklmnopqrstuvwxyz0123456789"


@dataclass(slots=True)
class Around:
    """What a host shows of a request and of the whole answer, in whichever chunk.

    Attributes:
        is_stream: Whether a stream is asked for.
        asks_usage: Whether the usage is asked for at a stream's end.
        reasons: Whether anything is reasoned.
        cited: What is cited.
        prompt: Counts the tokens of the prompt.

    """

    is_stream: bool
    asks_usage: bool
    reasons: bool
    cited: tuple[Mapping[str, Any], ...]
    prompt: Callable[[], int]


class HostFrames:
    """A host's manner, by its row."""

    def __init__(self, host: Host, envelope: Envelope, around: Around) -> None:
        self._host, self._envelope, self._around = host, envelope, around
        self._tellings: dict[int, Telling] = {}
        self._held: dict[str, Any] | None = None
        self._is_first = True
        self._told = 0

    @cached_property
    def _values(self) -> dict[str, Any]:
        """What all chunks have in common."""
        envelope = self._envelope
        maker, _, there = envelope.model.rpartition("/")
        return {
            "identity": envelope.identity,
            "created": envelope.created,
            "id": envelope.id,
            "model": envelope.model,
            "fingerprint": envelope.fingerprint,
            "maker": maker or "openai",
            "model_there": there,
            "provider": self._host.providers.get(maker, maker.title() or "OpenAI"),
            **_citations(self._around.cited),
            **(self._envelope.more or {}),
        }

    @cached_property
    def _prompt(self) -> int:
        return self._around.prompt()

    def usage(self, used: Usage) -> dict[str, Any]:
        """Write the usage."""
        return usage_of(self._host, used, in_stream=self._around.is_stream)

    def body(self, choices: list[dict[str, Any]], usage: dict[str, Any]) -> bytes:
        """Frame the JSON body."""
        cited = _citations([one for choice in choices for one in items(choice["message"].get("annotations"))])
        told = [
            _choice(self._host.choice, choice, {"message": message_of(self._host, choice["message"], self._values)})
            for choice in choices
        ]
        body = filled_object(self._host.body, {**self._values, **cited, "choices": told, "usage": usage})
        return encode(_with_more(body, self._envelope.more)) + self._host.tail.encode()

    def begin(self) -> Iterator[bytes]:
        """Yield the comment that comes before the first chunk."""
        if self._host.comment:
            yield self._framed(f": {self._host.comment}")

    def told(self, choice: dict[str, Any]) -> Iterator[bytes]:
        """Frame one choice's delta; what ends a choice is held back until it is known whether it is the last."""
        if self._held is not None:
            held, self._held = self._held, None
            yield self._chunk([held])
        telling = self._tellings.get(choice["index"])
        if telling is None:
            telling = self._tellings[choice["index"]] = Telling(self._host, self._values, reasons=self._around.reasons)
        for delta in telling.deltas(choice["delta"], is_finish=choice["finish_reason"] is not None):
            reason = choice["finish_reason"]
            more = {"so_far": telling.so_far, "text": delta.get("content") or "", "finished": _or_absent(reason)}
            one = _choice(self._host.chunk_choice, {**choice, "delta": delta}, more)
            if reason is not None:
                self._held = one
            else:
                yield self._chunk([one], is_text=telling.is_text)

    def run(self, run: Run) -> Iterator[Sequence[bytes | Awaited]]:
        """Frame chunks that differ in one text, some at a time: spliced, but for the first, where the row allows."""
        parts: list[str] = []
        is_spliced = not self._host.padding and self._host.usage_along is None
        for texts in run.texts:
            if isinstance(texts, Awaited):
                yield (texts,)
                continue
            framed: list[bytes] = []
            for text in texts:
                if parts:
                    framed.append(_spliced(parts, text))
                    continue
                framed += self.told(run.choice(text))
                if is_spliced:
                    parts = b"".join(self.told(run.choice(HOLE))).decode().split(f'"{HOLE}"')
            yield framed

    def end(self, usage: dict[str, Any]) -> Iterator[bytes]:
        """Frame what ended the last choice, the usage where the host has it, and the end."""
        host = self._host
        if self._held is not None:
            at_finish = usage if self._is_due(host.usage_at_finish) else ABSENT
            yield self._chunk([self._held], host.last, at_finish, counted=usage)
        if self._is_due(host.usage_apart):
            yield self._chunk([], host.apart, usage)
        if host.has_done:
            yield self._framed("data: [DONE]")

    def _is_due(self, when: When) -> bool:
        return when == "always" or (when == "asked" and self._around.asks_usage)

    def _chunk(
        self, choices: list[dict[str, Any]], more: Template | None = None, usage: Any = ABSENT,
        *, is_text: bool = False, counted: Any = ABSENT,
    ) -> bytes:  # fmt: skip
        """Frame a chunk, with what it has `more` than others."""
        values = {**self._values, "object": "chat.completion.chunk", "choices": choices, "counted": counted}
        values["usage"] = self._usage(usage)
        values["padding"] = self._padding() if is_text and self._host.padding else ABSENT
        given = {**(self._host.first if self._is_first else {}), **(more or {})}
        self._is_first, self._told = False, self._told + 1
        values |= {name: filled(template, values) for name, template in given.items()}
        chunk = filled_object(self._host.chunk, values)
        if more is not None and choices:
            chunk = _with_more(chunk, self._envelope.more)
        return self._framed("data: " + encode(chunk).decode())

    def _usage(self, usage: Any) -> Any:
        """Find what a chunk says of usage: the tokens, what is known so far, null, or nothing."""
        if usage is not ABSENT:
            return usage
        if self._host.usage_along is None:
            return None if self._host.null_usage and self._around.asks_usage else ABSENT
        told = self._told + 1
        return filled(
            self._host.usage_along, {"prompt": self._prompt, "told": told, "told_in_all": self._prompt + told}
        )

    def _padding(self) -> str:
        """Cut the alphabet to a length that follows from the request and the chunk (docs/wire.md 7.3)."""
        return PADDING[: 1 + int(derived(self._envelope.identity, "padding", self._told)[:2], 16) % len(PADDING)]

    def _framed(self, line: str) -> bytes:
        return f"{line}{self._host.newline}{self._host.newline}".encode()


def _spliced(parts: list[str], text: str) -> bytes:
    try:
        return quoted(text).join(parts).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return encode(text).decode().join(parts).encode()


def _choice(template: Template, choice: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Say a choice, of a body or a chunk; what the row has no place for comes after, where there is something."""
    told = filled_object(template, {"logprobs": None, **choice, **more})
    rest = {key: value for key, value in choice.items() if value is not None and key not in told}
    return {**told, **{key: value for key, value in rest.items() if key not in {"message", "delta"}}}


def _citations(annotations: Iterable[Any]) -> dict[str, Any]:
    """Tell sources as hosts do that have them beside the choices."""
    found = [mapping(mapping(one).get("url_citation")) for one in annotations]
    return {
        "citations": [one.get("url") for one in found],
        "search_results": [{"title": one.get("title"), "url": one.get("url")} for one in found],
    }


def _or_absent(value: Any) -> Any:
    return ABSENT if value is None else value


def _with_more(body: dict[str, Any], more: Mapping[str, Any] | None) -> dict[str, Any]:
    """Add what a ready body has that the row has no place for."""
    return body if not more else {**body, **{key: value for key, value in more.items() if key not in body}}


def of_host(host: Host, envelope: Envelope) -> Envelope:
    """Give an envelope the id and the fingerprint that its host makes."""
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(envelope.created))
    values = {"identity": envelope.identity, "created": envelope.created, "stamp": stamp}
    return replace(envelope, id=filled(host.id, values), fingerprint=filled(host.fingerprint, values))
