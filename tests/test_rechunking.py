"""500 seeds of re-chunking over the recorded streams: every parser reads the same events as from the unsplit bytes."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import InterceptTransport, LLMRequest, raw
from llm_intercept.faults import crlf, rechunk
from llm_intercept.replies.make import faulty
from tests.conftest import SHARED, chat
from tests.support import URL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORDINGS = SHARED / "recordings.jsonl"
pytestmark = pytest.mark.skipif(not RECORDINGS.exists(), reason="the shared recordings are not beside this checkout")
SEEDS, GROUPS, SHARE = 500, 10, 20
HOWS = ("mixed", "bytes", "split", "coalesce")


@cache
def streams(endpoint: str = "") -> list[bytes]:
    """The recorded bodies that are streams, of one endpoint or all."""
    rows = map(json.loads, RECORDINGS.read_text().splitlines())
    texts = (row["response_text"] for row in rows if row["is_sse"] and row["endpoint"].startswith(endpoint))
    return [text.encode() for text in texts if text.lstrip().startswith(("data:", "event:", "id:", ":"))]


def answer(endpoint: str) -> Callable[[LLMRequest], Any]:
    """Answer `<stream> <seed>` with that stream, cut by that seed; `<stream> whole` with the unsplit bytes."""

    def reply(request: LLMRequest) -> Any:
        number, cut, *crs = request.last_user.split()
        body = raw(streams(endpoint)[int(number)])
        faults = [] if cut == "whole" else [rechunk(int(cut), how=HOWS[int(cut) % len(HOWS)])]
        return faulty(body, *([crlf()] if crs else []), *faults)

    return reply


def samples(group: int, endpoint: str = "") -> Iterator[tuple[int, int]]:
    """Each seed of a group, with a twentieth of the streams: every stream meets 25 seeds."""
    for seed in range(group * SEEDS // GROUPS, (group + 1) * SEEDS // GROUPS):
        for number in range(seed % SHARE, len(streams(endpoint)), SHARE):
            yield number, seed


def test_there_are_streams_to_cut() -> None:
    """The recordings hold streams of several APIs, with characters of more than one byte among them."""
    assert len(streams()) > 100
    assert any(len(body) != len(body.decode()) for body in streams())


@pytest.mark.parametrize("group", range(GROUPS))
def test_iter_lines_of_httpx_reads_the_same(group: int) -> None:
    """httpx cuts the same lines out of the pieces."""
    with httpx.Client(transport=InterceptTransport(answer(""))) as client:

        def lines(cut: str) -> list[str]:
            with client.stream("POST", URL, json=chat(cut, stream=True)) as response:
                return list(response.iter_lines())

        whole = cache(lambda number: lines(f"{number} whole"))
        for number, seed in samples(group):
            assert lines(f"{number} {seed}") == whole(number), (number, seed)


@pytest.mark.parametrize("group", range(GROUPS))
@pytest.mark.parametrize("crs", ["", " crlf"], ids=["lf", "crlf"])
def test_event_source_of_httpx2_reads_the_same(group: int, crs: str) -> None:
    """httpx2's EventSource reads the same events out of the pieces, with either line end."""
    httpx2 = pytest.importorskip("httpx2")
    with httpx2.Client(transport=InterceptTransport(answer(""))) as client:

        def events(cut: str) -> list[Any]:
            with client.stream("POST", URL, json=chat(cut, stream=True)) as response:
                return list(httpx2.EventSource(response))

        whole = cache(lambda number: events(f"{number} whole"))
        for number, seed in samples(group):
            assert events(f"{number} {seed}{crs}") == whole(number), (number, seed)


@pytest.mark.parametrize("group", range(GROUPS))
def test_openais_sdk_reads_the_same(group: int) -> None:
    """openai's SDK reads the same chunks out of the pieces, or ends with the same error."""
    openai = pytest.importorskip("openai")
    family = pytest.importorskip("httpx2" if int(openai.__version__.partition(".")[0]) >= 3 else "httpx")
    transport = InterceptTransport(answer("chat.completions"))
    client = openai.OpenAI(api_key="none", http_client=family.Client(transport=transport))

    def chunks(cut: str) -> list[Any]:
        got: list[Any] = []
        try:
            for chunk in client.chat.completions.create(**chat(cut, stream=True)):
                got.append(chunk.model_dump_json())
        except openai.APIError as error:
            got.append(str(error))
        return got

    whole = cache(lambda number: chunks(f"{number} whole"))
    with client:
        for number, seed in samples(group, "chat.completions"):
            assert chunks(f"{number} {seed}") == whole(number), (number, seed)
