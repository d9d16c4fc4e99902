"""Whether the request that is asked and the one of a take are the same, as far as they are kept.

Several requests have one key where they differ only in what changes from run to run (a uuid, a time) or in what is not
in the key (`stream`, a seed); which of their takes is meant, these tell. Knows: requests as takes keep them. Must not
know: files, order.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from llm_intercept.base.json import is_object
from llm_intercept.recording.fingerprint import Match, Renumbering, canonical_text, recorded_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_intercept.recording.take import TakeRequest

DEFAULT = Match()


class Likeness(NamedTuple):
    """Hashes of a request: of all that is kept of it but a `stream` that asks for none, and of what is in the key."""

    exact: bytes
    alike: bytes


def likeness_of(request: TakeRequest) -> Likeness:
    """Make the hashes of a request."""
    body = _body(request)
    recorded = recorded_of(request.method, request.url)
    alike = Renumbering(()).value(DEFAULT.kept(body, recorded))
    exact = _hash(request.method, request.url, "exact", _without_default(body))
    return Likeness(exact, _hash(request.method, recorded.same_url(request.url), "alike", alike))


class Asked:
    """A request that is looked up.

    Args:
        url: Where it goes, as it was sent.
        body: Its body, as it was sent.
        keep: Makes what is kept of it.
        follows: Whether it continues what a take's request continued, as far as that is known.

    """

    def __init__(
        self,
        url: str,
        body: Any,
        keep: Callable[[], TakeRequest],
        follows: Callable[[TakeRequest], bool] = lambda _: True,
    ) -> None:
        self._url, self._body, self._keep, self._follows = url, body, keep, follows

    def is_plainly(self, request: TakeRequest) -> bool:
        """Whether a take's request is this one to the letter, so that nothing need be redacted to tell."""
        return request.url == self._url and bool(_body(request) == self._body)

    def continues(self, request: TakeRequest) -> bool:
        """Whether a take's request continues the same answer, as far as that is known."""
        return self._follows(request)

    @cached_property
    def likeness(self) -> Likeness:
        """The hashes of what is kept of the request."""
        return likeness_of(self._keep())


def _body(request: TakeRequest) -> Any:
    return request.body if request.text is None else request.text


def _without_default(body: Any) -> Any:
    """Leave out a `stream` that is false, which asks for the same as none."""
    if not is_object(body) or body.get("stream") is not False:
        return body
    return {name: value for name, value in body.items() if name != "stream"}


def _hash(method: str, url: str, kind: str, body: Any) -> bytes:
    said = canonical_text([kind, method, url, body])
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()
