"""OpenAI's own description of its API as an oracle, where it lies beside the checkout."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema

from tests.support import SHARED

SCHEMA = SHARED / "openai-openapi.json"


@cache
def validator(name: str) -> Any:
    """Make a validator for one component of the schema."""
    document = json.loads(SCHEMA.read_text(), object_hook=nullable)
    schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return jsonschema.Draft202012Validator(schema)


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """Say OpenAPI 3.0's `nullable` in JSON Schema's words."""
    return {"anyOf": [schema, {"type": "null"}]} if schema.pop("nullable", False) is True else schema


def as_in_schema(body: dict[str, Any]) -> dict[str, Any]:
    """Mend the two places where all recordings since 2025 contradict the schema (docs/wire.md 2.1)."""
    for choice in body["choices"]:
        choice.setdefault("logprobs", None)  # required in the schema, left out by gpt-5 and the o-series
    if body["system_fingerprint"] is None:
        del body["system_fingerprint"]  # a string in the schema, null for gpt-5, gpt-3.5 and the o-series
    return body


def response_in_schema(body: dict[str, Any]) -> dict[str, Any]:
    """Mend the two places where all recorded Responses of 2026-07 contradict the schema: nulls that it has not."""
    mended = {name: value for name, value in body.items() if name != "user" or value is not None}
    form = {name: value for name, value in body["text"]["format"].items() if value is not None}
    return {**mended, "text": {**body["text"], "format": form}}


def event_in_schema(event: dict[str, Any]) -> dict[str, Any]:
    """Mend the one place where all recorded events do: the end of a call's arguments does not name its function."""
    return {**event, "name": "f"} if event["type"] == "response.function_call_arguments.done" else event
