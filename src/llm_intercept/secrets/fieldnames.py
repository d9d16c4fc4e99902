"""Whether a field, a variable or a header of some name holds a secret.

Knows: words, however they are put together: `dbPassword`, `OPENAI_API_KEY`, `x-api-key`. Must not know: values.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SUFFIXES = frozenset({"value", "text", "plain", "plaintext", "raw", "b64", "base64", "encoded", "hash", "header"})
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase", "passcode", "pass", "passwort", "kennwort"})
_KEYS = frozenset(
    {"secret", "secrets", "apikey", "apikeys", "apitoken", "accesskey", "secretkey", "privatekey", "credential"}
    | {"credentials", "creds", "cookie", "cookies", "authorization", "authtoken", "accesstoken", "connectionstring"}
    | {"clientsecret", "mnemonic", "dsn", "jwt"}
)
_LIKELY = frozenset({"key", "keys", "token", "auth", "bearer", "sid", "sig", "pat", "otp", "totp", "pin", "salt"})
_OF_KEY = frozenset(
    {"api", "access", "account", "admin", "auth", "client", "deploy", "encryption", "hmac", "license", "licence"}
    | {"management", "master", "private", "secret", "service", "shared", "signing", "ssh", "storage", "subscription"}
)
_OF_TOKEN = frozenset(
    {"access", "api", "app", "auth", "bearer", "bot", "csrf", "gh", "github", "gitlab", "hf", "id", "jwt", "oauth"}
    | {"personal", "refresh", "secret", "security", "service", "session", "user", "xsrf"}
)
_NONE = frozenset(
    {("cache", "key"), ("public", "key"), ("primary", "key"), ("foreign", "key"), ("sort", "key"), ("row", "key")}
    | {("partition", "key"), ("idempotency", "key"), ("group", "key"), ("object", "key"), ("page", "token")}
    | {("next", "token"), ("continuation", "token"), ("sync", "token"), ("eos", "token"), ("bos", "token")}
    | {("pad", "token"), ("unk", "token"), ("stop", "token"), ("start", "token"), ("end", "token"), ("mask", "token")}
    | {("per", "token"), ("first", "token"), ("last", "token")}
)
ENDINGS = "|".join(sorted(_PASSWORDS | _KEYS | _LIKELY | {"string", "session[_ -]?id"}, key=len))
"""A pattern of the words that names of secrets end in, in lower case, for a quick look."""
SUFFIXES = "|".join(sorted(_SUFFIXES))


class Holds(IntEnum):
    """How sure a name says that it holds a secret."""

    NOTHING = 0
    LIKELY = 1  # if the value looks made up
    KEY = 2  # unless the value is words
    PASSWORD = 3  # whatever the value is


@lru_cache(maxsize=4096)
def holds(name: str) -> Holds:
    """Tell from a name whether what it names is a secret."""
    words = [word.lower() for word in _PART.findall(name[-80:])]
    while words and (words[-1].isdigit() or (words[-1] in _SUFFIXES and len(words) > 1)):
        words.pop()
    if not words:
        return Holds.NOTHING
    last, pair = words[-1], tuple(words[-2:])
    if last in _PASSWORDS:
        return Holds.PASSWORD if last != "pass" or len(words) > 1 else Holds.LIKELY
    if last in _KEYS or pair == ("connection", "string"):
        return Holds.KEY
    if pair == ("session", "id"):
        return Holds.LIKELY
    if last in _LIKELY and pair not in _NONE:
        of = _OF_KEY if last in {"key", "keys"} else _OF_TOKEN if last == "token" else frozenset[str]()
        return Holds.KEY if pair[0] in of else Holds.LIKELY
    return Holds.NOTHING
