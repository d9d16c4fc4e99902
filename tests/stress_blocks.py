"""Enters and leaves blocks on eight threads that import, make clients and call: `python tests/stress_blocks.py ROUNDS`.

A round is 40 blocks, begun at once after what clients import first was forgotten, as in a fresh process. Each block has
an answer of its own, and each call in it must get that one. The process ends with every thread's stack if it stands still.
"""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import httpx2

from llm_intercept import intercept
from llm_intercept.clients import activation, patching

THREADS, BLOCKS = 8, 5
STANDSTILL = 120  # seconds
FORGOTTEN = ("httpcore", "httpcore2", "urllib3", "websockets")
URL = "https://api.openai.com/v1/chat/completions"
POOL = ThreadPoolExecutor(THREADS)


def body(said: str, *, stream: bool = False) -> dict[str, Any]:
    return {"model": "gpt-4o", "stream": stream, "messages": [{"role": "user", "content": said}]}


def text(response: Any) -> str:
    assert response.status_code == 200, response.text
    return str(response.json()["choices"][0]["message"]["content"])


def ask(family: Any, said: str) -> str:
    with family.Client() as client:
        return text(client.post(URL, json=body(said)))


def ask_async(family: Any, said: str) -> str:
    async def run() -> str:
        async with family.AsyncClient() as client:
            return text(await client.post(URL, json=body(said)))

    return asyncio.run(run())


def ask_stream(family: Any, said: str) -> str:
    with family.Client() as client, client.stream("POST", URL, json=body(said, stream=True)) as response:
        assert response.status_code == 200
        events = [line for line in response.iter_lines() if '"content":"' in line and '"content":""' not in line]
        return "".join(line.split('"content":"')[1].split('"')[0] for line in events)


def ask_by_urllib3(_: Any, said: str) -> str:
    urllib3 = importlib.import_module("urllib3")
    with urllib3.PoolManager() as manager:
        response = manager.request(
            "POST", URL, body=json.dumps(body(said)), headers={"content-type": "application/json"}
        )
        assert response.status == 200, response.data
        return str(json.loads(response.data)["choices"][0]["message"]["content"])


def ask_in_pool(family: Any, said: str) -> str:
    return POOL.submit(ask, family, said).result()


def ask_in_thread(family: Any, said: str) -> str:
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.append(ask(family, said)))
    thread.start()
    thread.join()
    return found[0]


def import_again(family: Any, said: str) -> str:
    for name in ("httpcore", "urllib3", "websockets.sync.client"):
        importlib.import_module(name)
    return ask(family, said)


WAYS = (ask, ask_async, ask_stream, ask_by_urllib3, ask_in_pool, ask_in_thread, import_again)


def run(thread: int, number: int, wrong: list[str]) -> None:
    """Hold one block: of a context with an answer for all, or of the process with an answer for what is asked here."""
    said, way = f"thread {thread} block {number}.", WAYS[(thread + number) % len(WAYS)]
    family = (httpx, httpx2)[number % 2]
    is_own = thread % 2 == 0
    with intercept(said if is_own else None, scope="context" if is_own else "process") as llm:
        if not is_own:
            llm.on(said).reply(said)
        answers = [way(family, said), ask(family, said)]
    if answers != [said, said] or len(llm.calls.matching(said, source="rule")) < 2:
        wrong.append(f"{said} {way.__name__}: {answers} {llm.calls}")


def forget() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in FORGOTTEN]:
        del sys.modules[name]


def main(rounds: int) -> None:
    """Run the rounds, and say how many blocks there were; raise if an answer was lost or another's."""
    wrong: list[str] = []
    meeting = threading.Barrier(THREADS, action=forget)

    def work(thread: int) -> None:
        for number in range(rounds * BLOCKS):
            if number % BLOCKS == 0:
                faulthandler.dump_traceback_later(STANDSTILL, exit=True)
                meeting.wait()
            try:
                run(thread, number, wrong)
            except BaseException as error:  # noqa: BLE001 - the others wait at the barrier
                wrong.append(f"thread {thread} block {number}: {error!r}")

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    POOL.shutdown()
    assert not wrong, f"{len(wrong)} blocks went wrong, the first: {wrong[0]}"
    assert activation.active() == ()
    assert not patching.TRAFFIC._hooks
    assert not patching.THREADS._hooks
    sys.stdout.write(f"{rounds * THREADS * BLOCKS} blocks, no deadlock, no answer lost, none of another's\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
