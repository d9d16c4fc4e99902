"""How the SDKs that Stainless makes (openai, anthropic and others) are told when to try again.

Knows: their headers (openai 2.54 and 3.54, `_base_client.py`: `_should_retry`, `_parse_retry_after_header`). Must not
know: why anybody has to wait.
"""

from __future__ import annotations

import re
import time
from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.base import Retry
from llm_intercept.timing.clock import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import Headers

LONGEST = 120.0  # seconds
AT_ONCE: Headers = (("retry-after-ms", "1"),)
NEVER: Headers = (("x-should-retry", "false"),)
COUNT = "x-stainless-retry-count"
NUMBER = re.compile(r"[0-9]{1,9}")


def wait(seconds: float) -> Headers:
    """Write the headers that tell clients to wait."""
    return ("retry-after", str(whole(seconds)) if seconds else "0"), ("retry-after-ms", f"{seconds * 1000:g}")


def asked(headers: Headers) -> float | None:
    """Read how many seconds a response tells its client to wait; None if it does not."""
    values = {name.lower(): value for name, value in headers}
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            return float(values[name]) / unit
        except (KeyError, ValueError):
            continue
    return _until(values.get("retry-after", ""))


def _until(date: str) -> float | None:
    """Read how many seconds there are until a date of HTTP's, which the header may have instead."""
    moment = parsedate_tz(date)
    return None if moment is None else max(0.0, mktime_tz(moment) - time.time())


def attempt(headers: Mapping[str, Any]) -> int | None:
    """Read the number of an attempt, from 0; None where the client does not say."""
    said = str(headers.get(COUNT, ""))
    return int(said) if NUMBER.fullmatch(said) else None


RETRY = Retry(AT_ONCE, NEVER, LONGEST, wait, asked, attempt)
