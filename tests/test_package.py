"""The package's front: every public name is there, and importing it costs next to nothing."""

from __future__ import annotations

import re
from importlib.metadata import metadata, version
from pathlib import Path

import pytest

import llm_intercept
from tests.typing import surface

SOURCE = Path(llm_intercept.__file__)
HEAVY = ("pydantic", "pydantic_core", "httpx", "httpx2", "httpcore", "respx", "click", "rich", "asyncio", "openai")


def test_the_front_has_the_names_of_the_contract():
    """No more: everything else is in a namespace, or where it is made. `tests/typing/surface.py` lists them."""
    assert sorted(llm_intercept.__all__) == sorted(surface.__all__)


@pytest.mark.parametrize("name", llm_intercept.__all__)
def test_every_public_name_is_documented(name):
    """It can be loaded, and has a docstring."""
    assert (getattr(llm_intercept, name).__doc__ or "").strip()


@pytest.mark.parametrize(
    ("namespace", "names"),
    [
        ("faults", {"timeout", "crlf", "rechunk", "cut_off", "html_error"}),
        ("errors", {"LLMInterceptError", "UnmatchedRequestError", "SettingsError", "UnmatchedWarning"}),
        ("model", {"LLMRequest", "Message", "ToolResult", "Usage"}),
    ],
)
def test_a_namespace_has_what_the_front_has_not(namespace, names):
    """By attribute, and by `dir`."""
    module = getattr(llm_intercept, namespace)
    assert names <= set(dir(module))
    assert all(getattr(module, name).__doc__ for name in names)


def test_dir_lists_the_public_names():
    """Also before they are loaded; sorted, as `dir` is."""
    assert set(llm_intercept.__all__) <= set(dir(llm_intercept))
    assert "__version__" in dir(llm_intercept)
    assert llm_intercept.__dir__() == sorted(set(dir(llm_intercept)))


@pytest.mark.parametrize("name", ["nonsense", "Intercept", "__wrapped__", "mock"])
def test_an_unknown_name_is_an_attribute_error(name):
    """With Python's own words."""
    with pytest.raises(AttributeError, match=f"module 'llm_intercept' has no attribute '{name}'"):
        getattr(llm_intercept, name)


def test_a_star_import_brings_the_public_names():
    """All of them and nothing else."""
    namespace: dict[str, object] = {}
    exec("from llm_intercept import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(llm_intercept.__all__)


def test_importing_the_package_loads_no_library(run_python):
    """Neither httpx nor pydantic nor a CLI; of ours, what makes names lazy."""
    code = f"""
import sys
before = set(sys.modules)
import llm_intercept
print([name for name in {HEAVY!r} if name in set(sys.modules) - before])
print([name for name in sorted(sys.modules) if name.startswith("llm_intercept")])
"""
    done = run_python(code)
    ours = [f"llm_intercept{name}" for name in ("", ".base", ".base.lazy", ".base.version")]
    assert done.stdout.splitlines() == ["[]", str(ours)], done.stderr


LOADED = """
import sys, httpx
before = set(sys.modules)
from llm_intercept import intercept
{then}
print(*sorted(set(sys.modules) - before))
"""
BLOCK = "with intercept('hi'): pass"
CALL = """
transport = httpx.HTTPTransport()
before |= set(sys.modules)
body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
with intercept("hi"):
    transport.handle_request(httpx.Request("POST", "https://api.openai.com/v1/chat/completions", json=body)).read()
"""
# Prefixes of the names of modules of which a plain reply needs nothing, and which take a while to load.
NOT_FOR_A_BLOCK = (
    "asyncio", "concurrent", "multiprocessing", "subprocess", "pydantic.", "runpy", "tomllib",
    "urllib.request",
    *(f"llm_intercept.{name}" for name in (
        "_startup", "cli.", "engine.recorder", "engine.replay", "litellm", "recording.bodies", "recording.take",
        "recording.tape", "replies.schema", "rulefiles", "tapetools",
    )),
)  # fmt: skip


@pytest.mark.parametrize("then", [BLOCK, CALL])
def test_a_block_with_a_plain_reply_loads_only_what_answers_it(run_python, then):
    """Recordings, files of rules, schemas and litellm's calls are loaded when there are any, and pydantic when an SDK is."""
    done = run_python(LOADED.format(then=then))
    assert done.returncode == 0, done.stderr
    loaded = done.stdout.split()
    assert "llm_intercept.engine.exchange" in loaded or then is CALL, loaded
    assert [name for name in loaded if name.startswith(NOT_FOR_A_BLOCK)] == []


def test_activating_loads_no_http_library(run_python):
    """`intercept` works in a program that has no client loaded yet."""
    code = """
import sys
from llm_intercept import intercept
with intercept("x"):
    print([name for name in ("httpx", "httpx2", "httpcore", "aiohttp", "openai") if name in sys.modules])
"""
    done = run_python(code)
    assert done.stdout == "[]\n", done.stderr


def test_the_version_is_the_metadatas():
    """It is that of the distribution, which has another name than the package."""
    assert llm_intercept.__version__ == version("llm-intercept-transport")
    assert re.fullmatch(r"\d+\.\d+\.\d+", llm_intercept.__version__)


def test_the_package_is_typed():
    """`py.typed` is shipped, and the metadata says so."""
    assert (SOURCE.parent / "py.typed").exists()
    assert "Typing :: Typed" in metadata("llm-intercept-transport").get_all("Classifier", [])


def test_a_bare_install_brings_pydantic_alone():
    """An HTTP library is the program's own choice; what the command needs is an extra, as are prices and stores."""
    required = metadata("llm-intercept-transport").get_all("Requires-Dist", [])
    assert [re.split(r"[ ;<>=]", one)[0] for one in required if "extra ==" not in one] == ["pydantic"]
    assert {"cli", "httpx", "httpx2"} <= set(metadata("llm-intercept-transport").get_all("Provides-Extra", []))


PAGES = [*SOURCE.parents[2].glob("*.md"), *SOURCE.parents[2].glob("docs/**/*.md"), *SOURCE.parent.rglob("*.py")]


def test_nobody_is_told_to_install_another_program():
    """On the package index `llm-intercept` is somebody else's, and forwards to paid APIs."""
    told = re.compile(r"install[ '\"]+llm-intercept(?!-transport)|llm-intercept\[")
    assert [str(page) for page in PAGES if told.search(page.read_text(encoding="utf-8"))] == []


def test_the_index_shows_the_readme_without_links_that_lead_nowhere_there():
    """Its words are all there; what links to files of ours is text."""
    shown = str(metadata("llm-intercept-transport").get_payload())
    assert "## Ways in" in shown
    assert re.findall(r"\]\((?!https?:)[^)]*\)", shown) == []
