"""The settings as pytest has them: options of its ini files, flags of its command.

Knows: pytest, the settings' table. Must not know: what a setting does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from llm_intercept.base.words import did_you_mean, nearest
from llm_intercept.errors import SettingsError
from llm_intercept.settings import BY_NAME, check_tape, said_in
from llm_intercept.settings.of_others import FLAGS, MARKER, MARKER_ADVICE
from llm_intercept.settings.pyproject import project_defaults

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from llm_intercept.settings import Setting

OURS = "--llm-"
MEANT = ("llm_intercept", "llm_live", "llm_mock")
"""Our markers, and the fixture that is taken for one."""
NEAR = 0.8
"""How like ours a name is that is meant to be one; others have names that begin as ours do."""
OF_OTHERS = frozenset({"llm_model", "llm_models"})
"""Options that are near ours and say something of their own, so they may be meant for a plugin that is not here."""
MARKERS = "Use @pytest.mark.llm_intercept(…), or llm_live for a test that asks a real model."
LIVE = "--llm-live"
REPORT, REPORT_INI = "--llm-report", "llm_report"
NOT_GIVEN: tuple[object, ...] = (None, "", [])


def add_options(parser: pytest.Parser) -> None:
    """Add an ini option and a flag for each setting; one that is not given leaves `[tool.llm_intercept]` its say."""
    group = parser.getgroup("llm-intercept", "llm-intercept: answers LLM calls at the HTTP transport")
    for setting in said_in("pytest"):
        what = f"{setting.help}: {setting.kind.expected}"
        parser.addini(setting.ini, what, type=setting.kind.ini, default=None)
        group.addoption(setting.pytest_flag, metavar="VALUE", help=f"whatever markers and ini say: {what}")
    what = "one page that shows all calls of the run: the path of an HTML file"
    parser.addini(REPORT_INI, f"{what}, from the rootdir", default="")
    group.addoption(REPORT, metavar="FILE", help=what)
    group.addoption(LIVE, action="store_true", help="run the tests marked llm_live too, and let them ask real models")


def report_file(config: pytest.Config) -> Path | None:
    """Return where the report of the run goes; None if none is asked for."""
    flag: str | None = config.getoption(REPORT)
    ini: str = config.getini(REPORT_INI)
    if flag:
        return config.invocation_params.dir / flag
    return config.rootpath / ini if ini else None


def refuse_flags_of_others(parser: pytest.Parser, args: Sequence[str]) -> None:
    """Say which flag of ours is meant by one that pytest does not know: pytest-recording's, or misspelt."""
    if not any(arg.startswith(OURS) or arg.partition("=")[0] in FLAGS for arg in args):
        return
    for arg in parser.parse_known_and_unknown_args(args)[1]:
        flag = arg.partition("=")[0]
        if flag in FLAGS:
            raise pytest.UsageError(f"llm-intercept: no plugin that has {flag} is installed. Ours is {FLAGS[flag]}.")
        if flag.startswith(OURS):
            raise pytest.UsageError(f"llm-intercept: there is no flag {flag}. {did_you_mean(flag, _flags())}")


def refuse_misspelt_option(warning: str) -> None:
    """Say which option of ours is meant by one of the ini file, of which pytest only warns that nobody has it.

    Raises:
        pytest.UsageError: The warning is of one that is nearly one of ours.

    """
    _, _, name = warning.strip().partition("Unknown config option: ")
    near = nearest(name.replace("-", "_"), _options(), NEAR)
    if near is not None and name not in OF_OTHERS:
        raise pytest.UsageError(f"llm-intercept: there is no option {name}. Did you mean {near!r}?")


def _flags() -> list[str]:
    return [*(setting.pytest_flag for setting in said_in("pytest")), REPORT, LIVE]


def _options() -> list[str]:
    return [*(setting.ini for setting in said_in("pytest")), REPORT_INI]


def check_markers(node: pytest.Item) -> None:
    """Raise `SettingsError` if a test has a marker of pytest-recording's, which nobody obeys."""
    known = {one.partition(":")[0].partition("(")[0].strip() for one in node.config.getini("markers")}
    if node.get_closest_marker(MARKER) is not None and MARKER not in known:
        raise SettingsError(f"@pytest.mark.{MARKER}", node.name, advice=f"{MARKER_ADVICE}.")


def misspelt_marker(node: pytest.Item) -> str:
    """Say which markers there are, if a test has one near ours that nobody has registered; else empty."""
    for name in dict.fromkeys(marker.name for marker in node.iter_markers()):
        if nearest(name, MEANT, NEAR) is not None and name not in _registered(node.config):
            return f"@pytest.mark.{name}: there is no such marker. {MARKERS}"
    return ""


def _registered(config: pytest.Config) -> set[str]:
    return {re.split(r"[:(]", line, maxsplit=1)[0].strip() for line in config.getini("markers")}


def from_ini(config: pytest.Config) -> dict[str, Any]:
    """Return the settings that the ini file gives, paths from the rootdir; raises `SettingsError`."""
    return {setting.name: value for setting, value in _given_in_ini(config)}


def from_flags(config: pytest.Config, flags: Namespace | None = None) -> dict[str, Any]:
    """Return the settings that flags give, paths from the folder pytest was started in; raises `SettingsError`.

    Args:
        config: Pytest's.
        flags: What is known of them before pytest has read them all.

    """
    folder = str(config.invocation_params.dir)
    given = ((setting, getattr(flags or config.option, setting.ini)) for setting in said_in("pytest"))
    return {
        setting.name: setting.kind.check(setting.pytest_flag, _value(setting, text, folder))
        for setting, text in given
        if text is not None
    }


def arguments_among(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that are arguments of `intercept(…)`."""
    return {name: value for name, value in settings.items() if BY_NAME[name].is_argument}


def for_the_run(config: pytest.Config, flags: Namespace | None = None) -> dict[str, Any]:
    """Return the settings that are not a test's own, those of flags before ini and table; see `from_flags`."""
    return {**project_defaults(), **from_ini(config), **from_flags(config, flags)}


def check_tapes(session: pytest.Session) -> None:
    """Raise `SettingsError` if a flag asks for a mode that needs a tape, and nobody names one."""
    settings = for_the_run(session.config)
    flag = BY_NAME["mode"].pytest_flag
    if "mode" in from_flags(session.config) and not any(_names_a_tape(item) for item in session.items):
        check_tape(
            settings["mode"],
            settings.get("recordings"),
            f"{flag} {settings['mode']}: {BY_NAME['recordings'].pytest_flag}",
        )


def _names_a_tape(item: pytest.Item) -> bool:
    return any("recordings" in marker.kwargs for marker in item.iter_markers("llm_intercept"))


def _given_in_ini(config: pytest.Config) -> Iterator[tuple[Setting, Any]]:
    for setting in said_in("pytest"):
        given = config.getini(setting.ini)
        if given not in NOT_GIVEN:
            yield setting, setting.kind.check(setting.ini, _value(setting, given, str(config.rootpath)))


def _value(setting: Setting, given: Any, folder: str) -> Any:
    return setting.kind.seen_from(folder, setting.kind.read(given) if isinstance(given, str) else given)
