"""An SDK's own types of requests, by name, of the SDK that is installed: nothing here imports one.

Knows: modules. Must not know: what the types say.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def request_type(module: str, *names: str, loads: bool) -> Any:
    """Return a type of an SDK's, or None where there is none.

    Args:
        module: Where it stands.
        *names: What it is called; the first that is there counts.
        loads: Whether to load the SDK where nobody has yet; where it made the request, it is loaded.

    """
    found: Any = sys.modules.get(module)
    if found is None and loads:
        try:
            found = import_module(module)
        except ImportError:
            return None
    if found is None:
        return None
    return next((kind for name in names if (kind := getattr(found, name, None)) is not None), None)
