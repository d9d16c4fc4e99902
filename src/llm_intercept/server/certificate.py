"""A certificate made on the spot, for this machine, by an authority that lives as long as the server.

Knows: trustme. Must not know: servers.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from llm_intercept.errors import SettingsError

if TYPE_CHECKING:
    import os

NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM: the authority, which clients are to trust, and the certificate with its key, for us alone."""

    authority: Path
    chain: Path


def certificate(folder: str | os.PathLike[str], host: str = "") -> Certificate:
    """Make a certificate for this machine, and for a host, in a folder; raises `SettingsError` without trustme."""
    if util.find_spec("trustme") is None:
        raise SettingsError("tls", str(folder), advice="Install trustme, which makes certificates: the extra tls.")
    import trustme  # noqa: PLC0415 - it is an extra

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    made = Certificate(place / "ca.pem", place / "server.pem")
    authority = trustme.CA()
    names = [*NAMES, *([host] if host and host not in NAMES and host != "0.0.0.0" else [])]  # noqa: S104 - it is left out
    issued = authority.issue_cert(*names)
    authority.cert_pem.write_to_path(str(made.authority))
    made.chain.unlink(missing_ok=True)  # else the mode would be that of the file before
    made.chain.touch(mode=0o600, exist_ok=False)
    issued.private_key_and_cert_chain_pem.write_to_path(str(made.chain))
    return made
