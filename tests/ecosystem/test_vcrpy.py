"""vcrpy's cassettes and pytest-recording's marker beside a block, in either order (`nox -s "ecosystem(vcrpy)"`)."""

from __future__ import annotations

import asyncio
import io
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("vcr")

import aiohttp
import httpx
import httpx2
import requests
import vcr
import yaml
from tests.amounts import PATIENCE
from tests.loopback import QuietHandler, listening

from llm_intercept import intercept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LLM = "https://api.openai.com/v1/chat/completions"
BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}


class Other(QuietHandler):
    """A server that is none of a model's."""

    def do_POST(self) -> None:  # noqa: N802 - http.server's name
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"other")


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    with listening(Other) as port:
        yield f"http://127.0.0.1:{port}/thing"


async def _by_async_httpx(url: str, body: Any) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.post(url, json=body)).text


async def _by_aiohttp(url: str, body: Any) -> str:
    async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
        return await answer.text()


WAYS: dict[str, Callable[[str, Any], str]] = {
    "httpx": lambda url, body: httpx.post(url, json=body).text,
    "httpx2": lambda url, body: httpx2.post(url, json=body).text,
    "async httpx": lambda url, body: asyncio.run(_by_async_httpx(url, body)),
    "requests": lambda url, body: requests.post(url, json=body, timeout=5).text,
    "aiohttp": lambda url, body: asyncio.run(_by_aiohttp(url, body)),
}


def kept(cassette: Path) -> list[str]:
    """Give the URLs that a cassette has on the disk."""
    return [one["request"]["uri"] for one in yaml.safe_load(cassette.read_text())["interactions"]]


def beside(cassette: Path, mode: str, *, first: str, **options: Any) -> ExitStack:
    """Enter a cassette and a block, in one of the two orders."""
    both = {"cassette": vcr.use_cassette(str(cassette), record_mode=mode), "block": intercept("ours", **options)}
    stack = ExitStack()
    for name in sorted(both, key=lambda one: one != first):
        stack.enter_context(both[name])
    return stack


@pytest.mark.parametrize("first", ["cassette", "block"])
@pytest.mark.parametrize("way", WAYS)
def test_each_has_its_own(way: str, first: str, other: str, tmp_path: Path) -> None:
    """What we answer is on no cassette, and none refuses it; other hosts are recorded and played."""
    cassette, send = tmp_path / "one.yaml", WAYS[way]
    for mode in ("once", "none"):
        with beside(cassette, mode, first=first):
            assert '"content": "ours"' in send(LLM, {**BODY, "stream": False})
            assert '{"content":"ou' in send(LLM, {**BODY, "stream": True})
            assert send(other, BODY) == "other"
        assert kept(cassette) == [other]


@pytest.mark.parametrize("first", ["cassette", "block"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_let_out_is_the_cassettes(way: str, first: str, other: str, tmp_path: Path) -> None:
    """By its host, by its model, or since nothing answers it."""
    cassette, send = tmp_path / "one.yaml", WAYS[way]
    place = f"{other.rpartition('/')[0]}/v1/chat/completions"
    lets: dict[str, Any]
    for lets in ({"passthrough": ["127.0.0.1"]}, {"passthrough": ["gpt-4o"]}):
        for mode in ("once", "none"):
            with beside(cassette, mode, first=first, **lets):
                assert send(place, BODY) == "other"
        assert kept(cassette) == [place]
        cassette.unlink()


def test_what_a_cassette_has_of_a_model_stays_on_it(other: str, tmp_path: Path) -> None:
    """Also where it is loaded within a block, and written again since something new was recorded."""
    cassette = tmp_path / "one.yaml"
    request = {"method": "POST", "uri": LLM, "body": "{}", "headers": {}}
    answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "theirs"}}
    cassette.write_text(yaml.safe_dump({"version": 1, "interactions": [{"request": request, "response": answer}]}))
    with intercept("ours"), vcr.use_cassette(str(cassette), record_mode="new_episodes"):
        assert httpx.post(LLM, json=BODY).json()["choices"][0]["message"]["content"] == "ours"
        httpx.post(other, json=BODY)
    assert kept(cassette) == [LLM, other]
    with vcr.use_cassette(str(cassette), record_mode="none"):
        assert httpx.post(LLM, content=b"{}").text == "theirs"


def test_what_is_no_json_is_looked_at_too(other: str, tmp_path: Path) -> None:
    """A form with a file, which vcrpy gives as aiohttp was given it."""

    async def send() -> str:
        async with aiohttp.ClientSession() as session, session.post(other, data={"file": io.BytesIO(b"x")}) as answer:
            return await answer.text()

    with intercept("ours"), vcr.use_cassette(str(tmp_path / "one.yaml"), record_mode="once"):
        assert asyncio.run(send()) == "other"


def test_the_marker_of_pytest_recording(pytester: pytest.Pytester) -> None:
    """Beside our fixture and our marker; also where it blocks the network."""
    pytester.makepyfile(
        f"""
        import httpx, pytest

        BODY = {BODY!r}

        @pytest.mark.vcr
        def test_fixture(llm_mock):
            llm_mock.reply("ours")
            assert "ours" in httpx.post({LLM!r}, json=BODY).text

        @pytest.mark.vcr
        @pytest.mark.block_network
        @pytest.mark.llm_intercept("ours")
        def test_marker():
            assert "ours" in httpx.post({LLM!r}, json=BODY).text
        """
    )
    pytester.runpytest_subprocess("--record-mode=none", timeout=PATIENCE).assert_outcomes(passed=2)
    assert list(pytester.path.rglob("*.yaml")) == []
