"""The table of settings: what a value may be, how it is said in each place, and a name that none has."""

from __future__ import annotations

from typing import Any

import pytest

from llm_intercept import Interceptor, InterceptTransport, LLMInterceptError, Pace, Recordings, intercept, wrap
from llm_intercept.errors import SettingsError, UnknownSettingError
from llm_intercept.interceptor.its_options import Options
from llm_intercept.settings import ARGUMENTS, BY_NAME, SETTINGS, said_in
from llm_intercept.settings.arguments import chosen
from llm_intercept.settings.environment import from_environment
from tests.settings_table import PAGE, page

WAYS_IN = {
    "intercept": intercept,
    "Interceptor": Interceptor,
    "InterceptTransport": InterceptTransport,
    "wrap": lambda *given, **options: wrap(object(), *given, **options),
}


def test_the_typed_arguments_are_the_tables():
    """Type checkers and the table speak of the same settings; the scope is a block's."""
    assert set(Options.__annotations__) | {"scope"} == set(ARGUMENTS)


def test_the_page_of_settings_is_written():
    """`python tests/settings_table.py` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("way", WAYS_IN)
def test_a_misspelt_argument_is_told_with_the_one_that_was_meant(way):
    """In every way in; it is a TypeError, as of any function, and one of ours."""
    with pytest.raises(TypeError, match=r"^unmached='raise' cannot be used.*Did you mean 'unmatched'\?$") as raised:
        WAYS_IN[way]("hi", unmached="raise")
    assert isinstance(raised.value, UnknownSettingError | LLMInterceptError)


def test_an_argument_like_none_is_told_with_all_there_are():
    """So that the right one can be picked."""
    with pytest.raises(UnknownSettingError) as raised:
        Interceptor(qqq=1)
    assert all(repr(name) in str(raised.value) for name in ARGUMENTS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("ignore", r"It is the tape's: recordings=Recordings\('folder', ignore=…\)\."),
        ("match", r"but what the tape ignores: recordings=Recordings\('folder', ignore='\$\.temperature'\)\."),
        ("response", r"The reply is the first argument, without a name\."),
        ("reply", r"The reply is the first argument, without a name\."),
    ],
)
def test_what_is_said_elsewhere_is_told_where(name, told):
    """The nearest name would be wrong advice."""
    with pytest.raises(UnknownSettingError, match=told):
        intercept(**{name: "x"})


def test_a_tape_without_a_mode_is_replayed(tmp_path, monkeypatch):
    """An argument does something; a mode said anywhere holds, and a project's tape is only where it would be."""
    tape = str(tmp_path / "tape")
    assert chosen({"recordings": tape})["mode"] == "replay"
    assert chosen({"recordings": Recordings(tape)})["mode"] == "replay"
    assert chosen({"recordings": tape, "mode": "mock"})["mode"] == "mock"
    assert chosen({})["mode"] == "mock"
    for name, table in {"tape": 'recordings = "tape"', "mode": 'mode = "auto"\nrecordings = "here"'}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(f"[tool.llm_intercept]\n{table}\n")
    monkeypatch.chdir(tmp_path / "tape")
    unsaid = {"recordings": None, "mode_from": None}
    assert chosen({}) | unsaid == chosen({"mode": "mock"}) | unsaid
    assert chosen({})["recordings"].endswith("tape")
    monkeypatch.chdir(tmp_path / "mode")
    assert chosen({"recordings": tape})["mode"] == "auto"


def test_only_a_block_has_a_scope():
    """The message says who takes it."""
    with pytest.raises(SettingsError, match=r"scope='context' cannot be used. Use it in intercept"):
        Interceptor(scope="context")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_default_may_be_given(setting):
    """It is none, or what the setting may be."""
    if setting.default is not None:
        assert setting.kind.check(setting.name, setting.default) == setting.default


USABLE: list[tuple[str, Any]] = [
    ("recordings", Recordings("tape")),
    ("replay_speed", "recorded"),
    ("replay_speed", 0),
    ("rules", [lambda llm: None]),
    ("max_age", 0.5),
    ("passthrough", "api.mistral.ai"),
    ("passthrough", {"a", "b"}),
    ("time_scale", 0.5),
    ("pace", Pace(ttft=1)),
]
UNUSABLE: list[tuple[str, Any]] = [
    ("recordings", 3),
    ("recordings", ""),
    ("replay_speed", "slow"),
    ("replay_speed", -1),
    ("replay_speed", True),
    ("replay_speed", Pace()),
    ("max_age", "90d"),
    ("max_age", -1),
    ("old_takes", True),
    ("all_played", 1),
    ("rules", 3),
    ("rules", [3]),
    ("rules", "nowhere.toml"),
    ("rules", "rules.yaml"),
    ("passthrough", 3),
    ("passthrough", [" "]),
    ("seed", 1.0),
    ("seed", True),
    ("tokenizer", "gpt-4o"),
    ("log", 3),
    ("all_used", 1),
    ("time_scale", "fast"),
    ("time_scale", float("nan")),
    ("pace", 0.5),
    ("pace", "recorded"),
]


@pytest.mark.parametrize(("name", "value"), USABLE)
def test_a_value_that_can_be_used_is_kept(name, value):
    """It is what the interceptor gets."""
    assert chosen({name: value})[name] is value


@pytest.mark.parametrize(("name", "value"), UNUSABLE)
def test_a_value_that_cannot_be_used_is_refused_and_told(name, value):
    """The message has the setting and the value; `None` would be as if it were not given."""
    with pytest.raises(SettingsError, match=rf"^{name}=.* cannot be used. Use .*"):
        chosen({name: value})
    assert chosen({name: None})[name] == BY_NAME[name].default


# The environment


def read(**variables: str) -> Any:
    """Read an environment that switches us on."""
    return from_environment({"PATH": "x", "LLM_INTERCEPT": "mock", **variables})


@pytest.mark.parametrize("value", ["", "0", "off", "false", "OFF", " False ", "  "])
def test_an_environment_that_is_off_asks_for_nothing(value):
    """Whatever else it says."""
    assert from_environment({"LLM_INTERCEPT": value, "LLM_INTERCEPT_UNMATCHED": "nonsense"}) is None
    assert from_environment({}) is None


@pytest.mark.parametrize("value", ["mock", "MOCK", " mock "])
def test_a_mode_is_read_whatever_its_case(value):
    """As with the ways to say off."""
    assert from_environment({"LLM_INTERCEPT": value}) == {"mode": "mock"}


def test_text_becomes_what_the_setting_is(tmp_path, monkeypatch):
    """Numbers are numbers, several names several, paths are from the current folder; an empty reply is a reply."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.toml").touch()
    assert read(
        LLM_INTERCEPT_REPLY="",
        LLM_INTERCEPT_RULES="r.toml",
        LLM_INTERCEPT_SEED="7",
        LLM_INTERCEPT_TIME_SCALE="0",
        LLM_INTERCEPT_REPLAY_SPEED="2",
        LLM_INTERCEPT_PASSTHROUGH="api.mistral.ai, mistral-*",
        LLM_INTERCEPT_RECORDINGS="s3://bucket/tape",
        LLM_INTERCEPT_UNMATCHED="",
    ) == {
        "mode": "mock",
        "reply": "",
        "rules": str(tmp_path / "r.toml"),
        "seed": 7,
        "time_scale": 0.0,
        "replay_speed": 2.0,
        "passthrough": ["api.mistral.ai", "mistral-*"],
        "recordings": "s3://bucket/tape",
    }


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("LLM_INTERCEPT", "nonsense", "one of 'mock', 'replay', 'record', 'auto', 'block', 'off'"),
        ("LLM_INTERCEPT", "replay", "LLM_INTERCEPT_RECORDINGS=None cannot be used. Use a folder"),
        ("LLM_INTERCEPT_UNMATCHED", "nonsense", "'passthrough'"),
        ("LLM_INTERCEPT_SEED", "seven", "an int"),
        ("LLM_INTERCEPT_TIME_SCALE", "slow", "a number"),
        ("LLM_INTERCEPT_RULES", "nowhere.toml", "the path of a file"),
    ],
)
def test_a_variable_that_cannot_be_used_is_told_by_its_name(variable, value, told):
    """With what it may be."""
    with pytest.raises(SettingsError, match=told) as raised:
        from_environment({"LLM_INTERCEPT": "mock", variable: value})
    assert str(raised.value).startswith((f"{variable}={value!r}", "LLM_INTERCEPT_RECORDINGS"))


def test_a_misspelt_variable_is_told_with_the_one_that_was_meant():
    """Rather than passed over: the program would be answered by other rules than those meant."""
    with pytest.raises(UnknownSettingError, match="Did you mean 'LLM_INTERCEPT_RULES'"):
        read(LLM_INTERCEPT_RULE="r.toml")


@pytest.mark.parametrize(
    "variable", ["LLM_INTERCEPT_PLAYED", "LLM_INTERCEPT_REKEY", "LLM_INTERCEPT_HEARD", "LLM_INTERCEPT_REPORT_PARTS"]
)
def test_the_commands_own_variables_are_no_settings(variable):
    """`llm-intercept run` and `llm-intercept recordings` set them."""
    assert read(**{variable: "x"}) == {"mode": "mock"}


def test_every_setting_that_a_program_can_be_given_has_a_variable_and_a_flag():
    """Of the same name, so that one follows from the other."""
    assert said_in("environment") == said_in("run")
    assert [(one.variable, one.flag) for one in said_in("run")][:2] == [
        ("LLM_INTERCEPT", "--mode"),
        ("LLM_INTERCEPT_REPLY", "--reply"),
    ]
