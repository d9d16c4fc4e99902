"""The page of settings, `docs/settings.md`, as the table in `llm_intercept.settings` has them.

`python tests/settings_table.py` writes it; `test_settings.py` checks that it is written.
"""

from __future__ import annotations

from pathlib import Path

from llm_intercept.settings import SETTINGS, Setting

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
HEAD = """# Settings

Written by `python tests/settings_table.py` from the table in `llm_intercept.settings`.

Each is an argument of `intercept`, `Interceptor`, `InterceptTransport`, `wrap` and the pytest marker (`scope` of
`intercept` and the marker alone; `reply` is the first argument, without a name; `quiet` and `block` are no arguments), and can be said in the places
named here. What is nearer counts: an argument before a project's default. In pytest a flag comes before the marker, the
marker before the ini option. Paths are from where they are written: the current folder, that of pyproject.toml, the
rootdir. A name that no setting has is an error that says which was meant.

- `[tool.llm_intercept]` in pyproject.toml gives the defaults of a project.
- `recordings=` where nobody says a mode is a replay, which plays what is there and asks nothing of the network. In
  pyproject.toml it only says where the tape is, for those who say a mode.
- The environment and `llm-intercept run` are for a whole program; `LLM_INTERCEPT` switches it on.
- pytest's ini options and flags are for the fixture `llm_mock`.
"""


def page() -> str:
    """Write the page."""
    rows = "\n".join(map(_row, SETTINGS))
    return (
        f"{HEAD}\n| setting | what it is | what it may be | default | also said as |\n|---|---|---|---|---|\n{rows}\n"
    )


def _row(setting: Setting) -> str:
    cells = (f"`{setting.name}`", setting.help, setting.kind.expected, _default(setting), _names(setting))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(setting: Setting) -> str:
    return "" if setting.default in (None, ()) else f"`{setting.default!r}`"


def _names(setting: Setting) -> str:
    places = {
        "pyproject": (f"{setting.name} in pyproject.toml",),
        "environment": (setting.variable,),
        "run": (f"run {setting.flag}",),
        "pytest": (setting.ini, f"pytest {setting.pytest_flag}"),
    }
    return ", ".join(f"`{name}`" for place, names in places.items() if place in setting.places for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
