"""Which of OpenAI's models reason and so take fewer parameters (OpenAI's guide "Reasoning models").

Knows: models' names. Must not know: requests.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

DATED = r"(-\d{4}-\d\d-\d\d)?"
_REASONS = re.compile(rf"(o1|o1-mini|o1-preview|o3|o3-mini|o4-mini|gpt-5|gpt-5-mini|gpt-5-nano){DATED}")
"""Models that reason whatever they are asked; of those after them some are asked not to (`reasoning_effort`)."""
_WITHOUT = re.compile(rf"o3-mini{DATED}")

Reasoning = Literal["no", "with one temperature", "without temperature"]


@lru_cache(maxsize=256)
def reasoning(model: str) -> Reasoning:
    """Tell whether a model is sure to reason, and what it says of a temperature; no other name is known to."""
    if _REASONS.fullmatch(model) is None:
        return "no"
    return "without temperature" if _WITHOUT.fullmatch(model) else "with one temperature"
