"""How near the usage we report comes to recorded usage: `python benchmarks/tokens.py RECORDINGS.jsonl…`.

Each recorded answer is given as a reply to its request, without the limits that cut it, by the estimate and, where
bpe-openai is installed, exactly. Printed is the relative error's median and 90th percentile for each API and kind of
prompt and answer, with `-v` also what is far off. Reasoning is not counted, which no answer shows. `--half 0` and
`--half 1` take every other source file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import zlib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from llm_intercept import InterceptTransport
from llm_intercept.base.exact_tokens import is_installed
from llm_intercept.base.json import items, mapping
from llm_intercept.dialects import all_dialects
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.errors import LLMInterceptError
from llm_intercept.model.parts import Media, Other, Reasoning
from llm_intercept.replies.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.dialects.base import Dialect
    from llm_intercept.model.request import LLMRequest
    from llm_intercept.model.usage import Usage

OK = 200
DIALECT_OF = {
    "chat.completions": "openai.chat",
    "responses": "openai.responses",
    "messages": "anthropic.messages",
    "gemini.generateContent": "google.gemini",
    "gemini.streamGenerateContent": "google.gemini",
}
LIMITS = {"max_completion_tokens", "max_output_tokens", "stop", "stop_sequences", "logprobs", "top_logprobs", "store"}
CONTINUED = {"previous_response_id", "conversation", "background"}
PLENTY = 60_000
OFF = 0.15


@dataclass(frozen=True)
class Row:
    """A recorded exchange that says its usage."""

    file: str
    url: str
    asked: dict[str, Any]
    replies: tuple[Reply, ...]
    used: Usage
    dialect: Dialect


@dataclass(frozen=True)
class Error:
    """How far one number is off."""

    kind: tuple[str, str, str]
    ours: int
    real: int

    @property
    def relative(self) -> float:
        """The share of the real one."""
        return abs(self.ours - self.real) / self.real


def rows(path: Path) -> Iterator[Row]:
    """Read the exchanges of a file whose answers can be given again."""
    for line in path.read_text().splitlines():
        row = json.loads(line)
        asked, name = mapping(row["request"]), DIALECT_OF.get(row["endpoint"], "")
        if row["status"] != OK or not name or not asked or "_unknown" in asked:
            continue
        dialect = next(one for one in all_dialects() if one.name == name)
        told = _values(row["response_text"], is_sse=row["is_sse"])
        used, replies = dialect.recorded.usage(told), dialect.recorded.replies(told)
        if used is not None and used.input_tokens and replies and CONTINUED.isdisjoint(asked):
            yield Row(row["file"], row["url"], _unlimited(asked), replies, used, dialect)


def _values(body: str, *, is_sse: bool) -> list[Any]:
    if is_sse:
        return stream_data(body.encode())
    whole = json.loads(body)
    return items(whole) or [whole]


def _unlimited(asked: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in asked.items() if name not in LIMITS}
    if "max_tokens" in kept:
        kept["max_tokens"] = PLENTY
    if "generationConfig" in kept:
        config = kept["generationConfig"]
        kept["generationConfig"] = {
            name: config[name] for name in config if name not in {"maxOutputTokens", "stopSequences"}
        }
    return kept


def errors(row: Row, tokenizer: Any) -> Iterator[Error]:
    """Answer a request as it was answered; how far the prompt's tokens are off, and the answer's."""
    reply = row.replies[0] if len(row.replies) == 1 else Reply(variants=row.replies)
    with InterceptTransport(reply, tokenizer=tokenizer) as transport, httpx.Client(transport=transport) as client:
        response = client.post(row.url, json=row.asked)
    call = transport.calls[-1]
    if response.status_code != OK or call.usage is None:
        return
    api = row.dialect.name
    yield Error((api, "prompt", prompt_kind(call.request)), call.usage.input_tokens, row.used.input_tokens)
    said = row.used.output_tokens - row.used.reasoning_tokens
    if said:
        ours = call.usage.output_tokens - call.usage.reasoning_tokens
        yield Error((api, "answer", answer_kind(row, call.request)), ours, said)


def prompt_kind(request: LLMRequest) -> str:
    """Say what a prompt has beside text."""
    parts = [part for message in request.messages for part in message.parts]
    kinds: set[str] = {part.kind for part in parts if isinstance(part, Media)}
    kinds |= {"thoughts" for part in parts if isinstance(part, Reasoning)}
    kinds |= {"items of the API's" for part in parts if isinstance(part, Other)}
    if request.tools or request.raw.get("functions"):
        kinds.add("tools, later turns" if any(message.tool_results for message in request.messages) else "tools")
    if any(tool.type not in {"function", "custom"} for tool in request.tools):
        kinds.add("tools of the API's")
    if request.output_format is not None and request.output_format.type == "json_schema":
        kinds.add("schema")
    return " + ".join(sorted(kinds)) or "text"


def answer_kind(row: Row, request: LLMRequest) -> str:
    """Say what an answer is."""
    calls = sum(len(reply.tool_calls) for reply in row.replies)
    kind = "several calls" if calls > 1 else "one call" if calls else "text, tools offered" if request.tools else "text"
    return kind + (", thoughts" if row.used.reasoning_tokens else "")


def main() -> None:
    """Print the table, and with -v what is far off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("-v", "--verbose", action="store_true")
    given = parser.parse_args()
    tokenizers = ("estimate", "exact") if is_installed() else ("estimate",)
    found: dict[tuple[str, str, str], dict[str, list[Error]]] = defaultdict(lambda: defaultdict(list))
    for row in (row for path in given.recordings for row in rows(path)):
        if given.half is not None and zlib.crc32(row.file.encode()) % 2 != given.half:
            continue
        for tokenizer in tokenizers:
            try:
                off = list(errors(row, tokenizer))
            except LLMInterceptError as refused:
                print(f"{row.file}: {refused}")
                continue
            for error in off:
                found[error.kind][tokenizer].append(error)
                if given.verbose and error.relative > OFF:
                    print(f"{tokenizer:8} {' '.join(error.kind)}: {error.ours} for {error.real}, {row.file}")
    print(f"| API | | of | n | {' | '.join(tokenizers)} |\n|---|---|---|---|{'---|' * len(tokenizers)}")
    for kind, by_tokenizer in sorted(found.items()):
        figures = " | ".join(map(_figures, by_tokenizer.values()))
        print(f"| {' | '.join(kind)} | {len(next(iter(by_tokenizer.values())))} | {figures} |")


def _figures(some: list[Error]) -> str:
    relative = sorted(error.relative for error in some)
    ninetieth = relative[min(len(relative) - 1, round(0.9 * len(relative)))]
    return f"{statistics.median(relative):.1%} / {ninetieth:.1%}"


if __name__ == "__main__":
    main()
