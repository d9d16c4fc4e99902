"""Runs the tests that need environments of their own: SDK generations, other libraries, other Pythons.

`nox -s sdk websockets aiohttp urllib3 own_tests startup`, `nox -s ecosystem migrate clients servers load page`,
`nox -s trap fidelity picture`, or `make sdks`, `make ecosystem`, `make trap` and `make fidelity`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

import nox

nox.needs_version = ">=2024.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

TOOLS = ("pytest>=8.3", "pytest-randomly>=3.15", "pytest-xdist>=3.6", "anyio[trio]>=4.11")
LAWS = ("hypothesis>=6.100", "jsonschema>=4.22")

SDKS = {
    "openai3": ("openai[aiohttp]>=3", "httpx-aiohttp", "anthropic", "google-genai"),
    "openai2": ("openai[aiohttp]<3", "httpx-aiohttp"),
    # openai 2 takes an httpx2 client where httpx2 is there; openai 3 always has it.
    "openai2-httpx2": ("openai[aiohttp]<3", "httpx-aiohttp", "httpx2"),
}

WEBSOCKETS = ["13", "14", "15", "16", "17"]

AIOHTTP = ["3.9", "3.10", "3.12", "3.14"]  # the oldest, and where what we stand on has changed
URLLIB3 = ["1.26", "2.0", "2"]

# What the SDKs' own tests import (their `dev` dependencies hold much more).
OWN_TOOLS = ("inline-snapshot", "pytest", "pytest-asyncio", "pytest-xdist", "respx", "rich", "trio")
OPENAI_TESTS = tuple(
    f"tests/api_resources/{name}"
    for name in (
        "chat/test_completions.py",
        "chat/completions/test_messages.py",
        "test_completions.py",
        "test_embeddings.py",
        "test_images.py",
        "test_models.py",
        "test_moderations.py",
        "test_responses.py",
        "responses/test_input_items.py",
        "responses/test_input_tokens.py",
        "test_conversations.py",
        "conversations/test_items.py",
    )
)
# A client that validates strictly cannot read the base64 that the SDK asks for by itself where a test does not say
# `encoding_format`: whoever answers, it fails.
NOT_OURS = "not (test_embeddings and (strict or aiohttp) and not all_params)"
# The API refuses them: without a model; with both a conversation and a previous response; after one that is unknown.
REFUSED = "not (test_responses.py and (_create or compact_with_all_params))"
# Of an echoed prompt with logprobs the first token has null, as OpenAI has it; the SDK's model has a number there.
WITH_NULL = tuple(
    f"--deselect=tests/api_resources/test_completions.py::{group}::test_method_create_with_all_params_overload_1"
    for group in ("TestCompletions", "TestAsyncCompletions")
)

ANTHROPIC_TESTS = tuple(
    f"tests/api_resources/{name}{test}"
    for name in ("", "beta/")
    for test in ("test_messages.py", "messages/test_batches.py", "test_models.py")
)
# These bring a mock of their own (respx), which answers.
MOCKED = "not results"


class Own(NamedTuple):
    """An SDK whose own tests are run: its library, what is installed, which tests, the rules for the ids they name."""

    library: str
    requirements: tuple[str, ...]
    tests: tuple[str, ...]
    rules: str
    selected: str


OPENAI_SELECTED = f"{NOT_OURS} and {REFUSED}"
OWN = {
    name: Own("openai", (wanted,), (*OPENAI_TESTS, *WITH_NULL), "openai_own_rules.py", OPENAI_SELECTED)
    for name, wanted in (("openai3", "openai[aiohttp]>=3"), ("openai2", "openai[aiohttp]<3"))
}
OWN["anthropic2"] = Own(
    "anthropic",
    ("anthropic[aiohttp]>=2", "http-snapshot[httpx]"),
    ANTHROPIC_TESTS,
    "anthropic_own_rules.py",
    MOCKED,
)

# What is installed for a library, its own name first, and its tests.
ECOSYSTEM = {
    # litellm 1.106 imports mcp for every call with tools.
    "litellm": (
        "litellm[mcp] boto3",
        "test_litellm.py",
        "test_litellm_responses.py",
        "test_litellm_others.py",
        "test_agents_litellm.py",
        "litellm.md",
    ),
    "langchain": (
        "langchain langchain-openai langchain-anthropic langchain-google-genai langchain-ollama langchain-cohere",
        "test_langchain_openai.py",
        "test_langchain_ollama.py",
        "test_langchain_cohere.py",
        "test_agents_langchain.py",
        "langchain.md",
    ),
    "pydantic-ai": (
        "pydantic-ai-slim[openai,anthropic,google,groq,mistral]",
        "test_pydantic_ai.py",
        "test_agents_pydantic_ai.py",
        "pydantic-ai.md",
    ),
    "openai-agents": (
        "openai-agents",
        "test_openai_agents.py",
        "test_agents_openai_agents.py",
        "test_openai_agents_websocket.py",
        "test_openai_agents_state.py",
        "openai-agents.md",
    ),
    "vcrpy": ("vcrpy pytest-recording httpx2 requests aiohttp pyyaml", "test_vcrpy.py"),
    "agno": ("agno openai anthropic google-genai", "test_agents_agno.py", "agno.md"),
    "crewai": ("crewai[anthropic,google-genai]", "test_agents_crewai.py", "crewai.md"),
    "instructor": ("instructor[anthropic,google-genai]", "test_instructor.py", "instructor.md"),
    "llama-index": (
        # With a newer anthropic, llama-index-llms-anthropic 0.12 makes no message at all.
        "llama-index-llms-openai llama-index-llms-anthropic anthropic<1 llama-index-llms-google-genai",
        "test_llama_index.py",
        "test_agents_llama_index.py",
        "llama-index.md",
    ),
    "google-adk": ("google-adk anthropic", "test_agents_google_adk.py", "google-adk.md"),
    "strands": ("strands-agents[anthropic,gemini,openai]", "test_agents_strands.py", "strands.md"),
    "anthropic": ("anthropic", "test_agents_anthropic.py"),
    # Without aiohttp, which its async client would take: tests/test_gemini_aiohttp.py has that.
    "google-genai": ("google-genai", "test_agents_google_genai.py"),
    "groq": ("groq", "test_groq.py", "sdks.md"),
    "mistralai": ("mistralai", "test_mistralai.py", "sdks.md"),
    "together": ("together", "test_together.py", "sdks.md"),
    "huggingface_hub": ("huggingface_hub", "test_huggingface_hub.py", "sdks.md"),
    "huggingface_hub-requests": ("huggingface_hub<1", "test_huggingface_hub_requests.py"),
    "boto3": ("boto3 anthropic[bedrock] uvicorn", "test_boto3.py", "sdks.md"),
    "fastapi": ("fastapi openai requests aiohttp", "fastapi.md", "http-clients.md", "processes.md"),
}
# What is installed for a client of `llm-intercept serve`, and its tests.
CLIENTS = {
    "openai": ("openai", "test_served_openai.py"),
    "anthropic": ("anthropic", "test_served_anthropic.py"),
    "google-genai": ("google-genai", "test_served_google_genai.py"),
    "boto3": ("boto3", "test_served_boto3.py"),
    "ollama": ("ollama", "test_served_ollama.py"),
    "cohere": ("cohere", "test_served_cohere.py"),
    "dspy": ("dspy", "test_served_dspy.py", "dspy.md"),
    "openresponses": ("openresponses-types", "test_served_openresponses.py"),
    "node": ("", "test_served_node.py", "test_served_examples.py", "node.md"),
}
# Where a page of docs/migrate comes from: what its test files need before they are changed. respx and pytest-httpx do
# not see httpx2, which openai 3 sends with.
MIGRATE = {
    "respx": ("respx", "openai<3"),
    "pytest-httpx": ("pytest-httpx", "openai<3"),
    "vcrpy": ("vcrpy", "pytest-recording", "openai"),
    "unittest-mock": ("openai",),
    "litellm": ("litellm",),
    "responses": ("responses", "requests-mock"),
    "aimock": ("aimock-pytest", "openai"),
}
# The server that aimock-pytest starts, found by the variable, so that it downloads none.
AIMOCK = "@copilotkit/aimock@1.43.0"
AIMOCK_PROGRAM = "AIMOCK_CLI_PATH"
LINTER = "dockerfilelint@1.8.0"
TYPESCRIPT, AXE = "typescript@7.0.2", "axe-core@4.14.1"
# The doors of the trap that are asked in an environment of their own, by its dependency group.
TRAPS = {"trap": "!niquests*", "trap-niquests": "niquests*,requests,urllib3*"}
# The suite is run on these where they are; 3.14t has no lock of all threads.
PYTHONS = ["3.12", "3.13", "3.14", "3.14t"]
ALL = ".[cli,fsspec,httpx,httpx2,import,prices,serve,tls]"
# The extra `prices` needs newer ones of httpx and pydantic than we do. Of openai 1 the last minor release: an older one
# has not all that is asked of it here; it closes no stream whose task is cancelled, and counts no tokens.
# httpx2 leaves generators of its own behind under trio until 2.7.
OLD_SDK = ("openai[aiohttp]>=1.109,<2", "httpx-aiohttp>=0.1.9", "respx>=0.22", "trustme>=1.2")
USED = (".[cli,fsspec,httpx,httpx2,import,serve,tls]", *OLD_SDK, *TOOLS, *LAWS)
# What the oldest releases can make otherwise: where requests come in, the tapes, pytest, the command, the server.
OLDEST = (
    "tests/sdk",
    "tests/test_clients.py",
    "tests/test_doors.py",
    "tests/test_hook.py",
    "tests/test_patching.py",
    "tests/test_pytest_plugin.py",
    "tests/test_recordings.py",
    "tests/test_server.py",
    "tests/test_settings.py",
    "tests/test_terminal.py",
    "--ignore=tests/sdk/test_fault_table.py",
    "-k=not test_a_response_is_kept and not test_a_cancelled_task and not half_way_under_trio",
)
# What these libraries would otherwise fetch or send by themselves.
QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "AGNO_TELEMETRY": "false",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TESTING": "true",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}

# What reads the recordings and learns from them.
FIDELITY = ("scikit-learn>=1.5", "openai>=3", "anthropic>=2", "google-genai>=1", "pytest>=8.3", "jsonschema>=4.22")

# What tests/sdk does not hold and an SDK generation may change.
LAW_TESTS = ("tests/test_chat_laws.py", "tests/test_rechunking.py")
SHOWN = ("openai", "httpx", "httpx2", "httpx-aiohttp", "aiohttp", "anthropic", "google-genai", "pydantic")
SHOW = """
import sys
from importlib.metadata import distributions
found = {one.name: one.version for one in distributions()}
print(*(f"{name} {found[name]}" for name in sys.argv[1:] if name in found), sep=", ")
"""


@nox.session
@nox.parametrize("sdk", list(SDKS), ids=list(SDKS))
def sdk(session: nox.Session, sdk: str) -> None:
    """Run tests/sdk and the laws of what is written on one generation of the openai SDK."""
    session.install("-e", ".[cli,httpx]", *TOOLS, *LAWS, *SDKS[sdk])
    _show_versions(session)
    session.run("python", "-m", "pytest", "tests/sdk", *LAW_TESTS, *session.posargs)
    session.run("python", "-m", "pytest", "tests/sdk/test_fault_table.py", env={"TEST_ALL": "1"})


@nox.session
@nox.parametrize("version", WEBSOCKETS, ids=WEBSOCKETS)
def websockets(session: nox.Session, version: str) -> None:
    """Run the tests of WebSockets on a major version of websockets."""
    session.install("-e", ".[cli,httpx]", *TOOLS, "trustme", "openai>=3", f"websockets=={version}.*")
    session.run("python", "-m", "pytest", "-n0", "tests/test_websockets.py", "tests/test_websockets_openai.py")


@nox.session
@nox.parametrize("version", AIOHTTP, ids=AIOHTTP)
def aiohttp(session: nox.Session, version: str) -> None:
    """Run the tests of sessions on a version of aiohttp."""
    session.install("-e", ".[cli,httpx]", *TOOLS, "trustme", "websockets", f"aiohttp=={version}.*")
    session.run("python", "-m", "pytest", "-n0", "tests/test_aiohttp.py", "tests/test_aiohttp_network.py")


@nox.session
@nox.parametrize("version", URLLIB3, ids=URLLIB3)
def urllib3(session: nox.Session, version: str) -> None:
    """Run the tests of urllib3's door on one of its versions; 2 is the newest, which is also asked by HTTP/2."""
    http2 = ("h2",) if version == URLLIB3[-1] else ()
    session.install("-e", ".[cli,httpx]", *TOOLS, *LAWS, *http2, "trustme", "requests", f"urllib3=={version}.*")
    _show_versions(session, "urllib3", "requests")
    tests = ("tests/test_urllib3.py", "tests/test_urllib3_faults.py", "tests/test_urllib3_sent_on.py")
    session.run("python", "-m", "pytest", "-n0", *tests, *session.posargs)


@nox.session
@nox.parametrize("sdk", list(OWN), ids=list(OWN))
def own_tests(session: nox.Session, sdk: str) -> None:
    """Run an SDK's own tests of what is answered, unchanged, without the mock server they are written for."""
    own = OWN[sdk]
    session.install("-e", ".[cli]", "pip", *OWN_TOOLS, *own.requirements)
    _show_versions(session)
    rules = Path("tests", own.rules).resolve()  # for the ids that the tests make up
    with session.chdir(_source(session, own.library)):
        # pytest ends with 5, which fails the session, if `-k` selects nothing.
        environment = {"LLM_INTERCEPT": "mock", "LLM_INTERCEPT_RULES": str(rules)}
        session.run("python", "-m", "pytest", *own.tests, "-k", own.selected, env=environment)


@nox.session
@nox.parametrize("library", list(ECOSYSTEM), ids=list(ECOSYSTEM))
def ecosystem(session: nox.Session, library: str) -> None:
    """Run the tests, and the pages of docs/frameworks, of one library in its newest version."""
    requirement, *named = ECOSYSTEM[library]
    session.install("-e", ".[cli,httpx]", *TOOLS, *requirement.split())
    _show_versions(session, requirement.split()[0].partition("[")[0])
    _test(session, named)


@nox.session
@nox.parametrize("page", list(MIGRATE), ids=list(MIGRATE))
def migrate(session: nox.Session, page: str) -> None:
    """Run the test files of a page of docs/migrate, before and after, beside the library that they come from."""
    session.install("-e", ".[cli,httpx,import]", *TOOLS, *MIGRATE[page])
    _show_versions(session, *MIGRATE[page])
    tests = ("tests/ecosystem/test_migrate.py", "-k", page)
    environment = {**QUIET, **(_aimock(session) if page == "aimock" else {})}
    session.run("python", "-m", "pytest", "-n0", *tests, *session.posargs, env=environment)


def _aimock(session: nox.Session) -> dict[str, str]:
    """Install aimock's server; say where it is."""
    folder = Path(session.create_tmp()).resolve()
    session.run("npm", "install", "--silent", "--no-fund", "--prefix", str(folder), AIMOCK, external=True)
    return {AIMOCK_PROGRAM: f"{folder}/node_modules/@copilotkit/aimock/dist/cli.js"}


@nox.session
@nox.parametrize("client", list(CLIENTS), ids=list(CLIENTS))
def clients(session: nox.Session, client: str) -> None:
    """Run one client, in its newest version, against `llm-intercept serve`, and its page of docs/frameworks."""
    requirement, *named = CLIENTS[client]
    session.install("-e", ".[cli,httpx,serve]", *TOOLS, *requirement.split())
    _show_versions(session, *requirement.split())
    if client == "node":
        _offer_chromium(session)
    _test(session, named)


def _test(session: nox.Session, named: list[str]) -> None:
    """Run tests of tests/ecosystem and pages of docs/frameworks; in one process, since imports take seconds."""
    pages = [name for name in named if name.endswith(".md")]
    tests = [*(name for name in named if name not in pages), *(["test_pages.py"] if pages else [])]
    paths = [f"tests/ecosystem/{test}" for test in tests]
    environment = {**QUIET, "FRAMEWORK_PAGES": " ".join(pages)}
    session.run("python", "-m", "pytest", "-n0", *paths, *session.posargs, env=environment)


def _offer_chromium(session: nox.Session) -> None:
    """Install Debian's browser where it is not there and may be; where it is not, its test is skipped and says so."""
    if shutil.which("chromium") is None and shutil.which("apt-get") and os.geteuid() == 0:
        codes = [0, 100]  # 100: there is none to be had
        session.run("apt-get", "update", "-qq", external=True, success_codes=codes)
        wanted = ("install", "-y", "-qq", "--no-install-recommends", "chromium")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        session.run("apt-get", *wanted, external=True, success_codes=codes, silent=True, env=quiet)


@nox.session
def servers(session: nox.Session) -> None:
    """Run the application under ASGI servers beside uvicorn, each a process of its own."""
    session.install("-e", ".[cli,httpx]", *TOOLS, "granian", "hypercorn")
    _show_versions(session, "granian", "hypercorn")
    session.run("python", "-m", "pytest", "-n0", "tests/ecosystem/test_asgi_servers.py", *session.posargs)


@nox.session
def load(session: nox.Session) -> None:
    """Lint the Containerfile and carry its steps out; let Locust ask the server for some seconds."""
    file, folder = "examples/load/Containerfile", session.create_tmp()
    if shutil.which("npm"):
        session.run("npm", "install", "--silent", "--no-fund", "--prefix", folder, LINTER, external=True)
        session.run(f"{folder}/node_modules/.bin/dockerfilelint", file, external=True)
    else:
        session.warn("npm is not installed, which brings the Containerfile's lint")
    session.install("-e", ".[cli,httpx,serve]", "locust")
    session.run("python", "-m", "tests.container", file)
    session.run("python", "-m", "tests.locust", "examples/load/locustfile.py")


@nox.session
def page(session: nox.Session) -> None:
    """Check the types of the report's page, and look at it in Chromium; pictures go to .cache/page."""
    _offer_chromium(session)
    session.install("-e", ".[cli,httpx,serve]", *TOOLS, "playwright>=1.40")
    environment = {}
    if shutil.which("npm"):
        folder = session.create_tmp()
        session.run("npm", "install", "--silent", "--no-fund", "--prefix", folder, TYPESCRIPT, AXE, external=True)
        session.run(f"{folder}/node_modules/.bin/tsc", "-p", "tests/browser/jsconfig.json", external=True)
        environment["AXE"] = f"{folder}/node_modules/axe-core/axe.min.js"
    else:
        session.warn("npm is not installed, which brings the page's type checker and axe")
    tests = sorted(map(str, Path("tests/browser").glob("test_*.py")))
    session.run("python", "-m", "pytest", "-n0", *tests, *session.posargs, env=environment)


@nox.session
def picture(session: nox.Session) -> None:
    """Make docs/pictures/report.png anew, of a run of tests/browser/picture.py."""
    _offer_chromium(session)
    session.install("-e", ".[cli,httpx]", "openai>=3", "playwright>=1.40")
    session.run("python", "-m", "tests.browser.picture")


@nox.session
@nox.parametrize("group", list(TRAPS), ids=list(TRAPS))
def trap(session: nox.Session, group: str) -> None:
    """Run the trap; it ends with 3, and says so, where no network namespaces may be made."""
    session.install("-e", ".[cli,httpx,httpx2]", "--group", group)
    _show_versions(session)
    session.run("python", "-m", "tests.trap", TRAPS[group])


@nox.session(reuse_venv=True)
def docs(session: nox.Session) -> None:
    """Build the site into build/docs; a warning, a name or a link within it that leads nowhere is an error."""
    session.install("-e", ".[cli,httpx,httpx2,serve]", "--group", "docs")
    strict = ("-a", "-W", "--keep-going", "-n")  # -a: each page has the list of all
    session.run("sphinx-build", "-q", *strict, "-b", "html", "docs", "build/docs", *session.posargs)


@nox.session(python=PYTHONS)
def pythons(session: nox.Session) -> None:
    """Run the suite on another Python than `make test` does; one that is not on the machine is skipped."""
    session.install("-e", ".[cli,httpx,httpx2,serve]", "--group", "test", "--group", "sdk")
    _show_versions(session)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run what the oldest releases of what users install can make otherwise on them."""
    session.install("--resolution", "lowest-direct", "-e", *USED)
    _show_versions(session, "click", "rich", "pytest", "uvicorn", "websockets", "fsspec")
    session.run("python", "-m", "pytest", *OLDEST, *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """Run the suite with the newest release of everything, pre-releases too."""
    session.install("--prerelease", "allow", "--upgrade", "-e", ALL, "--group", "test", "--group", "sdk")
    _show_versions(session)
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def fidelity(session: nox.Session) -> None:
    """Hold our answers against the recorded ones, and print the tables of docs/fidelity.md."""
    session.install("-e", ".[cli,httpx]", *FIDELITY)
    _show_versions(session, "scikit-learn")
    root = Path.cwd()
    with session.chdir("benchmarks"):
        # One thread: the classifiers are small, and several would wait for each other.
        environment = {"PYTHONPATH": f"{root}{os.pathsep}{root / 'benchmarks'}", "OMP_NUM_THREADS": "1"}
        session.run("python", "-m", "fidelity", *session.posargs, env=environment)


@nox.session(python=["3.11", "3.12", "3.13"])
def startup(session: nox.Session) -> None:
    """Run tests/test_startup.py with the wheel a user would install, on every supported Python."""
    session.install("build[uv]")
    wheels = Path(session.create_tmp(), "dist")
    shutil.rmtree(wheels, ignore_errors=True)
    session.run("python", "-m", "build", "--installer=uv", "--wheel", "--outdir", str(wheels), silent=True)
    session.install(f"{_only(wheels, '*.whl')}[cli,httpx]", *TOOLS, "openai>=3")
    _show_versions(session)
    session.run("python", "-m", "pytest", "tests/test_startup.py", *session.posargs)


def _offer_every_pyenv_python() -> None:
    """Let pyenv's `python3.x` commands work for every Python it has, the chosen one first."""
    pyenv = shutil.which("pyenv")
    if pyenv and "PYENV_VERSION" not in os.environ:
        versions = [_output(pyenv, "version-name"), *_output(pyenv, "versions", "--bare").split()]
        os.environ["PYENV_VERSION"] = ":".join(dict.fromkeys(versions))


def _output(*command: str) -> str:
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()  # noqa: S603 - pyenv


def _show_versions(session: nox.Session, *more: str) -> None:
    session.run("python", "-c", SHOW, "llm-intercept-transport", *more, *SHOWN)


def _source(session: nox.Session, library: str) -> Path:
    """Unpack the source distribution of an installed library; return its folder."""
    installed = session.run("python", "-c", f"import {library}; print({library}.__version__)", silent=True)
    folder = Path(session.create_tmp(), f"{library}-source", str(installed).strip())
    wanted = f"{library}=={folder.name}"
    download = ("download", "--quiet", "--no-deps", f"--no-binary={library}", f"--dest={folder}", wanted)
    session.run("python", "-m", "pip", *download)
    with tarfile.open(_only(folder, f"{library}-*.tar.gz")) as archive:
        archive.extractall(folder, filter="data")
    return _only(folder, f"{library}-*/")


def _only(folder: Path, pattern: str) -> Path:
    """Return the only path in `folder` that fits."""
    (found,) = folder.glob(pattern)
    return found


_offer_every_pyenv_python()
