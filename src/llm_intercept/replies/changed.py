"""What `dataclasses.replace` gives to make a reply anew: its fields, in place of the arguments of `Reply`.

Knows: that both have names. Must not know: how a reply is put together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llm_intercept.errors import ReplyError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def parts_of(given: dict[str, Any]) -> tuple[Any, ...]:
    """Take the parts out of what is given by name.

    Raises:
        ReplyError: They are no tuple or list, such as a text, which needs no name.

    """
    parts: object = given.pop("parts")
    if not isinstance(parts, tuple | list):
        advice = "Parts need no name: Reply('text', tool_call(…)); dataclasses.replace(reply, parts=(…)) has a tuple."
        raise ReplyError(f"Reply(parts={parts!r}) cannot be used", advice)
    return tuple(cast("tuple[Any, ...]", parts))


def of_fields(given: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Make arguments of fields, and of what is to be changed beside the parts.

    Args:
        given: Values by their names, without the parts.
        fields: The names of the fields; any other argument is one of which parts are made.

    Raises:
        ReplyError: There is such an argument.

    """
    said = next((name for name in given if name not in {*fields, "fault"}), None)
    if said is not None:
        advice = "Make one that says it: Reply('text', model=…); dataclasses.replace changes what is beside the parts."
        raise ReplyError(f"A Reply has parts, and {said}={given[said]!r} beside them", advice)
    rest = {name: value for name, value in given.items() if name != "faults"}
    return {**rest, "fault": given.get("fault") or tuple(given.get("faults") or ())}
