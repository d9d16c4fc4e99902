"""Finds in a take's answer where it would lead its client, with the client's key, to another server than was asked.

A tape may be another's, and clients ask where an answer says: after a redirect httpx sends all headers but
`Authorization`, `x-api-key` among them, and SDKs show their key to the URLs in some fields.

Knows: takes, which fields hold such URLs, as dialects say. Must not know: what becomes of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from llm_intercept.base.hosts import is_local
from llm_intercept.base.json import is_array, is_object, items, mapping
from llm_intercept.recording.bodies import answer_values
from llm_intercept.recording.redaction import ADDRESSES
from llm_intercept.secrets.credentials import is_secret_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.recording.take import Take

HERE = re.compile(r"(?:/(?![/\\])|[?#]|\Z)[!-\[\]-~]*")
"""What leads to the server that is asked, however it is read: a path, with one slash before it and no backslash."""
WHOLE = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2}")
"""What an address begins with in a header that need not be one."""
NO_PLACE = "access-control-allow-origin"


def shows_key(headers: Mapping[str, Any]) -> bool:
    """Whether a request has a key in its headers, which a client sends to wherever it is led."""
    return any(value and is_secret_header(name) for name, value in headers.items())


def addresses(take: Take, links: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """List what a take's answer says of where to ask next: the header or the field, and the address.

    Args:
        take: The take.
        links: The fields of its API that hold such addresses.

    """
    found = [one for name, value in take.response.headers.items() for one in _in_header(name.lower(), value)]
    if links:
        found += [one for value in answer_values(take.response) for one in _in_body(value, links)]
    return tuple(found)


def host_of(address: str, asked: str) -> str | None:
    """Name the other server that an address leads to; None if it leads to the one that is asked.

    Args:
        address: Where to ask next.
        asked: The URL that is asked.

    """
    if HERE.fullmatch(address):
        return None
    try:
        there, here = urlsplit(address), urlsplit(asked)
        host = there.hostname or ""
    except ValueError:
        return address
    origin = f"{here.scheme}://{here.netloc.rpartition('@')[2]}"
    if address.startswith(origin) and HERE.fullmatch(address.removeprefix(origin)):
        return None
    return None if host and is_local(host) and is_local(here.hostname or "") else host or address


def _in_header(name: str, value: str) -> Iterator[tuple[str, str]]:
    if name not in ADDRESSES and (name == NO_PLACE or not WHOLE.match(value)):
        return
    for address in _in_list(value) if name == "link" else (value,):
        yield f"header {name}", address


def _in_list(value: str) -> list[str]:
    """Give what is in brackets, also where they do not end: a pattern of both takes for ever on many that do not."""
    return [one.partition(">")[0] for one in value.split("<")[1:]]


def _in_body(value: Any, links: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if is_object(value):
        for name, one in mapping(value).items():
            if name in links and isinstance(one, str):
                yield f"field {name}", one
            else:
                yield from _in_body(one, links)
    elif is_array(value):
        for one in items(value):
            yield from _in_body(one, links)
