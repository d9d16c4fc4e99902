"""With `LLM_INTERCEPT` set, a program that knows nothing of us is answered from its first request on; unset, it costs nothing.

Needs pytest and the installed package alone, so that it can be run against a wheel.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import venv
from importlib.metadata import files, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import llm_intercept
from llm_intercept.journal.journal import HEARING
from llm_intercept.report.page_read import report_in
from llm_intercept.settings import DEFAULT_REPLY
from tests.amounts import PATIENCE, WHOLE

FAMILIES = [name for name in ("httpx", "httpx2") if find_spec(name)]
ASK = """
import {family} as http
body = {{"model": "gpt-4o", "messages": [{{"role": "user", "content": "hi"}}]}}
answer = http.post("https://api.openai.com/v1/chat/completions", json=body)
print(answer.json()["choices"][0]["message"]["content"])
"""
PROGRAM = ASK.format(family="httpx")
MODULES = "import sys; print(*sorted(name for name in sys.modules if name.partition('.')[0] in {names!r}))"


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run any command in an environment without our variables but those given."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LLM_INTERCEPT")}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        cwd=cwd,
        env={**environment, **variables},
        check=False,
    )


def lines(done: Any) -> list[str]:
    """Give the lines a program printed, if it ended well."""
    assert done.returncode == 0, done.stderr
    found: list[str] = done.stdout.splitlines()
    return found


# Off


def test_unset_imports_nothing_of_ours(run_python):
    """A program in this environment that does not ask for us does not load us."""
    assert lines(run_python(MODULES.format(names={"llm_intercept"}))) == [""]


@pytest.mark.parametrize("value", ["", "0", "off", "FALSE", " False "])
def test_every_way_to_say_off_imports_nothing_of_ours(monkeypatch, value):
    """By the line in the `.pth` file, before anything is imported."""
    monkeypatch.setenv("LLM_INTERCEPT", value)
    monkeypatch.setattr("llm_intercept._startup.main", lambda: pytest.fail("it was started"))
    exec(start_up_line())


def start_up_line() -> str:
    """Read the line that every Python runs when it starts."""
    installed = {file.name: Path(str(file.locate())) for file in files("llm-intercept-transport") or ()}
    return installed["llm_intercept.pth"].read_text().strip()


def test_the_other_variables_alone_do_nothing(run_python):
    """A reply without a mode is not a request to answer."""
    done = run_python(
        MODULES.format(names={"llm_intercept"}), LLM_INTERCEPT_REPLY="hi", LLM_INTERCEPT_UNMATCHED="nonsense"
    )
    assert (lines(done), done.stderr) == ([""], "")


# On


def test_a_process_can_be_quiet_and_refuse_everything(run_python):
    """`LLM_INTERCEPT=block` answers nothing by itself, an embedding neither, and says why."""
    code = """
import httpx
url = "https://api.openai.com/v1/"
asked = httpx.post(url + "chat/completions", json={"model": "m", "messages": [{"role": "user", "content": "hi"}]})
embedded = httpx.post(url + "embeddings", json={"model": "m", "input": "x"})
listed = httpx.get(url + "files")
print(asked.status_code, embedded.status_code, listed.status_code, "mode 'block'" in asked.text + listed.text)
"""
    done = run_python(code, LLM_INTERCEPT="block", LLM_INTERCEPT_QUIET="true")
    assert lines(done) == ["404 404 404 True"]
    assert done.stderr.startswith("\nllm-intercept: when the program ended")
    assert done.stderr.count("(LLM_INTERCEPT=block) refuses every request to a model") == 3


def test_mock_answers_with_the_reply_given(run_python, tmp_path):
    """`LLM_INTERCEPT_REPLY` is the text of every answer, an empty one too, and is named as the place of its rule."""
    log = tmp_path / "calls.jsonl"
    done = run_python(PROGRAM, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="", LLM_INTERCEPT_LOG=str(log))
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
    assert json.loads(log.read_text())["where"] == "LLM_INTERCEPT_REPLY"


@pytest.mark.skipif(not (WHOLE and find_spec("openai")), reason="needs openai; test_dummy_keys asks two SDKs so")
def test_an_sdk_is_answered(run_python):
    """The program in the README, JSON and stream."""
    done = run_python(
        """
from openai import OpenAI
client = OpenAI(api_key="sk-test")
asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
print(client.chat.completions.create(**asked).choices[0].message.content)
print("".join(c.choices[0].delta.content or "" for c in client.chat.completions.create(**asked, stream=True)))
""",
        LLM_INTERCEPT="mock",
        LLM_INTERCEPT_REPLY="It works",
    )
    assert lines(done) == ["It works", "It works"]


def test_being_on_costs_no_import_of_theirs_and_says_one_short_line(run_python):
    """Neither httpx nor pydantic is loaded before the program wants them, nor at its end; a long reply is cut."""
    names = {"httpx", "httpx2", "httpcore", "httpcore2", "pydantic", "pydantic_core", "click", "rich", "asyncio"}
    modules = MODULES.format(names=names).partition("; ")[2]
    code = f"import atexit, sys\natexit.register(lambda: {modules})\n{modules}"
    done = run_python(code, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="long\n" * 100)
    assert lines(done) == ["", ""]
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"llm-intercept {version('llm-intercept-transport')}: on (LLM_INTERCEPT=mock)")
    assert len(line) < 200


# Values that cannot be used


FIRST = """
import os
import sys

for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            __import__(name)
        except ImportError:
            pass
        except BaseException as error:
            os.write(1, f"{name}: {error!r}\\n".encode())
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_whatever_is_imported_first_is_imported(run_python):
    """A library that is looked at when it is imported may be imported by another, which is then half imported."""
    names = {"unittest.mock", "urllib.request", "asyncio", "httpx", "urllib3", "respx"}
    if WHOLE:
        names |= {name for name in sys.stdlib_module_names if name[0] != "_"} - {"antigravity", "idlelib", "this"}
        names |= {"httpx2", "aiohttp", "requests", "websockets", "anyio", "pytest", "openai", "anthropic"}
    assert lines(run_python(FIRST, *sorted(names), LLM_INTERCEPT="mock")) == []


def test_an_unknown_value_stops_the_program_and_lists_the_values(run_python):
    """Exit 2 before the program's first line; guessing could reach a paid API. test_settings has the other variables."""
    done = run_python("print('ran')", LLM_INTERCEPT="on")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "LLM_INTERCEPT='on' cannot be used" in line
    assert all(repr(choice) in line for choice in ("mock", "block", "off", "0", "false"))


def test_the_settings_of_the_environment_reach_the_interceptor(run_python):
    """Those that are not text too: a simulated second takes no time."""
    done = run_python(
        "from llm_intercept.clients.activation import active\n"
        "engine = active()[0].engine()\nprint(engine.service.clock.scale, engine.seed, engine.passthrough)",
        LLM_INTERCEPT="mock",
        LLM_INTERCEPT_TIME_SCALE="0",
        LLM_INTERCEPT_SEED="7",
        LLM_INTERCEPT_PASSTHROUGH="api.mistral.ai",
    )
    assert lines(done) == ["0.0 7 ('api.mistral.ai',)"]


# What is missing, and what is there instead

HIDDEN = """
import sys
from importlib.machinery import PathFinder

def without_families(name, *more, find=PathFinder.find_spec):
    return None if name in ("httpx", "httpx2", "urllib3") else find(name, *more)

PathFinder.find_spec = without_families
import llm_intercept._startup
llm_intercept._startup.main()
"""


def test_a_python_without_an_http_library_is_told(run_python):
    """Nothing could be answered; the message says what to install."""
    done = run_python(f"import os; os.environ['LLM_INTERCEPT'] = 'mock'\n{HIDDEN}")
    assert done.returncode == 0
    assert "neither httpx, httpx2 nor urllib3 is installed here" in done.stderr
    assert "pip install 'llm-intercept-transport[httpx]'" in done.stderr


def test_another_program_of_our_name_beside_us_is_told(run_python, tmp_path):
    """Its package and command have our names."""
    (tmp_path / "llm_intercept-1.0.0.dist-info").mkdir()
    done = run_python("import sys", LLM_INTERCEPT="mock", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0
    assert "another program, llm-intercept 1.0.0, is installed here too" in done.stderr
    done = command("--version", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 0
    assert "another program, llm-intercept 1.0.0" in done.stderr


@pytest.fixture
def overwritten(tmp_path):
    """Make a package like ours over which the other program was installed: its `__init__` is that program's."""
    folder = tmp_path / "site"
    compiled = shutil.ignore_patterns("__pycache__")  # where others write and rename while this copies
    shutil.copytree(Path(llm_intercept.__file__).parent, folder / "llm_intercept", ignore=compiled)
    (folder / "llm_intercept" / "__init__.py").write_text('__version__ = "0.1.0"\n')
    (folder / "llm_intercept-1.0.0.dist-info").mkdir()
    return folder


def test_a_program_is_not_run_where_another_of_our_name_was_installed_over_us(run_python, overwritten):
    """It would call the real API; the message names both and says what to do."""
    done = run_python("print('ran')", LLM_INTERCEPT="mock", PYTHONPATH=str(overwritten))
    assert (done.returncode, done.stdout) == (2, "")
    assert "that of another program, llm-intercept 1.0.0" in done.stderr
    assert "pip uninstall llm-intercept llm-intercept-transport" in done.stderr


def test_the_command_says_that_another_program_was_installed_over_us(overwritten, tmp_path):
    """Rather than fail with an ImportError."""
    done = command("run", "--", sys.executable, "-c", "print('ran')", cwd=tmp_path, PYTHONPATH=str(overwritten))
    assert (done.returncode, done.stdout) == (2, "")
    assert "that of another program, llm-intercept 1.0.0" in done.stderr


@pytest.mark.parametrize("library", ["click", "rich"])
def test_the_command_says_which_extra_it_needs(run_python, library):
    """Its libraries are not installed with the package."""
    more = ["recordings", "check", "x"] if library == "rich" else ["--version"]
    code = f"import sys; sys.modules[{library!r}] = None; sys.argv[1:] = {more!r}; from llm_intercept.cli import main; main()"
    done = run_python(code)
    assert done.returncode == 2
    assert f"the command needs {library}. Install it: pip install 'llm-intercept-transport[cli]'" in done.stderr


# Once


def test_mock_answers_with_the_default_text_and_starting_twice_is_starting_once(run_python):
    """No code, no key, no network, in each family; a virtual environment may run the start-up line twice."""
    code = """
import site
from pathlib import Path
import llm_intercept._startup
from importlib.metadata import files
for file in files("llm-intercept-transport"):
    if file.name == "llm_intercept.pth":
        site.addsitedir(str(Path(file.locate()).parent))
llm_intercept._startup.main()
from llm_intercept.clients.activation import active
print(len(active()))
"""
    asking = "\n".join(ASK.format(family=family) for family in FAMILIES)
    done = run_python(code + asking, LLM_INTERCEPT="mock")
    assert lines(done) == ["1", *[DEFAULT_REPLY] * len(FAMILIES)]
    assert len(done.stderr.splitlines()) == 1


def test_both_start_up_files_are_installed():
    """The `.pth` line of every Python, and the `.start` file of PEP 829, name the same function."""
    installed = {file.name: Path(str(file.locate())) for file in files("llm-intercept-transport") or ()}
    line = start_up_line()
    assert line.startswith("import ")
    assert "\n" not in line
    assert installed["llm_intercept.start"].read_text().strip() == "llm_intercept._startup:main"
    assert line.endswith("_startup.main()")


# Children


CHILDREN = """
def ask():
    import child

if __name__ == "__main__":
    import multiprocessing, subprocess, sys
    subprocess.run([sys.executable, "child.py"], check=True)
    for way in ("spawn", "fork"):
        process = multiprocessing.get_context(way).Process(target=ask)
        process.start()
        process.join()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_child_processes_are_answered_too(run_python, tmp_path):
    """Whatever a program starts in this environment inherits; a block in it does not change that."""
    (tmp_path / "child.py").write_text(PROGRAM)
    done = run_python(CHILDREN, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="child")
    assert lines(done) == ["child"] * 3


@pytest.mark.parametrize(
    "flags",
    [["-I", "-c", PROGRAM], ["-m", "program"]],
)
def test_every_way_to_start_python_is_answered(tmp_path, flags):
    """By file, by -c, by -m, isolated or not."""
    (tmp_path / "program.py").write_text(PROGRAM)
    assert lines(run(sys.executable, *flags, cwd=tmp_path, LLM_INTERCEPT="mock")) == [DEFAULT_REPLY]


# With a program's own


def test_a_programs_own_block_comes_first(run_python):
    """Its rules are asked before the environment's reply, and it ends as ever."""
    code = f"""
from llm_intercept import intercept
with intercept() as llm:
    llm.on("never").reply("never")
    exec({PROGRAM!r})
    llm.on("hi").reply("from the block")
    exec({PROGRAM!r})
    print(len(llm.calls))
exec({PROGRAM!r})
"""
    done = run_python(code, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="from outside")
    assert lines(done) == ["from outside", "from the block", "2", "from outside"]


def test_what_was_not_answered_is_reported_when_the_program_ends(run_python):
    """Even if the program swallowed it; its exit code stays its own. A library that cannot be answered is stopped."""
    code = """
import httpx, urllib.request
print(httpx.get("https://api.openai.com/v1/files").status_code)
try:
    urllib.request.urlopen("https://api.openai.com/v1/models")
except Exception as error:
    print(type(error).__name__)
raise SystemExit(7)
"""
    done = run_python(code, LLM_INTERCEPT="mock")
    assert (done.returncode, done.stdout) == (7, "404\nUnseenClientError\n")
    first, *rest = done.stderr.splitlines()
    assert ": on (" in first
    assert "when the program ended, this had gone wrong" in "\n".join(rest)
    assert "  GET https://api.openai.com/v1/files" in rest
    assert done.stderr.count("http.client (urllib) was about to reach api.openai.com") == 1


def test_the_policy_of_the_environment_is_obeyed(run_python):
    """With `raise`, the client raises."""
    code = """
import httpx
try:
    httpx.get("https://api.openai.com/v1/files")
except Exception as error:
    print(type(error).__name__)
"""
    done = run_python(code, LLM_INTERCEPT="mock", LLM_INTERCEPT_UNMATCHED="raise")
    assert lines(done) == ["UnmatchedRequestError"]


# llm-intercept run


def command(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the `llm-intercept` command that is installed beside this Python."""
    return run(str(Path(sys.executable).with_name("llm-intercept")), *arguments, cwd=cwd, **variables)


@pytest.fixture
def run_here(capfd, monkeypatch, tmp_path):
    """Do `llm-intercept run` in this process, and what it starts in its own: the command takes a third of a second to start."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        for name in [name for name in os.environ if name.startswith("LLM_INTERCEPT")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        done = invoked("run", *arguments)
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, done.exit_code, out + done.stdout, err + done.stderr)

    return run


@pytest.fixture
def program(tmp_path):
    """Give a program that asks once and prints its arguments."""
    path = tmp_path / "app.py"
    path.write_text(PROGRAM + "import sys\nprint(sys.argv[1:])\nraise SystemExit(len(sys.argv) - 1)\n")
    return path


def test_run_answers_with_the_reply_given(program, tmp_path):
    """The program runs as it is, with its own arguments and exit code; a reply is any text."""
    reply = "two\nlines: 日本 'quoted'"
    words = ("--reply", reply, "--", sys.executable, str(program), "--reply", "mine")
    done = command("run", *words, cwd=tmp_path, PYTHONUTF8="1")
    assert (done.returncode, done.stdout) == (2, f"{reply}\n['--reply', 'mine']\n"), done.stderr


def test_run_passes_the_policy_on(run_here):
    """`--unmatched` is the variable of that name. A command that asks nothing is a failure, which says so."""
    code = "import os; print(os.environ['LLM_INTERCEPT'], os.environ['LLM_INTERCEPT_UNMATCHED'])"
    done = run_here("--unmatched", "warn", "--", sys.executable, "-c", code)
    assert (done.returncode, done.stdout) == (1, "mock warn\n")
    assert "nothing was intercepted: no process that is answered asked a model anything" in done.stderr


def test_run_replays_recordings_where_no_mode_is_said(run_here, tmp_path):
    """As `intercept(recordings=…)` does; else they would be ignored."""
    (tmp_path / "tape").mkdir()
    (tmp_path / "tape" / "001-post-chat-completions-0123456789ab.json").write_text("{}")
    code = "import os; print(os.environ['LLM_INTERCEPT'])"
    for more, said in (([], "replay"), (["--mode", "mock"], "mock")):
        done = run_here("--recordings", "tape", *more, "--", sys.executable, "-c", code)
        assert done.stdout == f"{said}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="has no sh")
def test_run_reaches_the_python_that_another_program_starts(run_here, program, tmp_path):
    """A shell script, say; the report of all processes has its call too."""
    done = run_here("--reply", "hi", "--report", "calls.html", "--", "sh", "-c", f'"{sys.executable}" "{program}"')
    assert lines(done) == ["hi", "[]"]
    assert f"the report of all calls is in {tmp_path / 'calls.html'}" in done.stderr
    report = report_in(tmp_path / "calls.html")
    assert [(row.answer, row.rule) for row in report.head.rows] == [("hi", "intercept('hi')")]
    assert [rule.used for rule in report.head.rules] == [1]
    assert HEARING == []


def test_run_says_at_once_that_a_report_cannot_be_written(run_here):
    done = run_here("--report", "no/calls.html", "--", sys.executable, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--report=" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="has no shebang lines")
def test_run_starts_a_script_by_its_first_line_and_answers_with_the_default_text(run_here, program, tmp_path):
    """By the Python that it names; the dashes may be left out; what the environment says is replaced."""
    script = tmp_path / "app"
    script.write_text(f"#!{sys.executable}\n{program.read_text()}")
    script.chmod(0o755)
    assert lines(run_here(str(script), LLM_INTERCEPT="off")) == [DEFAULT_REPLY, "[]"]


def test_run_refuses_a_command_that_is_not_there(run_here):
    """It says how to write it."""
    done = run_here("--reply", "hi", "no-such-command", "x")
    assert (done.returncode, done.stdout) == (127, "")
    assert "there is no command 'no-such-command'" in done.stderr
    assert "llm-intercept run -- python app.py" in done.stderr


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Path:
    """Make a Python that has no package but its own."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=sys.platform != "win32")
    return next(folder.glob("[bS]*/python*"))


def test_run_refuses_a_python_without_us(run_here, bare):
    """The program would call the real API."""
    done = run_here("--", str(bare), "-c", "print('ran')", PYTHONPATH="")
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no llm-intercept-transport installed" in done.stderr
    assert "-m pip install llm-intercept-transport" in done.stderr
    assert "write env before it" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="has no shebang lines")
def test_run_lets_a_tool_in_a_python_of_its_own_start_another(run_here, tmp_path, bare):
    """As poetry and tox do; it is heard that the other is answered. What the tool asks itself is warned of."""
    asking = f"import subprocess; subprocess.run([{sys.executable!r}, '-c', {PROGRAM!r}])"
    script = script_for(bare, tmp_path, asking)
    done = run_here("--reply", "hi", "--", str(script), PYTHONPATH="")
    assert (done.returncode, done.stdout) == (0, "hi\n"), done.stderr
    assert f"{bare}, which runs '{script}', has no llm-intercept-transport installed" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="has no sh")
def test_run_fails_where_no_python_was_answered(run_here, bare):
    """Though the command ended well: it may have asked the real API, behind a shell or a tool."""
    done = run_here("--", "sh", "-c", f'"{bare}" -c "print(1)"', PYTHONPATH="")
    assert (done.returncode, done.stdout) == (1, "1\n")
    assert "no Python that 'sh' started has said that it is answered" in done.stderr
    done = run_here("--", "sh", "-c", "exit 7")
    assert done.returncode == 7
    assert "no Python that 'sh' started" in done.stderr


def _heeds_interrupts():
    """Undo what a shell does to the programs it starts in the background: they ignore Ctrl-C, and what they start too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signals")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 9)], ids=["term", "int"]
)
def test_run_passes_signals_on_and_ends_as_its_command_does(tmp_path, number, status):
    """As if the command had its place; one that a signal ends has the status that shells give it."""
    code = "import signal, sys, time\nsignal.signal(signal.SIGINT, lambda *_: sys.exit(9))\nprint('on', flush=True)\ntime.sleep(50)"
    program = [str(Path(sys.executable).with_name("llm-intercept")), "run", "--quiet", "--", sys.executable, "-c", code]
    started = subprocess.Popen(
        program,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heeds_interrupts,  # noqa: PLW1509 - no thread runs here
    )
    with started:
        assert started.stdout is not None
        assert started.stdout.readline() == "on\n"
        started.send_signal(number)
        assert started.wait(timeout=PATIENCE) == status


def test_run_names_the_other_program_that_a_python_has_instead_of_us(run_here, tmp_path, bare):
    """On the package index it has the name that one would expect us to have."""
    (tmp_path / "llm_intercept-1.0.0.dist-info").mkdir()
    (tmp_path / "llm_intercept-1.0.0.dist-info" / "METADATA").write_text("Name: llm-intercept\nVersion: 1.0.0\n")
    done = run_here("--", str(bare), "-c", "print('ran')", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no llm-intercept-transport installed (but llm-intercept 1.0.0, which is another program)" in done.stderr


def script_for(python: Path, folder: Path, code: str) -> Path:
    """Make a script that is run by `python`."""
    script = folder / "script"
    script.write_text(f"#!{python}\n{code}\n")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("flag", ["-S", "-IS", "-Sc"])
def test_run_refuses_a_python_whose_start_up_is_off(monkeypatch, flag):
    """`-S` switches off what we stand on."""
    monkeypatch.setattr("llm_intercept.cli.run._without_us", lambda _: "")
    done = invoked("run", "--", sys.executable, flag, "print('ran')")
    assert done.exit_code == 2
    assert f"option {flag} switches off the start-up" in done.output


def invoked(*arguments: str) -> Any:
    """Run the command in this process, which does where it starts nothing."""
    from click.testing import CliRunner

    from llm_intercept.cli.app import app

    return CliRunner().invoke(app, arguments)


def test_run_refuses_an_unknown_flag_and_says_which_was_meant():
    """Rather than take it for the command."""
    done = invoked("run", "--unmatchd", "warn", "--", sys.executable)
    assert done.exit_code == 2
    assert "There is no option --unmatchd. Did you mean '--unmatched'?" in done.output


def test_run_needs_a_command():
    """A usage error says what is missing."""
    done = invoked("run", "--reply", "hi")
    assert done.exit_code == 2
    assert "Missing argument 'COMMAND...'" in done.output


def test_run_refuses_an_unknown_policy():
    """It lists the policies."""
    done = invoked("run", "--unmatched", "nonsense", "--", sys.executable)
    assert done.exit_code == 2
    assert all(choice in done.output for choice in ("error", "raise", "warn", "passthrough"))


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_command_explains_itself(flag):
    """Both words for help work, on the group and on `run`."""
    assert "run" in invoked(flag).output
    assert "--reply" in invoked("run", flag).output


def test_the_command_says_its_version(tmp_path):
    """That of the installed package."""
    assert lines(command("--version", cwd=tmp_path))[0].endswith(version("llm-intercept-transport"))
