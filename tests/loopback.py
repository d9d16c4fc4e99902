"""An HTTP server on a loopback port, in a thread, which says nothing and leaves nothing behind."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


class QuietHandler(BaseHTTPRequestHandler):
    """Answers by HTTP/1.1, without a log, and sends each piece when it is written."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients that break off are what is tested."""


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve with a handler until the block ends; gives the port."""
    with _Server(("127.0.0.1", 0), handler) as served:
        port = served.server_address[1]
        if tls is not None:
            served.socket = tls.wrap_socket(served.socket, server_side=True)
        thread = threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield port
        finally:
            served.shutdown()
            thread.join()
