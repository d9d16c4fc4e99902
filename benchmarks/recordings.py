"""What replaying one exchange costs when the tape holds 1, 10,000 or 100,000 takes: time and memory, each in a process.

    python benchmarks/recordings.py                                        # llm-intercept alone
    uv run --with vcrpy --with cassetter --with . benchmarks/recordings.py  # with the peers that are installed

Every tool replays the same exchange over the same client (httpx) from a recording of its own format that holds the same
takes; the one asked for is in the middle. Each measurement is a fresh process: opening the tape and replaying one
request, then twenty more; medians of 15 runs, of a peer's one. The peers get 10,000 takes at
most: beyond it they take minutes.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from llm_intercept.recording.bodies import Chunk
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import sanitize_request, sanitize_response, take_of
from llm_intercept.recording.take import write_take

URL = "https://api.openai.com/v1/chat/completions"
SIZES = [int(size) for size in os.environ.get("SIZES", "1,10000,100000").split(",")]
PEERS_MOST = int(os.environ.get("PEERS_MOST", "10000"))
RUNS = 15

PROGRAM = """
import gc, httpx, json, sys, time
tool, place, asked, size = sys.argv[1:]
body = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"question {asked}"}]}
def memory():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
if tool == "llm-intercept":
    from llm_intercept import intercept, Recordings
    from llm_intercept.interceptor.interceptor import Interceptor
    block = lambda: intercept(mode="replay", recordings=Recordings(place, repeat_last=True))
elif tool == "vcrpy":
    import vcr
    block = lambda: vcr.use_cassette(place, record_mode="none", match_on=["method", "uri", "body"])
else:
    import cassetter
    block = lambda: cassetter.use_cassette(place, record_mode="none", match_on=["method", "uri", "body"])
client = httpx.Client()
gc.collect()
before = memory()
begin = time.perf_counter()
with block():
    assert client.post(URL, json=body).json()["choices"][0]["message"]["content"] == f"answer {asked}"
    first = time.perf_counter() - begin
    times = []
    for _ in range(20 if tool == "llm-intercept" else 0):
        begin = time.perf_counter()
        client.post(URL, json=body)
        times.append(time.perf_counter() - begin)
    print(json.dumps([first * 1000, sorted([*times, 0.0])[len(times) // 2] * 1000, memory() - before]))
""".replace("URL", repr(URL))


def answer(number: int) -> str:
    choice = {"index": 0, "message": {"role": "assistant", "content": f"answer {number}"}, "finish_reason": "stop"}
    body = {"id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(body)


def question(number: int) -> str:
    return json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": f"question {number}"}]})


def make_takes(folder: Path, size: int) -> Path:
    """Write takes through the project's own writer, without the fsync that only a crash needs."""
    folder.mkdir()
    for number in range(size):
        redaction = Redaction()
        one = sanitize_request("POST", URL, {}, json.loads(question(number)), redaction)
        headers = [("content-type", "application/json")]
        response = sanitize_response(one, 200, headers, [Chunk(answer(number).encode(), 0.0)], redaction)
        content = write_take(take_of(one, response, partial=None, versions={}))
        (folder / one.key.name(1)).write_bytes(content)
    return folder


def make_cassette(file: Path, size: int, *, nested: bool) -> Path:
    """Write a vcrpy or cassetter cassette; both read YAML, and JSON is YAML."""
    headers = {"content-type": ["application/json"]}
    interactions = []
    for number in range(size):
        asked: object = question(number)
        given: object = {"string": answer(number)}
        status: object = {"code": 200, "message": "OK"}
        if nested:
            asked, given = {"type": "text", "content": asked}, {"type": "text", "content": answer(number)}
            asked, status = {"type": "json", "content": json.loads(question(number))}, 200
        request = {"method": "POST", "uri": URL, "headers": headers, "body": asked}
        interactions.append({"request": request, "response": {"status": status, "headers": headers, "body": given}})
    file.write_text(json.dumps({"version": 1, "interactions": interactions}))
    return file


def measure(tool: str, place: Path, size: int) -> list[float] | str:
    """Run one measurement; return milliseconds, milliseconds and MB, or why there is none."""
    command = [sys.executable, "-c", PROGRAM, tool, str(place), str(size // 2), str(size)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        return next(line for line in reversed(result.stderr.splitlines()) if "Error" in line)[:90]
    found: list[float] = json.loads(result.stdout)
    return found


def places(folder: str) -> dict[tuple[str, int], Path]:
    """Write the recordings of every tool and size."""
    made: dict[tuple[str, int], Path] = {}
    for size in SIZES:
        made["llm-intercept", size] = make_takes(Path(folder, f"tape-{size}"), size)
        for tool, module in (("vcrpy", "vcr"), ("cassetter", "cassetter")):
            if importlib.util.find_spec(module) and size <= PEERS_MOST:
                file = Path(folder, f"{tool}-{size}.yaml")
                made[tool, size] = make_cassette(file, size, nested=tool == "cassetter")
    return made


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = places(folder)
        os.sync()
        found: dict[tuple[str, int], list[list[float]]] = {key: [] for key in made}
        failed: dict[tuple[str, int], str] = {}
        for run in range(RUNS):  # interleaved, so that whatever else the machine does hits all alike
            for key, place in made.items():
                if run == 0 or key[0] == "llm-intercept":
                    row = measure(key[0], place, key[1])
                    if isinstance(row, str):
                        failed[key] = row
                    else:
                        found[key].append(row)
    print(f"{'tool':<14}{'takes':>8}  {'open and first':>15}  {'ratio':>6}  {'one more':>10}  {'memory more':>12}")
    for (tool, size), rows in sorted(found.items()):
        if not rows:
            print(f"{tool:<14}{size:>8}  cannot: {failed[tool, size]}")
            continue
        first, more, memory = (statistics.median(column) for column in zip(*rows, strict=True))
        single = statistics.median(row[0] for row in found[tool, SIZES[0]])
        said = f"{more:>7.3f} ms" if more else f"{'-':>10}"
        print(f"{tool:<14}{size:>8}  {first:>12.2f} ms  {first / single:>6.2f}  {said}  {memory:>9.1f} MB")


if __name__ == "__main__":
    main()
