"""What is left as it is although it has a secret's name: what users keep, and what a model says itself.

A name alone makes a secret of what somebody sends: `password` is his own. In an answer it is the model's word, such as
an argument of a call, by which a program goes on; so there the value has to look like a secret too, or to be one that
was sent.

Knows: names and values. Must not know: where they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llm_intercept.secrets.fieldnames import Holds
from llm_intercept.secrets.looks import SHORTEST, is_passwordlike, is_words, is_wordy

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


@dataclass(frozen=True, slots=True)
class Spared:
    """What is left of fields and variables that have a secret's name.

    Args:
        fields: Names, in lower case, whose values are never secret by their name.
        is_answer: Whether it is an answer that is looked at.
        sent: What was taken out of the request by its name, which is secret in the answer too.

    """

    fields: frozenset[str] = frozenset()
    is_answer: bool = False
    sent: AbstractSet[str] = frozenset()

    def keeps(self, name: str) -> bool:
        """Whether users keep what has this name."""
        return bool(self.fields) and name.lower() in self.fields

    def is_said(self, value: str, kind: int) -> bool:
        """Whether a value, of whose name `kind` says how sure it tells of a secret, is a model's word and no secret."""
        is_short = kind == Holds.PASSWORD or len(value) < SHORTEST
        is_word = is_words(value) or (is_short and is_wordy(value) and not is_passwordlike(value))
        return self.is_answer and kind != Holds.LIKELY and value not in self.sent and is_word


NOTHING_SPARED = Spared()
