"""Lets a request at a server of ours stand for the URL that it is meant for: at the host where its API is at home.

A rule, a recording and an API's manner depend on it. `llm-intercept run` tells every program of its server; a Python
that is answered in process answers such a request itself, as the server would.

Knows: hosts, where APIs are at home. Must not know: servers, rules, who answers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.dialects import home_of
from llm_intercept.engine.exits import port_of

if TYPE_CHECKING:
    from llm_intercept.model.wire import WireRequest


def stand_for(head: WireRequest, place: str, raw: str) -> None:
    """Put a request at another server, whose path comes first where the request's own does not begin with it.

    Args:
        head: The request, which is changed; its URL loses its query.
        place: The URL of the other server.
        raw: The request's path as it is in its URL.

    """
    parts = urlsplit(place)
    before = parts.path.rstrip("/")
    if before and not (raw == before or raw.startswith(before + "/")):
        raw, head.path = before + raw, before + head.path
    head.url = f"{parts.scheme}://{parts.netloc}{raw}"
    head.host = parts.hostname or ""


def at_home(head: WireRequest, server: str) -> WireRequest:
    """Return what a request stands for, if it is one to a server (host and port) of ours; else the request itself."""
    if f"{head.host}:{port_of(head)}" != server:
        return head
    home = home_of(head)
    if not home:
        return head
    parts = urlsplit(head.url)
    made = replace(head, at=parts._replace(query="").geturl())
    stand_for(made, f"https://{home}", parts.path)
    made.url += f"?{parts.query}" if parts.query else ""
    return made
