"""What is in base64: what only the API that wrote it can read, and whether a text of a program's can be any.

Knows: base64. Must not know: any API's JSON.
"""

from __future__ import annotations

import base64
import binascii
import string

ALPHABET = f"{string.ascii_letters}{string.digits}+/-_".encode()
"""What is in base64, of either alphabet; some break it into lines, and some leave the padding out."""
SPACE = string.whitespace.encode()


def in_base64(secret: str) -> str:
    """Return what a reply gives as base64: as it is where it is some, else its bytes."""
    try:
        base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):  # not ASCII
        return base64.b64encode(secret.encode(errors="surrogatepass")).decode()
    return secret


def cannot_be_base64(data: str) -> bool:
    """Whether no reader of base64 takes a text for any, however lenient.

    A placeholder, `<…>`, is let be: recordings and documentation have one in the place of what is too long.
    """
    if data.startswith("<"):
        return False
    bare = data.rstrip("=").encode(errors="replace").translate(None, SPACE)
    return bool(bare.translate(None, ALPHABET)) or len(bare) % 4 == 1
