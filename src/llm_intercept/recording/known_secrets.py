"""What answers said that is secret: it is nowhere in what is sent later to the same tape either.

Knows: secrets. Must not know: exchanges, tapes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from llm_intercept.secrets.credentials import NOTHING, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable


class Known:
    """The secrets that the answers of one tape had so far.

    Attributes:
        secrets: These; another object when there are more.

    """

    def __init__(self) -> None:
        self.secrets = NOTHING
        self._lock = threading.Lock()

    def learn(self, found: Iterable[str]) -> None:
        """Add what was taken out of an answer, if it looks like a secret."""
        with self._lock:
            self.secrets = self.secrets.and_found(found)

    def beside(self, secrets: Secrets) -> Secrets:
        """Add these to an exchange's own."""
        known = self.secrets
        return Secrets((*secrets.literals, *known.literals), secrets.named) if known.literals else secrets
