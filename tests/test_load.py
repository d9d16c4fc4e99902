"""Replicas answer alike; the files of examples/load say what the command and the server have."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept import Interceptor, auto
from llm_intercept.server import app
from llm_intercept.settings.environment import TOKEN
from tests import container
from tests.served import CHAT, ask
from tests.support import chat, contents, message, respond

if TYPE_CHECKING:
    import httpx

yaml = pytest.importorskip("yaml")
serving = pytest.importorskip("llm_intercept.cli.serving")

ROOT = Path(__file__).parents[1]
FILES = ROOT / "examples" / "load"
REQUESTS = (
    (CHAT, chat("weather")),
    (CHAT, chat("weather", stream=True)),
    (CHAT, chat("else", stream=True, stream_options={"include_usage": True})),
    ("/v1/responses", respond("else", stream=True)),
    ("/v1/messages", message("else", stream=True)),
    ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", contents("weather")),
    ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "else"}),
    ("/api/chat", chat("else")),
    ("/v1/models", {}),
)


def answer(served: Any, number: int) -> httpx.Response:
    path, body = REQUESTS[number]
    return ask(served, "POST" if body else "GET", path, json=body or None)


@given(
    first=st.permutations(range(len(REQUESTS))),
    second=st.permutations(range(len(REQUESTS))),
    seed=st.integers(0, 3),
)
@settings(max_examples=4, deadline=None)
def test_replicas_answer_alike_whatever_they_were_asked_before(first: Any, second: Any, seed: int) -> None:
    """Byte for byte, headers and time included: what an answer is follows from the request, its repeat and the seed."""

    def replica() -> Any:
        pace = "ttft=lognormal(0.5, 0.2),per_token=0.01,length=normal(30, 9)"
        llm = Interceptor(auto(), seed=seed, created=1767225600, pace=pace, time_scale=0)
        llm.on("weather").reply("Sunny.")
        return app(llm)

    one, other = replica(), replica()
    here = {number: answer(one, number) for number in [*first, *first]}
    there = {number: answer(other, number) for number in [*second, *second]}
    for number, got in here.items():
        assert got.status_code == 200, got.text
        assert (got.content, got.headers) == (there[number].content, there[number].headers)


IMAGE = container.stages(FILES.joinpath("Containerfile").read_text())
STEPS = [*IMAGE.values()][-1]
ENTRY = container.of(STEPS, "ENTRYPOINT")[-1].words
MANIFESTS = {one["kind"]: one for one in yaml.safe_load_all(FILES.joinpath("kubernetes.yaml").read_text())}
POD = MANIFESTS["Deployment"]["spec"]["template"]
(SERVER,) = POD["spec"]["containers"]


def parsed(arguments: list[str]) -> dict[str, Any]:
    """Read a command line of `llm-intercept serve` as the command does."""
    assert arguments[:2] == ["llm-intercept", "serve"]
    return serving.serve.make_context("serve", arguments[2:]).params


def test_the_image_is_what_the_command_and_the_repository_have() -> None:
    """Its files are there, its user is not root, its flags are known, and its health check is asked at its port."""
    steps = [step for one in IMAGE.values() for step in one]
    copied = [step.words for step in container.of(steps, "COPY")]
    assert all((ROOT / file).exists() for words in copied if words[0][:2] != "--" for file in words[:-1])
    assert int(container.of(STEPS, "USER")[-1].text.split(":")[0]) > 0
    given = parsed(ENTRY)
    assert (given["host"], container.of(STEPS, "EXPOSE")[-1].text) == ("0.0.0.0", str(given["port"]))
    (url,) = re.findall(r"http://127\.0\.0\.1:\d+(\S+?)'", " ".join(container.health(STEPS)))
    assert f":{given['port']}{url}'" in " ".join(container.health(STEPS))
    assert ask(app(Interceptor("x")), "GET", url).status_code == 200
    (extras,) = re.findall(r"\[([a-z,0-9]+)\]\"", " ".join(step.text for step in container.of(STEPS, "RUN")))
    known = (ROOT / "pyproject.toml").read_text()
    assert all(re.search(rf"^{one} = \[", known, re.MULTILINE) for one in extras.split(","))


def test_the_manifests_say_flags_paths_and_ports_that_there_are(tmp_path: Path) -> None:
    """The rules can be used, the pace be said; probes are open paths; the service reaches the pods."""
    (tmp_path / "rules.toml").write_text(MANIFESTS["ConfigMap"]["data"]["rules.toml"])
    (mount,) = [one["mountPath"] for one in SERVER["volumeMounts"] if one["name"] == "rules"]
    line = [*ENTRY, *(one.replace(mount, str(tmp_path)) for one in SERVER["args"])]
    given = parsed(line)
    chosen = serving._settings({name: given[name] for name in ("rules", "pace")})
    assert "tape=s3://" in chosen["pace"]
    served = app(Interceptor(rules=chosen["rules"]), token="t")
    assert ask(served, "POST", CHAT, json=chat("ping")).json()["choices"][0]["message"]["content"] == "pong"
    ports = {one["name"]: one["containerPort"] for one in SERVER["ports"]}
    for probe in ("readinessProbe", "livenessProbe"):
        asked = SERVER[probe]["httpGet"]
        assert ask(served, "GET", asked["path"]).status_code == 200
        assert ports[asked["port"]] == given["port"]
    (port,) = MANIFESTS["Service"]["spec"]["ports"]
    assert ports[port["targetPort"]] == given["port"]
    labels = POD["metadata"]["labels"]
    assert MANIFESTS["Service"]["spec"]["selector"] == labels
    assert MANIFESTS["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert str(POD["spec"]["securityContext"]["runAsUser"]) in container.of(STEPS, "USER")[-1].text
    assert [one["name"] for one in SERVER["env"]] == [TOKEN]
    assert set(MANIFESTS) == {"ConfigMap", "Deployment", "Service"}  # and no autoscaler


def test_who_asks_asks_what_is_answered() -> None:
    """Both scripts; that of k6 is JavaScript."""
    paths = {CHAT}
    for name in ("locustfile.py", "k6.js"):
        assert set(re.findall(r"/v1/[a-z/]+", FILES.joinpath(name).read_text())) == paths
    compile(FILES.joinpath("locustfile.py").read_text(), "locustfile.py", "exec")
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node, which would read k6.js, is not installed")
    read = subprocess.run(
        [node, "--input-type=module", "--check"],
        input=FILES.joinpath("k6.js").read_text(),
        text=True,
        capture_output=True,
    )
    assert read.returncode == 0, read.stderr


def test_the_page_names_the_files_that_there_are() -> None:
    """And commands with flags that are known."""
    page = (ROOT / "docs" / "load.md").read_text()
    assert all((ROOT / one).exists() for one in re.findall(r"examples/load/[\w.]+", page))
    lines = re.findall(r"^\$ (llm-intercept serve .*)$", page, re.MULTILINE)
    for line in lines:
        parsed(shlex.split(line))
    assert lines
