"""An exact tokenizer plugged in is exact, also where a token ends inside a character."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import InterceptTransport
from llm_intercept.base.tokens import TiktokenTokenizer
from llm_intercept.dialects.openai_chat.accumulate import accumulated
from llm_intercept.dialects.shared.ready import stream_data
from tests.amounts import examples
from tests.support import URL, chat

tiktoken = pytest.importorskip("tiktoken")
# A vocabulary of our own: single bytes and a few merges, so that no file is fetched and many tokens split characters.
RANKS = {bytes([value]): value for value in range(256)} | {
    b"he": 256,
    b"ll": 257,
    b"hell": 258,
    b" t": 259,
    b"\xe2\x82": 260,
}
ENCODING = tiktoken.Encoding("own", pat_str=r"\s?\S+|\s+", mergeable_ranks=RANKS, special_tokens={})
TOKENIZER = TiktokenTokenizer(ENCODING)


@settings(deadline=None, max_examples=examples(60))
@given(st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(["hello there €", "naïve 😀 hell"]))
def test_usage_is_exact(text: str) -> None:
    """Usage and logprobs count what the encoding counts, in JSON and stream; the text is whole."""
    exact = len(ENCODING.encode_ordinary(text))
    for stream in (True, False):
        transport = InterceptTransport(text, tokenizer=TOKENIZER)
        body = chat(stream=stream, logprobs=True, stream_options={"include_usage": True})
        with httpx.Client(transport=transport) as client:
            response = client.post(URL, json=body)
        found = accumulated(stream_data(response.content)) if stream else response.json()
        assert (found["choices"][0]["message"]["content"] or "") == text
        assert found["usage"]["completion_tokens"] == exact
        assert len((found["choices"][0]["logprobs"] or {"content": []})["content"] or []) == exact
