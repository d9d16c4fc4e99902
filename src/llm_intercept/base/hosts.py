"""The hosts that are known to serve paid LLM APIs: what is stopped when nothing answers it.

Knows: how names are looked up in the data of `known_hosts`. Must not know: bodies, clients.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

from llm_intercept.base.known_hosts import HOSTS, PATTERNS, PLACES, SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OWN = frozenset({"", "localhost", "::", "::1", "0.0.0.0"})  # noqa: S104 - nothing is bound to it
"""Names of this machine, but for addresses that begin with 127, where a connection does not leave it."""


@lru_cache(maxsize=1024)
def is_llm_host(host: str) -> bool:
    """Whether `host` (a name without port) is known to serve a paid LLM API, and little else."""
    name = _normal(host)
    return name in HOSTS or any(end in SUFFIXES for end in _ends(name)) or _has_form(name)


def is_llm_place(host: str, path: str) -> bool:
    """Whether `path` of `host` serves a paid LLM API, or all of `host` does."""
    if is_llm_host(host):
        return True
    places = _places(host)
    return places is not None and re.match(places, path, re.IGNORECASE) is not None


@lru_cache(maxsize=1024)
def _places(host: str) -> str | None:
    name = _normal(host)
    return next((PLACES[one] for one in (name, *_ends(name)) if one in PLACES), None)


def _has_form(name: str) -> bool:
    return any(
        name.endswith(end) and re.fullmatch(form, name.removesuffix(end)) for ends, form in PATTERNS for end in ends
    )


def _normal(host: str) -> str:
    return host.lower().rstrip(".")


def _ends(name: str) -> Iterator[str]:
    """Give what a name ends in, from each of its dots on."""
    at = name.find(".", 1)
    while at > 0:
        yield name[at:]
        at = name.find(".", at + 1)


def is_local(host: str) -> bool:
    """Whether what is sent to `host` stays on this machine."""
    name = _normal(host).strip("[]").partition("%")[0]
    mapped = name.removeprefix("::ffff:")
    return name in OWN or name.endswith(".localhost") or re.fullmatch(r"127(\.\d{1,3}){3}", mapped) is not None


def names_one(globs: Iterable[str], host: str, model: str = "", port: int | None = None) -> bool:
    """Whether a glob (`*`, `?`) names the host, whatever its case, the host with its port, or the model.

    An address of IPv6 may stand in brackets, as in URLs, though these are a glob's too.
    """
    name = host.lower()
    names = (name, f"{name}:{port}")
    spelt: tuple[str, ...] = (f"[{name}]", f"[{name}]:{port}") if ":" in name else ()
    return any(
        glob.lower() in spelt
        or any(fnmatchcase(one, glob.lower()) for one in names)
        or (model and fnmatchcase(model, glob))
        for glob in globs
    )
