"""A known LLM host is one whatever its case, and no host that only looks like one is."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_intercept.base.dummy_keys import leads_away
from llm_intercept.base.hosts import is_llm_host, is_llm_place, is_local, names_one
from llm_intercept.engine.exits import place

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
    "eu.inference.heroku.com",
    "llama-api.meta.com",
    "us-central1-speech.googleapis.com",
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


REGIONS = ["us-east-1", "eu-central-2", "us-gov-west-1", "cn-north-1"]
AMAZON = ["amazonaws.com", "api.aws", "amazonaws.com.cn", "api.amazonwebservices.com.cn"]
SERVICES = ["bedrock-runtime", "bedrock-runtime-fips", "bedrock-agent-runtime", "runtime.sagemaker", "bedrock-mantle"]


@given(st.sampled_from(SERVICES), st.sampled_from(REGIONS), st.sampled_from(AMAZON), LABEL)
def test_amazons_services_are_known_in_every_region_and_partition(service, region, partition, label):
    """With FIPS, dual-stack and VPC endpoints; another service, or another's domain, is not."""
    assert is_llm_host(f"{service}.{region}.{partition}")
    assert is_llm_host(f"vpce-0{label.replace('.', '')}.{service}.{region}.vpce.{partition}")
    assert not is_llm_host(f"s3.{region}.{partition}")
    assert not is_llm_host(f"{service}.{region}.{label}.{partition}")
    assert not is_llm_host(f"{service}.{region}.{partition}.{label}.test")


@pytest.mark.parametrize("end", ["", ".mtls"])
@pytest.mark.parametrize("form", ["{}", "us-central1-{}", "{}.us.rep", "{}.europe-west4.rep"])
def test_googles_are_known_by_region_replica_and_client_certificate(form, end):
    """Of Vertex AI; Google's other services are not."""
    assert is_llm_host(form.format("aiplatform") + end + ".googleapis.com")
    assert not is_llm_host(form.format("storage") + end + ".googleapis.com")


@pytest.mark.parametrize(
    ("host", "model", "other"),
    [
        ("ollama.com", "/api/chat", "/library"),
        ("chatgpt.com", "/backend-api/codex/responses", "/"),
        ("api.cloudflare.com", "/client/v4/accounts/a/ai/run/@cf/x", "/client/v4/zones"),
        ("adb-7.3.azuredatabricks.net", "/serving-endpoints/m/invocations", "/api/2.0/clusters/list"),
        ("mine.cloud.databricks.com", "/serving-endpoints/chat/completions", "/sql"),
        ("mine.snowflakecomputing.com", "/api/v2/cortex/inference:complete", "/queries/v1/query-request"),
    ],
)
def test_a_host_that_serves_much_else_is_known_by_host_and_path(host, model, other):
    """Its name alone stops nobody."""
    assert not is_llm_host(host)
    assert is_llm_place(host, model)
    assert is_llm_place(host, model.upper())
    assert not is_llm_place(host, other)
    assert not is_llm_place(f"{host}.example.test", model)


@pytest.mark.skipif(not find_spec("openai"), reason="needs openai")
def test_the_sdks_own_hosts_are_known():
    """The defaults of what is installed here."""
    import anthropic
    import openai

    clients = [openai.OpenAI(api_key="k"), anthropic.Anthropic(api_key="k")]
    for client in clients:
        assert is_llm_host(client.base_url.host)
        client.close()


@pytest.mark.parametrize(
    "host", ["", "localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1", "0.0.0.0", "a.localhost"]
)
def test_this_machine_is_known(host):
    """By its names and addresses."""
    assert is_local(host)


@pytest.mark.parametrize(
    "host", ["127.0.0.1.nip.test", "localhost.test", "10.0.0.1", "1270.0.0.1", "fe80::1", "::2", "127.0.0"]
)
def test_other_machines_are_not_this_one(host):
    """Also where their names look like it."""
    assert not is_local(host)


def test_a_name_may_have_a_port():
    """Which must then be that one; without, any."""
    assert names_one(["localhost:11434"], "localhost", port=11434)
    assert names_one(["localhost:*"], "LOCALHOST", port=11434)
    assert names_one(["localhost"], "localhost", port=11434)
    assert not names_one(["localhost:11434"], "localhost", port=80)
    assert not names_one(["localhost:11434"], "localhost")


@pytest.mark.parametrize("port", [None, 80, 443, 8080])
@pytest.mark.parametrize("host", ["api.openai.com", "db", "localhost", "127.0.0.1", "::1", "2001:db8::7"])
def test_what_a_message_says_to_let_out_is_that_and_no_more(host, port):
    """On this machine that is one port: other servers stand beside it. What stays here needs no key of the program's own."""
    said = [place(host, port)]
    assert names_one(said, host, port=port)
    assert not names_one(said, "example.test", port=port)
    assert names_one(said, host, port=9) == (port is None or (port != 8080 and not is_local(host)))
    assert leads_away(said) != is_local(host)


@pytest.mark.parametrize("host", OTHERS, ids=ascii)
def test_other_hosts_are_not(host):
    """Web sites, storage, identity, loopback and what is no host are nobody's business here."""
    assert not is_llm_host(host)
