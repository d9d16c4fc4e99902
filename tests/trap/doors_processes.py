"""Doors into other processes: programs that fetch, and Pythons that are started, spawned or forked.

A Python asks all targets, by a library that is answered and by one that is not.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.trap.doors import attempt, door
from tests.trap.doors_answered import httpx_sync
from tests.trap.doors_watched import urllib

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.trap.targets import Target

LONGEST = 200
"""The seconds that a process may take to ask all."""
CHILD = """
import pickle, sys
from tests.trap.doors_processes import ask
ask(sys.argv[1], pickle.load(sys.stdin.buffer))
"""


def _arguments(one: Target) -> list[str]:
    headers = [word for name, value in one.all_headers.items() for word in ("-H", f"{name}: {value}")]
    body = ["--data-binary", "@-"] if one.method == "POST" else []
    return ["-s", "-m", "3", "-X", one.method, *headers, *body, one.url]


@door("curl by subprocess", needs="subprocess")
def curl(targets: Sequence[Target]) -> None:
    for one in targets:
        with attempt(one):
            subprocess.run(["curl", *_arguments(one)], input=one.content, capture_output=True, check=True)


@door("curl by a shell", needs="subprocess")
def curl_by_shell(targets: Sequence[Target]) -> None:
    for one in targets:
        with attempt(one):
            words = " ".join(f"'{word}'" for word in _arguments(one))
            subprocess.run(f"cd / && curl {words}", shell=True, input=one.content, capture_output=True, check=True)


@door("curl by os.system", needs="os")
def curl_by_system(targets: Sequence[Target]) -> None:
    for one in targets:
        with attempt(one):
            os.system("curl " + " ".join(f"'{word}'" for word in _arguments(one)) + " < /dev/null > /dev/null")


def ask(library: str, targets: Sequence[Target]) -> None:
    """Ask in this process, whichever started it."""
    {"httpx": httpx_sync, "urllib": urllib}[library](targets)


@door("python by subprocess, httpx", needs="httpx", is_answered=True)
def python_httpx(targets: Sequence[Target]) -> None:
    _by_python("httpx", targets)


@door("python by subprocess, urllib", needs="subprocess")
def python_urllib(targets: Sequence[Target]) -> None:
    _by_python("urllib", targets)


def _by_python(library: str, targets: Sequence[Target]) -> None:
    subprocess.run([sys.executable, "-c", CHILD, library], input=pickle.dumps(targets), timeout=LONGEST, check=False)


def _by_process(method: str, library: str, targets: Sequence[Target]) -> None:
    process = multiprocessing.get_context(method).Process(target=ask, args=(library, targets))  # type: ignore[attr-defined]
    process.start()
    process.join(LONGEST)
    process.kill()


@door("multiprocessing spawn, httpx", needs="httpx", is_answered=True)
def spawn_httpx(targets: Sequence[Target]) -> None:
    _by_process("spawn", "httpx", targets)


@door("multiprocessing spawn, urllib", needs="multiprocessing")
def spawn_urllib(targets: Sequence[Target]) -> None:
    _by_process("spawn", "urllib", targets)


@door("multiprocessing forkserver, urllib", needs="multiprocessing")
def forkserver_urllib(targets: Sequence[Target]) -> None:
    _by_process("forkserver", "urllib", targets)


@door("multiprocessing fork, urllib", needs="multiprocessing")
def fork_urllib(targets: Sequence[Target]) -> None:
    _by_process("fork", "urllib", targets)


@door("pool of processes, httpx", needs="httpx", is_answered=True)
def pool_httpx(targets: Sequence[Target]) -> None:
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(ask, "httpx", targets).result(LONGEST)
