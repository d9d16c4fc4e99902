"""Replies that hypothesis draws, of the parts that every API can say, for the laws of those that have few of their own."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from llm_intercept import Reply, reasoning, tool_call

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
"""A tool that requests offer."""
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


THOUGHTS = st.builds(reasoning, TEXT.filter(bool))


def reply_of(*parts: st.SearchStrategy[Any], thoughts: st.SearchStrategy[Any] = THOUGHTS) -> st.SearchStrategy[Reply]:
    """Draw replies of texts, thoughts, calls and what else an API has for `parts`; or of deltas."""
    calls = st.builds(
        tool_call, st.sampled_from(["f", "g"]), st.dictionaries(TEXT, TEXT | st.integers(-9, 9), max_size=2)
    )
    part = st.one_of(TEXT, thoughts, calls, *parts)
    return st.one_of(
        st.lists(part, max_size=4).map(lambda drawn: Reply(*drawn)),
        st.builds(lambda deltas: Reply(deltas=deltas), st.lists(TEXT, max_size=4)),
    )
