"""Reads a report back from its page, so that a run can be held against another.

Knows: how a page holds its report. Must not know: what a report says.
"""

from __future__ import annotations

import base64
import re
import zlib
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from llm_intercept.errors import SettingsError
from llm_intercept.report.document import VERSION, Detail, Head, Report
from llm_intercept.report.packing import RAW

if TYPE_CHECKING:
    from pathlib import Path

HEAD = re.compile(r'<script type="application/json" id="report">(.*?)</script>', re.DOTALL)
DETAILS = re.compile(r'<script type="application/octet-stream" id="details-\d+">([^<]*)</script>')
LARGEST = 2**28
"""Bytes that details which are packed together may have: a file that somebody else made fills no memory."""
MANY = TypeAdapter(list[Detail])


def report_in(path: Path) -> Report:
    """Read the report that a page shows.

    Raises:
        SettingsError: The file is none, or one of another version.

    """
    text = path.read_text(encoding="utf-8", errors="replace")
    head = HEAD.search(text)
    if head is None:
        raise SettingsError("report", str(path), "a page that llm-intercept wrote; this is another file")
    try:
        details = [one for chunk in DETAILS.findall(text) for one in MANY.validate_json(_unpacked(chunk))]
        found = Report(head=Head.model_validate_json(head[1]), details=tuple(details))
    except (ValueError, zlib.error) as error:
        why = f"a page of this version ({VERSION}) of llm-intercept's reports; this one cannot be read ({error})"
        raise SettingsError("report", str(path), why) from error
    return found


def _unpacked(chunk: str) -> bytes:
    return zlib.decompressobj(wbits=RAW).decompress(base64.b64decode(chunk), LARGEST)
