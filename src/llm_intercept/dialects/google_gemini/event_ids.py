"""The ids of responses, which tell when they began; and signatures, and the ids of calls (docs/wire.md 10.3).

A response's id is base64 of a moment and a server: seconds in 4 bytes, then as varints the microseconds, an address and
a process. Vertex AI's `createTime` is the same moment.

Knows: hashes, base64. Must not know: what they name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llm_intercept.model.exchange_id import Identity

import base64
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from llm_intercept.dialects.shared.hashed_ids import derived

SERVERS = 4_120_000_000
"""From here on are the addresses that are seen."""
PROCESSES = 1 << 32
MILLION = 1_000_000
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
CALL_ID = 8


def response_id(identity: Identity) -> str:
    """Make the id of a response."""
    return _response_id(identity, identity.second)


@lru_cache(maxsize=64)  # each chunk of an answer has it
def _response_id(identity: str, second: int) -> str:
    own = int(derived(identity, "server"), 16)
    server, process = SERVERS + own % 100_000_000, own // 100_000_000 % PROCESSES
    moment = second.to_bytes(4, "little")
    made = moment + _varint(_microseconds(identity)) + _varint(server) + _varint(process)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")


def create_time(identity: Identity) -> str:
    """Write the moment at which a response began."""
    moment = datetime.fromtimestamp(identity.second, UTC) + timedelta(microseconds=_microseconds(identity))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def call_id(identity: str, number: int) -> str:
    """Make the id of a call."""
    own = int(derived(identity, "call", number), 16)
    return "".join(BASE36[own // 36**place % 36] for place in range(CALL_ID))


def signature(identity: str, number: int) -> str:
    """Make what proves that a thought was the model's."""
    made = bytes.fromhex("".join(derived(identity, "signature", number, part) for part in range(8)))
    inner = b"\x0a" + _varint(len(made)) + made
    return base64.b64encode(b"\x12" + _varint(len(inner)) + inner).decode()


def _microseconds(identity: str) -> int:
    return int(identity[8:24], 16) % MILLION


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        made.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*made, number))


def mean_logprob(identity: str, number: int) -> float:
    """Make the mean log probability of a candidate's tokens: of any size, as the recorded ones are (-1.1 to -9e-06)."""
    return -(10 ** (int(derived(identity, "logprob", number)[:13], 16) / 16**13 * 4 - 4))
