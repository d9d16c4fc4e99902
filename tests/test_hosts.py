"""A known LLM host is one whatever its case, and no host that only looks like one is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept.base.hosts import is_llm_host

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
# From the providers' own documentation, not from the table under test.
HOSTS = [
    "api.openai.com",
    "eu.api.openai.com",
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "us-central1-aiplatform.googleapis.com",
    "mine.openai.azure.com",
    "mine.services.ai.azure.com",
    "bedrock-runtime.us-east-1.amazonaws.com",
    "bedrock-runtime.cn-north-1.amazonaws.com.cn",
    "api.mistral.ai",
    "api.groq.com",
    "api.together.xyz",
    "api.deepseek.com",
    "api.cohere.com",
    "api.x.ai",
    "api.perplexity.ai",
    "openrouter.ai",
]
OTHERS = [
    "",
    ".",
    "localhost",
    "127.0.0.1",
    "::1",
    "example.com",
    "openai.com",
    "platform.openai.com",
    "notapi.openai.com.example.test",
    "s3.us-east-1.amazonaws.com",
    "storage.googleapis.com",
    "huggingface.co",
    "login.microsoftonline.com",
    "bedrock-runtime.example.test",
    "\ud800",
    "a" * 300,
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_of_a_provider_is_known_in_any_case_and_with_its_final_dot(host):
    """DNS names have no case, and may end in a dot."""
    assert all(map(is_llm_host, (host, host.upper(), host.title(), host + ".")))


@given(st.sampled_from(HOSTS), LABEL)
def test_a_host_that_only_looks_like_a_known_one_is_not(host, label):
    """Nothing after it, and no dash for a dot."""
    assert not is_llm_host(f"{host}.{label}.test")
    assert not is_llm_host(host.replace(".", "-"))


@given(st.sampled_from([".openai.azure.com", ".services.ai.azure.com", "-aiplatform.googleapis.com"]), LABEL)
def test_every_name_under_a_suffix_of_users_is_known(suffix, label):
    """Azure's resources are named by the user, and Google's regions are many."""
    assert is_llm_host(label + suffix)
    assert not is_llm_host(f"{label}{suffix}.example.test")


@pytest.mark.parametrize("host", OTHERS, ids=ascii)
def test_other_hosts_are_not(host):
    """Web sites, storage, identity, loopback and what is no host are nobody's business here."""
    assert not is_llm_host(host)
