"""Re-chunking by many seeds: every parser reads the same events as from the unsplit bytes.

The project's own streams are cut by 8 seeds each in any clone; the recorded ones, where they are, by 40 in all (in `make test`
a fifth as many streams of these).
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import InterceptTransport, LLMRequest, raw
from llm_intercept.faults import crlf, rechunk
from tests.amounts import amount
from tests.recorded import needs_recordings, own, recorded
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWN_SEEDS = 8
SEEDS, GROUPS, SHARE = 40, 4, amount(whole=20, part=100)
HOWS = ("mixed", "bytes", "split", "coalesce")
SOURCES = ["own", *(pytest.param(f"recorded {group}", marks=needs_recordings) for group in range(GROUPS))]


@cache
def streams(*, are_recorded: bool, endpoint: str = "") -> list[bytes]:
    """The bodies that are streams, of one endpoint or all."""
    found = recorded() if are_recorded else own()
    texts = (one.text for one in found if one.is_sse and one.endpoint.startswith(endpoint))
    return [text.encode() for text in texts if text.lstrip().startswith(("data:", "event:", "id:", ":"))]


def answer(source: str, endpoint: str = "") -> Callable[[LLMRequest], Any]:
    """Answer `<stream> <seed>` with that stream, cut by that seed; `<stream> whole` with the unsplit bytes."""
    bodies = streams(are_recorded=source != "own", endpoint=endpoint)

    def reply(request: LLMRequest) -> Any:
        number, cut, *crs = request.last_user.split()
        faults = [] if cut == "whole" else [rechunk(int(cut), how=HOWS[int(cut) % len(HOWS)])]
        return raw(bodies[int(number)], fault=(*([crlf()] if crs else []), *faults))

    return reply


def samples(source: str, endpoint: str = "") -> Iterator[tuple[int, int]]:
    """Streams and seeds: all of the project's own; of the recorded, each seed of a group with a share of them."""
    count = len(streams(are_recorded=source != "own", endpoint=endpoint))
    if source == "own":
        yield from product(range(count), range(OWN_SEEDS))
        return
    size, group = SEEDS // GROUPS, int(source.split()[1])
    for seed in range(group * size, (group + 1) * size):
        yield from ((number, seed) for number in range(seed % SHARE, count, SHARE))


@pytest.mark.parametrize(("are_recorded", "at_least"), [(False, 7), pytest.param(True, 100, marks=needs_recordings)])
def test_there_are_streams_to_cut(are_recorded: bool, at_least: int) -> None:
    """There are streams, with characters of more than one byte among them."""
    found = streams(are_recorded=are_recorded)
    assert len(found) >= at_least
    assert any(len(body) != len(body.decode()) for body in found)


@pytest.mark.parametrize("source", SOURCES)
def test_iter_lines_of_httpx_reads_the_same(source: str) -> None:
    """httpx cuts the same lines out of the pieces."""
    with httpx.Client(transport=InterceptTransport(answer(source))) as client:

        def lines(cut: str) -> list[str]:
            with client.stream("POST", URL, json=chat(cut, stream=True)) as response:
                return list(response.iter_lines())

        whole = cache(lambda number: lines(f"{number} whole"))
        for number, seed in samples(source):
            assert lines(f"{number} {seed}") == whole(number), (number, seed)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("crs", ["", " crlf"], ids=["lf", "crlf"])
def test_event_source_of_httpx2_reads_the_same(source: str, crs: str) -> None:
    """httpx2's EventSource reads the same events out of the pieces, with either line end."""
    httpx2 = pytest.importorskip("httpx2")
    with httpx2.Client(transport=InterceptTransport(answer(source))) as client:

        def events(cut: str) -> list[Any]:
            with client.stream("POST", URL, json=chat(cut, stream=True)) as response:
                return list(httpx2.EventSource(response))

        whole = cache(lambda number: events(f"{number} whole"))
        for number, seed in samples(source):
            assert events(f"{number} {seed}{crs}") == whole(number), (number, seed)


@pytest.mark.parametrize("source", SOURCES)
def test_openais_sdk_reads_the_same(source: str) -> None:
    """openai's SDK reads the same chunks out of the pieces, or ends with the same error."""
    openai = pytest.importorskip("openai")
    family = pytest.importorskip("httpx2" if int(openai.__version__.partition(".")[0]) >= 3 else "httpx")
    transport = InterceptTransport(answer(source, "chat.completions"))
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
        for number, seed in samples(source, "chat.completions"):
            assert chunks(f"{number} {seed}") == whole(number), (number, seed)
