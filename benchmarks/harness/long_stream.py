"""Reads a long stream in this process and prints the peak of memory before and after, in megabytes, as JSON.

`python -m harness.long_stream CONTENDER FAMILY CHUNKS`.
"""

from __future__ import annotations

import importlib
import json
import sys

from harness.case import CannotError, Case
from harness.contenders import load
from harness.measure import sealed, why
from harness.starts import peak
from harness.workloads import Session, raw_bytes

FEW = 1000


def read(contender: str, family: str, chunks: int) -> int:
    """Read a stream of so many chunks and return how many came."""
    module, case = importlib.import_module(family), Case("lazy", chunks)
    with load(contender).answering(case, module) as wiring:
        came: int = raw_bytes(Session(module, case, wiring))()
        return came


def main() -> None:
    contender, family, chunks = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with sealed():
        try:
            read(contender, family, FEW)
            idle = peak()
            came = read(contender, family, chunks)
        except CannotError as error:
            sys.exit(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is why there is no figure
            sys.exit(why(error))
    if came < chunks:
        sys.exit(f"{came} of {chunks} chunks came")
    print(json.dumps([idle, peak()]))


if __name__ == "__main__":
    main()
