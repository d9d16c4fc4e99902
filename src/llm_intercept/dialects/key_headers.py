"""How programs show their keys to the hosts that serve APIs, and where they are told of a host of their own.

Knows: names of hosts, environments. Must not know: which hosts and variables there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _are_like(labels: Sequence[str], globs: Sequence[str]) -> bool:
    return len(labels) == len(globs) and all(map(fnmatchcase, labels, globs))


def _host_of(address: str) -> str:
    try:
        return urlsplit(address.strip() if "://" in address else f"//{address.strip()}").hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True, slots=True)
class KeyHeader:
    """How a program shows its key to a maker's hosts.

    Attributes:
        variables: The environment variables where clients look for the key, the first that is set counts.
        hosts: The names of hosts that are the maker's own; `*` is a wildcard for what has no dot.
        header: The header.
        form: What is around the key in it.
        addresses: The environment variables in which programs say where they ask; that host gets the key too.
        tenants: What hosts end in that customers have; anybody can be one, so the name does not say whose it is.

    """

    variables: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    header: str = "authorization"
    form: str = "Bearer {}"
    addresses: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()

    def is_of(self, host: str) -> bool:
        """Whether the maker alone can have this host."""
        labels = host.split(".")
        return any(_are_like(labels, one.split(".")) for one in self.hosts)

    def is_told_in(self, environment: Mapping[str, str], host: str) -> bool:
        """Whether programs are told in an environment that they are to ask this host."""
        return any(_host_of(environment.get(name, "")) == host for name in self.addresses)
