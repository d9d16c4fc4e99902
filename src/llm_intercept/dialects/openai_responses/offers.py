"""The tools that a Responses request offers: its own, those in its namespaces, and those that items of its input add.

Knows: the request's JSON (OpenAI's reference, "Create a model response"; openai 3.57, `NamespaceToolParam`,
`AdditionalTools`). Must not know: how tools are called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.json import items, mapping, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAMESPACE, ADDITIONAL = "namespace", "additional_tools"


class Offer(NamedTuple):
    """A tool, where in the request it stands, and the namespace it is in, if any."""

    tool: Mapping[str, Any]
    place: str
    namespace: str = ""


def offers_of(body: Mapping[str, Any]) -> Iterator[Offer]:
    """Give the tools that a body offers."""
    yield from _listed(body.get("tools"), "tools")
    for number, item in enumerate(map(mapping, items(body.get("input")))):
        if item.get("type") == ADDITIONAL:
            yield from _listed(item.get("tools"), f"input[{number}].tools")


def namespace_of(body: Mapping[str, Any], name: str) -> str:
    """Name the namespace that a tool is in; empty where it is in none."""
    return next((one.namespace for one in offers_of(body) if one.tool.get("name") == name), "")


def _listed(tools: object, place: str) -> Iterator[Offer]:
    for number, tool in enumerate(map(mapping, items(tools))):
        if tool.get("type") != NAMESPACE:
            yield Offer(tool, f"{place}[{number}]")
            continue
        for inner, one in enumerate(map(mapping, items(tool.get("tools")))):
            yield Offer(one, f"{place}[{number}].tools[{inner}]", text(tool.get("name")))
