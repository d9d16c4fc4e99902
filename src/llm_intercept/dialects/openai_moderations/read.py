"""Reads a moderation's request into the neutral vocabulary.

Knows: the request's JSON (OpenAI's reference, "Create moderation"). Must not know: replies.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import items, json_object, mapping, text
from llm_intercept.dialects.base import UnreadableError
from llm_intercept.dialects.openai.flavor import is_mistral, is_openais
from llm_intercept.dialects.openai.refusals import missing, refused
from llm_intercept.dialects.shared.reading import check_whose
from llm_intercept.model.parts import Media, Part, Text
from llm_intercept.model.request import LLMRequest, Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest

NAME = "openai.moderations"
PATH = "/moderations"
USUAL = "omni-moderation-latest"
INVALID = "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."

Input = str | list[Any]


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request; raises `UnreadableError` where it is none of JSON, or may not be OpenAI's."""
    if is_mistral(head.url, head.headers):
        raise UnreadableError(f"POST {head.path} is Mistral's own API there, which has other categories than OpenAI's")
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    check_whose("OpenAI", partial(check, body), is_asked=is_openais(head))
    said = (Message(role="user", parts=tuple(_parts(body))),)
    return LLMRequest.made(head, body, content, api=NAME, model=text(body.get("model")) or USUAL, messages=said)


def inputs_of(body: Mapping[str, Any]) -> list[Input]:
    """Return what is moderated: each text by itself; parts together, as one list."""
    given = body.get("input")
    if isinstance(given, str):
        return [given]
    listed = items(given)
    return listed if all(isinstance(one, str) for one in listed) else [listed]


def kinds_of(given: Input) -> frozenset[str]:
    """Say what an input is made of."""
    if isinstance(given, str):
        return frozenset({"text"})
    return frozenset("text" if mapping(part).get("type") == "text" else "image" for part in given)


def said(body: Mapping[str, Any]) -> str:
    """Return the texts that are moderated, a line each."""
    given = body.get("input")
    parts = [given] if isinstance(given, str) else items(given)
    return "\n".join(filter(None, (one if isinstance(one, str) else text(mapping(one).get("text")) for one in parts)))


def is_omni(model: str) -> bool:
    """Whether a model is of the family that reads images too."""
    return not model.startswith("text-moderation")


def _parts(body: Mapping[str, Any]) -> list[Part]:
    told = said(body)
    found: list[Part] = [Text(told)] if told else []
    images = (part for part in map(mapping, items(body.get("input"))) if part.get("type") == "image_url")
    found += [Media("image", url=text(mapping(part.get("image_url")).get("url")), raw=part) for part in images]
    return found


def check(body: Mapping[str, Any]) -> None:
    """Refuse what OpenAI refuses, in its words.

    Raises:
        BadRequestError: It does.

    """
    given = body.get("input")
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        return
    inputs = items(given)
    texts = all(isinstance(one, str) for one in inputs)
    if not inputs or not (texts or all(map(_is_part, inputs))):
        raise refused(INVALID)
    if not texts and not is_omni(text(body.get("model"))):
        raise refused(INVALID)


def _is_part(given: Any) -> bool:
    part = mapping(given)
    if part.get("type") == "text":
        return isinstance(part.get("text"), str)
    return part.get("type") == "image_url" and isinstance(mapping(part.get("image_url")).get("url"), str)
