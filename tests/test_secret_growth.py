"""Redaction takes time in proportion to a text's length, whatever the text is: who sends one stops no program with it.

It is measured, so it is no part of `make test`; what is linear takes 8 times as long for 8 times as much, what is
quadratic 64 times.
"""

from __future__ import annotations

import json
import random
import re
import time

import pytest

from llm_intercept.recording.events_redaction import redacted_text
from llm_intercept.secrets.redactor import Redactor
from llm_intercept.secrets.urls import shown_url
from llm_intercept.shown import visible
from tests.amounts import WHOLE

pytestmark = pytest.mark.skipif(not WHOLE, reason="it measures time; TEST_ALL=1 runs it")

SHORT, TIMES = 8_000, 8
MOST = 3 * TIMES
QUICK = 0.02  # seconds: what takes no longer grows by whatever else the machine does
REPEATED = re.findall(
    r"\S+",
    r"""
a A 0 . - _ ' " \ \\ \u0041 %41 %2541 : = > | @ , é [ {"a": {"a":" sk- sk-a eyJ eyJhbGciOi.eyJzdWIiOi. s.aaaaaaaa re_
MaaaaaaaaaaaaaaaaaaaaaaaaaaaA.aaaaaa. JQQJ99 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaAAAAAC $2a$ {SSHA} dapi -us1
A3-AAAAAA- 123456789:AA hooks.slack.com/services/ password= api_key:aB3dE5gH7jK9mN1p :// ://a: http://a:b@c/ ?sig=
&token=abcdefgh1 cohere= authorization: authorization <pwd> a> [redacted]
""",
)
SPACED = [f"{unit} " for unit in REPEATED] + [f"{unit}\n" for unit in REPEATED]
LONGER = [
    *("\n", " ", "-----BEGIN PRIVATE KEY-----\n", "-----BEGIN ", "-----BEGIN RSA PRIVATE KEY-----\nMIIE", "curl -u "),
    *(
        "PuTTY-User-Key-File-2: ",
        "password ",
        "curl ",
        "mysql -p",
        "login a password ",
        "login ",
        "Bearer ",
        "--token ",
    ),
    *("basic YTpi ", "key | ", "data: ", 'data: {"a": 1}\n\n', "my secret key is a word ", "cohere key ", "a=b; "),
]
HOW = {
    "a text": Redactor().text,
    "a pattern of the user's": Redactor(patterns=(re.compile(r"\w{4,}"),)).text,
    "a body": lambda text: redacted_text(text, Redactor()),
    "a message": lambda text: visible(text, lines=True),
    "a URL": lambda text: shown_url(f"http://h.test/{text}"),
}


def repeated(unit):
    return lambda length: (unit * (length // len(unit) + 1))[:length]


def nested(length):
    value = "x"
    while len(value) < length:
        value = json.dumps({"a": value})
    return value[: length * 2]


def seconds(redact, text):
    begin = time.thread_time()
    redact(text)
    return time.thread_time() - begin


TEXTS = {
    **{unit: repeated(unit) for unit in (*REPEATED, *SPACED, *LONGER)},
    "hexadecimal": lambda length: random.Random(length).randbytes(length).hex()[:length],
    "an Azure key": lambda length: "a" * (length - 6) + "JQQJ99",
    "JSON in JSON": nested,
}


@pytest.mark.parametrize("how", HOW)
def test_no_text_takes_its_square(how):
    slow = {}
    for name, make in TEXTS.items():
        for attempt in range(3):  # of other texts, since what became of a text is kept
            before, after = (seconds(HOW[how], make(length + attempt)) for length in (SHORT, SHORT * TIMES))
            if after < max(QUICK, MOST * before):
                break
        else:
            slow[name] = (before, after)
    assert slow == {}
