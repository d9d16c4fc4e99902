"""What only the API that wrote it can read, for APIs whose clients take it for base64 and decode it.

Knows: base64. Must not know: any API's JSON.
"""

from __future__ import annotations

import base64
import binascii


def in_base64(secret: str) -> str:
    """Return what a reply gives as base64: as it is where it is some, else its bytes."""
    try:
        base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):  # not ASCII
        return base64.b64encode(secret.encode(errors="surrogatepass")).decode()
    return secret
