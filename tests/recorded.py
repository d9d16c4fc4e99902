"""Exchanges to test against: the project's own, and recorded ones where the shared recordings lie beside the checkout.

`tests/exchanges` holds the project's own, made by hand after docs/wire.md. The recordings are other projects' data
(Apache-2.0, MIT) and are never copied here; a test of theirs has the mark `needs_recordings`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support import SHARED

OWN = Path(__file__).parent / "exchanges"
RECORDINGS = SHARED / "recordings.jsonl"
needs_recordings = pytest.mark.skipif(
    not RECORDINGS.exists(), reason="the shared recordings are not beside this checkout: the project's own do"
)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    name: str
    provider: str
    endpoint: str
    method: str
    url: str
    request: Any
    status: int
    headers: tuple[tuple[str, str], ...]
    text: str
    is_sse: bool
    fidelity: str = (
        "raw"  # what the recorder left of the text: raw, reserialised, or parsed (the order of keys is lost)
    )

    @property
    def chunks(self) -> list[Any]:
        """The data of a stream's events."""
        return [json.loads(data) for data in self.data if data != "[DONE]"]

    @property
    def data(self) -> list[str]:
        """The texts of a stream's data lines."""
        return [line.removeprefix("data:").strip() for line in self.text.split("\n") if line.startswith("data:")]

    @property
    def body(self) -> Any:
        """The JSON of an answer that is no stream."""
        return json.loads(self.text)


@cache
def own(*, provider: str = "", endpoint: str = "") -> tuple[Exchange, ...]:
    """Read the project's own exchanges, by name; all, or those of a provider or an endpoint."""
    made = (_made(path.stem, json.loads(path.read_text())) for path in sorted(OWN.glob("*.json")))
    return tuple(one for one in made if provider in ("", one.provider) and endpoint in ("", one.endpoint))


def _made(name: str, exchange: dict[str, Any]) -> Exchange:
    request, response = exchange["request"], exchange["response"]
    return Exchange(
        name=name,
        provider=exchange["provider"],
        endpoint=exchange["endpoint"],
        method=request["method"],
        url=request["url"],
        request=request["body"],
        status=response["status"],
        headers=tuple(response["headers"].items()),
        text=_text(response),
        is_sse="body" not in response,
    )


def _text(response: dict[str, Any]) -> str:
    if "lines" in response:
        return "\n".join(response["lines"])
    if "body" in response:
        return json.dumps(response["body"], indent=2, ensure_ascii=False) + "\n"
    events = [json.dumps(event, ensure_ascii=False, separators=(",", ":")) for event in response["events"]]
    if "sequence_number" in response["events"][0]:  # Responses, whose events have names and no last word
        named = zip(response["events"], events, strict=True)
        return "".join(f"event: {event['type']}\ndata: {data}\n\n" for event, data in named)
    return "".join(f"data: {data}\n\n" for data in [*events, "[DONE]"])


def recorded() -> tuple[Exchange, ...]:
    """Read the shared recordings of every kind; none where they are not."""
    return recorded_in(RECORDINGS.name)


@cache
def recorded_in(name: str) -> tuple[Exchange, ...]:
    """Read one file of the shared recordings; none where they are not."""
    path = SHARED / name
    if not path.exists():
        return ()
    rows = map(json.loads, path.read_text().splitlines())
    return tuple(
        Exchange(
            name=f"{row['repo']}/{row['file']}",
            provider=row["provider"],
            endpoint=row["endpoint"],
            method=row["method"],
            url=row["url"],
            request=row["request"],
            status=row["status"],
            headers=tuple((name, value) for name, value in row["response_headers"]),
            text=row["response_text"],
            is_sse=row["is_sse"],
            fidelity=row["fidelity"],
        )
        for row in rows
    )
