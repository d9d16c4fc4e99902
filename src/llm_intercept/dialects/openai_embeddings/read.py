"""Reads an embeddings request into the neutral vocabulary.

Knows: the request's JSON (OpenAI's reference, "Create embeddings"). Must not know: replies.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import encode, is_array, is_object, items, json_object, text
from llm_intercept.base.questions import body_asks_a_model
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.openai.flavor import deployment, is_openais
from llm_intercept.dialects.openai.refusals import check_integer, missing, refused, without_model
from llm_intercept.dialects.shared.reading import NOBODYS, check_whose
from llm_intercept.model.parts import Other, Part, Text
from llm_intercept.model.request import LLMRequest, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest

NAME = "openai.embeddings"
PATH = "/embeddings"
MOST_INPUTS = 2048
USUAL = 1536  # dimensions
DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
WITHOUT_DIMENSIONS = "text-embedding-ada-002"
MOST_DIMENSIONS = 16_384
"""What a model that is not known may be asked for."""
INVALID = "'$.{}' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."

Input = str | list[int]


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request; raises `UnreadableError` where it is none of JSON, or may not be OpenAI's."""
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    is_known = is_openais(head)
    if not (is_known or deployment(head.url) or body_asks_a_model(head.path, content)):
        raise UnreadableError(NOBODYS)
    check_whose("OpenAI", partial(check_asked, body), is_asked=is_known)
    said = (Message(role="user", parts=_parts(body)),)
    return LLMRequest.made(head, body, content, api=NAME, model=text(body.get("model")), messages=said)


def inputs_of(body: Mapping[str, Any]) -> list[Input]:
    """Return what is to be embedded, each a text or a text's tokens, of all forms that `input` has.

    An object, as some hosts take it for a picture (`{"image": …}`), is its JSON.
    """
    given = body.get("input")
    if isinstance(given, str):
        return [given]
    listed: list[Any] = [encode(one).decode() if is_object(one) else one for one in items(given)]
    return [listed] if _are_tokens(listed) else [one for one in listed if isinstance(one, str) or _are_tokens(one)]


def texts_of(body: Mapping[str, Any]) -> str:
    """Return the texts that are to be embedded, a line each."""
    return "\n".join(one for one in inputs_of(body) if isinstance(one, str))


def dimensions_of(body: Mapping[str, Any]) -> int:
    """Return how many numbers a vector is to have: as asked, or the model's own."""
    wanted = body.get("dimensions")
    usual = DIMENSIONS.get(_name(text(body.get("model"))), USUAL)
    return min(wanted, MOST_DIMENSIONS) if is_int(wanted, 1) else usual


def is_base64(body: Mapping[str, Any]) -> bool:
    """Whether the vectors are to be base64, which the SDK asks for by itself."""
    return body.get("encoding_format") == "base64"


def _parts(body: Mapping[str, Any]) -> tuple[Part, ...]:
    said = texts_of(body)
    tokens = (Other("tokens", {"tokens": one}) for one in inputs_of(body) if not isinstance(one, str))
    return (*((Text(said),) if said else ()), *tokens)


def _name(model: str) -> str:
    return model.rpartition("/")[2]


def check_asked(body: Mapping[str, Any]) -> None:
    """Refuse what every host refuses: nothing to embed, in OpenAI's words.

    Raises:
        BadRequestError: They do.

    """
    given = body.get("input")
    if given is None:
        raise missing("input")
    if not (isinstance(given, str) or items(given)):
        raise refused(INVALID.format("input"))


def check(body: Mapping[str, Any], url: str) -> None:
    """Refuse what OpenAI refuses, in its words (its reference says the ranges).

    Raises:
        BadRequestError: It does.

    """
    if not text(body.get("model")) and not deployment(url):
        raise without_model()
    _check_input(body.get("input"))
    if body.get("encoding_format") not in (None, "float", "base64"):
        message = f"Invalid value: '{body['encoding_format']}'. Supported values are: 'float' and 'base64'."
        raise refused(message, "encoding_format", "invalid_value")
    _check_dimensions(body, _name(text(body.get("model"))))


def _check_input(given: Any) -> None:
    if given is None:
        raise missing("input")
    if given == "":
        raise refused("Invalid 'input': input cannot be an empty string.", "input")
    if isinstance(given, str):
        return
    inputs = items(given)
    if not inputs or not (_are_tokens(inputs) or all(isinstance(one, str) or _are_tokens(one) for one in inputs)):
        raise refused(INVALID.format("input"))
    if len(inputs) > MOST_INPUTS and not _are_tokens(inputs):
        raise refused(f"Invalid 'input': array length must be {MOST_INPUTS} or less.", "input")
    if "" in inputs:
        raise refused(f"Invalid 'input[{inputs.index('')}]': input cannot be an empty string.", "input")


def _are_tokens(given: Any) -> bool:
    return is_array(given) and bool(given) and all(type(one) is int for one in given)


def _check_dimensions(body: Mapping[str, Any], model: str) -> None:
    wanted = body.get("dimensions")
    if wanted is not None and model == WITHOUT_DIMENSIONS:
        raise refused("This model does not support specifying dimensions.")
    check_integer(body, "dimensions", 1)
    most = DIMENSIONS.get(model, MOST_DIMENSIONS)
    if wanted is not None and wanted > most:
        raise refused(f"Invalid value for 'dimensions' = {wanted}. Must be less than or equal to {most}.")
