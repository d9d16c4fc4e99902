"""Exact tokens: used by themselves where bpe-openai is installed, unless a setting says otherwise."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from llm_intercept.base import exact_tokens
from llm_intercept.base.exact_tokens import NEW, OLD, ExactTokenizer
from llm_intercept.base.tokens import EstimatingTokenizer
from llm_intercept.errors import SettingsError
from llm_intercept.interceptor.setup import engine_of_settings
from llm_intercept.settings import SETTINGS


class Pairs:
    """An encoding of two bytes to a token, as bpe-openai's are used."""

    def encode_ordinary(self, text: str) -> list[int]:
        data = text.encode()
        return [int.from_bytes(data[start : start + 2]) for start in range(0, len(data), 2)]

    def token_byte_values(self) -> list[bytes]:
        return [bytes([value]) for value in range(256)] + [value.to_bytes(2) for value in range(256, 65536)]


def made(said: str | None) -> object:
    """Make the tokenizer that a setting says."""
    settings = {setting.name: setting.default for setting in SETTINGS}
    return engine_of_settings({**settings, "tokenizer": said}).tokenizer


@pytest.fixture
def asked(monkeypatch):
    """Stand in for bpe-openai, an extra; the encodings that are asked for."""
    names: list[str] = []

    def get_encoding(name: str) -> Pairs:
        names.append(name)
        return Pairs()

    caches = (exact_tokens._encoding, exact_tokens._short, exact_tokens._long, exact_tokens.is_installed)
    for cache in caches:
        cache.cache_clear()
    monkeypatch.setitem(sys.modules, "bpe_openai", SimpleNamespace(get_encoding=get_encoding, __spec__=object()))
    yield names
    for cache in caches:
        cache.cache_clear()


@pytest.mark.parametrize("text", ["", "a", "aéb日", "x" * 3000, "日" * 60_001, "lone \ud800 one", "a" * 500_001])
@pytest.mark.usefixtures("asked")
def test_joined_the_tokens_are_the_text(text):
    """Also where one ends inside a character, of a long text, and where no encoding has the character."""
    assert "".join(ExactTokenizer().split(text, "gpt-4o")) == text


@pytest.mark.parametrize(
    ("model", "name"),
    [("gpt-4o", NEW), ("gpt-4.1", NEW), ("gpt-4-0613", OLD), ("openai/gpt-3.5-turbo", OLD), ("claude-opus-4-6", NEW)],
)
def test_each_model_has_its_encoding(asked, model, name):
    """Loaded when the first text is split."""
    assert asked == []
    list(ExactTokenizer().split("text", model))
    assert asked == [name]


@pytest.mark.usefixtures("asked")
def test_it_is_used_by_itself_and_not_where_the_estimate_is_wanted():
    """Which is what the setting says."""
    assert isinstance(made(None), ExactTokenizer)
    assert isinstance(made("exact"), ExactTokenizer)
    assert isinstance(made("estimate"), EstimatingTokenizer)


def test_where_it_is_not_installed_it_cannot_be_wanted(monkeypatch):
    """The message says what to install."""
    monkeypatch.setattr("llm_intercept.interceptor.setup.is_installed", lambda: False)
    with pytest.raises(SettingsError, match="the extra tokens"):
        made("exact")
    assert isinstance(made(None), EstimatingTokenizer)
