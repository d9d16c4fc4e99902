"""How the reference reads docstrings and signatures: a small extension of Sphinx (`conf.py` names it).

Knows: autodoc, the form of the docstrings. Must not know: any page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.domains.python import PyObject
from sphinx.ext.napoleon import GoogleDocstring
from sphinx.util.nodes import make_refnode

from llm_intercept import faults

if TYPE_CHECKING:
    from docutils.nodes import Element
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

FIELDS = {"attribute", "property", "data"}
HANDED_OUT = {
    "Call",
    "Calls",
    "LLMRequest",
    "Rule",
    "Interception",
    "RateLimit",
    "Chaos",
    "Injection",
    "Resilience",
    "Finding",
    "Unmatched",
    "Conditions",
    "Options",
    "Rules",
    "Verdict",
    "Response",
    "StreamEvent",
    "Tokenizer",
}
"""Classes that nobody makes by hand: how they are made is of no use to a reader."""
_INNER = re.compile(r", (?:_\w+|\*\*unknown): [^,)]+(?: = [^,)]+)?")
_PLURAL = re.compile(r"(`[^`]+`)(\w)")
"""Code with a letter behind it, `Citation`s, which needs a mark in reStructuredText."""
_NAME = re.compile(r"(?<![:`])`([A-Z]\w+(?:\.\w+)?)`(?!`)")
"""A class, which is a link where it has an entry."""
_ATTRIBUTE = re.compile(r"^(\s*):ivar (\w+):")


def _read_sections(app: Sphinx, what: str, name: str, obj: Any, _options: Any, lines: list[str]) -> None:
    """Read a property's docstring as any other, where napoleon takes what stands before a colon for its type."""
    lines[:] = [_NAME.sub(r":py:obj:`\1`", _PLURAL.sub(r"\1\\ \2", line)) for line in lines]
    if what in FIELDS:
        read = str(GoogleDocstring(lines, app.config, app, "method", name, obj)).split("\n")
        lines[:] = ["..", "", *read]


def _drop_unknown(_app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Leave out `**unknown`, which refuses what is misspelt."""
    lines[:] = [line for line in lines if ":param \\*\\*unknown:" not in line]


def _say_types(_app: Sphinx, what: str, _name: str, obj: Any, _options: Any, lines: list[str]) -> None:
    """Give each attribute of a class the type that the class says."""
    if what not in {"class", "exception"}:
        return
    said = {name: text for one in reversed(obj.__mro__) for name, text in vars(one).get("__annotations__", {}).items()}
    for number in reversed(range(len(lines))):
        found = _ATTRIBUTE.match(lines[number])
        if found and isinstance(said.get(found[2]), str):
            lines.insert(number, f"{found[1]}:vartype {found[2]}: {said[found[2]]}")


def _shorten(
    _app: Sphinx, what: str, name: str, _obj: Any, _options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Leave out arguments that are not for users."""
    if what == "exception" or name.rpartition(".")[2] in HANDED_OUT:
        return (signature and ""), None
    return (None if signature is None else _INNER.sub("", signature)), returns


def _find(_app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: Element) -> Element | None:
    """Link a short name to the one entry that ends with it; a type that has none is shown as it is."""
    if node.get("refdomain") != "py":
        return None
    objects = env.domains.python_domain.objects
    short = node["reftarget"].rpartition(".")[2]
    found = [name for name in objects if name.rpartition(".")[2] == short and not objects[name].aliased]
    if len(found) == 1 and short[:1].isupper():
        entry = objects[found[0]]
        where = node["refdoc"]
        return make_refnode(_app.builder, where, entry.docname, entry.node_id, contnode, found[0])
    return contnode if node["reftype"] in {"class", "obj"} else None


def _write_dashes(_app: Sphinx, tree: nodes.document) -> None:
    """Write Sphinx's own dash as one; a flag's two hyphens stay."""
    for text in [one for one in tree.findall(nodes.Text) if one == " -- "]:
        text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


def _name_faults() -> None:
    """Let each fault be documented by the name that users write, and not as an alias of its class."""
    for name in faults.__all__:
        getattr(faults, name).__name__ = name


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect all of it."""
    _name_faults()
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"
    app.connect("autodoc-process-docstring", _read_sections, priority=400)
    app.connect("autodoc-process-docstring", _say_types, priority=600)
    app.connect("autodoc-process-signature", _shorten)
    app.connect("autodoc-process-docstring", _drop_unknown, priority=600)
    app.connect("missing-reference", _find)
    app.connect("doctree-read", _write_dashes)
    return {"parallel_read_safe": True}
