"""How much of a law is looked at: a part in `make test`, all of it in `make whole`, which sets TEST_ALL=1.

Only numbers of the same are reduced: examples that hypothesis draws anew in each run, rounds, orders, recordings. What a law
says is the same in both. Where TEST_ALIKE=1 (`.ci/run`) the drawn examples and the order of tests are those of the run before, so
that a change is judged by itself; `make laws` draws TEST_TIMES as many new ones.
"""

from __future__ import annotations

import os

SWITCH = "TEST_ALL"  # LLM_INTERCEPT… names settings of ours: a program that is answered refuses others
WHOLE = os.environ.get(SWITCH) == "1"
DRAWN_ALIKE = os.environ.get("TEST_ALIKE") == "1"
TIMES = int(os.environ.get("TEST_TIMES", "1"))
LEFTOVERS = os.environ.get("TEST_LEFTOVERS") == "1"
"""Whether a test fails that leaves something to the next one; in `make test`, whose libraries leave nothing themselves."""
PATIENCE = 300.0
"""So many seconds a test waits for what must come: only one that fails waits so long, and a machine may be slow and busy."""


def amount(whole: int, part: int) -> int:
    """Give the whole number where all is asked for, else the part."""
    return whole if WHOLE else part


def examples(whole: int) -> int:
    """Give how many examples hypothesis draws: all, or a third of them and ten at the least."""
    return TIMES * amount(whole, max(10, whole // 3))
