"""The ways to ask by urllib3, and how an answer is read: by itself and by requests, at once or as it comes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Case
from tests.support import RESPONSES, URL, chat, respond

if TYPE_CHECKING:
    from collections.abc import Iterator

JSON = {"content-type": "application/json", "authorization": "Bearer sk-test"}
LIBRARIES = ("urllib3", "requests")


@dataclass
class Answer:
    """An answer that was read whole."""

    status_code: int
    headers: Any
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Way:
    """One point of the matrix."""

    library: str
    stream: bool
    api: str = "chat"

    @property
    def url(self) -> str:
        return URL if self.api == "chat" else RESPONSES

    def body(self, user: str = "hi", **more: Any) -> dict[str, Any]:
        return (chat if self.api == "chat" else respond)(user, stream=self.stream, **more)

    def said(self, answer: Answer) -> str:
        """Read what the model says in an answer."""
        return Case("", is_async=False, stream=self.stream, api=self.api).text(answer)

    def ask(self, user: str = "hi", *, url: str = "", **more: Any) -> Answer:
        """Ask, and read the answer whole."""
        return self.send(self.body(user, **more), url=url or self.url)

    def send(self, body: Any, *, url: str = URL, method: str = "POST", **options: Any) -> Answer:
        """Send any body, and read the answer whole."""
        with self.sent(body, url=url, method=method, **options) as response:
            if self.library == "requests":
                return Answer(response.status_code, response.headers, response.content)
            return Answer(response.status, response.headers, response.read(decode_content=True))

    @contextmanager
    def sent(self, body: Any, *, url: str = URL, method: str = "POST", **options: Any) -> Iterator[Any]:
        """Send any body; gives the library's response, unread."""
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        headers = {**JSON, **options.pop("headers", {})}
        if self.library == "requests":
            requests = pytest.importorskip("requests")
            with requests.Session() as session:
                session.trust_env = False
                with session.request(method, url, data=content, headers=headers, stream=True, **options) as response:
                    yield response
        else:
            urllib3 = pytest.importorskip("urllib3")
            options = {"retries": False, **options}
            if isinstance(options.get("timeout"), tuple):
                options["timeout"] = urllib3.Timeout(**dict(zip(("connect", "read"), options["timeout"], strict=True)))
            certificates = {"ca_certs": options.pop("verify")} if "verify" in options else {}
            proxies = options.pop("proxies", None)
            proxy = [next(iter(proxies.values()))] if proxies else []
            kind = urllib3.ProxyManager if proxy else urllib3.PoolManager
            with kind(*proxy, **certificates) as manager:
                made = manager.request(method, url, body=content, headers=headers, preload_content=False, **options)
                try:
                    yield made
                finally:
                    made.close()

    def pieces(self, response: Any) -> Iterator[bytes]:
        """Give an answer's body as it comes."""
        if self.library == "requests":
            yield from response.iter_content(chunk_size=None)
        else:
            yield from response.stream(decode_content=True)


WAYS = [Way(library, stream, api) for library in LIBRARIES for stream in (False, True) for api in ("chat", "responses")]
CHAT = [way for way in WAYS if way.api == "chat"]


def name(way: Any) -> str:
    """Name a point in a test's id."""
    return f"{way.library}-{'stream' if way.stream else 'json'}-{way.api}" if isinstance(way, Way) else str(way)


def causes(error: BaseException) -> list[BaseException]:
    """List an exception, and those that it was made of."""
    held = [*error.args, getattr(error, "reason", None)]
    inner = dict.fromkeys(one for one in held if isinstance(one, BaseException))
    return [error, *(found for one in inner for found in causes(one))]
