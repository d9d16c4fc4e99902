"""A URL as it may be shown: in errors, reports, the log.

Knows: URLs, what a secret in one looks like. Must not know: what the URL is shown for.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import lru_cache
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit, urlunsplit

from llm_intercept.secrets.credentials import is_secret_parameter
from llm_intercept.secrets.looks import MARK, is_random
from llm_intercept.secrets.replace import replace_secrets

HARMLESS = frozenset({"api-version", "alt", "beta", "stream"})
"""The query parameters whose values are shown, and kept in takes."""

BLANK = re.compile(r"\A[\x00-\x20]+|[\t\r\n]")
"""What `urlsplit` leaves out of a URL that it can read."""
USER = re.compile(r"//[^/]*@")
QUERY = re.compile(r"[?#].*", re.DOTALL)


@lru_cache(maxsize=256)
def shown_url(url: str) -> str:
    """Write a URL without user, password and fragment, and without what is secret in its path and its query."""
    read = parted(url)
    if read is None:
        return replace_secrets(bare(url))
    parts, query = read
    host = parts.netloc.rpartition("@")[2]
    shown = "&".join(_parameter(name, value) for name, value in query)
    return urlunsplit((parts.scheme, host, replace_secrets(parts.path), shown, ""))


def parted(url: str) -> tuple[SplitResult, list[tuple[str, str]]] | None:
    """Read a URL and its query; one that cannot be read as it is, without what `bare` takes out; None if not even so.

    So what is written of a URL is read again as it stands: `urlsplit` writes some of it in another way.
    """
    for made in (str, bare):
        with suppress(ValueError):
            parts = urlsplit(made(url))
            return parts, parse_qsl(parts.query, keep_blank_values=True)
    return None


def bare(url: str) -> str:
    """Take out of a URL that cannot be read whatever may be its user, password, query and fragment."""
    return USER.sub("//", QUERY.sub("", BLANK.sub("", url)))


def _parameter(name: str, value: str) -> str:
    known = name.lower()
    is_secret = known not in HARMLESS and (is_secret_parameter(name) or is_random(value))
    shown = MARK if is_secret and value else quoted(replace_secrets(value), "[]:/,")
    return f"{quoted(replace_secrets(name))}={shown}"


def quoted(text: str, safe: str = "[]") -> str:
    """Write a text as a part of a query; a lone surrogate, which no URL can say, as a question mark."""
    return quote(text, safe, errors="replace")
