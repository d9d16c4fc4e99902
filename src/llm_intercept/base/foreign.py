"""The other program called llm-intercept, whose package and command have the names of ours.

On the package index `llm-intercept` is a proxy that forwards to paid APIs. Installed beside this one it has the same
package, `llm_intercept`, and the same command: whichever came last has written over the other.

Knows: names of distributions. Must not know: anything of the rest of this package, which may not be there any more.
"""

from __future__ import annotations

import os
import sys

from llm_intercept.base.version import DISTRIBUTION

FOREIGN = "llm-intercept"
AGAIN = f"Uninstall both and install this one again: pip uninstall {FOREIGN} {DISTRIBUTION}; pip install {DISTRIBUTION}"


def overwritten() -> str:
    """Say that the other program was installed over this one; empty if it was not."""
    if getattr(sys.modules["llm_intercept"], "DISTRIBUTION", None) == DISTRIBUTION:
        return ""
    return (
        f"the package llm_intercept is that of another program, {FOREIGN}{_version()}, which forwards to paid APIs and "
        f"was installed over {DISTRIBUTION}. {AGAIN}"
    )


def beside() -> str:
    """Say that the other program is installed as well; empty if it is not."""
    version = _version()
    return version and (
        f"another program, {FOREIGN}{version}, is installed here too; its package and command have the same names, and "
        f"uninstalling it breaks this one. {AGAIN}"
    )


def _version() -> str:
    """Find the other program's version, with a blank before it; empty if it is not installed."""
    # importlib.metadata would take longer to import than all the rest of a start.
    start, ends = FOREIGN.replace("-", "_") + "-", (".dist-info", ".egg-info")
    for folder in filter(os.path.isdir, sys.path):
        for name in os.listdir(folder):  # noqa: PTH208 - pathlib is slow to import
            if name.startswith(start) and name.endswith(ends):
                return " " + name.removeprefix(start).rpartition(".")[0]
    return ""
