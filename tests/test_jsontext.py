"""JSON text in and out: whatever JSON can say is read, and whatever is written can be read again."""

from __future__ import annotations

import json
import math
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept.base import json as jsontext
from llm_intercept.base.json import decode, encode
from tests.amounts import examples

TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)
LAW = settings(max_examples=examples(150), deadline=None)


def replaced(value: object) -> object:
    """Put U+FFFD where a lone surrogate is; what UTF-8 can say stays."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [replaced(item) for item in value]
    if isinstance(value, dict):
        return {replaced(key): replaced(item) for key, item in value.items()}
    return value


@LAW
@given(VALUES)
def test_what_is_written_is_read_again(value):
    """Reading undoes writing, but for lone surrogates, which become U+FFFD."""
    assert decode(encode(value)) == replaced(value)


@LAW
@given(VALUES)
def test_what_is_written_is_json_in_utf8(value):
    """Python's own reader agrees."""
    assert json.loads(encode(value)) == replaced(value)
    assert json.loads(encode(value, indent=2)) == replaced(value)


@LAW
@given(VALUES)
def test_what_a_client_writes_is_read(value):
    """Escaped or not, compact or spread out."""
    for ascii_only in (True, False):
        text = json.dumps(replaced(value), ensure_ascii=ascii_only, indent=1 if ascii_only else None)
        assert decode(text.encode()) == replaced(value)


@LAW
@given(st.binary(max_size=40))
def test_reading_any_bytes_gives_a_value_or_a_value_error(body):
    """Nothing else is raised."""
    try:
        value = decode(body)
    except ValueError:
        return
    encode(value)


@pytest.mark.parametrize("escaped", [r'"\ud800"', r'"a\udfffb"', r'{"\ud800": 1}', r'["\udc00\ud800"]'])
def test_a_lone_surrogate_is_read_as_the_replacement_character(escaped):
    """Python clients may send one; it is no reason to fail."""
    assert "\ufffd" in str(decode(escaped.encode()))
    encode(decode(escaped.encode()))


def test_a_surrogate_pair_is_one_character():
    """Escaped as two, it is read and written as one."""
    assert decode(rb'"\ud83d\ude00"') == "\U0001f600"
    assert encode("\U0001f600") == '"\U0001f600"'.encode()


@pytest.mark.parametrize(
    "body", [b"", b" ", b"{", b"nul", b"[1,]", b"{'a': 1}", b"\xff", b'"\xff"', b"1 2", b"data: {}"]
)
def test_what_is_no_json_is_a_value_error(body):
    """Empty, cut off or not UTF-8."""
    with pytest.raises(ValueError):  # noqa: PT011 - the readers' texts differ
        decode(body)


def test_numbers_keep_their_value():
    """Large integers are exact, floats stay floats."""
    assert decode(b"123456789012345678901234567890") == 123456789012345678901234567890
    assert isinstance(decode(b"1.0"), float)
    assert isinstance(decode(b"1"), int)
    assert math.isnan(decode(b"NaN"))


@pytest.mark.parametrize("value", [{}, {"a": 1}, MappingProxyType({"a": 1})])
def test_an_object_is_a_mapping_and_nothing_else(value):
    """`is_object` and `mapping` agree."""
    assert jsontext.is_object(value)
    assert jsontext.mapping(value) is value
    assert not jsontext.is_array(value)
    assert jsontext.items(value) == []
    assert jsontext.text(value) == ""


@pytest.mark.parametrize("value", [[], [1, "a"]])
def test_an_array_is_a_list_and_nothing_else(value):
    """`is_array` and `items` agree."""
    assert jsontext.is_array(value)
    assert jsontext.items(value) is value
    assert not jsontext.is_object(value)
    assert jsontext.mapping(value) == {}


@pytest.mark.parametrize("value", [None, 3, True, "text", ("a",)])
def test_other_values_are_neither(value):
    """They read as empty, a str as itself."""
    assert not jsontext.is_object(value)
    assert not jsontext.is_array(value)
    assert (jsontext.mapping(value), jsontext.items(value)) == ({}, [])
    assert jsontext.text(value) == (value if isinstance(value, str) else "")
