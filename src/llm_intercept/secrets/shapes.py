"""The shapes of secrets: by their prefixes, by what stands around them, and gitleaks' rules (`gitleaks.json`).

Knows: providers' key formats, from their own documentation and gitleaks. Must not know: names of fields, takes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_intercept.secrets.looks import MARK, entropy, is_placeholder, is_random, is_words, is_wordy
from llm_intercept.secrets.prefilter import Prefilter
from llm_intercept.secrets.signs import BROKEN_OFF, END, SPACE, told_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RULES = Path(__file__).with_name("gitleaks.json")
HEX, ALNUM, URL64, BASE64 = "0-9a-fA-F", "0-9A-Za-z", "0-9A-Za-z_-", "0-9A-Za-z+/=_-"
LONGEST = 512  # characters of a secret that is cut off
RANDOM_END = re.compile(r"\{(?:[5-9]|[1-9]\d)(?:,\d*)?\}\)*$")
BLOB = 120  # characters of base64 without an end, which are no words
_CODED = re.compile(r"[0-9A-Za-z+/_-]+")
PREFIXES: tuple[tuple[str, str, str, int], ...] = (
    # what has it, the prefix (a pattern), the characters after it, how many at least
    ("OpenAI session key", "sess-", ALNUM, 24),
    ("OpenAI ephemeral key", "ek_", ALNUM, 24),
    ("webhook secret", "whsec_", BASE64, 20),
    ("Google API key", "AIza", URL64, 30),
    ("Google API key", r"AQ\.", URL64, 24),
    ("Google OAuth token", r"ya29\.", "0-9A-Za-z_.-", 10),
    ("Google OAuth secret", "GOCSPX-", URL64, 16),
    ("Google refresh token", "1//0", URL64, 20),
    ("Hugging Face token", "(?:hf_|api_org_)", ALNUM, 20),
    ("Cohere key", "co_", ALNUM, 30),
    ("Friendli key", "flp_", ALNUM, 24),
    ("Fireworks key", "(?:fw_|fpk_)", ALNUM, 16),
    ("Cerebras key", "csk-", ALNUM, 24),
    ("Voyage key", "(?:pa|al)-", URL64, 32),
    ("Jina key", "jina_", URL64, 24),
    ("Databricks token", "(?:dapi|dose)", HEX, 32),
    ("Cloudflare token", "(?:cfut_|cfat_|cfk_)", URL64, 30),
    ("Vercel key", "vck_", ALNUM, 20),
    ("Baidu key", "bce-v3/", "0-9A-Za-z/_-", 20),
    ("Modal token", "(?:ak|as)-", ALNUM, 20),
    ("Anyscale key", "esecret_", ALNUM, 20),
    ("Runway key", "key_", HEX, 64),
    ("LangSmith key", "lsv2_(?:pt|sk)_", "0-9A-Za-z_", 24),
    ("Pinecone key", "pcsk_", "0-9A-Za-z_", 24),
    ("Tavily key", "tvly-", URL64, 20),
    ("Firecrawl key", "fc-", HEX, 32),
    ("E2B key", "e2b_", HEX, 32),
    ("LlamaCloud key", "llx-", ALNUM, 24),
    ("RunPod key", "rpa_", ALNUM, 24),
    ("Bedrock key", "ABSK", BASE64, 60),
    ("Bedrock key", "bedrock-api-key-", BASE64, 20),
    ("AWS session token", "(?:IQoJb3JpZ2lu|FwoGZXIvYXdz)", BASE64, 40),
    ("xAI key", "xai-", ALNUM, 16),  # no dashes: its images are called xai-tmp-imgen-…
    ("provider key", "(?:gsk_|pplx-|r8_|tgp_v1_|nvapi-)", URL64, 16),
    ("GitHub token", "gh[pousr]_", ALNUM, 20),
    ("GitHub app token", "ghs_[0-9]{1,20}_eyJ", "0-9A-Za-z_.-", 20),
    ("GitHub token", "github_pat_", "0-9A-Za-z_", 20),
    ("GitLab token", "gl(?:pat|dt|rt|cbt|ptt|ft|agent|oas|imt|soat|ffct)-", "0-9A-Za-z_.-", 16),
    ("Slack token", "xox[abcdeoprs]-", "0-9A-Za-z%-", 10),
    ("Slack token", "xapp-", "0-9A-Za-z-", 10),
    ("Stripe key", "[rs]k_(?:live|test|prod)_", ALNUM, 10),
    ("npm token", "npm_", ALNUM, 30),
    ("PyPI token", "pypi-", URL64, 30),
    ("SendGrid key", r"SG\.", "0-9A-Za-z_.-", 32),
    ("Mailgun key", "(?:key|pubkey)-", HEX, 32),
    ("Resend key", "re_", "0-9A-Za-z_", 20),
    ("RubyGems key", "rubygems_", HEX, 32),
    ("Docker token", "dckr_(?:pat|oat)_", URL64, 20),
    ("Heroku key", "HRKU-", URL64, 30),
    ("DigitalOcean token", "do[por]_v1_", HEX, 40),
    ("Linear key", "lin_(?:api|oauth)_", ALNUM, 30),
    ("Notion token", "(?:ntn_|secret_)", ALNUM, 40),
    ("Figma token", "figd_", URL64, 20),
    ("Shopify token", "shp(?:at|ca|pa|ss)_", HEX, 32),
    ("Square token", "sq0[a-z]{3}-", URL64, 22),
    ("Sentry token", "sntry[su]_", "0-9A-Za-z+/=_-", 40),
    ("Grafana token", "(?:glsa|glc)_", "0-9A-Za-z+/=_", 24),
    ("New Relic key", "NR(?:AK|JS|II)-", URL64, 19),
    ("PostHog key", "ph[xc]_", ALNUM, 24),
    ("Vault token", r"hv[sbr]\.", URL64, 20),
    ("Doppler token", r"dp\.(?:pt|st|ct|sa|scim|audit)\.", "0-9A-Za-z_.-", 40),
    ("1Password token", "ops_eyJ", BASE64, 40),
    ("Supabase key", "(?:sbp_|sb_secret_)", URL64, 20),
    ("PlanetScale token", "pscale_(?:tkn|pw|oauth)_", "0-9A-Za-z_.=-", 30),
    ("Neon key", "napi_", ALNUM, 30),
    ("Fly token", "(?:fm[12][ar]?|fo1)_", BASE64, 40),
    ("Netlify token", "nfp_", ALNUM, 30),
    ("Alibaba key id", "LTAI", ALNUM, 12),
    ("Tencent key id", "AKID", ALNUM, 28),
    ("Yandex token", r"(?:y[0-3]_|t1\.)", "0-9A-Za-z_.=-", 40),
    ("Bitbucket token", "ATBB", ALNUM, 24),
    ("Atlassian token", "ATATT", "0-9A-Za-z_=-", 50),
    ("Twilio key", "SK", HEX, 32),
    ("Postman key", "PMAK-", "0-9a-f-", 40),
    ("Sourcegraph token", "sgp_", "0-9a-z_", 40),
    ("age key", "AGE-SECRET-KEY-1", "0-9A-Z", 50),
    ("Airtable token", r"pat[0-9A-Za-z]{14}\.", HEX, 60),
    ("Discord token", r"[MNO][0-9A-Za-z_-]{22,27}\.[0-9A-Za-z_-]{6}\.", URL64, 26),
    ("Telegram token", r"\d{8,10}:AA", URL64, 32),
)
IN_LINKS = ("signature", "sig", "sign", "hmac", "hdnts", "hdnea", "verify", "auth", "token", "ticket", "secret")
"""What the parameter of a URL is called that opens it to whoever has the URL, a maker's prefix before it or none."""
# What is told by what stands in it or around it: its name, keywords in lower case, a sign, the pattern with the secret
# as its first group if it is not all of it, and what the secret must look like.
ANY = r"[^\s\"'`,;<>()\[\]{}\\&]"
PEM = r"[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?"


def _is_basic(value: str) -> bool:
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4))
    except (ValueError, binascii.Error):
        return False


def _is_key(value: str) -> bool:
    return not is_wordy(value) and not is_placeholder(value)


def _is_token(value: str) -> bool:
    return not is_words(value) and not is_placeholder(value) and (not is_wordy(value) or len(value) > 2 * 8)


AROUND: tuple[tuple[str, tuple[str, ...], str, str, Callable[[str], bool]], ...] = (
    (
        "private key",
        ("private key",),
        "PRIVATE KEY",
        rf"-----BEGIN {PEM}-----(?:(?!-----BEGIN )[\s\S])*?(?:-----END {PEM}-----|(?=-----BEGIN )|\Z)",
        bool,
    ),
    (
        "PuTTY key",
        ("putty-user-key-file",),
        "PuTTY-User-Key-File",
        r"PuTTY-User-Key-File-\d:[\s\S]*?(?:Private-MAC: *[0-9a-f]+|\Z)",
        bool,
    ),
    (
        "JWT",
        ("eyj",),
        "eyJ",
        r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,3}",
        bool,
    ),
    ("sk- key", ("sk-", "sk_", "rk-", "rk_"), "[sr]k[-_][A-Za-z0-9_-]{12}", r"\b[sr]k[-_][A-Za-z0-9_-]{12,}", _is_key),
    (
        "AWS key id",
        ("akia", "asia", "aroa", "aida", "abia", "acca"),
        "(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{8}",
        r"\b(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)(?:[A-Z0-9]{16}\b|[A-Z0-9]{8,}\Z)",
        lambda value: not is_placeholder(value),
    ),
    (
        "Azure key",
        ("jqqj99", "aaaaac", "acdb", "acaa"),
        "JQQJ99|AAAAAC[0-9A-Za-z]{4}|ACDb|ACAA",
        r"\b[0-9A-Za-z]{40,}(?:JQQJ99[A-Za-z0-9]{10,}|AAAAAC[A-Z0-9]{6,}|ACDb[0-9A-Za-z]{4,}|ACAA[0-9A-Za-z]{4,})",
        bool,
    ),
    (
        "Azure client secret",
        ("q~",),
        r"[0-9]Q~[0-9A-Za-z_~.-]{8}",
        r"(?<![A-Za-z0-9_~.-])[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,40}",
        bool,
    ),
    (
        "Azure shared key",
        ("accountkey", "sharedaccess", "sig="),
        "(?i:AccountKey|SharedAccess|sig=)",
        r"(?i:AccountKey|SharedAccessKey|(?<![a-z])sig)=([A-Za-z0-9+/%=_-]{16,})",
        bool,
    ),
    (
        "signed link",
        tuple(f"{name}=" for name in IN_LINKS),
        rf"(?:[?&;]|u0026)(?i:[0-9a-z_-]{{0,30}}(?:{'|'.join(IN_LINKS)}))=[^&\s]{{8}}",
        rf"(?:[?&;]|u0026)(?i:[0-9a-z_-]{{0,30}}(?:{'|'.join(IN_LINKS)}))=([^\s&;\"'`<>()\[\]{{}}\\#]{{8,}})",
        is_random,
    ),
    ("Mailchimp key", ("-us",), r"[0-9a-f]{8}-us[0-9]", r"\b[0-9a-f]{32}-us\d{1,2}\b", bool),
    (
        "Slack webhook",
        ("hooks.slack.com/",),
        r"hooks\.slack\.com/",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{20,})",
        bool,
    ),
    ("Discord webhook", ("/api/webhooks/",), "/api/webhooks/", r"/api/webhooks/(\d+/[A-Za-z0-9_-]{20,})", bool),
    (
        "Teams webhook",
        ("webhook.office.com",),
        r"webhook\.office\.com",
        r"webhook\.office\.com/webhookb2/([0-9a-zA-Z@/-]{30,})",
        bool,
    ),
    (
        "bearer token",
        ("bearer",),
        rf"[Bb](?:earer|EARER){SPACE}(?s:.{{7}})",
        r"\b[Bb](?:earer|EARER)\s{1,4}([A-Za-z0-9._~+/=-]{8,})",
        _is_token,
    ),
    (
        "basic credentials",
        ("basic",),
        rf"[Bb]asic{SPACE}(?s:.{{6}})",
        r"\b[Bb]asic\s{1,4}([A-Za-z0-9+/]{8,}={0,2})(?![A-Za-z])",
        _is_basic,
    ),
    (
        "authorization",
        ("authorization",),
        r"(?i:authorization)[\s\x1c-\x1f\"'\\nrtfu0-9a-f]*[:=]",
        r"(?i:authorization)\\{0,3}[\"']?\s{0,3}[:=]\s{0,3}\\{0,3}[\"']?(?:[A-Za-z][A-Za-z0-9-]{1,20} {1,3})?"
        rf"({ANY}{{8,}})",
        _is_token,
    ),
    (
        "URL credentials",
        ("://",),
        r"://[^\s/@]{1,}@",
        r"://([^\s/:@\[\"'<>]{0,200}:[^\s/@\"'<>]{1,200})(?=@)",
        lambda value: not is_placeholder(value.partition(":")[2]),
    ),
    ("URL token", ("://",), r"://[^\s/@]{1,}@", r"://([^\s/:@\[\"'<>]{16,300})(?=@)", is_random),
    (
        "curl user",
        ("curl",),
        "curl",
        r"\bcurl\b(?:(?!\bcurl\b)[^\n]){0,400}?\s(?:-u|--user)[ =]?\s?([\"'][^\"'\n]{3,200}[\"']|[^\s\"']{3,200})",
        lambda value: ":" in value and not is_placeholder(value.strip("\"'").partition(":")[2]),
    ),
    (
        "command's password",
        ("mysql", "mariadb", "sshpass", "redis-cli"),
        "(?:mysql|mariadb|sshpass|redis-cli)",
        r"\b(?:mysql|mariadb|sshpass|redis-cli)(?:(?!mysql|mariadb|sshpass|redis-cli)[^\n]){0,200}?\s"
        r"(?:(?<=sshpass )-p ?|(?<!sshpass )-p|-a )([\"'][^\"'\n]{3,200}[\"']|[^\s\"'-][^\s\"']{2,200})",
        lambda value: not is_words(value) and not is_placeholder(value.strip("\"'")),
    ),
    (
        "netrc password",
        ("login",),
        rf"login{SPACE}",
        r"\blogin\s{1,9}\S{1,100}\s{1,9}password\s{1,9}(\S{3,200})",
        lambda value: not is_placeholder(value),
    ),
    (
        "password hash",
        ("$", "{sha}", "{ssha}"),
        r"\$(?:apr1|[1256y]|2[abxy]|argon2)[a-z]{0,2}\$|\{S?SHA[0-9]{0,3}\}",
        r"(?:\$(?:apr1|1|5|6|y|2[abxy]|argon2(?:i|d|id))\$[./A-Za-z0-9$=,+]{20,}|\{S?SHA(?:\d{3})?\}[A-Za-z0-9+/=]{27,})",
        bool,
    ),
)


PLAINER = {
    "Discord token": rf"\.[0-9A-Za-z_-]{{6}}\.[0-9A-Za-z_-]{{8}}(?:[0-9A-Za-z_-]{{18}}|[0-9A-Za-z_-]*{END})",
    "vault-service-token": rf"hvs\.[0-9A-Za-z_-]{{8}}|s\.[0-9A-Za-z]{{8}}(?:[0-9A-Za-z]{{16}}|{BROKEN_OFF}{END})",
    "Resend key": rf"re_[0-9A-Za-z_]{{8}}(?:[0-9A-Za-z_]{{12}}|[0-9A-Za-z_]*{END})",
    "facebook-access-token": "[0-9][|%][0-9A-Za-z_-]{8}",
    "maxmind-license-key": "_mmk",
    "hashicorp-tf-api-token": r"\.atlasv1\.",
    "Mailchimp key": "[0-9a-f]-us[0-9]",
    "Airtable token": r"[0-9A-Za-z]\.[0-9a-f]{8}",
    "airtable-personnal-access-token": r"[0-9A-Za-z]\.[0-9a-f]{8}",
    "Telegram token": "[0-9]:AA[0-9A-Za-z_-]{8}",
    "authress-service-client-access-key": r"\.acc[_-]",
}
"""Signs of shapes that begin like any word: with their whole beginnings the quick look is 1,000 times slower, and with
less than a whole secret it sees one in much code (`settings.engine.something`)."""


@dataclass(frozen=True)
class Shape:
    """One shape of secrets.

    Attributes:
        name: What it is called in reports.
        keywords: One of these is in any text that has it, in lower case.
        sign: What a quick look at a document finds where one is, in what Rust's regular expressions know.
        pattern: What finds it; its first group, if it has one, is the secret.
        is_whole: Whether the secret goes on to the end of what was found, where it is a group.
        is_secret: Tells whether what was found is one.
        begins: What one that is cut off, where a text breaks off, begins with; a sign's pattern, empty for nothing.

    """

    name: str
    keywords: tuple[str, ...]
    sign: str
    pattern: str
    is_secret: Callable[[str], bool] = bool
    is_whole: bool = False
    begins: str = ""

    @cached_property
    def _cut_off(self) -> re.Pattern[str]:
        more = "/" if r"\x{2f}" in self.begins else ""
        begins = re.sub(r"\\x\{([0-9a-f]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", self.begins)
        return re.compile(rf"(?<![A-Za-z0-9])(?:{begins})[\w.~+={more}-]*\Z")

    @cached_property
    def look(self) -> Prefilter:
        """The quick look for this shape alone."""
        return Prefilter(self.sign or told_by_name(self.keywords))

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.pattern)

    def is_near(self, lowered: str) -> bool:
        """Whether a text in lower case has a keyword of the shape."""
        return any(word in lowered for word in self.keywords)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Give where the secrets of this shape are in a text."""
        for found in self._compiled.finditer(text):
            group = next((number for number in range(1, 1 + self._compiled.groups) if found[number] is not None), 0)
            begin, end = found.start(group), found.end() if self.is_whole else found.end(group)
            secret = text[begin:end]
            if secret.strip() != MARK and self.is_secret(secret) and not _in_blob(text, found.start()):
                yield begin, end
        cut_off = self._cut_off.search(text, max(0, len(text) - LONGEST)) if self.begins else None
        if cut_off is not None and _is_key(cut_off[0]) and not _in_blob(text, cut_off.start()):
            yield cut_off.span()


def _in_blob(text: str, begin: int) -> bool:
    """Whether a place is within what some file is coded in: a prefix of four letters is in any long one."""
    return begin >= BLOB and _CODED.fullmatch(text, begin - BLOB, begin) is not None


def _keywords(prefix: str) -> tuple[str, ...]:
    """Find what stands in each text that has a prefix: of each of its alternatives the longest literal."""
    inner = re.fullmatch(r"\(\?:(.*)\)([^()]*)", prefix)
    alternatives = [one + inner[2] for one in inner[1].split("|")] if inner else [prefix]
    literals = [re.split(r"\(\?:.*\)|\[[^\]]*\]|\\d|\{[0-9,]*\}", one) for one in alternatives]
    return tuple(max((re.sub(r"\\(.)", r"\1", one) for one in some), key=len).lower() for some in literals)


def _prefixed() -> Iterator[Shape]:
    for name, prefix, characters, least in PREFIXES:
        few = min(least, 8)
        sign = f"{prefix}[{characters}]{{{few}}}".replace(r"\d", "[0-9]")
        whole_or_cut_off = rf"[{characters}]{{{least},}}|[{characters}]{{{few},}}\Z"
        pattern = rf"(?<![A-Za-z0-9]){prefix}(?:{whole_or_cut_off})"
        yield Shape(name, _keywords(prefix), sign, pattern, _is_key)


def _around() -> Iterator[Shape]:
    for name, keywords, sign, pattern, check in AROUND:
        yield Shape(name, keywords, sign, pattern, check)


def _gitleaks(rule: dict[str, Any]) -> Shape:
    """Make a shape of one of gitleaks' rules; what is told by a name alone must look made up."""
    bits, allowed = rule.get("entropy", 0.0), [re.compile(one) for one in rule.get("allowed", ())]
    is_named = "named" in rule

    def is_secret(value: str) -> bool:
        if entropy(value) < bits or any(one.search(value) for one in allowed):
            return False
        return is_random(value) if is_named else not is_placeholder(value)

    keywords = tuple(rule["keywords"])
    sign = rule.get("sign", "")
    begins = sign if RANDOM_END.search(sign) else ""  # a prefix, and the first of what is random
    return Shape(rule["name"], keywords, sign, rule["pattern"], is_secret, is_whole=not is_named, begins=begins)


@lru_cache(maxsize=1)
def shapes() -> tuple[Shape, ...]:
    """Return all shapes, our own first."""
    rules = json.loads(RULES.read_text(encoding="utf-8"))["rules"]
    every = (*_around(), *_prefixed(), *map(_gitleaks, rules))
    return tuple(replace(shape, sign=PLAINER.get(shape.name, shape.sign)) for shape in every)
