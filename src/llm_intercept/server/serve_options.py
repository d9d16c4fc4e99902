"""What a server can be told beside what its interceptor is: limits, who may ask, where requests are sent on.

Knows: values. Must not know: what is done with them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypedDict, cast
from urllib.parse import urlsplit

from llm_intercept.base.checks import is_int, is_number
from llm_intercept.errors import SettingsError
from llm_intercept.settings import refuse_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MEGABYTE = 2**20


class Given(TypedDict, total=False):
    """The options of `app` and `serve`.

    Attributes:
        upstream: The URL of the server that requests stand for, and go to where they are let out or recorded; by
            default the host where the API that is asked is at home.
        token: What the control asks for (`Authorization: Bearer …`); by default nothing.
        cors: The origins of pages that may read answers; `*`, the default, for all.
        max_body: How many bytes a request may have; 64 MiB by default.
        body_timeout: Seconds that a request's body may take; 60 by default.
        calls: How many calls are kept at least, of each test a tenth of it; 10,000 by default. Of twice as many the
            older half is forgotten.
        tests: How many tests, by the header `X-LLM-Intercept-Test`, have a share of their own; 256 by default, and of
            more the one that asked longest ago is forgotten.
        ready_after: Simulated seconds after the start until the server says that it is ready.

    """

    upstream: str
    token: str
    cors: str | Sequence[str]
    max_body: int
    body_timeout: float
    calls: int
    tests: int
    ready_after: float


@dataclass(frozen=True, slots=True)
class Options:
    """The options, checked; see `Given`. `workers` is how many processes serve."""

    upstream: str = ""
    token: str = ""
    cors: tuple[str, ...] = ("*",)
    max_body: int = 64 * MEGABYTE
    body_timeout: float = 60.0
    calls: int = 10_000
    tests: int = 256
    ready_after: float = 0.0
    workers: int = 1


def checked(given: Mapping[str, Any]) -> Options:
    """Check options; raises `SettingsError` at one that is not known or cannot be used."""
    refuse_unknown(given, [one.name for one in fields(Options)])
    found = dict(given)
    if "cors" in found:
        found["cors"] = _origins(found["cors"])
    for name in ("max_body", "calls", "tests", "workers"):
        if name in found and not is_int(found[name], 1):
            raise SettingsError(name, found[name], "a positive int")
    for name in ("body_timeout", "ready_after"):
        if name in found and not (is_number(found[name], 0) and (found[name] or name == "ready_after")):
            raise SettingsError(name, found[name], "a positive number of seconds")
    if found.get("upstream"):
        _check_url(found["upstream"])
    return Options(**found)


def _origins(given: object) -> tuple[str, ...]:
    many = (given,) if isinstance(given, str) else given
    if not isinstance(many, list | tuple) or not all(map(_is_origin, cast("list[object]", many))):
        raise SettingsError("cors", given, "'*', an origin such as 'http://localhost:5173', or a list of these")
    return tuple(cast("list[str]", many))


def _is_origin(given: object) -> bool:
    """Whether it is what a browser says of a page: a scheme and a host, without a path; `null` of a file."""
    if not isinstance(given, str):
        return False
    scheme, _, host = given.partition("://")
    return given in {"*", "null"} or bool(scheme and host and "/" not in host)


def _check_url(given: object) -> None:
    expected = "the URL of an API: 'https://api.openai.com'"
    try:
        parts = urlsplit(given) if isinstance(given, str) else None
        is_url = parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
    except ValueError:
        is_url = False
    if not is_url:
        raise SettingsError("upstream", given, expected)
