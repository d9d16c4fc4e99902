"""What Google refuses of a request that has a field which none of its SDK's types has, in its words.

Its JSON is that of protocol buffers, which takes numbers as texts too, so that nothing is said of values.

Knows: the words of the error, where google-genai has the types. Must not know: the fields; the SDK has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_array, items, mapping
from llm_intercept.dialects.google.named import got, snake
from llm_intercept.dialects.google_gemini.objections import refused
from llm_intercept.dialects.shared.sdk_types import request_type
from llm_intercept.dialects.shared.typed import Place as Path
from llm_intercept.dialects.shared.typed import unknown_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.dialects.base import BadRequestError
    from llm_intercept.dialects.google.places import Place

MODULE = "google.genai.types"
TYPES = {
    "contents": ("Content",),
    "tools": ("Tool",),
    "toolConfig": ("ToolConfig",),
    "safetySettings": ("SafetySetting",),
    "systemInstruction": ("Content",),
    "generationConfig": ("GenerationConfig", "GenerateContentConfig"),
}
"""The fields of a request, and the types of what is in each; of the configuration the SDK has a part in either."""


def check_names(body: Mapping[str, Any], place: Place) -> None:
    """Refuse a field that the installed SDK's types do not have.

    Raises:
        BadRequestError: Google would refuse it.

    """
    for name, kinds in TYPES.items():
        types = [kind for one in kinds if (kind := request_type(MODULE, one, loads=True)) is not None]
        for value, path in _several(got(body, name), snake(name)) if types else ():
            found = [unknown_name(mapping(value), kind) for kind in types]
            if all(found):
                raise _refusal(path, found[0] or (), place)


def _several(value: Any, name: str) -> Iterator[tuple[Any, str]]:
    if is_array(value):
        yield from ((one, f"{name}[{number}]") for number, one in enumerate(items(value)))
    else:
        yield value, name


def _refusal(path: str, found: Path, place: Place) -> BadRequestError:
    *around, last = found
    shown = path + "".join(f"[{one}]" if isinstance(one, int) else f".{snake(one)}" for one in around)
    message = f"Invalid JSON payload received. Unknown name \"{last}\" at '{shown}': Cannot find field."
    return refused(message, message, place)
