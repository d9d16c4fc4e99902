"""What Google refuses of the functions in a request that can be read: their names, and answers that fit no calls.

Held against every recorded request that was answered (tests/test_validation.py).

Knows: the request's JSON (the API's reference, "FunctionDeclaration"; its guide "Function calling"). Must not know:
what is answered otherwise.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.google.named import got
from llm_intercept.dialects.google_gemini.contents import MODEL, contents_of, raw_parts
from llm_intercept.dialects.google_gemini.objections import refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.dialects.google.places import Place

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]*")
LONGEST = 64
NAMED = (
    "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), "
    "underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64."
)
UNEQUAL = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the "
    "function call turn."
)
UNCALLED = "Please ensure that function response turn comes immediately after a function call turn."


def check_functions(body: Mapping[str, Any], place: Place) -> None:
    """Refuse what Google refuses.

    Raises:
        BadRequestError: It does.

    """
    for number, tool in enumerate(items(body.get("tools"))):
        for index, declared in enumerate(items(got(tool, "functionDeclarations"))):
            name = text(mapping(declared).get("name"))
            if name and (len(name) > LONGEST or NAME.fullmatch(name) is None):
                where = f"GenerateContentRequest.tools[{number}].function_declarations[{index}].name"
                raise refused(f"* {where}: {NAMED}\n", NAMED, place)
    called = None
    for is_models, said in _turns(body):
        answers = sum(got(part, "functionResponse") is not None for part in said)
        if not is_models and answers and not (called is None and got(body, "cachedContent")):  # which has the call
            if not called:
                raise refused(UNCALLED, "", place)
            if answers != called:
                raise refused(UNEQUAL, "", place)
        called = sum(got(part, "functionCall") is not None for part in said) if is_models else None


def _turns(body: Mapping[str, Any]) -> Iterator[tuple[bool, list[Any]]]:
    """Give the parts of each turn, and whether it is the model's; neighbouring contents of one side are one turn."""
    for is_models, several in groupby(contents_of(body), lambda one: mapping(one).get("role") == MODEL):
        yield is_models, [part for one in several for part in raw_parts(one)]
