"""A known LLM host is one whatever its case, and no host that only looks like one is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept.base.hosts import KNOWN, SUFFIXES, is_llm_host

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize("host", sorted(KNOWN))
def test_a_known_host_is_known_in_any_case_and_with_its_final_dot(host):
    """DNS names have no case, and may end in a dot."""
    assert all(map(is_llm_host, (host, host.upper(), host.title(), host + ".")))
    assert host == host.lower()


@pytest.mark.parametrize("host", sorted(KNOWN))
def test_a_host_that_only_looks_like_a_known_one_is_not(host):
    """Nothing before it, nothing after it."""
    assert not is_llm_host(host + ".example.test")
    assert not is_llm_host("not" + host) or host.endswith(SUFFIXES)
    assert not is_llm_host(host.replace(".", "-"))


@given(LABEL, st.sampled_from(SUFFIXES))
def test_every_name_under_a_known_suffix_is_known(label, suffix):
    """Azure's resources and Google's regions are named by the user."""
    assert is_llm_host(label + suffix)
    assert not is_llm_host(label + suffix + ".example.test")
    assert suffix == suffix.lower()
    assert suffix[0] in ".-"


@pytest.mark.parametrize(
    "host",
    [
        "mine.openai.azure.com",
        "us-central1-aiplatform.googleapis.com",
        "eu.api.openai.com",
        "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock-runtime.cn-north-1.amazonaws.com.cn",
    ],
)
def test_regional_hosts_are_known(host):
    """The names people really use."""
    assert is_llm_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "localhost",
        "127.0.0.1",
        "::1",
        "example.com",
        "openai.com",
        "platform.openai.com",
        "s3.us-east-1.amazonaws.com",
        "storage.googleapis.com",
        "huggingface.co",
        "login.microsoftonline.com",
        "bedrock-runtime.example.test",
    ],
)
def test_other_hosts_are_not(host):
    """Web sites, storage, identity and loopback are nobody's business here."""
    assert not is_llm_host(host)


@given(st.text(max_size=40))
def test_any_text_has_an_answer(host):
    """It never raises."""
    assert is_llm_host(host) in (True, False)
