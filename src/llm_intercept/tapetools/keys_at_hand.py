"""Finds what shows a key to a host, where its maker's clients look for one; and which hosts may get one.

A tape may be another's, so its word does not send a key anywhere: a host is its maker's own, or the environment or the
user names it.

Knows: environments, what dialects say of keys. Must not know: requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.dummy_keys import DUMMY
from llm_intercept.base.hosts import is_local
from llm_intercept.dialects import all_keys
from llm_intercept.errors import LLMInterceptError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from llm_intercept.dialects.key_headers import KeyHeader


class MissingKeyError(LLMInterceptError):
    """There is no key for a host, or nothing says that it may have one."""


def key_headers(host: str, environment: Mapping[str, str], named: Collection[str] = ()) -> tuple[dict[str, str], str]:
    """Find the header that shows a key to a host, and the variable that it is from; none for this machine.

    Args:
        host: The name, with a port if there is one.
        environment: Where clients look for keys, and for the hosts that they ask.
        named: The hosts that the user names, as `host`.

    Raises:
        MissingKeyError: There is no key, it may be anybody's host, or nobody here knows where programs have its key.

    """
    name = _name(host)
    if is_local(name):
        return {}, ""
    known = tuple(dict.fromkeys(_known(name, environment, is_named=host in named)))
    for key in known:
        for variable in key.variables:
            if (value := environment.get(variable, "").strip()) and value != DUMMY:
                return {key.header: key.form.format(_sendable(value, variable))}, variable
    if not known:
        raise _unknown(host, [key for key in all_keys() if name.endswith(key.tenants)])
    shown = f"--header '{known[0].header}: {known[0].form.format('…')}'"
    raise MissingKeyError(f"{host} asks for a key: set {_or(known)}, or give it with {shown}")


def may_have_key(host: str, environment: Mapping[str, str], named: Collection[str]) -> bool:
    """Whether something but a tape says that a host may be shown a key; see `key_headers`."""
    name = _name(host)
    told = (key.is_of(name) or key.is_told_in(environment, name) for key in all_keys())
    return host in named or is_local(name) or any(told)


def _known(name: str, environment: Mapping[str, str], *, is_named: bool) -> Iterator[KeyHeader]:
    """Give the keys that may be shown to a host, those first of which the environment says that it is theirs."""
    every = all_keys()
    told = [key for key in every if key.is_told_in(environment, name)]
    yield from told
    for key in every:
        if key.is_of(name) or (name.endswith(key.tenants) and (told or is_named)):
            yield key


def _unknown(host: str, tenants: Iterable[KeyHeader]) -> MissingKeyError:
    addresses = [name for key in tenants for name in key.addresses]
    if not addresses:
        advice = f"name it and give the header that shows one: --host {host} --header 'NAME: VALUE'"
        return MissingKeyError(f"nobody here knows where programs have their key for {host}; {advice}")
    return MissingKeyError(
        f"{host} may be anybody's, since customers choose such names, so it gets no key because a tape names it. If it "
        f"is yours, set {' or '.join(addresses)} as your programs have it, or say --host {host}"
    )


def _or(known: Iterable[KeyHeader]) -> str:
    return " or ".join(variable for key in known for variable in key.variables)


def _name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


def _sendable(value: str, variable: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise MissingKeyError(f"the key in {variable} cannot be sent: it has letters that no header has")
    return value
