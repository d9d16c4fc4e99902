"""Doors that requests are answered by: httpx, httpx2, aiohttp, and what stands on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.trap.doors import HOSTS_ALONE, PATIENCE, attempt, door
from tests.trap.targets import KEY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.trap.targets import Target

TURN: Any = [{"role": "user", "content": "Hi"}]


def _by_client(module: Any, targets: Sequence[Target], **options: Any) -> None:
    with module.Client(timeout=PATIENCE, **options) as client:
        for one in targets:
            with attempt(one):
                client.request(one.method, one.url, headers=one.all_headers, content=one.body())


async def _by_async_client(module: Any, targets: Sequence[Target], **options: Any) -> None:
    async with module.AsyncClient(timeout=PATIENCE, **options) as client:
        for one in targets:
            with attempt(one):
                content = _pieces(one) if one.is_chunked else one.content
                await client.request(one.method, one.url, headers=one.all_headers, content=content)


async def _pieces(one: Target) -> AsyncIterator[bytes]:
    for piece in one.body():
        yield piece  # type: ignore[misc]


@door("httpx", is_answered=True)
def httpx_sync(targets: Sequence[Target]) -> None:
    import httpx

    _by_client(httpx, targets)


@door("httpx async", is_answered=True)
async def httpx_async(targets: Sequence[Target]) -> None:
    import httpx

    await _by_async_client(httpx, targets)


@door("httpx2", is_answered=True)
def httpx2_sync(targets: Sequence[Target]) -> None:
    import httpx2

    _by_client(httpx2, targets)


@door("httpx2 async", is_answered=True)
async def httpx2_async(targets: Sequence[Target]) -> None:
    import httpx2

    await _by_async_client(httpx2, targets)


@door("httpx http2", needs="h2", is_answered=True)
def httpx_http2(targets: Sequence[Target]) -> None:
    import httpx

    _by_client(httpx, targets, http2=True)


@door("httpx trio", needs="trio", is_answered=True)
def httpx_trio(targets: Sequence[Target]) -> None:
    import httpx
    import trio

    trio.run(_by_async_client, httpx, targets)


@door("httpx uvloop", needs="uvloop", is_answered=True)
def httpx_uvloop(targets: Sequence[Target]) -> None:
    import httpx
    import uvloop

    uvloop.run(_by_async_client(httpx, targets))


@door("aiohttp", is_answered=True)
async def aiohttp(targets: Sequence[Target]) -> None:
    import aiohttp

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE)) as session:
        await _by_session(session, targets)


@door("aiohttp with aiodns", needs="aiodns", is_answered=True)
async def aiohttp_aiodns(targets: Sequence[Target]) -> None:
    """Its names are looked up by c-ares, of which Python hears nothing."""
    import aiohttp

    connector = aiohttp.TCPConnector(resolver=aiohttp.AsyncResolver())
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(PATIENCE)) as session:
        await _by_session(session, targets)


async def _by_session(session: Any, targets: Sequence[Target]) -> None:
    for one in targets:
        with attempt(one):
            data = _pieces(one) if one.is_chunked else one.content
            async with session.request(one.method, one.url, headers=one.all_headers, data=data) as response:
                await response.read()


@door("httpx-aiohttp", needs="httpx_aiohttp", is_answered=True)
async def httpx_aiohttp(targets: Sequence[Target]) -> None:
    import httpx
    import httpx_aiohttp

    await _by_async_client(httpx, targets, transport=httpx_aiohttp.AiohttpTransport())


@door("openai", is_answered=True, groups=HOSTS_ALONE)
def openai_sync(targets: Sequence[Target]) -> None:
    import openai

    with openai.OpenAI(api_key=KEY, max_retries=0, timeout=PATIENCE) as client:
        for one in targets:
            made = client.with_options(base_url=one.base)
            with attempt(one):
                made.chat.completions.create(model="gpt-5", messages=TURN)
            with attempt(one):
                made.files.list()


@door("openai async", needs="openai", is_answered=True, groups=HOSTS_ALONE)
async def openai_async(targets: Sequence[Target]) -> None:
    import openai

    async with openai.AsyncOpenAI(api_key=KEY, max_retries=0, timeout=PATIENCE) as client:
        for one in targets:
            made = client.with_options(base_url=one.base)
            with attempt(one):
                async for _ in await made.chat.completions.create(model="gpt-5", messages=TURN, stream=True):
                    pass
            with attempt(one):
                await made.embeddings.create(model="text-embedding-3-small", input="Hi")


@door("openai on aiohttp", needs="aiohttp", is_answered=True, groups=HOSTS_ALONE)
async def openai_on_aiohttp(targets: Sequence[Target]) -> None:
    import openai

    http = openai.DefaultAioHttpClient(timeout=PATIENCE)
    async with openai.AsyncOpenAI(api_key=KEY, max_retries=0, http_client=http) as client:
        for one in targets:
            with attempt(one):
                await client.with_options(base_url=one.base).chat.completions.create(model="gpt-5", messages=TURN)


@door("anthropic", is_answered=True, groups=HOSTS_ALONE)
def anthropic_sync(targets: Sequence[Target]) -> None:
    import anthropic

    with anthropic.Anthropic(api_key=KEY, max_retries=0, timeout=PATIENCE) as client:
        for one in targets:
            with attempt(one):
                made = client.with_options(base_url=one.base.removesuffix("/v1"))
                made.messages.create(model="claude-sonnet-4-5", max_tokens=9, messages=TURN)


@door("anthropic async", needs="anthropic", is_answered=True, groups=HOSTS_ALONE)
async def anthropic_async(targets: Sequence[Target]) -> None:
    import anthropic

    async with anthropic.AsyncAnthropic(api_key=KEY, max_retries=0, timeout=PATIENCE) as client:
        for one in targets:
            with attempt(one):
                made = client.with_options(base_url=one.base.removesuffix("/v1"))
                async with made.messages.stream(model="claude-sonnet-4-5", max_tokens=9, messages=TURN) as stream:
                    await stream.get_final_message()


@door("google-genai", needs="google.genai", is_answered=True, groups=HOSTS_ALONE)
def google_genai(targets: Sequence[Target]) -> None:
    from google import genai

    for one in targets:
        with attempt(one):
            options: Any = {"base_url": one.base, "timeout": int(PATIENCE * 1000)}
            with genai.Client(api_key=KEY, http_options=options) as client:
                client.models.generate_content(model="gemini-2.5-flash", contents="Hi")


@door("google-genai async", needs="google.genai", is_answered=True, groups=HOSTS_ALONE)
async def google_genai_async(targets: Sequence[Target]) -> None:
    """It sends by aiohttp, where that is installed."""
    from google import genai

    for one in targets:
        with attempt(one):
            options: Any = {"base_url": one.base, "timeout": int(PATIENCE * 1000)}
            async with genai.Client(api_key=KEY, http_options=options).aio as client:
                await client.models.generate_content(model="gemini-2.5-flash", contents="Hi")
