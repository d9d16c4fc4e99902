"""What botocore's model of Bedrock's runtime says of a request: what must be there, how long or large it may be.

Bedrock's front end checks the same model, and says all that it finds at once; the words are those seen in issues. The
file of the botocore that is installed is read; nothing of botocore's is run.

Knows: the form of service models (botocore's `data`). Must not know: what the members mean.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_array, is_object, items, mapping

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BOTOCORE, SERVICE = "botocore", "bedrock-runtime"
FAILED = "failed to satisfy constraint: Member must"
OPEN = ("system",)
"""Members whose length is not looked at: clients send empty ones, which are taken."""


def violations(body: Mapping[str, Any], shape: str, *, loads: bool) -> list[str]:
    """Say what of a body is against the service model; nothing where botocore is not installed.

    Args:
        body: The request's body.
        shape: The name of its shape.
        loads: Whether to look also where nobody has loaded botocore yet.

    """
    if not loads and BOTOCORE not in sys.modules:
        return []
    shapes = _shapes()
    return list(_in(body, shape, "", shapes, knows_all=loads)) if shape in shapes else []


@cache
def _shapes() -> Mapping[str, Any]:
    """Read the shapes of the newest version of the service; none where it is not installed."""
    spec = find_spec(BOTOCORE)
    if spec is None or spec.origin is None:
        return {}
    found = sorted((Path(spec.origin).parent / "data" / SERVICE).glob("*/service-2.json*"))
    if not found:
        return {}
    content = found[-1].read_bytes()
    return mapping(json.loads(gzip.decompress(content) if found[-1].suffix == ".gz" else content).get("shapes"))


def _in(value: Any, shape: str, path: str, shapes: Mapping[str, Any], *, knows_all: bool) -> Iterator[str]:
    form = mapping(shapes.get(shape))
    kind = form.get("type")
    if kind == "structure" and is_object(value):
        for name, member in mapping(form.get("members")).items():
            place = f"{path}.{name}" if path else name
            given, is_in_body = mapping(value).get(name), "location" not in member
            if given is None and is_in_body and name in items(form.get("required")):
                yield f"Value at '{place}' {FAILED} not be null"
            elif given is not None and is_in_body:
                yield from _in(given, member["shape"], place, shapes, knows_all=knows_all)
    elif kind == "list" and is_array(value):
        if path not in OPEN:
            yield from _of_size(len(items(value)), form, path, "")
        for number, one in enumerate(items(value), 1):
            inner = mapping(form.get("member"))["shape"]
            yield from _in(one, inner, f"{path}.{number}.member", shapes, knows_all=knows_all)
    elif kind == "string" and isinstance(value, str):
        yield from _in_text(value, form, path, knows_all=knows_all)
    elif kind in ("integer", "float", "double", "long") and is_number(value):
        yield from _in_number(value, form, path)


def _in_text(value: str, form: Mapping[str, Any], path: str, *, knows_all: bool) -> Iterator[str]:
    """Look at a text; what one may be of is known to a newer botocore alone, so it is not refused unless asked for."""
    told = f" '{value}'"
    pattern, values = form.get("pattern"), items(form.get("enum"))
    if isinstance(pattern, str) and not _fits(pattern, value):
        yield f"Value{told} at '{path}' {FAILED} satisfy regular expression pattern: {pattern}"
    if values and knows_all and value not in values:
        yield f"Value{told} at '{path}' {FAILED} satisfy enum value set: [{', '.join(map(str, values))}]"
    yield from _of_size(len(value), form, path, told)


def _in_number(value: float, form: Mapping[str, Any], path: str) -> Iterator[str]:
    least, most = form.get("min"), form.get("max")
    if is_number(least) and value < least:
        yield f"Value '{value}' at '{path}' {FAILED} have value greater than or equal to {least}"
    if is_number(most) and value > most:
        yield f"Value '{value}' at '{path}' {FAILED} have value less than or equal to {most}"


def _of_size(size: int, form: Mapping[str, Any], path: str, told: str) -> Iterator[str]:
    least, most = form.get("min"), form.get("max")
    if is_number(least) and size < least:
        yield f"Value{told} at '{path}' {FAILED} have length greater than or equal to {least}"
    if is_number(most) and size > most:
        yield f"Value{told} at '{path}' {FAILED} have length less than or equal to {most}"


def _fits(pattern: str, value: str) -> bool:
    """Whether a text matches a pattern of Java's; what Python does not read of it is taken to match."""
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True
