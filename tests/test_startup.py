"""With `LLM_INTERCEPT` set, a program that knows nothing of us is answered from its first request on; unset, it costs nothing.

Needs pytest and the installed package alone, so that it can be run against a wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from importlib.metadata import files, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import llm_intercept
from llm_intercept.settings import DEFAULT_REPLY

FAMILIES = [name for name in ("httpx", "httpx2") if find_spec(name)]
ASK = """
import {family} as http
body = {{"model": "gpt-4o", "messages": [{{"role": "user", "content": "hi"}}]}}
answer = http.post("https://api.openai.com/v1/chat/completions", json=body)
print(answer.json()["choices"][0]["message"]["content"])
"""
PROGRAM = ASK.format(family="httpx")
MODULES = "import sys; print(*sorted(name for name in sys.modules if name.partition('.')[0] in {names!r}))"
OFF = ["", " False "]


def run(*command: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run any command in an environment without our variables but those given."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LLM_INTERCEPT")}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, cwd=cwd, env={**environment, **variables}, check=False
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


@pytest.mark.parametrize("value", OFF)
def test_every_way_to_say_off_imports_nothing_of_ours(run_python, value):
    """By the line in the `.pth` file, before anything is imported; test_settings has the other words. Nothing is said."""
    done = run_python(MODULES.format(names={"llm_intercept"}), LLM_INTERCEPT=value)
    assert lines(done) == [""]
    assert done.stderr == ""


def test_the_other_variables_alone_do_nothing(run_python):
    """A reply without a mode is not a request to answer."""
    done = run_python(
        MODULES.format(names={"llm_intercept"}), LLM_INTERCEPT_REPLY="hi", LLM_INTERCEPT_UNMATCHED="nonsense"
    )
    assert (lines(done), done.stderr) == ([""], "")


# On


@pytest.mark.parametrize("family", FAMILIES)
def test_mock_answers_with_the_default_text(run_python, family):
    """No code, no key, no network."""
    assert lines(run_python(ASK.format(family=family), LLM_INTERCEPT="mock")) == [DEFAULT_REPLY]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("reply", ["hi", "", "two\nlines", "日本 'quoted'"])
def test_mock_answers_with_the_reply_given(run_python, family, reply):
    """`LLM_INTERCEPT_REPLY` is the text of every answer, an empty one too."""
    done = run_python(ASK.format(family=family), LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY=reply, PYTHONUTF8="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == reply + "\n"


@pytest.mark.skipif(not find_spec("openai"), reason="needs openai")
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


def test_neither_httpx_nor_pydantic_is_loaded_when_the_program_starts(run_python):
    """Being active costs no import of theirs before the program wants them."""
    names = {"httpx", "httpx2", "httpcore", "httpcore2", "pydantic", "pydantic_core", "click", "rich", "asyncio"}
    assert lines(run_python(MODULES.format(names=names), LLM_INTERCEPT="mock")) == [""]


def test_a_program_without_requests_never_loads_the_engine(run_python):
    """Nor at its end."""
    code = "import atexit, sys\natexit.register(lambda: print('pydantic' in sys.modules))"
    assert lines(run_python(code, LLM_INTERCEPT="mock")) == ["False"]


def test_one_line_on_stderr_says_that_it_is_active(run_python):
    """Version, mode and answer, and nothing more when all goes well."""
    done = run_python(PROGRAM, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="hi")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"llm-intercept {version('llm-intercept-transport')}: on (LLM_INTERCEPT=mock)")
    assert line.endswith("'hi'")


def test_a_long_reply_is_cut_on_that_line(run_python):
    """The line stays a line."""
    done = run_python("", LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="long\n" * 100)
    (line,) = done.stderr.splitlines()
    assert len(line) < 200


# Values that cannot be used


@pytest.mark.parametrize("value", ["nonsense", "on"])
def test_an_unknown_value_stops_the_program_and_lists_the_values(run_python, value):
    """Exit 2 before the program's first line; guessing could reach a paid API."""
    done = run_python("print('ran')", LLM_INTERCEPT=value)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"LLM_INTERCEPT={value!r} cannot be used" in line
    assert all(repr(choice) in line for choice in ("mock", "off", "0", "false"))


def test_an_unknown_policy_stops_the_program_and_lists_the_policies(run_python):
    """The other variables are checked as well."""
    done = run_python("print('ran')", LLM_INTERCEPT="mock", LLM_INTERCEPT_UNMATCHED="nonsense")
    assert (done.returncode, done.stdout) == (2, "")
    assert "LLM_INTERCEPT_UNMATCHED='nonsense'" in done.stderr
    assert all(repr(choice) in done.stderr for choice in ("error", "raise", "warn", "passthrough"))


def test_a_misspelt_variable_stops_the_program_and_says_which_was_meant(run_python):
    """Passed over, it would let the program ask for other answers than were meant."""
    done = run_python("print('ran')", LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLAY="hi")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'LLM_INTERCEPT_REPLY'?" in done.stderr


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
    return None if name in ("httpx", "httpx2") else find(name, *more)

PathFinder.find_spec = without_families
import llm_intercept._startup
llm_intercept._startup.main()
"""


def test_a_python_without_an_http_library_is_told(run_python):
    """Nothing could be answered; the message says what to install."""
    done = run_python(f"import os; os.environ['LLM_INTERCEPT'] = 'mock'\n{HIDDEN}")
    assert done.returncode == 0
    assert "neither httpx nor httpx2 is installed here" in done.stderr
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
    shutil.copytree(Path(llm_intercept.__file__).parent, folder / "llm_intercept")
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
    assert (done.returncode, done.stdout) == (1, "")
    assert "that of another program, llm-intercept 1.0.0" in done.stderr


@pytest.mark.parametrize("library", ["click", "rich"])
def test_the_command_says_which_extra_it_needs(run_python, library):
    """Its libraries are not installed with the package."""
    more = ["recordings", "ls", "x"] if library == "rich" else ["--version"]
    code = f"import sys; sys.modules[{library!r}] = None; sys.argv[1:] = {more!r}; from llm_intercept.cli import main; main()"
    done = run_python(code)
    assert done.returncode == 1
    assert f"the command needs {library}. Install it: pip install 'llm-intercept-transport[cli]'" in done.stderr


# Once


def test_starting_twice_is_starting_once(run_python):
    """A virtual environment may run the start-up line twice."""
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
    done = run_python(code + PROGRAM, LLM_INTERCEPT="mock")
    assert lines(done) == ["1", DEFAULT_REPLY]
    assert len(done.stderr.splitlines()) == 1


def test_both_start_up_files_are_installed():
    """The `.pth` line of every Python, and the `.start` file of PEP 829, name the same function."""
    installed = {file.name: Path(str(file.locate())) for file in files("llm-intercept-transport") or ()}
    line = installed["llm_intercept.pth"].read_text().strip()
    assert line.startswith("import ")
    assert "\n" not in line
    assert installed["llm_intercept.start"].read_text().strip() == "llm_intercept._startup:main"
    assert line.endswith("_startup.main()")


# Children


CHILDREN = {
    "subprocess": "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], check=True)",
    "spawn": "import multiprocessing; p = multiprocessing.get_context('spawn').Process(target=ask); p.start(); p.join()",
    "fork": "import multiprocessing; p = multiprocessing.get_context('fork').Process(target=ask); p.start(); p.join()",
}


@pytest.mark.parametrize("way", CHILDREN)
@pytest.mark.skipif(sys.platform == "win32", reason="has no fork")
def test_child_processes_are_answered_too(run_python, tmp_path, way):
    """Whatever a program starts in this environment inherits."""
    (tmp_path / "child.py").write_text(PROGRAM)
    code = f"def ask():\n    import child\n\nif __name__ == '__main__':\n    {CHILDREN[way]}\n"
    done = run_python(code, LLM_INTERCEPT="mock", LLM_INTERCEPT_REPLY="child")
    assert lines(done) == ["child"]


@pytest.mark.parametrize(
    "flags", [["-c", PROGRAM], ["-I", "-c", PROGRAM], ["-E", "-s", "-c", PROGRAM], ["-m", "program"]]
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
    """Even if the program swallowed it; its exit code stays its own."""
    code = """
import httpx
print(httpx.get("https://api.openai.com/v1/files").status_code)
raise SystemExit(7)
"""
    done = run_python(code, LLM_INTERCEPT="mock")
    assert (done.returncode, done.stdout) == (7, "404\n")
    first, *rest = done.stderr.splitlines()
    assert ": on (" in first
    assert "when the program ended, this had gone wrong" in "\n".join(rest)
    assert "  GET https://api.openai.com/v1/files" in rest


def test_a_library_that_cannot_be_answered_is_stopped_and_reported(run_python):
    """urllib on its way to a known host raises, and is reported at the end."""
    code = """
import urllib.request
try:
    urllib.request.urlopen("https://api.openai.com/v1/models")
except Exception as error:
    print(type(error).__name__)
"""
    done = run_python(code, LLM_INTERCEPT="mock")
    assert lines(done) == ["UnseenClientError"]
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
def program(tmp_path):
    """Give a program that asks once and prints its arguments."""
    path = tmp_path / "app.py"
    path.write_text(PROGRAM + "import sys\nprint(sys.argv[1:])\nraise SystemExit(len(sys.argv) - 1)\n")
    return path


def test_run_answers_with_the_reply_given(program, tmp_path):
    """The program runs as it is, with its own arguments and exit code."""
    done = command("run", "--reply", "hi there", "--", sys.executable, str(program), "--reply", "mine", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "hi there\n['--reply', 'mine']\n"), done.stderr


def test_run_answers_with_the_default_text(program, tmp_path):
    """Without `--reply`; the dashes may be left out; what the environment says is replaced."""
    done = command("run", sys.executable, str(program), cwd=tmp_path, LLM_INTERCEPT="off")
    assert (done.returncode, done.stdout) == (0, f"{DEFAULT_REPLY}\n[]\n"), done.stderr


def test_run_passes_the_policy_on(tmp_path):
    """`--unmatched` is the variable of that name."""
    code = "import os; print(os.environ['LLM_INTERCEPT'], os.environ['LLM_INTERCEPT_UNMATCHED'])"
    done = command("run", "--unmatched", "warn", "--", sys.executable, "-c", code, cwd=tmp_path)
    assert lines(done) == ["mock warn"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no sh")
def test_run_reaches_the_python_that_another_program_starts(program, tmp_path):
    """A shell script, say."""
    done = command("run", "--reply", "hi", "--", "sh", "-c", f'"{sys.executable}" "{program}"', cwd=tmp_path)
    assert lines(done) == ["hi", "[]"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no shebang lines")
def test_run_starts_a_script_by_its_first_line(program, tmp_path):
    """A script with a shebang is run by the Python it names."""
    script = tmp_path / "app"
    script.write_text(f"#!{sys.executable}\n{program.read_text()}")
    script.chmod(0o755)
    assert lines(command("run", "--reply", "hi", str(script), cwd=tmp_path)) == ["hi", "[]"]


def test_run_refuses_a_command_that_is_not_there(tmp_path):
    """It says how to write it."""
    done = command("run", "--reply", "hi", "no-such-command", "x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no command 'no-such-command'" in done.stderr
    assert "llm-intercept run -- python app.py" in done.stderr


def test_run_refuses_a_python_without_us(tmp_path):
    """The program would call the real API."""
    venv.create(tmp_path / "bare", with_pip=False, symlinks=sys.platform != "win32")
    python = next((tmp_path / "bare").glob("[bS]*/python*"))
    for started in ([str(python), "-c", "print('ran')"], [str(script_for(python, tmp_path))]):
        done = command("run", "--", *started, cwd=tmp_path, PYTHONPATH="")
        assert (done.returncode, done.stdout) == (1, "")
        assert "has no llm-intercept-transport installed" in done.stderr
        assert "-m pip install llm-intercept-transport" in done.stderr


def test_run_names_the_other_program_that_a_python_has_instead_of_us(tmp_path):
    """On the package index it has the name that one would expect us to have."""
    venv.create(tmp_path / "bare", with_pip=False, symlinks=sys.platform != "win32")
    python = next((tmp_path / "bare").glob("[bS]*/python*"))
    site = next((tmp_path / "bare").glob("[lL]ib/**/site-packages"))
    (site / "llm_intercept-1.0.0.dist-info").mkdir()
    (site / "llm_intercept-1.0.0.dist-info" / "METADATA").write_text("Name: llm-intercept\nVersion: 1.0.0\n")
    done = command("run", "--", str(python), "-c", "print('ran')", cwd=tmp_path, PYTHONPATH="")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no llm-intercept-transport installed (but llm-intercept 1.0.0, which is another program)" in done.stderr


def script_for(python: Path, folder: Path) -> Path:
    """Make a script that is run by `python`."""
    script = folder / "script"
    script.write_text(f"#!{python}\nprint('ran')\n")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize("flag", ["-S", "-IS", "-Sc"])
def test_run_refuses_a_python_whose_start_up_is_off(tmp_path, flag):
    """`-S` switches off what we stand on."""
    done = command("run", "--", sys.executable, flag, "print('ran')", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"option {flag} switches off the start-up" in done.stderr


def test_run_refuses_an_unknown_flag_and_says_which_was_meant(tmp_path):
    """Rather than take it for the command."""
    done = command("run", "--unmatchd", "warn", "--", sys.executable, cwd=tmp_path)
    assert done.returncode == 2
    assert "There is no option --unmatchd. Did you mean '--unmatched'?" in done.stderr


def test_run_needs_a_command(tmp_path):
    """A usage error says what is missing."""
    done = command("run", "--reply", "hi", cwd=tmp_path)
    assert done.returncode == 2
    assert "Missing argument 'COMMAND...'" in done.stderr


def test_run_refuses_an_unknown_policy(tmp_path):
    """It lists the policies."""
    done = command("run", "--unmatched", "nonsense", "--", sys.executable, cwd=tmp_path)
    assert done.returncode == 2
    assert all(choice in done.stderr for choice in ("error", "raise", "warn", "passthrough"))


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_command_explains_itself(tmp_path, flag):
    """Both words for help work, on the group and on `run`."""
    assert "run" in lines(command(flag, cwd=tmp_path))[-1]
    assert "--reply" in command("run", flag, cwd=tmp_path).stdout


def test_the_command_says_its_version(tmp_path):
    """That of the installed package."""
    assert lines(command("--version", cwd=tmp_path))[0].endswith(version("llm-intercept-transport"))
