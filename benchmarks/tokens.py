"""How near the token estimate comes to recorded usage: `python benchmarks/tokens.py RECORDINGS.jsonl`.

Counts the text of every recorded chat answer that is text alone (no tool calls, reasoning or refusal) and was reported
with its usage, and says the relative error's median and 90th percentile.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from llm_intercept.base.tokens import EstimatingTokenizer, count
from llm_intercept.dialects.openai.costs import hidden_tokens
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.shared.ready import stream_data
from llm_intercept.model.request import LLMRequest, Message

OK = 200


def rows(path: Path) -> list[tuple[str, str, int, int]]:
    """Read model, text, recorded completion tokens and what the family adds unseen."""
    found: list[tuple[str, str, int, int]] = []
    for line in path.read_text().splitlines():
        row = json.loads(line)
        if row["endpoint"] != "chat.completions" or row["status"] != OK or row["provider"] not in {"openai", "azure"}:
            continue
        text = row["response_text"]
        body: dict[str, Any] = accumulated(stream_data(text.encode())) if row["is_sse"] else json.loads(text)
        request = read_request(row["request"])
        said = [choice["message"] for choice in body["choices"]]
        usage = body.get("usage") or {}
        hidden = (usage.get("completion_tokens_details") or {}).get("reasoning_tokens")
        plain = all(one.get("content") and not one.get("tool_calls") and not one.get("function_call") for one in said)
        if plain and usage.get("completion_tokens") and not hidden:
            hidden_too = len(said) * hidden_tokens(request, body["model"])
            found.append(
                (body["model"], "\0".join(one["content"] for one in said), usage["completion_tokens"], hidden_too)
            )
    return found


def read_request(body: dict[str, Any]) -> LLMRequest:
    """Read what the estimate asks of a request: the roles of its messages."""
    roles = [str(message.get("role")) for message in body.get("messages") or []]
    return LLMRequest(api="openai.chat", model="", messages=tuple(Message(role=role) for role in roles))


def main() -> None:
    """Print the figures, and with -v every text."""
    if len(sys.argv) < 2:  # noqa: PLR2004
        sys.exit(__doc__)
    tokenizer = EstimatingTokenizer()
    errors: list[float] = []
    for model, text, recorded, unseen in rows(Path(sys.argv[1])):
        estimated = unseen + sum(count(tokenizer, one, model) for one in text.split("\0"))
        errors.append(abs(estimated - recorded) / recorded)
        if "-v" in sys.argv:
            print(f"{recorded:5} {estimated:5} {errors[-1]:6.1%} {model} {text[:90]!r}")
    ninetieth = statistics.quantiles(errors, n=10)[-1]
    print(f"{len(errors)} texts: median error {statistics.median(errors):.1%}, 90th percentile {ninetieth:.1%}")


if __name__ == "__main__":
    main()
