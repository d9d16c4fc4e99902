"""What answers said that is secret: it is nowhere in what is sent later to the same tape either.

Knows: secrets. Must not know: exchanges, tapes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from llm_intercept.secrets.credentials import NOTHING, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable


MOST = 500
"""So many are remembered, each of which is looked for in all that is recorded; of more, the newer half."""


class Known:
    """The secrets that the answers of one tape had so far.

    Attributes:
        secrets: These; another object when there are more.

    """

    def __init__(self) -> None:
        self.secrets = NOTHING
        self._found: dict[str, None] = {}
        self._lock = threading.Lock()

    def learn(self, found: Iterable[str]) -> None:
        """Add what was taken out of an answer, if it looks like a secret."""
        with self._lock:
            new = [one for one in found if one not in self._found and NOTHING.and_found([one]) is not NOTHING]
            if not new:
                return
            self._found.update(dict.fromkeys(new))
            if len(self._found) > MOST:
                self._found = dict.fromkeys(list(self._found)[-MOST // 2 :])
                self.secrets = NOTHING
            self.secrets = self.secrets.and_found(self._found if self.secrets is NOTHING else new)

    def beside(self, secrets: Secrets) -> Secrets:
        """Add these to an exchange's own."""
        known = self.secrets
        return Secrets((*secrets.literals, *known.literals), secrets.named) if known.literals else secrets
