"""How Google's APIs tell clients to wait.

google-genai obeys no header: it waits as its own `HttpRetryOptions` say, and tries nothing again without them (3.6,
`_api_client.py`: `retry_args`). The delay is in the error's details; the header is for proxies, and for clients of
all APIs such as litellm's router.

Knows: HTTP's header. Must not know: why anybody has to wait.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.base import Retry
from llm_intercept.timing.clock import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import Headers

LONGEST = 60.0  # seconds


def wait(seconds: float) -> Headers:
    """Write the header that tells clients to wait."""
    return (("retry-after", str(whole(seconds)) if seconds else "0"),)


def asked(headers: Headers) -> float | None:
    """Read how many seconds a response tells its client to wait; None if it does not."""
    try:
        return float(next(value for name, value in headers if name.lower() == "retry-after"))
    except (StopIteration, ValueError):
        return None


def attempt(_: Mapping[str, Any]) -> None:
    """Say that no request tells which attempt it is."""


RETRY = Retry((), (), LONGEST, wait, asked, attempt)
