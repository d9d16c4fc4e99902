"""Fills what a host's row says with what one answer has: `{name}` is a value, `{hex:20}` follows from the request.

Knows: templates, which are JSON values. Must not know: what they describe.
"""

from __future__ import annotations

import re
import string
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from llm_intercept.base.json import is_array, is_object
from llm_intercept.dialects.shared.hashed_ids import derived, letters

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOT = re.compile(r"\{([a-z_]+)(?::(\d+))?\}")
LOWER = string.ascii_lowercase + string.digits
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID_TIME, ULID_REST = 10, 16


class Absent(Enum):
    """Marks a value that is not there."""

    ABSENT = "absent"


ABSENT: Literal[Absent.ABSENT] = Absent.ABSENT


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """Fill a template: a key whose value is not there is left out, and so is an object of which nothing is there.

    Args:
        template: A JSON value; a text that is nothing but a slot becomes the slot's value.
        values: The values by name; `identity` and `created` are what letters and ids follow from.

    """
    if isinstance(template, str):
        return _filled_text(template, values)
    if is_object(template):
        parts = ((key, filled(part, values)) for key, part in template.items())
        found = {key: part for key, part in parts if part is not ABSENT}
        return found if found or not template else ABSENT
    if is_array(template):
        return [part for one in template if (part := filled(one, values)) is not ABSENT]
    return template


def filled_object(template: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Fill the template of an object, which is empty where nothing of it is there."""
    found = filled(template, values)
    return {} if found is ABSENT else found


def _filled_text(template: str, values: Mapping[str, Any]) -> Any:
    if "{" not in template:
        return template
    whole = SLOT.fullmatch(template)
    if whole is not None:
        return _value(whole, values)
    return SLOT.sub(lambda slot: str(_value(slot, values)), template)


def _value(slot: re.Match[str], values: Mapping[str, Any]) -> Any:
    name, length = slot[1], slot[2]
    if name in values:
        return values[name]
    return _drawn(name, int(length or 0), values) if length or name in {"uuid", "ulid"} else ABSENT


def _drawn(name: str, length: int, values: Mapping[str, Any]) -> str:
    """Draw letters of a kind, the same for the same request."""
    number = derived(values["identity"], name, length)
    match name:
        case "uuid":
            return "-".join((number[:8], number[8:12], "4" + number[13:16], "8" + number[17:20], number[20:32]))
        case "ulid":
            return _base32(values["created"] * 1000, ULID_TIME) + _base32(int(number[:20], 16), ULID_REST)
        case "hex":
            return number[:length]
        case "digits":
            return str(int(number[:20], 16) % 10**length).zfill(length)
        case "lower":
            return "".join(LOWER[value % len(LOWER)] for value in bytes.fromhex(number[: 2 * length]))
        case _:
            return letters(number, length)


def _base32(number: int, length: int) -> str:
    return "".join(CROCKFORD[number >> 5 * place & 31] for place in reversed(range(length)))
