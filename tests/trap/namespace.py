"""A private network: no way out but to the listener, which every name leads to and every library trusts.

Knows: Linux's namespaces. Must not know: doors, what is listened for.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

NETWORK = "198.18.0.0"
"""Addresses that nobody has (RFC 2544): half of them are names', as the listener gives them."""
FIRST, MASK = "198.18.0.1", "255.254.0.0"
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891C
UP_AND_RUNNING = 0x1 | 0x40
TRUST = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "AWS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")
BUNDLES = ("certifi/cacert.pem", "botocore/cacert.pem", "httplib2/cacerts.txt")
SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


class NotAllowedError(Exception):
    """This machine makes no namespaces for us."""


def unshared() -> list[str]:
    """Return the words before a command that give it a namespace of its own; raise `NotAllowedError` if none may be."""
    command = shutil.which("unshare")
    if command is None:
        raise NotAllowedError("there is no `unshare` here")
    said = ""
    for words in ([command, "-n", "-m"], [command, "-r", "-n", "-m"]):
        tried = subprocess.run([*words, sys.executable, "-c", PROBE], capture_output=True, text=True, check=False)
        if tried.returncode == 0:
            return words
        said = (tried.stderr.strip().splitlines() or ["it says nothing"])[-1]
    raise NotAllowedError(f"neither root nor a user namespace may make one: {said}")


PROBE = """
import subprocess
subprocess.run(["mount", "--bind", "/etc/resolv.conf", "/etc/resolv.conf"], check=True)
"""


def enter(folder: Path) -> None:
    """Bring the loopback up with a range of addresses, and let every look-up ask the listener; in a namespace alone."""
    if len(socket.if_nameindex()) != 1:
        raise NotAllowedError("this is a machine's own network")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        fcntl.ioctl(made, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", UP_AND_RUNNING))
        fcntl.ioctl(made, SIOCSIFADDR, _request("lo:0", FIRST))
        fcntl.ioctl(made, SIOCSIFNETMASK, _request("lo:0", MASK))
    resolv = folder / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
    _bind(resolv, Path("/etc/resolv.conf"))


def trust(bundle: Path) -> dict[str, str]:
    """Put a bundle of certificates where libraries look for theirs; return the environment that says so too."""
    places = [SYSTEM_BUNDLE, *filter(None, map(_packaged, BUNDLES))]
    for place in places:
        if place.exists():
            _bind(bundle, place)
    return {**os.environ, **dict.fromkeys(TRUST, str(bundle))}


def _packaged(name: str) -> Path | None:
    found = importlib.util.find_spec(name.partition("/")[0])
    return None if found is None or found.origin is None else Path(found.origin).parent / name.partition("/")[2]


def _bind(source: Path, target: Path) -> None:
    subprocess.run(["mount", "--bind", str(source), str(target.resolve())], check=True)


def _request(name: str, address: str) -> bytes:
    return name.encode().ljust(16, b"\0") + struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
