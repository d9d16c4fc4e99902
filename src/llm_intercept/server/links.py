"""Lets URLs in an answer, where its client is to ask next, lead to the server that the client asks.

Knows: which fields hold such URLs, as dialects say. Must not know: who answered: the API itself, or a take of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import encode, is_array, is_object, items, json_object, mapping, text
from llm_intercept.dialects import claimed_by
from llm_intercept.recording.encodings import EncodedError, decode_stored, decoders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_intercept.model.wire import Step, WireRequest, WireResponse

OF_THE_BODY = ("content-length", "content-encoding", "transfer-encoding")
JSON = "application/json"


def led_here(response: WireResponse, head: WireRequest) -> WireResponse:
    """Let the URLs of a JSON answer that lead to where a request was sent on lead to where its client asked."""
    dialect = claimed_by(head) if head.at else None
    if dialect is None or not dialect.links:
        return response
    headers = dict(response.headers)
    if not headers.get("content-type", "").startswith(JSON):
        return response
    there, here = _places(head)
    if not there or there == here:
        return response
    encoding = headers.get("content-encoding", "")
    try:
        decoders(encoding)
    except EncodedError:  # nobody here can read it
        return response
    kept = tuple(one for one in response.headers if one[0] not in OF_THE_BODY)
    return replace(response, headers=kept, chunks=_whole(response.chunks, Links(dialect.links, there, here), encoding))


def _places(head: WireRequest) -> tuple[str, str]:
    """Cut what the URL that is meant and the one that was asked end in alike."""
    meant, asked = head.url.partition("?")[0], head.at
    alike = 0
    while alike < min(len(meant), len(asked)) and meant[-alike - 1] == asked[-alike - 1]:
        alike += 1
    path = asked[len(asked) - alike :]
    path = path[path.find("/") :] if "/" in path else ""
    return meant.removesuffix(path) if path else "", asked.removesuffix(path)


class Links:
    """Replaces what URLs in some fields begin with.

    Args:
        names: The fields.
        there: What they begin with.
        here: What they are to begin with.

    """

    def __init__(self, names: tuple[str, ...], there: str, here: str) -> None:
        self._names, self._there, self._here = names, there, here

    def led(self, value: Any, name: str = "") -> Any:
        """Return a JSON value with them."""
        if is_object(value):
            return {key: self.led(one, key) for key, one in mapping(value).items()}
        if is_array(value):
            return [self.led(one) for one in items(value)]
        if name in self._names and text(value).startswith(f"{self._there}/"):
            return self._here + text(value).removeprefix(self._there)
        return value


def _whole(chunks: Iterable[Step], links: Links, encoding: str) -> Iterator[Step]:
    """Give a body when all of it is there; what is to be waited for passes."""
    held: list[bytes] = []
    try:
        for step in chunks:
            if isinstance(step, bytes):
                held.append(step)
            else:
                yield step
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    yield _rewritten(b"".join(held), links, encoding)


def _rewritten(content: bytes, links: Links, encoding: str) -> bytes:
    plain = decode_stored(content, encoding) if encoding else content
    found = json_object(plain)
    led = None if found is None else links.led(found)
    return plain if led == found else encode(led)
