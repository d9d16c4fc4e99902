"""Imports other projects' cassettes, replays every OpenAI-shaped row through the installed openai SDK, prints counts.

    python benchmarks/replay_cassettes.py ../shared/wire/cassettes                                 # the newest SDK
    uv run --with "openai<3" --with . --with pyyaml benchmarks/replay_cassettes.py ../shared/wire/cassettes

A row is right when its replay has the recorded status and body, to the byte, on the SDK's own HTTP client, and parses:
the SDK gives its objects, or for a recorded error its exception. A body that held a secret is not the recorded one any
more and is counted apart.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import openai
from openai.types import CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent

from llm_intercept import intercept
from llm_intercept.base.json import mapping
from llm_intercept.recording.take import read_take
from llm_intercept.tapetools.importers import read_foreign
from llm_intercept.tapetools.importing import files_under, import_file

KINDS: dict[str, tuple[Any, Any]] = {
    "/chat/completions": (ChatCompletion, openai.Stream[ChatCompletionChunk]),
    "/responses": (Response, openai.Stream[ResponseStreamEvent]),
    "/embeddings": (CreateEmbeddingResponse, None),
}


def main(folder: str) -> int:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        for file, relative in files_under([Path(folder)]):
            counts["files"] += 1
            done = import_file(file, relative, Path(place))
            counts["not imported"] += bool(done.failure)
            for name, row in zip(done.names, read_foreign(file), strict=True):
                counts["rows"] += 1
                path = row.url.partition("?")[0]
                ending = next((one for one in KINDS if path.endswith(one) and row.method == "POST"), None)
                if ending is None:
                    counts["rows of other APIs"] += 1
                    continue
                outcome = replayed(done.tape, name, row, ending)
                counts[f"OpenAI-shaped, {ending}"] += 1
                counts[outcome if outcome in {"right", "redacted"} else "wrong"] += 1
                wrong += [] if outcome in {"right", "redacted"} else [f"{relative} {name}: {outcome}"]
    print(f"openai {openai.__version__}")
    for what, count in counts.items():
        print(f"{count:>6} {what}")
    print(*wrong, sep="\n")
    return 1 if wrong or counts["not imported"] else 0


def replayed(tape: Path, name: str, row: Any, ending: str) -> str:
    """Replay one row, alone in a tape, twice: for its bytes, and parsed."""
    take = read_take((tape / name).read_bytes(), name)
    base, _, query = row.url.partition("?")
    client = openai.OpenAI(api_key="none", base_url=base.removesuffix(ending), max_retries=0)
    body = mapping(take.request.body)
    with tempfile.TemporaryDirectory() as alone:
        first = Path(alone, "001" + name[3:])
        first.write_bytes((tape / name).read_bytes())
        with intercept(mode="replay", recordings=alone):
            raw = client._client.post(row.url, json=dict(body))  # noqa: SLF001 - the SDK's own HTTP client
        with intercept(mode="replay", recordings=alone):
            problem = parsed(client, ending + ("?" + query if query else ""), dict(body), row.status)
    if problem:
        return problem
    if raw.status_code != row.status:
        return f"status {raw.status_code} for {row.status}"
    if raw.content == row.content:
        return "right"
    return "redacted" if b"[redacted]" in raw.content else "another body"


def parsed(client: openai.OpenAI, path: str, body: dict[str, Any], status: int) -> str:
    """Let the SDK parse the answer; return what went wrong."""
    kind, stream = KINDS[path.partition("?")[0]]
    is_stream = body.get("stream") is True
    try:
        answer = client.post(path, cast_to=kind, body=body, stream=is_stream, stream_cls=stream if is_stream else None)
        count = sum(1 for _ in answer) if is_stream else int(isinstance(answer, kind))
    except openai.APIStatusError as error:
        return "" if error.status_code == status else f"{type(error).__name__}: {error}"[:200]
    except openai.APIError as error:  # an error told in the middle of a stream
        return "" if is_stream else f"{type(error).__name__}: {error}"[:200]
    return "" if count else "the SDK gave nothing"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
