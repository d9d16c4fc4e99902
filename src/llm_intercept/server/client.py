"""`Client`: a server's control, for tests in Python, by Python's own HTTP.

Knows: the control's paths. Must not know: what the server does, any HTTP library.
"""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

from llm_intercept.base.spelling import spelt, spelt_methods
from llm_intercept.errors import LLMInterceptError
from llm_intercept.server.control import PREFIX
from llm_intercept.server.shares import HEADER

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

PATIENCE = 30.0
FAILED = 400


class ServerError(LLMInterceptError):
    """A server refused what its control was asked, or is none; `status` is what it answered, 0 for nothing."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a server says of a test.

    Attributes:
        calls: How many requests there were.
        unmatched: The requests that nothing answered, explained.
        failures: What went wrong with rules and replies.
        unused: The rules that were added and not used, or not to their end.

    """

    calls: int
    unmatched: tuple[str, ...]
    failures: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every request was answered and every rule used."""
        return not (self.unmatched or self.failures or self.unused)


@spelt_methods
class Client:
    """Asks a server's control.

    Args:
        url: The server's URL, as `serve` gives it.
        test: The id of a test, which gives it rules, scripts and calls of its own; the program under test sends it in
            the header `X-LLM-Intercept-Test`.
        token: What the control asks for, where it does.
        ca: The file of the authority that a server with TLS is to have its certificate from.

    """

    def __init__(self, url: str, *, test: str = "", token: str = "", ca: str | os.PathLike[str] | None = None) -> None:
        self._place = urlsplit(url)
        self._tls = None if ca is None else ssl.create_default_context(cafile=str(ca))
        self._headers = {HEADER: test} if test else {}
        self._asking = {**self._headers, **({"authorization": f"Bearer {token}"} if token else {})}
        self.rules = Rules(self)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the program under test is to send with each request: `OpenAI(default_headers=…)`."""
        return dict(self._headers)

    def calls(self, **wanted: str | int | bool) -> list[dict[str, Any]]:
        """Return the calls so far, each as the log has it.

        Args:
            **wanted: What is asked of them: `model=`, `user=`, `source=`, `status=`, `last=` (so many at the most), ….

        Raises:
            ServerError: There is no such keyword, or a value cannot be one.

        """
        return [json.loads(line) for line in self.ask("GET", f"calls{_query(wanted)}").splitlines()]

    def follow(self, **wanted: str | int | bool) -> Iterator[dict[str, Any]]:
        """Give calls when they end, from now on; see `calls` for the arguments."""
        connection = self._connection()
        try:
            connection.request("GET", f"{PREFIX}calls{_query({**wanted, 'follow': True})}", headers=self._asking)
            response = connection.getresponse()
            if response.status >= FAILED:
                raise _refused(response.status, response.read())
            yield from map(json.loads, response)
        finally:
            connection.close()

    def reset(self) -> None:
        """Forget the rules that were added, calls, scripts, what is kept of answers, limits and chaos."""
        self.ask("POST", "reset")

    def verify(self) -> Verdict:
        """Ask whether every request was answered and every rule that was added used."""
        found = json.loads(self.ask("GET", "verify", fine=(409,)))
        listed = {name: tuple(found[name]) for name in ("unmatched", "failures", "unused")}
        return Verdict(found["calls"], **listed)

    def chaos(
        self, *, rate: float = 0.1, seed: int = 0, kinds: Sequence[int | str | Mapping[str, Any]] | None = None
    ) -> None:
        """Let a share of the requests fail; a kind is a status, a fault's name, or `{"disconnect": {"after": 2}}`."""
        self.ask("POST", "chaos", {"rate": rate, "seed": seed, "kinds": kinds})

    def limit(
        self, *, requests_per_minute: int | None = None, tokens_per_minute: int | None = None, model: str = "*"
    ) -> None:
        """Answer requests beyond a limit with a 429."""
        given = {"requests_per_minute": requests_per_minute, "tokens_per_minute": tokens_per_minute, "model": model}
        self.ask("POST", "limits", given)

    def pace(self, pace: str | None) -> None:
        """Set how fast answers come, as text says it: `ttft=0.3,load=0.02`; None for the server's own pace."""
        if pace is None:
            self.ask("DELETE", "pace")
        else:
            self.ask("POST", "pace", {"pace": pace})

    def is_ready(self) -> bool:
        """Whether the server says that it is ready."""
        return bool(json.loads(self.ask("GET", "ready", fine=(503,)))["status"] == "ready")

    @spelt
    def ask(self, method: str, path: str, value: object = None, fine: Sequence[int] = ()) -> bytes:
        """Ask one of the control's paths; return the answer.

        Raises:
            ServerError: It refuses, by a status that is not among `fine`; or nobody answers.

        """
        connection = self._connection()
        body = None if value is None else json.dumps(value)
        try:
            connection.request(method, PREFIX + path, body=body, headers=self._asking)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            raise ServerError(0, f"{self._place.geturl()} does not answer: {error!r}.") from error
        finally:
            connection.close()
        if response.status >= FAILED and response.status not in fine:
            raise _refused(response.status, content)
        return content

    def _connection(self) -> HTTPConnection:
        host, port = self._place.hostname or "", self._place.port
        if self._place.scheme == "https":
            return HTTPSConnection(host, port, timeout=PATIENCE, context=self._tls)
        return HTTPConnection(host, port, timeout=PATIENCE)


class Rules:
    """The rules of a server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def add(self, *rules: Mapping[str, Any]) -> list[int]:
        """Add rules, which come before the server's own.

        Args:
            *rules: Each as a file of rules has it: `{"user": "weather", "reply": "Sunny."}`. It is to be used, where it
                does not say `"optional": true`.

        Returns:
            Their ids.

        Raises:
            ServerError: One has something that cannot be used.

        """
        ids = json.loads(self._client.ask("POST", "rules", {"rules": rules}))["ids"]
        return cast("list[int]", ids)

    def list(self) -> list[dict[str, Any]]:
        """Return all rules, in the order they are tried; only those that were added have an `id`."""
        rules = json.loads(self._client.ask("GET", "rules"))["rules"]
        return cast("list[dict[str, Any]]", rules)

    def remove(self, *ids: int) -> None:
        """Remove rules that were added, all of them if no id is given."""
        for path in [f"rules/{one}" for one in ids] or ["rules"]:
            self._client.ask("DELETE", path)


def _query(wanted: Mapping[str, str | int | bool]) -> str:
    said = {name: str(value).lower() if isinstance(value, bool) else value for name, value in wanted.items()}
    return f"?{urlencode(said)}" if said else ""


def _refused(status: int, content: bytes) -> ServerError:
    try:
        return ServerError(status, json.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return ServerError(status, f"the server answered {status}, and is none of llm-intercept's: {content[:200]!r}")
