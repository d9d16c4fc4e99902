"""The package's front: every public name is there, and importing it costs next to nothing."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from importlib.metadata import metadata, version
from pathlib import Path

import pytest

import llm_intercept

SOURCE = Path(llm_intercept.__file__)
HEAVY = ("pydantic", "pydantic_core", "httpx", "httpx2", "httpcore", "respx", "click", "rich", "asyncio", "openai")


def test_all_is_the_list_of_lazy_names():
    """What `__all__` promises and what is loaded on use are the same, in the same order, without repeats."""
    assert list(llm_intercept._HOME) == llm_intercept.__all__
    assert len(set(llm_intercept.__all__)) == len(llm_intercept.__all__)


@pytest.mark.parametrize("name", llm_intercept.__all__)
def test_every_public_name_can_be_imported_from_where_it_is_said_to_be(name):
    """And is the same object there, kept after the first use."""
    value = getattr(llm_intercept, name)
    home = import_module(f"llm_intercept.{llm_intercept._HOME[name]}")
    assert value is getattr(home, name)
    assert getattr(llm_intercept, name) is value
    assert vars(llm_intercept)[name] is value


@pytest.mark.parametrize("name", llm_intercept.__all__)
def test_every_public_name_is_documented(name):
    """It has a docstring of its own."""
    assert (getattr(llm_intercept, name).__doc__ or "").strip()


def test_type_checkers_see_the_names_that_are_loaded():
    """The imports for type-checkers name the same things from the same modules."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.name: f"{node.module}" for node in imports for alias in node.names}
    assert seen == {name: f"llm_intercept.{home}" for name, home in llm_intercept._HOME.items()}


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
    """Neither httpx nor pydantic nor a CLI; a budget of one module of ours."""
    code = f"""
import sys
before = set(sys.modules)
import llm_intercept
print([name for name in {HEAVY!r} if name in set(sys.modules) - before])
print([name for name in sys.modules if name.startswith("llm_intercept")])
"""
    done = run_python(code)
    assert done.stdout.splitlines() == ["[]", "['llm_intercept']"], done.stderr


LOADED = """
import sys, httpx, pydantic
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
    "asyncio", "concurrent", "multiprocessing", "subprocess", "runpy", "urllib.request",
    *(f"llm_intercept.{name}" for name in (
        "_startup", "cli.", "engine.recorder", "engine.replay", "litellm", "recording.bodies", "recording.take",
        "recording.tape", "replies.schema", "rulefiles", "tapetools",
    )),
)  # fmt: skip


@pytest.mark.parametrize("then", [BLOCK, CALL])
def test_a_block_with_a_plain_reply_loads_only_what_answers_it(run_python, then):
    """Recordings, files of rules, schemas and litellm's calls are loaded when there are any."""
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
    """One number, said twice."""
    assert llm_intercept.__version__ == version("llm-intercept")
    assert re.fullmatch(r"\d+\.\d+\.\d+", llm_intercept.__version__)


def test_the_package_is_typed():
    """`py.typed` is shipped, and the metadata says so."""
    assert (SOURCE.parent / "py.typed").exists()
    assert "Typing :: Typed" in metadata("llm-intercept").get_all("Classifier", [])
