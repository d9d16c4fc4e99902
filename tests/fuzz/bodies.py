"""What targets of several APIs do alike with ready answers and streams, whatever these hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, Reply, raw
from llm_intercept.errors import LLMInterceptError
from tests.fuzz.odd import altered, changed, dumped
from tests.fuzz.requests import told
from tests.fuzz.target import clear

if TYPE_CHECKING:
    from llm_intercept.faults.base import Grammar


def streamed(events: list[Any], end: bytes) -> bytes:
    """Write events as a stream."""
    return b"".join(b"event: x" + end[:1] + b"data: " + dumped(one) + end for one in events)


def bodies(events: list[Any], whole: Any, parts: list[Any]) -> st.SearchStrategy[Any]:
    """Draw ready answers of any form, from the events of one, a whole one and its parts."""
    many = changed([events]).filter(lambda one: isinstance(one, list))
    streams = altered(st.builds(streamed, many, st.sampled_from([b"\n\n", b"\r\n\r\n"])))
    return many | changed([whole, *parts]) | streams | altered(changed([whole]).map(dumped)) | st.binary(max_size=40)


def give_ready(url: str, body: Any, asked: dict[str, Any], *, stream: bool) -> None:
    """Give a ready body: it is refused in words, or answers as JSON that is JSON, and as a stream."""
    llm = Interceptor()
    with clear():
        llm.reply(raw(body))
    with clear():
        with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
            answer = client.post(url, json={**asked, "stream": stream})
        if not stream and not isinstance(body, bytes):
            answer.json()
    told(llm)


def tell_parts(url: str, parts: list[Any], body: Any, *, stream: bool) -> None:
    """Tell parts of any kind: they are refused in words, or are the same in both shapes."""
    try:
        reply = Reply(*parts)
    except LLMInterceptError:
        return
    llm = Interceptor(reply)
    with clear():
        with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
            answer = client.post(url, content=dumped({**body, "stream": stream} if isinstance(body, dict) else body))
        if "json" in answer.headers["content-type"]:
            answer.json()
    told(llm)


def read_events(grammar: Grammar, body: Any, value: Any) -> None:
    """Let a grammar say what events are for, whatever they hold."""
    content = body if isinstance(body, bytes) else dumped(body)
    for event in (content, *content.split(b"\n\n"), b"event: x\ndata: " + dumped(value) + b"\n\n"):
        assert isinstance(grammar.kind(event), str)
        assert isinstance(grammar.is_last(event), bool)
        assert isinstance(grammar.halve_arguments(event), bytes)
