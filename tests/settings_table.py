"""The page of settings, `docs/settings.md`, as the table in `llm_intercept.settings` has them.

`python tests/settings_table.py` writes it; `test_settings.py` checks that it is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.settings import SETTINGS, Setting
from llm_intercept.settings.environment import PLAYED, TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"
HEAD = """# Settings

<!-- Written by `python tests/settings_table.py` from the table in `llm_intercept.settings`. -->

Every setting is one thing with one name, and can be said in Python, in pyproject.toml, in the environment, as a flag, and to pytest. For
`unmatched`:

| where | how |
|---|---|
| in Python | `intercept(unmatched="warn")`; the same of `Interceptor`, `InterceptTransport`, `wrap`, `@pytest.mark.llm_intercept` |
| in pyproject.toml | `unmatched = "warn"` in `[tool.llm_intercept]`: the defaults of a project |
| for a whole program | `LLM_INTERCEPT=mock LLM_INTERCEPT_UNMATCHED=warn python app.py`; `LLM_INTERCEPT` says the mode and switches it on |
| with the command | `llm-intercept run --unmatched warn -- python app.py`; `serve` takes the same flags but `--quiet` |
| in pytest's ini file | `llm_unmatched = warn`, for the fixtures and markers |
| as a flag of pytest | `pytest --llm-unmatched warn` |

What is nearer counts: an argument before a project's default. In pytest a flag comes before the marker, the marker before the
ini option. Paths are from where they are written: the current folder, that of pyproject.toml, the rootdir. A name that no
setting has is an error that says which was meant.

"""
NOTES = """
- `reply` is the first argument in Python, without a name. `scope` is one of `intercept` and of the marker alone.
- `recordings=` where nobody says a mode is a replay, which plays what is there and asks nothing of the network. In
  pyproject.toml it only says where the tape is, for those who say a mode.
- Where text says a truth value: `true`, `1`, `yes`, `on`, or `false`, `0`, `no`, `off`. A list has commas: `a,b`.
"""
OTHERS = f"""
Two variables are no settings:

| variable | |
|---|---|
| `{PLAYED}` | a file that the names of played takes are added to, for `llm-intercept recordings prune --played` |
| `{TOKEN}` | what the control of `llm-intercept serve` asks for, as `--token` |
"""


def page() -> str:
    """Write the page."""
    what = _table(("setting", "what it is", "what it may be", "default"), map(_explained, SETTINGS))
    heads = ("setting", "argument", "pyproject.toml", "variable", "`run`, `serve`", "pytest's ini", "flag of pytest")
    where = _table(heads, map(_said, SETTINGS))
    return f"{HEAD}## What each is\n\n{what}{NOTES}\n## Where each can be said\n\n{where}{OTHERS}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = tuple(heads)
    lines = (names, ("---",) * len(names), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def _explained(setting: Setting) -> Iterable[str]:
    return f"`{setting.name}`", setting.help, setting.kind.expected, _default(setting)


def _default(setting: Setting) -> str:
    return "" if setting.default in (None, ()) else f"`{setting.default!r}`"


def _said(setting: Setting) -> Iterable[str]:
    """Name a setting in each place, or leave the cell empty."""
    places = {
        "pyproject": (setting.name,),
        "environment": (setting.variable,),
        "run": (setting.flag,),
        "pytest": (setting.ini, setting.pytest_flag),
    }
    argument = f"`{setting.name}=`" if setting.is_argument else ""
    told = (f"`{name}`" if place in setting.places else "" for place, names in places.items() for name in names)
    return f"`{setting.name}`", argument, *told


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
