"""Writes `src/llm_intercept/base/known_hosts.py`: the hosts that serve models, from packages and from `hosts.toml`.

    python -m venv /tmp/hosts && /tmp/hosts/bin/pip install $(python tools/hosts.py --packages)
    /tmp/hosts/bin/python tools/hosts.py

What a package's code names as the host of a URL is taken for one that serves models, unless `hosts.toml` says that
it does not: a provider that is new in a package is stopped before anybody has looked at it. Run it by a Python that
has the packages; it prints what `hosts.toml` does not decide.
"""

from __future__ import annotations

import ast
import json
import re
import sys
import textwrap
import tomllib
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).parent
TARGET = HERE.parent / "src" / "llm_intercept" / "base" / "known_hosts.py"
URL = re.compile(r"(?:https|wss)://([a-z0-9.-]+\.[a-z]{2,})(?=[/:?\"' ]|$)", re.IGNORECASE)
LONGEST = 120
"""Characters: a longer text is a message or a page, no URL."""
HEAD = '''# ruff: noqa: E501 - patterns are read whole
"""The hosts that serve models, as data.

Written by `tools/hosts.py` on {date}, from `tools/hosts.toml` and the code of these {packages} packages,
of which nothing but the names of hosts is taken:
{versions}.

Knows: names. Must not know: what is done with them.
"""

from __future__ import annotations

'''


def main() -> None:
    """Write the module, or, with `--packages`, name what must be installed."""
    decided = tomllib.loads((HERE / "hosts.toml").read_text())
    packages: dict[str, list[str]] = decided["packages"]
    if "--packages" in sys.argv:
        sys.stdout.write(" ".join(packages) + "\n")
        return
    found = {host for name, places in packages.items() for host in named_by(name, places)}
    others: list[str] = decided["others"]["hosts"]
    models = decided["models"] | {"patterns": decided["patterns"]}
    kept = {host for host in found if not any(fnmatchcase(host, glob) for glob in others)}
    new = sorted(host for host in kept - set(models["hosts"]) if not covered(host, models))
    sys.stdout.write(
        f"{len(found)} hosts in packages, {len(kept)} kept, beyond hosts.toml:\n  " + "\n  ".join(new) + "\n"
    )
    hosts = sorted(host for host in kept | set(models["hosts"]) if not covered(host, models))
    versions = [f"{name} {distribution(name).version}" for name in packages]
    TARGET.write_text(module(hosts, models, decided["places"], versions))


def named_by(package: str, places: Iterable[str]) -> Iterator[str]:
    """Give the hosts of the URLs in a package's code, its docstrings aside."""
    root = Path(str(distribution(package).locate_file("")))
    for place in places:
        path = root / place
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            for text in texts(file):
                yield from (url[1].lower() for url in URL.finditer(text))


def texts(file: Path) -> Iterator[str]:
    """Give the short texts of a Python or JSON file."""
    if file.suffix == ".json":
        yield from re.findall(r'"([^"\n]*)"', json.dumps(json.loads(file.read_text())))
        return
    tree = ast.parse(file.read_text())
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docs else None
        if isinstance(text, str) and len(text) < LONGEST and "\n" not in text:
            yield text


def covered(host: str, models: dict[str, Any]) -> bool:
    """Whether a suffix or a pattern names the host already."""
    ends = tuple(models["suffixes"])
    return host.endswith(ends) or any(
        host.endswith(end) and re.fullmatch(one["form"], host.removesuffix(end))
        for one in models["patterns"]
        for end in one["ends"]
    )


def module(hosts: list[str], models: dict[str, Any], places: dict[str, str], versions: list[str]) -> str:
    """Write the module's text."""
    head = HEAD.format(date=datetime.now(UTC).date(), packages=len(versions), versions=wrapped(versions))
    return (
        head
        + "HOSTS = frozenset(\n    {\n"
        + lines(hosts, 8)
        + "    }\n)\n"
        + "SUFFIXES = frozenset(\n    {\n"
        + lines(sorted(models["suffixes"]), 8)
        + "    }\n)\n"
        + '"""Names that end so, from a dot on."""\n'
        + "PATTERNS = (\n"
        + "".join(pattern(one) for one in models["patterns"])
        + ")\n"
        + '"""How names end, and the form of what stands before: regions, services, partitions."""\n'
        + "PLACES = {\n"
        + "".join(f"    {quoted(host)}: r{quoted(path)},\n" for host, path in sorted(places.items()))
        + "}\n"
        + '"""Paths of hosts that serve much else beside models, by host, or by suffix from a dot on."""\n'
    )


def pattern(one: dict[str, Any]) -> str:
    """Write a pattern as a pair."""
    ends = "(\n" + lines(one["ends"], 12) + "        )"
    return f"    (\n        {ends},\n        r{quoted(one['form'])},\n    ),\n"


def quoted(text: str) -> str:
    """Write a text that has neither quotes nor line breaks as Python does."""
    return f'"{text}"'


def lines(texts: Iterable[str], width: int) -> str:
    """Write texts, one a line, `width` columns in."""
    return "".join(f"{' ' * width}{quoted(text)},\n" for text in texts)


def wrapped(words: list[str]) -> str:
    """Write words as lines of a docstring."""
    return textwrap.fill(", ".join(words), 118, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    main()
