"""The prompts of a suite as one text that people review: who is asked what, with which tools; each text once.

Knows: takes' requests, the neutral vocabulary. Must not know: any API's JSON, which file it is kept in.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.engine.reread import read_request
from llm_intercept.model.parts import Media, Text
from llm_intercept.recording.fingerprint import Renumbering
from llm_intercept.recording.volatile import VOLATILE
from llm_intercept.shown import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llm_intercept.model.request import LLMRequest, Message
    from llm_intercept.recording.take import TakeRequest

HEAD = (
    "# What this suite says to models. Written by `llm-intercept recordings lock`, and not to be edited.\n"
    "# A change here is a change of a prompt: review it.\n"
)
WORDS, LONGEST = 6, 48
INDENT = "    "
PLAIN = re.compile(r"[^\W\d][^\n\r]*\S|[^\W\d]")
"""What needs no quotes: a text of one line that begins with a letter and does not end with a space."""
CHANGING = tuple((name, re.compile(pattern)) for name, pattern in VOLATILE.items())
"""What changes from run to run: a time, a uuid, a temporary folder."""
SCALARS = ("null", "true", "false")


@dataclass(frozen=True, slots=True, order=True)
class Asked:
    """What one request says that stays the same in the conversation: for whom it is, and its texts, by their kinds."""

    model: str
    api: str
    said: tuple[tuple[str, str, str], ...]
    """The kind (a role, `tool`, `answer`), the words that a name is made of, and the text."""


@dataclass(slots=True)
class Prompts:
    """The prompts of all tapes, by the place of each."""

    places: dict[str, set[Asked]] = field(default_factory=dict[str, set[Asked]])

    def add(self, place: str, request: TakeRequest) -> None:
        """See what a request asks, if it asks a model."""
        read = read_request(request)[1]
        if read.model or read.messages:
            self.places.setdefault(place, set()).add(asked(read))

    def written(self) -> str:
        """Write all down: first the places, then the texts that they name; the same prompts give the same text."""
        names = self._names()
        lines = [HEAD]
        for place, several in sorted(self.places.items()):
            lines.append(f"\n== {visible(place)}")
            for one in sorted(several):
                lines += ["", f"{visible(one.model) or 'no model'} ({one.api or 'an API that nobody here knows'})"]
                lines += [f"{INDENT}{visible(kind)} {names[kind, text]}" for kind, _, text in one.said]
        for (kind, text), name in sorted(names.items(), key=lambda one: (one[0][0], one[1])):
            lines += [f"\n== {visible(kind)} {name}", "", *_indented(text)]
        return "\n".join(lines).replace(HEAD + "\n", HEAD) + "\n"

    def _names(self) -> dict[tuple[str, str], str]:
        """Name each text by its first words, and a number where several begin alike."""
        alike: dict[tuple[str, str], set[str]] = {}
        for one in (one for several in self.places.values() for one in several):
            for kind, words, text in one.said:
                alike.setdefault((kind, _slug(words)), set()).add(text)
        return {
            (kind, text): slug if number == 1 else f"{slug}-{number}"
            for (kind, slug), texts in alike.items()
            for number, text in enumerate(sorted(texts), 1)
        }


def asked(request: LLMRequest) -> Asked:
    """Read what a request asks: up to the first message of the user's, which is the same in each turn."""
    said = (*_opening(request.messages), *_tools(request))
    texts: list[str] = Renumbering(CHANGING).value([text for *_, text in said])
    return Asked(
        request.model, request.api, tuple((kind, name, text) for (kind, name, _), text in zip(said, texts, strict=True))
    )


def _opening(messages: Iterable[Message]) -> Iterator[tuple[str, str, str]]:
    for message in messages:
        text = "\n".join(_words(message))
        yield message.role, text, text
        if message.is_user:
            return


def _words(message: Message) -> Iterator[str]:
    for part in message.parts:
        if isinstance(part, Text):
            yield part.text
        elif isinstance(part, Media):
            yield f"[{part.kind}]"
    if message.tool_calls or message.tool_results:
        yield "[calls of tools]"


def _tools(request: LLMRequest) -> Iterator[tuple[str, str, str]]:
    for tool in request.tools:
        yield "tool", tool.name or tool.type, outline(tool.raw or {"name": tool.name, "parameters": tool.parameters})
    wanted = request.output_format
    if wanted is not None and wanted.is_of_schema:
        yield "answer", wanted.name or "schema", outline(wanted.schema)


def outline(value: Any) -> str:
    """Write a JSON value as lines, one for each field, and a text as the lines it has."""
    return "\n".join(_lines(value))


def _lines(value: Any) -> Iterator[str]:
    if is_object(value) and value:
        for name, one in mapping(value).items():
            yield from _entry(f"{_word(name)}:", one)
    elif is_array(value) and value:
        for one in items(value):
            yield from _entry("-", one)
    elif isinstance(value, str) and "\n" in value:
        yield from value.split("\n")
    else:
        yield _word(value)


def _entry(head: str, value: Any) -> Iterator[str]:
    lines = list(_lines(value))
    if len(lines) == 1 and not ((is_object(value) or is_array(value)) and value):
        yield f"{head} {lines[0]}"
        return
    yield head
    yield from (f"{INDENT}{line}" for line in lines)


def _word(value: Any) -> str:
    """Write a text without quotes, unless it could be read as something else."""
    if isinstance(value, str) and PLAIN.fullmatch(value) and value not in SCALARS and ": " not in value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _indented(text: str) -> Iterator[str]:
    """Give the lines of a text; spaces at the end of one are said, since editors take them away."""
    for line in text.split("\n"):
        shown = visible(line, lines=True)
        bare = shown.rstrip()
        yield f"{INDENT}{bare}{shown[len(bare) :].replace(' ', '·').replace(chr(9), '→')}" if shown else ""


def _slug(words: str) -> str:
    found = re.findall(r"[^\W_]+(?:_[^\W_]+)*", words)[:WORDS]
    return "-".join(found).lower()[:LONGEST].strip("-") or "text"


def of_log(line: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Read a line of the log: the test in which the call was made, if in one, and the fields of a take's request."""
    return str(line.get("test") or ""), {"method": "POST", "url": str(line.get("url", "")), "body": line.get("request")}
