"""The same rules behind a socket, for whatever is not Python: `app`, `serve`, `Client`.

The names below are loaded when they are first used; uvicorn is, when `serve` is called.

Knows: names. Must not know: what is behind them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.lazy import lazy_names

if TYPE_CHECKING:
    from llm_intercept.server.asgi import app as app
    from llm_intercept.server.client import Client as Client
    from llm_intercept.server.running import serve as serve
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__, {"asgi": "app", "client": "Client", "running": "serve"})
