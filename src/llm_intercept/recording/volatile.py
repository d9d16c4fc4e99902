"""What changes from run to run in a request: how it is written, and how to tell at a glance that there is none.

Knows: regular expressions. Must not know: requests, takes.
"""

from __future__ import annotations

from llm_intercept.dialects import all_dialects
from llm_intercept.secrets.prefilter import Prefilter

_CALL_IDS = dict.fromkeys(one for each in all_dialects() for one in each.recorded.call_id.split("|") if one)
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MONTH = rf"(?:{_MONTHS})[a-z]{{0,6}}\.?"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}\.?,? )?"
_DAY = r"[0-9]{1,2}(?:st|nd|rd|th)?"
_WORDED = rf"{_WEEKDAY}(?:{_DAY} {_MONTH},? [0-9]{{4}}|{_MONTH} {_DAY},? [0-9]{{4}})"
_NUMBERED = r"(?:[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4}|[0-9]{4}/[0-9]{1,2}/[0-9]{1,2})"
_CLOCK = (
    r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?: ?[AaPp]\.?[Mm]\b\.?)?"
    r"(?: (?:UTC|GMT|[A-Z]{1,2}[SD]T|[A-Z]ET|[+-][0-9]{4}))?(?![0-9:])"
)
VOLATILE: dict[str, str] = {
    "uuid": (
        r"\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b"
        r"|\b(?:[0-9a-f]{32}|[0-9A-F]{32})\b"
    ),
    "time": (
        r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|\s?[+-]\d\d:?\d\d)?(?![\d:])"
        rf"|\b(?:{_WORDED}|{_NUMBERED})(?:,? at|,)? {_CLOCK}"
        rf"|\b{_WEEKDAY}{_MONTH} {{1,2}}[0-9]{{1,2}} {_CLOCK} [0-9]{{4}}\b"
    ),
    "call": rf"\b(?:{'|'.join(_CALL_IDS)})\b",
    "tmp": (
        r"(?:/private)?/(?:tmp|var/tmp|var/folders)(?:/[^\s\"'/:<>|,;)]+)*/(?=[^\s\"'/]*)"
        r"(?:tmp[a-z0-9_]{8}(?![a-z0-9_]))?|[A-Za-z]:\\[^\s\"'<>|]{0,120}\\Temp\\(?:[^\s\"'\\<>|]+\\)*(?:tmp[a-z0-9_]{8})?"
    ),
}
"""The values that change from run to run, by name; each is replaced by its name and a number, the same for the same."""

ON_REQUEST: dict[str, str] = {
    "date": rf"\b[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\b|\b{_WORDED}\b|\b{_NUMBERED}\b",
    "epoch": r"\b1[0-9]{9}(?:[0-9]{3}|\.[0-9]+)?\b",
    "clock": rf"\b{_CLOCK}",
}
"""More that may be named: a day, a Unix time, the time of a day. A question may be about it, so it counts otherwise."""

# Finds something in a text, and in JSON of it, wherever one of `VOLATILE` does; digits are any script's.
_DIGIT = r"(?:[0-9]|[^\x00-\x7f]{1,2}|(?:\\u[0-9a-f]{4}){1,2})"
_CHANGING = Prefilter(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-|[0-9a-f]{32}|[0-9A-F]{32}"
    rf"|-{_DIGIT}{{2}}-{_DIGIT}{{2}}[T ]{_DIGIT}{{2}}:{_DIGIT}{{2}}"
    rf"|(?:{_MONTHS})[a-z]*\.?,? +[0-9]|[0-9][/.][0-9]{{4}}[, ]|[0-9]{{4}}/[0-9]{{1,2}}/[0-9]"
    rf"|{'|'.join(each.recorded.call_id for each in all_dialects() if each.recorded.call_id)}"
    r"|/tmp/|/var/folders/|\\Temp\\"
)
# The same for whatever else makes a canonical body differ from the body: nulls, and the fields that hold ids of calls.
_AROUND_IDS = (around or name for each in all_dialects() for name, around in each.recorded.call_ids)
_CHANGED = Prefilter("|".join(["null", *_AROUND_IDS]))


def may_change(text: str) -> bool:
    """Whether one of `VOLATILE` may be found in a text, or in a text whose JSON this is."""
    return _CHANGING.may_find(text)


def is_changed(text: str) -> bool:
    """Whether a canonical request in which nothing is numbered yet changes by that; yes where it may."""
    return _CHANGED.may_find(text) or _CHANGING.may_find(text)
