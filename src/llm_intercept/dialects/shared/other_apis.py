"""The APIs of a maker that nobody here speaks: what they are called, and what a ready answer of each looks like.

Knows: what makers' references have alike. Must not know: any one API.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_intercept.model.wire import WireRequest

    Ready = tuple[Mapping[str, Any] | bytes, str]


@dataclass(frozen=True, slots=True)
class KnownApi:
    """One of them.

    Attributes:
        path: What its paths begin with, behind the version.
        words: What it is called.
        name: Its name, as `LLMRequest.api` has it.
        kind: What its objects call themselves; empty where `answer` is all there is to say.
        answer: What a request of it is answered with, where that is no object with an id.
        content_type: The type of that answer, where it is no JSON.

    """

    path: str
    words: str
    name: str
    kind: str = ""
    answer: Any = None
    content_type: str = ""


@dataclass(frozen=True)
class OtherApis:
    """All of a maker's.

    Attributes:
        maker: Whose they are.
        apis: Each, a longer path before a shorter one that it begins with.
        before: A pattern of what stands before their paths.
        asks: Whether a request is for the maker, as far as host and headers say.
        home: The host that a server stands for which is asked for one.
        told: The field in which an object says what it is.
        listed: A list without entries.

    """

    maker: str
    apis: tuple[KnownApi, ...]
    before: str
    asks: Callable[[WireRequest], bool]
    home: str
    told: str
    listed: Mapping[str, Any]

    @cached_property
    def path(self) -> re.Pattern[str]:
        """What their paths look like: which API's, and what stands behind it."""
        paths = "|".join(re.escape(one.path) for one in self.apis)
        return re.compile(rf"{self.before}({paths})([/:].*)?$")

    @cached_property
    def by_path(self) -> Mapping[str, KnownApi]:
        """Each by its path."""
        return {one.path: one for one in self.apis}

    def find(self, head: WireRequest) -> KnownApi | None:
        """Find the API of a request; None where it is none of these."""
        found = self.path.search(head.path.rstrip("/")) if self.asks(head) else None
        return None if found is None else self.by_path[found[1]]

    def called(self, api: KnownApi, head: WireRequest) -> str:
        """Say whose API it is: `OpenAI's files API`."""
        del head
        return f"{self.maker}'s {api.words} API"

    def smallest_answer(self, api: KnownApi, head: WireRequest) -> Ready:
        """Make a small ready answer to a request, and its content type where it is no JSON."""
        found = self.path.search(head.path.rstrip("/"))
        rest = [part for part in (found[2] or "").split("/") if part] if found is not None else []
        if rest[-1:] == ["content"]:
            return b"content", "application/octet-stream"
        if api.answer is not None:
            return api.answer, api.content_type
        if head.method == "GET" and len(rest) % 2 == 0:  # /files, /vector_stores/vs_1/files
            return self.listed, ""
        return self.object(api, rest[0] if rest else "", is_deleted=head.method == "DELETE"), ""

    def object(self, api: KnownApi, identifier: str, *, is_deleted: bool) -> Mapping[str, Any]:
        """Make an object of an API's, with the id that is asked for."""
        shown = {"id": identifier or f"{api.kind.rpartition('.')[2]}_1", self.told: api.kind}
        return {**shown, "deleted": True} if is_deleted else shown
