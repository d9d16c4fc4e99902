"""What secrets look like: the known shapes of keys and tokens, the names of fields that hold them.

Knows: providers' key formats, from their own documentation. Must not know: takes.
"""

from __future__ import annotations

import re
from functools import lru_cache

from llm_intercept.recording.prefilter import Prefilter

MARK = "[redacted]"
NAMED = (
    r"api[_-]?keys?|apikey|x[_-]api[_-]key|secret[_-]?(?:access[_-]?)?key|client[_-]?secret|access[_-]?token|"
    r"refresh[_-]?token|id[_-]?token|auth[_-]?token|session[_-]?token|bearer[_-]?token|authorization|private[_-]?key|"
    r"passwd|password|passphrase|credentials?|secret|cookie|set-cookie"
)
# Each shape: its name, what only such strings contain (a quick test), and the pattern; group 1, if any, stays.
SHAPES: tuple[tuple[str, str, str], ...] = (
    (
        "private key",
        r"PRIVATE KEY",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    ),
    ("JWT", r"eyJ", r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.?[A-Za-z0-9_-]*"),
    ("sk- key", r"[sr]k[-_]", r"\b[sr]k[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9_-]{12,}"),
    ("AWS key id", r"A[A-Z]{3}[A-Z0-9]", r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}\b"),
    ("Google API key", r"AIza", r"\bAIza[0-9A-Za-z_-]{30,}"),
    (
        "Google OAuth token",
        r"ya29|GOCSPX|1//",
        r"\b(?:ya29\.[0-9A-Za-z_-]{10,}|GOCSPX-[0-9A-Za-z_-]{16,}|1//0[0-9A-Za-z_-]{20,})",
    ),
    ("GitHub token", r"gh[pousr]_|github_pat", r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    ("GitLab token", r"glpat-", r"\bglpat-[A-Za-z0-9_-]{16,}"),
    ("Slack token", r"xox|xapp-", r"\b(?:xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,})"),
    ("Hugging Face token", r"hf_", r"\bhf_[A-Za-z0-9]{20,}"),
    (
        "provider key",
        r"gsk_|xai-|pplx-|r8_|tgp_|fw_|nvapi-|co_",
        r"\b(?:gsk_|xai-|pplx-|r8_|tgp_v1_|fw_|nvapi-)[A-Za-z0-9_-]{16,}",
    ),
    ("npm or PyPI token", r"npm_|pypi-", r"\b(?:npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,})"),
    ("SendGrid key", r"SG\.", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    (
        "Azure shared key",
        r"AccountKey|SharedAccess|sig=",
        r"((?:AccountKey|SharedAccessKey|sig)=)[A-Za-z0-9+/%=_-]{16,}",
    ),
    (
        "bearer token",
        r"[Bb]earer|BEARER",
        r"(\b[Bb](?:earer|EARER)\s+)(?=\S{0,200}?[0-9A-Z_.-]|\S{20})(?!\[redacted\])[A-Za-z0-9._~+/=-]{8,}",
    ),
    (
        "basic credentials",
        r"[Bb]asic ",
        r"(\b[Bb]asic\s+)(?=[A-Za-z0-9+/]{0,200}?[0-9=])[A-Za-z0-9+/]{12,}={0,2}(?![A-Za-z])",
    ),
    ("URL password", r"://[^\s/]*@", r"(://[^\s/:@\[]*:)(?!\[redacted\]@)[^\s/@]+(?=@)"),
    (
        "named secret",
        NAMED,
        rf"(?i:((?<![A-Za-z])(?:aws_)?(?:{NAMED})\\?[\"']?\s?[:=]\s?\\?[\"']?))(?!\[redacted\])"
        r"(?=[^\s\"',;&\\]{0,200}?[0-9])[A-Za-z0-9._~+/=%$!@#^*-]{6,}",
    ),
)
FIELDS = re.compile(rf"(?i)(?:.*[_-])?(?:{NAMED})\Z")
_COMPILED = [(name, re.compile(pattern)) for name, _, pattern in SHAPES]
_SIGNS = "|".join(f"(?:{quick})" for name, quick, _ in SHAPES if name != "named secret") + rf"|(?i:{NAMED})"
_QUICK = re.compile(_SIGNS)
# Letters that `re` takes for i, s and k where case is ignored, and JSON's escapes that may write any sign of a secret.
_HIDDEN = "[\u0130\u0131\u017f\u212a]|" + r"\\u(?:0130|0131|017f|212a)|\\\\[u/]"
_LIKELY = Prefilter(f"{_SIGNS}|{_HIDDEN}")


def replace_secrets(text: str) -> str:
    """Put the mark where a known shape of secret is; what is already marked stays as it is."""
    while _LIKELY.may_find(text) and _QUICK.search(text):
        found = text
        for _, pattern in _COMPILED:
            found = pattern.sub(_marked, found)
        if found == text:
            return text
        text = found
    return text


def may_hold_secret(document: str) -> bool:
    """Whether a JSON document can hold a known shape of secret, or a field of a name that holds one.

    Args:
        document: JSON text in which only quotes, backslashes, control characters and non-ASCII are escaped. What is
            JSON in one of its strings may be escaped in any way.

    """
    return _LIKELY.may_find(document)


def secrets_in(text: str) -> list[str]:
    """Name the shapes of the secrets in a text, without the secrets."""
    if not (_LIKELY.may_find(text) and _QUICK.search(text)):
        return []
    return [
        name for name, pattern in _COMPILED if any(_marked(found) != found.group() for found in pattern.finditer(text))
    ]


@lru_cache(maxsize=1024)
def holds_secret(field: str) -> bool:
    """Whether a field of this name holds a secret."""
    return FIELDS.match(field) is not None


def _marked(found: re.Match[str]) -> str:
    return (found.group(1) or "" if found.re.groups else "") + MARK
