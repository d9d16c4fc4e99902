"""Of an API that nobody here speaks an error says whose it is, and shows an answer that its SDK reads."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
import httpx
import openai
import pytest

from llm_intercept import intercept, raw
from llm_intercept.dialects import OPAQUE, claimed_by, home_of
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.model.wire import WireRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STAINLESS = re.compile(r"self\._(?P<how>\w+)\(\s*(?:path_template\(\s*)?f?[\"'](?P<path>/[^\"'?]+)")
FERN = re.compile(r"\.(?:request|stream)\(\s*f?\"(?P<path>v[12]/[^\"]+)\",.*?method=\"(?P<how>\w+)\"", re.DOTALL)
CALLED = {"openai": STAINLESS, "anthropic": STAINLESS, "cohere": FERN}
"""How the SDKs of their makers write a call: by Stainless's generator (or one after it), by Fern's."""
BASES = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "cohere": "https://api.cohere.com/",
}
NAMED = r"(?:OpenAI|Anthropic|Cohere|Google)'s [\w -]+ API"
ASKED: dict[str, Callable[[], Any]] = {
    "a list": lambda: list(openai.OpenAI().vector_stores.list()),
    "OpenAI's newest": lambda: openai.OpenAI().decisions.create(input="a", model="gpt-6-luna", questions=[]).answers,
    "a list of Anthropic's": lambda: list(anthropic.Anthropic().beta.files.list()),
    "one of Anthropic's": lambda: anthropic.Anthropic().beta.files.retrieve_metadata("file_1").id,
    "its content": lambda: anthropic.Anthropic().beta.files.download("file_1").read(),
}


def wire_request(method: str, url: str, headers: dict[str, str] | None = None) -> WireRequest:
    parts = httpx.URL(url)
    return WireRequest(method, url, parts.host, parts.path, httpx.Headers(headers or {}))


def paths_of(sdk: str) -> Iterator[tuple[str, str]]:
    spec = find_spec(sdk)
    assert spec is not None
    assert spec.origin is not None
    for path in Path(spec.origin).parent.rglob("*.py"):
        if "resources" in path.parts or path.name == "raw_client.py":
            for found in CALLED[sdk].finditer(path.read_text()):
                yield found["how"].removesuffix("_api_list").upper(), found["path"]


@pytest.mark.parametrize("sdk", BASES)
def test_each_path_of_an_sdk_is_answered_or_named(sdk: str) -> None:
    """What is not answered says whose API it is."""
    found = {(method, BASES[sdk] + re.sub(r"\{[^}]+\}", "x_1", path)) for method, path in paths_of(sdk)}
    assert len(found) > 10
    heads = [wire_request(method, url) for method, url in sorted(found)]
    unnamed = [head.url for head in heads if claimed_by(head) is None and not OPAQUE.called(head)]
    assert unnamed == []


@pytest.mark.parametrize(
    ("url", "headers", "name"),
    [
        ("https://generativelanguage.googleapis.com/v1beta/cachedContents", {}, "google.caches"),
        ("https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/tuningJobs/1", {}, "google.tuning"),
        ("https://generativelanguage.googleapis.com/upload/v1beta/files", {}, "google.files"),
        ("https://api.cohere.com/v1/chat", {}, "cohere.older_chat"),
        ("http://localhost:4000/v1/files", {"anthropic-version": "2023-06-01"}, "anthropic.files"),
        ("https://api.groq.com/openai/v1/files", {}, "openai.files"),
    ],
)
def test_it_has_a_name_that_rules_know(url: str, headers: dict[str, str], name: str) -> None:
    """`on(api=…)` means it, whoever is asked."""
    head = wire_request("GET", url, headers)
    assert OPAQUE.read(head, b"").api == name
    assert name in OPAQUE.names


def test_a_server_stands_for_the_host_that_its_client_means() -> None:
    """OpenAI's and Anthropic's files have one path."""
    path = "http://localhost:8000/v1/files"
    assert home_of(wire_request("GET", path, {"anthropic-version": "2023-06-01"})) == "api.anthropic.com"
    assert home_of(wire_request("GET", path)) == "api.openai.com"


@pytest.mark.parametrize("case", ASKED)
def test_the_answer_that_is_shown_is_one_that_the_sdk_reads(case: str) -> None:
    """As it is copied from the error."""
    unanswered = (openai.NotFoundError, anthropic.NotFoundError)
    with pytest.raises(UnmatchedRequestError, match=NAMED) as caught, intercept(), pytest.raises(unanswered):
        ASKED[case]()
    shown = re.search(r"llm\.(on\(url=(.+?)\)\.reply\((.+)\))$", str(caught.value), re.MULTILINE)
    assert shown is not None
    with intercept() as llm:
        eval(f"llm.{shown[1]}", {"llm": llm, "raw": raw})
        ASKED[case]()
