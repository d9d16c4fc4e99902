"""Tokens are pieces of the text: joined they are the text again."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept.base.tokens import LONGEST, EstimatingTokenizer, TiktokenTokenizer, count
from tests.amounts import examples

ANY = st.characters(exclude_categories=())
TEXT = (
    st.text(ANY, max_size=200)
    | st.text(st.sampled_from(" \t\r\n_-'\"/.,aBé日\u0301\ud83d\ude00\u200b0123"), max_size=200)
    | st.lists(st.sampled_from(["don't", " we'll", "can\u2019t", "'s", "\r\n", "  ", "\n\n", "12345", "__x__"])).map(
        "".join
    )
)
LAW = settings(max_examples=examples(300), deadline=None)
TOKENS = EstimatingTokenizer()


@LAW
@given(TEXT)
def test_joined_the_tokens_are_the_text(text):
    """Nothing is lost, added or changed, whatever the characters, lone surrogates too."""
    assert "".join(TOKENS.split(text, "gpt-4o")) == text


@LAW
@given(TEXT)
def test_no_token_is_empty(text):
    """Each is a delta of its own."""
    assert all(TOKENS.split(text, "gpt-4o"))


@LAW
@given(TEXT)
def test_no_token_is_long(text):
    """But for white space it has at most as many characters as are looked for."""
    for token in TOKENS.split(text, "gpt-4o"):
        assert token.isspace() or len(token) <= LONGEST


@LAW
@given(TEXT)
def test_counting_is_the_number_of_tokens(text):
    """The empty text has none, any other at least one, and never more than characters."""
    number = count(TOKENS, text, "gpt-4o")
    assert number == len(list(TOKENS.split(text, "gpt-4o")))
    assert (number == 0) == (text == "")
    assert number <= len(text)


@LAW
@given(TEXT)
def test_splitting_again_gives_the_same(text):
    """The estimate has no memory and no luck."""
    assert list(TOKENS.split(text, "gpt-4o")) == list(TOKENS.split(text, "o3"))


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("Hello", ["Hello"]),
        ("Hello there, how are you?", ["Hello", " there", ",", " how", " are", " you", "?"]),
        ("a b", ["a", " b"]),
        ("one\ntwo", ["one", "\n", "two"]),
        ("x\n\n\ny", ["x", "\n\n\n", "y"]),
        ("2024", ["202", "4"]),
        ("123456", ["123", "456"]),
        ("...", ["..."]),
        (" Langsmith", [" Lang", "smith"]),
        (" understanding", [" understanding"]),
        ("example.com/docs", ["example", ".com", "/docs"]),
        ("it\u2019s", ["it", "\u2019s"]),
        ('{"name":"Ada"}', ['{"', "name", '":"', "Ada", '"}']),
    ],
)
def test_plain_text_is_split_as_an_encoding_splits_it(text, tokens):
    """Words with the space before them, digits by threes, marks together."""
    assert list(TOKENS.split(text, "gpt-4o")) == tokens


@pytest.mark.parametrize("unit", ["a", " ", "\n", "日", "1", "'", "_", "a'", " \n", ".", "\ud800", "é "])
def test_a_long_text_is_split_in_one_pass(unit):
    """A hundred thousand characters of one kind are no trouble."""
    text = unit * (100_000 // len(unit)) + "x"
    assert "".join(TOKENS.split(text, "gpt-4o")) == text


class Bytes:
    """An encoding of two bytes to a token, as tiktoken's are used."""

    def encode_ordinary(self, text: str) -> list[bytes]:
        data = text.encode()
        return [data[start : start + 2] for start in range(0, len(data), 2)]

    def decode_single_token_bytes(self, token: bytes) -> bytes:
        return token


@pytest.fixture
def tiktoken(monkeypatch):
    """Stand in for the tiktoken package, which is the user's own."""

    def encoding_for_model(model: str) -> Bytes:
        if model != "gpt-4o":
            raise KeyError(model)
        return Bytes()

    asked: list[str] = []

    def get_encoding(name: str) -> Bytes:
        asked.append(name)
        return Bytes()

    module = SimpleNamespace(encoding_for_model=encoding_for_model, get_encoding=get_encoding, asked=asked)
    monkeypatch.setitem(sys.modules, "tiktoken", module)
    return module


def test_tiktokens_tokens_are_the_text_even_where_one_ends_inside_a_character(tiktoken):
    """Such a token is empty, and the one that completes the character has it whole."""
    tokens = list(TiktokenTokenizer().split("aéb日", "gpt-4o"))
    assert tokens == ["a", "éb", "", "日"]


def test_tiktoken_is_asked_for_the_models_encoding(tiktoken):
    """A model it does not know has the newest one; a name or an object given is used."""
    list(TiktokenTokenizer().split("x", "gpt-4o"))
    assert tiktoken.asked == []
    list(TiktokenTokenizer().split("x", "mine"))
    list(TiktokenTokenizer("cl100k_base").split("x", "gpt-4o"))
    assert tiktoken.asked == ["o200k_base", "cl100k_base"]
    assert list(TiktokenTokenizer(Bytes()).split("abc", "mine")) == ["ab", "c"]
