"""Joins ES modules into one script, which a page can hold in itself.

Knows: imports of one line, exports at the start of a line. Must not know: what the modules do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IMPORT = re.compile(r'import \{ (?P<names>\w+(?:, \w+)*) \} from "\./(?P<module>[\w-]+)\.js";')
TOP = re.compile(r"(?P<export>export )?(?:async )?(?:function\*?|const|let|class) (?P<name>\w+)")
STATEMENT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


class Module:
    """What a module takes from others, what it gives, and what it says.

    Raises:
        ValueError: It imports or exports in a way that cannot be joined.

    """

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.imports: dict[str, list[str]] = {}
        self.exports: set[str] = set()
        self.code = STATEMENT.sub(self._plain, source)
        self.names = [found["name"] for line in self.code.splitlines() if (found := TOP.match(line))]

    def _plain(self, found: re.Match[str]) -> str:
        line = found.group()
        if taken := IMPORT.fullmatch(line):
            self.imports.setdefault(taken["module"], []).extend(taken["names"].split(", "))
            return ""
        if (given := TOP.match(line)) and given["export"]:
            self.exports.add(given["name"])
            return line.removeprefix("export ")
        how = 'one line of names from "./…", or `export` before what has a name'
        raise ValueError(f"{self.name}.js: {line!r} cannot be joined; what can: {how}.")


def joined(sources: Mapping[str, str], first: str) -> str:
    """Write modules as one, each after those that it imports.

    Args:
        sources: The text of each module by its name, without `.js`.
        first: The one that imports all others.

    Raises:
        ValueError: A name that is imported is not there, two modules have the same name at their top, a module imports
            itself by others, or none imports it.

    """
    modules = {name: Module(name, source) for name, source in sources.items()}
    order = list(_in_order(modules, first, (), set()))
    if unused := modules.keys() - set(order):
        raise ValueError(f"nothing imports {', '.join(sorted(unused))}.")
    _check_names([modules[name] for name in order])
    return "\n".join(f"// {name}.js\n{modules[name].code.strip()}\n" for name in order)


def _in_order(modules: Mapping[str, Module], name: str, above: tuple[str, ...], done: set[str]) -> Iterator[str]:
    if name in above:
        raise ValueError(f"modules import each other: {' → '.join([*above, name])}.")
    if name in done:
        return
    for other, names in modules[name].imports.items():
        given = modules[other].exports if other in modules else set[str]()
        if missing := set(names) - given:
            raise ValueError(f"{name}.js imports what {other}.js does not export: {', '.join(sorted(missing))}.")
        yield from _in_order(modules, other, (*above, name), done)
    done.add(name)
    yield name


def _check_names(modules: list[Module]) -> None:
    homes: dict[str, str] = {}
    for module in modules:
        for name in module.names:
            if name in homes:
                raise ValueError(f"{homes[name]}.js and {module.name}.js both have {name!r} at their top.")
            homes[name] = module.name
