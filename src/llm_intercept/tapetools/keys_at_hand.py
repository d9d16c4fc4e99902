"""Finds what shows a key to a host, where its maker's clients look for one.

Knows: environments, what dialects say of keys. Must not know: requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.dummy_keys import DUMMY
from llm_intercept.base.hosts import is_local
from llm_intercept.dialects import keys_of
from llm_intercept.errors import LLMInterceptError

if TYPE_CHECKING:
    from collections.abc import Mapping


class MissingKeyError(LLMInterceptError):
    """There is no key for a host."""


def key_headers(host: str, environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Find the header that shows a key to a host, and the variable that it is from; none for this machine.

    Args:
        host: The name, with a port if there is one.
        environment: Where clients look for keys.

    Raises:
        MissingKeyError: There is no key, or nobody here knows where programs have it.

    """
    name = urlsplit(f"//{host}").hostname or ""
    if is_local(name):
        return {}, ""
    known = keys_of(name)
    for key in known:
        for variable in key.variables:
            if (value := environment.get(variable, "").strip()) and value != DUMMY:
                return {key.header: key.form.format(_sendable(value, variable))}, variable
    if not known:
        advice = "give the header that shows one: --header 'NAME: VALUE'"
        raise MissingKeyError(f"nobody here knows where programs have their key for {host}; {advice}")
    variables = " or ".join(variable for key in known for variable in key.variables)
    shown = f"--header '{known[0].header}: {known[0].form.format('…')}'"
    raise MissingKeyError(f"{host} asks for a key: set {variables}, or give it with {shown}")


def _sendable(value: str, variable: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise MissingKeyError(f"the key in {variable} cannot be sent: it has letters that no header has")
    return value
