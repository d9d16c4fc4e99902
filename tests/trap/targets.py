"""What is asked: hosts, places, paths, bodies and addresses, each by a name that the listener sees again.

Knows: what a target is, and the groups. Must not know: libraries, modes.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.trap.hosts import hosts, places
from tests.trap.paths import PATHS

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-trapkey-4dE7hK0nQ3tW6zA9cF2iL5oR8uX1bG"
CHAT = b'{"model": "gpt-5", "messages": [{"role": "user", "content": "Hi"}]}'
EMBEDDING = b'{"model": "text-embedding-3-small", "input": "Hi"}'
GROUPS = ("hosts", "places", "paths", "bodies", "addresses")
"""Hosts of models; those that serve much else, by path; paths, and bodies, on hosts that nobody knows; addresses that
are asked for a host."""
NEVER = "never-heard-of.example.net"
ADDRESS = "198.18.7.{}"


@dataclass(frozen=True)
class Target:
    """One thing to ask.

    Attributes:
        group: One of `GROUPS`.
        name: What it is called in the report.
        host: Where it goes: no two groups have the same one.
        path: The path there, with its query.
        method: The request's method.
        headers: Headers beside the credential and the content type.
        content: The body.
        is_chunked: Whether the body is sent in pieces, as nobody knows how long it is.
        scheme: `https` or `http`.

    """

    group: str
    name: str
    host: str
    path: str = "/v1/chat/completions"
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = CHAT
    is_chunked: bool = False
    scheme: str = "https"

    @property
    def url(self) -> str:
        """The URL."""
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def base(self) -> str:
        """The URL that an SDK is given, which adds `/chat/completions`."""
        return self.url.removesuffix("/chat/completions")

    @property
    def all_headers(self) -> dict[str, str]:
        """All headers to send."""
        kind = {} if any(name.lower() == "content-type" for name in self.headers) else JSON
        return {**kind, "Authorization": f"Bearer {KEY}", **self.headers}

    @property
    def port(self) -> int:
        """The port."""
        return 443 if self.scheme == "https" else 80

    def body(self) -> bytes | Iterator[bytes]:
        """Give the body, in pieces if it is to be sent so."""
        return iter((self.content[:9], self.content[9:])) if self.is_chunked else self.content


JSON = {"Content-Type": "application/json"}


def targets(every: int = 1) -> list[Target]:
    """List what is asked; of hosts every n-th, of the rest all."""
    return [
        *(one for host in hosts()[::every] for one in _host(host)),
        *(Target("places", host, host, path) for host, path in places()),
        *_paths(),
        *_bodies(),
        *_addresses(),
    ]


def _host(host: str) -> Iterator[Target]:
    """Ask a host's models, and something else: all of it is known."""
    yield Target("hosts", host, host)
    yield Target("hosts", host, host, "/v1/files", "GET", content=b"")


def _paths() -> Iterator[Target]:
    for number, (path, headers, content) in enumerate(PATHS):
        yield Target("paths", f"POST {path}", f"path-{number}.{NEVER}", path, headers=headers, content=content)


def _bodies() -> Iterator[Target]:
    for number, (name, headers, content) in enumerate(_kinds()):
        host, is_chunked = f"body-{number}.{NEVER}", name == "chunked"
        yield Target("bodies", name, host, headers=headers, content=content, is_chunked=is_chunked)
    for name, (headers, content) in _encoded(EMBEDDING).items():
        yield Target(
            "bodies", f"embeddings, {name}", f"embed-{name}.{NEVER}", "/v1/embeddings", headers=headers, content=content
        )
    yield Target(
        "bodies", "embeddings, chunked", f"embed-chunked.{NEVER}", "/v1/embeddings", content=EMBEDDING, is_chunked=True
    )


def _kinds() -> Iterator[tuple[str, dict[str, str], bytes]]:
    deep = b'{"a": ' * 600 + b"1" + b"}" * 600
    yield "JSON", {}, CHAT
    yield "chunked", {}, CHAT
    for name, (headers, content) in _encoded(CHAT).items():
        yield name, headers, content
    yield "multipart", {"Content-Type": "multipart/form-data; boundary=b"}, MULTIPART
    yield "form", {"Content-Type": "application/x-www-form-urlencoded"}, b"model=gpt-5&prompt=Hi"
    yield "nested deeply", {}, CHAT[:-1] + b', "metadata": ' + deep + b"}"
    yield "not JSON", {"Content-Type": "application/octet-stream"}, b"\x00\xff\xfe{"
    yield "latin-1", {}, '{"model": "gpt-5", "messages": [{"role": "user", "content": "Grüß"}]}'.encode("latin-1")
    yield "bytes after it", {}, CHAT + b"\n\0"
    yield "a large number", {}, CHAT[:-1] + b', "seed": ' + b"9" * 5000 + b"}"
    yield "a surrogate", {}, CHAT.replace(b"Hi", b"\\ud83d")
    yield "a list", {}, b"[" + CHAT + b"]"
    yield "text", {"Content-Type": "text/plain"}, CHAT
    yield "empty", {}, b""


MULTIPART = b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--b--\r\n'


def _encoded(content: bytes) -> dict[str, tuple[dict[str, str], bytes]]:
    """Compress a body in each of the ways that APIs read."""
    import brotli
    import zstandard

    made = {
        "gzip": gzip.compress(content),
        "deflate": zlib.compress(content),
        "br": brotli.compress(content),
        "zstd": zstandard.compress(content),
    }
    return {name: ({"Content-Encoding": name}, encoded) for name, encoded in made.items()}


def _addresses() -> Iterator[Target]:
    """Ask an address for a host, whatever the path and the scheme."""
    asked = [
        ("api.openai.com", "/v1/files", "GET", "https"),
        ("api.openai.com", "/v1/files", "GET", "http"),
        ("api.anthropic.com", "/v1/models", "GET", "https"),
        (NEVER, "/v1/chat/completions", "POST", "https"),
        (NEVER, "/v1/chat/completions", "POST", "http"),
    ]
    for number, (host, path, method, scheme) in enumerate(asked, 1):
        name = f"{method} {scheme}://address{path}, Host: {host}"
        content = CHAT if method == "POST" else b""
        yield Target("addresses", name, ADDRESS.format(number), path, method, {"Host": host}, content, scheme=scheme)
