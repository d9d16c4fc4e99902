"""The three forms of Google's embeddings: one content, several requests, and Vertex AI's instances.

Each says where its inputs stand, and how their vectors are written.

Knows: the JSON (the APIs' references, "Embeddings", "Text embeddings API"). Must not know: where vectors come from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import items, mapping, text
from llm_intercept.dialects.google.named import got

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Vector = list[float] | tuple[float, ...]
CONFIG = "embedContentConfig"


@dataclass(frozen=True, slots=True)
class Input:
    """What is to be embedded: its text, and how many numbers its vector is to have; None for the model's own."""

    text: str
    dimensions: int | None = None


class Form(ABC):
    """One form of requests for embeddings.

    Attributes:
        method: The method that is asked of a model.
        inputs_at: Where the inputs stand, for an error that says that there is none.

    """

    method: str
    inputs_at: str

    @abstractmethod
    def inputs(self, body: Mapping[str, Any]) -> list[Input]:
        """Read what is to be embedded."""

    @abstractmethod
    def answer(self, vectors: Sequence[Vector], tokens: Sequence[int]) -> dict[str, Any]:
        """Write the vectors, and how many tokens each input has."""

    @abstractmethod
    def tokens(self, body: Mapping[str, Any]) -> int | None:
        """Read how many tokens an answer reports; None if it does not."""


class One(Form):
    """One content, and its vector."""

    method = "embedContent"
    inputs_at = "EmbedContentRequest.content"

    def inputs(self, body: Mapping[str, Any]) -> list[Input]:
        return [_input(body)] if body.get("content") is not None else []

    def answer(self, vectors: Sequence[Vector], tokens: Sequence[int]) -> dict[str, Any]:
        del tokens
        return {"embedding": {"values": vectors[0]}}

    def tokens(self, body: Mapping[str, Any]) -> int | None:
        return _counted(body)


class Batch(Form):
    """Several requests, each of one content."""

    method = "batchEmbedContents"
    inputs_at = "BatchEmbedContentsRequest.requests"

    def inputs(self, body: Mapping[str, Any]) -> list[Input]:
        return [_input(mapping(one)) for one in items(body.get("requests"))]

    def answer(self, vectors: Sequence[Vector], tokens: Sequence[int]) -> dict[str, Any]:
        del tokens
        return {"embeddings": [{"values": one} for one in vectors]}

    def tokens(self, body: Mapping[str, Any]) -> int | None:
        return _counted(body)


class Instances(Form):
    """Vertex AI's instances, each with statistics of its own."""

    method = "predict"
    inputs_at = "instances"

    def inputs(self, body: Mapping[str, Any]) -> list[Input]:
        wanted = _dimensions(mapping(body.get("parameters")))
        return [Input(text(mapping(one).get("content")), wanted) for one in items(body.get("instances"))]

    def answer(self, vectors: Sequence[Vector], tokens: Sequence[int]) -> dict[str, Any]:
        told = [
            {"embeddings": {"statistics": {"token_count": count, "truncated": False}, "values": vector}}
            for vector, count in zip(vectors, tokens, strict=True)
        ]
        return {"predictions": told}

    def tokens(self, body: Mapping[str, Any]) -> int | None:
        told = [
            mapping(mapping(mapping(one).get("embeddings")).get("statistics")) for one in items(body.get("predictions"))
        ]
        counts = [one.get("token_count") for one in told]
        known = [int(one) for one in counts if isinstance(one, int | float)]
        return sum(known) if known else None


FORMS: tuple[Form, ...] = (One(), Batch(), Instances())
BY_METHOD = {one.method: one for one in FORMS}


def text_of(content: Any) -> str:
    """Return the texts of a content, joined."""
    if isinstance(content, str):
        return content
    parts = mapping(content).get("parts")
    listed = items(parts) or [parts]
    return "".join(text(mapping(part).get("text")) for part in listed)


def _input(asked: Mapping[str, Any]) -> Input:
    wanted = _dimensions(asked)
    return Input(text_of(asked.get("content")), _dimensions(mapping(got(asked, CONFIG))) if wanted is None else wanted)


def _dimensions(asked: Mapping[str, Any]) -> int | None:
    wanted = got(asked, "outputDimensionality")
    return wanted if is_int(wanted, 1) else None


def _counted(body: Mapping[str, Any]) -> int | None:
    counted = got(got(body, "usageMetadata"), "promptTokenCount")
    return counted if is_int(counted, 0) else None
