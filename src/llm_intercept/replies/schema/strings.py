"""Strings with a length, a format or a pattern, the shortest first.

Knows: the keywords of strings. Must not know: other types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.errors import SchemaError
from llm_intercept.replies.schema.pattern import matching
from llm_intercept.replies.schema.steps import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.replies.schema.steps import Steps

FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "duration": "P1D",
    "email": "a@example.com",
    "hostname": "example.com",
    "idn-email": "a@example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "iri": "https://example.com",
    "time": "00:00:00Z",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def strings(schema: Mapping[str, Any], path: str, steps: Steps) -> Iterator[str]:
    """Yield a few strings that have the length, and the format or pattern; or raise `SchemaError`."""
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if most is not None and least > most:
        raise SchemaError(path, f"minLength {least} is more than maxLength {most}")
    if least > LARGEST:
        raise SchemaError(
            f"{path}/minLength", f"a string of {least:,} characters is asked for; the most is {LARGEST:,}"
        )
    name = str(schema.get("format"))
    if name in FORMATS:
        yield FORMATS[name]
        if name.endswith("email"):
            yield FORMATS[name].rjust(least, "a")
    elif "pattern" in schema:
        found = matching(schema["pattern"], least, steps)
        if found is None or (most is not None and len(found) > most):
            raise SchemaError(f"{path}/pattern", f"no string for {schema['pattern']!r} was found")
        yield found
    else:
        yield "a" * least
        yield from (letter * max(1, least) for letter in "bcdefghij")
        yield "a" * (least + 1)
