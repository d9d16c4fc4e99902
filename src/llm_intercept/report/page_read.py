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
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HEAD = re.compile(r'<script type="application/json" id="report">([^<]*)</script>')
DETAILS = re.compile(r'<script type="application/octet-stream" id="details-\d+">([^<]*)</script>')
LARGEST = 2**28
"""Bytes that all details may have: a file that somebody else made fills no memory."""
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
        found = Report(head=Head.model_validate_json(head[1]), details=tuple(_details(DETAILS.findall(text))))
    except (ValueError, zlib.error) as error:
        why = f"a page of this version ({VERSION}) of llm-intercept's reports; this one cannot be read ({error})"
        raise SettingsError("report", str(path), why) from error
    return found


def _details(chunks: Iterable[str]) -> Iterator[Detail]:
    """Unpack what is packed together; where it is too much, it ends in the middle of its JSON."""
    left = LARGEST
    for chunk in chunks:
        text = zlib.decompressobj(wbits=RAW).decompress(base64.b64decode(chunk), max(left, 1))
        left -= len(text)
        yield from MANY.validate_json(text)
