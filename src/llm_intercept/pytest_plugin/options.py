"""The settings as pytest has them: options of its ini files, flags of its command.

Knows: pytest, the settings' table. Must not know: what a setting does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.settings import said_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from llm_intercept.settings import Setting

NOT_GIVEN: tuple[object, ...] = (None, "", [])


def add_options(parser: pytest.Parser) -> None:
    """Add an ini option and a flag for each setting; one that is not given leaves `[tool.llm_intercept]` its say."""
    group = parser.getgroup("llm-intercept", "llm-intercept: answers LLM calls at the HTTP transport")
    for setting in said_in("pytest"):
        what = f"{setting.help}: {setting.kind.expected}"
        parser.addini(setting.ini, what, type=setting.kind.ini, default=None)
        group.addoption(setting.pytest_flag, metavar="VALUE", help=f"of llm_mock, whatever markers and ini say: {what}")


def from_ini(config: pytest.Config) -> dict[str, Any]:
    """Return the settings that the ini file gives, paths from the rootdir; raises `SettingsError`."""
    return {setting.name: value for setting, value in _given_in_ini(config)}


def from_flags(config: pytest.Config) -> dict[str, Any]:
    """Return the settings that flags give, paths from the folder pytest was started in; raises `SettingsError`."""
    folder = str(config.invocation_params.dir)
    given = ((setting, config.getoption(setting.ini)) for setting in said_in("pytest"))
    return {
        setting.name: setting.kind.check(setting.pytest_flag, _value(setting, text, folder))
        for setting, text in given
        if text is not None
    }


def _given_in_ini(config: pytest.Config) -> Iterator[tuple[Setting, Any]]:
    for setting in said_in("pytest"):
        given = config.getini(setting.ini)
        if given not in NOT_GIVEN:
            yield setting, setting.kind.check(setting.ini, _value(setting, given, str(config.rootpath)))


def _value(setting: Setting, given: Any, folder: str) -> Any:
    return setting.kind.seen_from(folder, setting.kind.read(given) if isinstance(given, str) else given)
