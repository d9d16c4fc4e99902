"""What tests of ASGI servers serve: `application`, which adds a line to the file `lifespan` when it begins and ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept import Interceptor, Pace, Reply, disconnect
from llm_intercept.server import app

if TYPE_CHECKING:
    from llm_intercept.server.asgi import App


def made() -> App:
    """Make one that was never asked."""
    llm = Interceptor("one two three", created=1767225600)
    llm.on("slow").reply(Reply("a b c d e f g h", pace=Pace(per_token=0.2))).optional()
    llm.on("for ever").reply(Reply("a b c d e f g h", pace=Pace(per_token=600))).optional()
    llm.on("broken").reply(Reply("a b c d e f g h", fault=disconnect(after=3))).optional()
    return app(llm)


SERVED = made()


def note(text: str) -> None:
    """Add a line to the file."""
    with Path("lifespan").open("a") as file:
        file.write(f"{text}\n")


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve, and note what the server's own life tells."""

    async def noting(message: dict[str, Any]) -> None:
        if scope["type"] == "lifespan":
            note(message["type"])
        await send(message)

    await SERVED(scope, receive, noting)
