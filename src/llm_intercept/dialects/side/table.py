"""What programs report of themselves to known model hosts, as one table: who does, and what the host answers.

Knows: paths, and the statuses of these answers. Must not know: rules. What counts tokens is beside its API.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """One kind of report.

    Attributes:
        path: What the path of its POST ends with.
        who: Who makes it.
        status: The status the host answers with.

    """

    path: str
    who: str
    status: int = 200


TABLE = (Report("/traces/ingest", "openai-agents: traces, from a thread, every five seconds", 204),)
