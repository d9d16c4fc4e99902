"""Makes realistic secrets of all known shapes, and texts that hold none; from a seed, so that a failure comes again.

The shapes are written here anew, as their providers document them (a prefix, an alphabet, a length): this is what the
redaction is held against, so nothing of it is used.
"""

from __future__ import annotations

import base64
import json
import random
import string

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALPHABETS = {
    "x": "0123456789abcdef",
    "X": "0123456789ABCDEF",
    "a": string.ascii_letters + DIGITS,
    "l": LOWER + DIGITS,
    "U": UPPER + DIGITS,
    "u": string.ascii_letters + DIGITS + "_-",
    "b": string.ascii_letters + DIGITS + "+/",
    "d": DIGITS,
}
# A shape: literal text, and in braces an alphabet and how many of it.
SHAPES = """
openai sk-proj-{u74}T3BlbkFJ{u74}
openai sk-{a20}T3BlbkFJ{a20}
openai sk-svcacct-{u58}
openai sk-admin-{u58}
openai sess-{a40}
openai ek_{a48}
openai whsec_{b44}
anthropic sk-ant-api03-{u93}AA
anthropic sk-ant-admin01-{u93}AA
openrouter sk-or-v1-{x64}
deepseek sk-{x32}
google AIza{u35}
google AQ.{u50}
google ya29.{u120}
google GOCSPX-{u28}
google 1//0{u80}
huggingface hf_{a34}
huggingface api_org_{a34}
cohere co_{a40}
fireworks fw_{a24}
fireworks fpk_{a24}
cerebras csk-{l48}
groq gsk_{a52}
xai xai-{a80}
perplexity pplx-{a48}
replicate r8_{a37}
together tgp_v1_{u43}
nvidia nvapi-{u64}
voyage pa-{u43}
voyage al-{u43}
jina jina_{x32}{u27}
databricks dapi{x32}
databricks dose{x32}
cloudflare cfut_{a40}
vercel vck_{a56}
baidu bce-v3/ALTAK-{a21}/{x40}
modal ak-{a22}
modal as-{a22}
anyscale esecret_{l26}
friendli flp_{a46}
runway key_{x128}
langsmith lsv2_pt_{x32}_{x10}
pinecone pcsk_{a6}_{a63}
tavily tvly-dev-{a32}
firecrawl fc-{x32}
e2b e2b_{x40}
llamacloud llx-{a48}
runpod rpa_{U46}
bedrock ABSK{b120}
bedrock bedrock-api-key-{b200}
aws AKIA{U16}
aws ASIA{U16}
aws IQoJb3JpZ2luX2Vj{b300}
azure {a52}JQQJ99BAACYeBjFXJ3w3AAABACOG{a4}
azure {a3}8Q~{u34}
github ghp_{a36}
github gho_{a36}
github ghs_{a36}
github ghs_{d6}_eyJ{u30}.{u60}.{u43}
github github_pat_{a22}_{a59}
gitlab glpat-{u20}
gitlab gldt-{u20}
gitlab glrt-{u20}
gitlab glcbt-{x2}_{u20}
slack xoxb-{d12}-{d12}-{a24}
slack xoxp-{d12}-{d12}-{d12}-{x32}
slack xoxc-{d12}-{d12}-{d12}-{x64}
slack xoxd-{a120}
slack xapp-1-A{U10}-{d13}-{x64}
slack https://hooks.slack.com/services/T{U8}/B{U10}/{a24}
discord M{a25}.G{a5}.{u38}
discord https://discord.com/api/webhooks/{d18}/{u68}
telegram {d10}:AA{u33}
twilio SK{x32}
mailgun key-{x32}
mailchimp {x32}-us14
sendgrid SG.{u22}.{u43}
stripe sk_live_{a24}
stripe rk_test_{a24}
resend re_{a8}_{a24}
npm npm_{a36}
pypi pypi-AgEIcHlwaS5vcmc{u140}
rubygems rubygems_{x48}
docker dckr_pat_{u27}
heroku HRKU-AA{u58}
digitalocean dop_v1_{x64}
linear lin_api_{a40}
notion ntn_{d11}{a35}
figma figd_{u40}
shopify shpat_{x32}
square sq0atp-{u22}
sentry sntrys_eyJpYXQiO{a60}LCJyZWdpb25fdXJs{a20}_{b43}
sentry sntryu_{x64}
grafana glsa_{a32}_{x8}
grafana glc_{b80}
newrelic NRAK-{U27}
posthog phx_{a43}
vault hvs.{u90}
terraform {a14}.atlasv1.{u64}
doppler dp.pt.{a43}
1password ops_eyJ{b300}
1password A3-{U6}-{U11}-{U5}-{U5}-{U5}
supabase sbp_{x40}
supabase sb_secret_{u31}
planetscale pscale_tkn_{u43}
neon napi_{l64}
fly fm2_{b160}
netlify nfp_{a36}
alibaba LTAI{a20}
tencent AKID{a32}
yandex y0_{u58}
bitbucket ATBB{a32}
atlassian ATATT3{u186}
postman PMAK-{x24}-{x34}
age AGE-SECRET-KEY-1{U58}
airtable pat{a14}.{x64}
dynatrace dt0c01.{U24}.{U64}
pulumi pul-{x40}
readme rdme_{l70}
shippo shippo_live_{x40}
brevo xkeysib-{x64}-{a16}
artifactory AKCp{a69}
clojars CLOJARS_{l60}
duffel duffel_live_{u43}
frameio fio-u-{u64}
scalingo tk-us-{u48}
octopus API-{U26}
easypost EZAK{a54}
prefect pnu_{a36}
openshift sha256~{u43}
jwt eyJhbGciOiJIUzI1NiJ9.eyJ{u60}.{u43}
""".strip().split("\n")
MADE = ("private key", "PGP key", "PuTTY key", "URL password", "basic", "bcrypt", "connection", "bearer")
COUNT = 220


def drawn(source: random.Random, shape: str) -> str:
    """Fill a shape."""
    pieces = shape.split("{")
    made = pieces[0]
    for piece in pieces[1:]:
        kind, _, rest = piece.partition("}")
        made += "".join(source.choices(ALPHABETS[kind[0]], k=int(kind[1:]))) + rest
    return made


def built(source: random.Random, kind: str) -> str:
    """Make a secret that is no prefix and characters; what is around it where that tells it."""
    body = "\n".join(drawn(source, "{b64}") for _ in range(6))
    match kind:
        case "private key":
            return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"
        case "PGP key":
            return f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{body}\n=Ab3d\n-----END PGP PRIVATE KEY BLOCK-----"
        case "PuTTY key":
            return f"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n{body}\nPrivate-MAC: {drawn(source, '{x64}')}"
        case "URL password":
            return f"postgres://svc:{drawn(source, '{a20}')}@db.internal/app"
        case "basic":
            return "Basic " + base64.b64encode(f"svc:{drawn(source, '{a20}')}".encode()).decode()
        case "bcrypt":
            return f"$2b$12${drawn(source, '{a53}')}"
        case "connection":
            return f"AccountName=acme;AccountKey={drawn(source, '{b86}')}=="
        case _:
            return f"Bearer {drawn(source, '{u40}')}"


def secrets(seed: int = 13, count: int = COUNT) -> list[tuple[str, str, str]]:
    """Make secrets: what each is of, the secret with what tells it, and what of it must not be kept."""
    source = random.Random(seed)
    made: list[tuple[str, str, str]] = []
    kinds = [*SHAPES, *(f"! {kind}" for kind in MADE)]
    while len(made) < count:
        name, _, shape = kinds[len(made) % len(kinds)].partition(" ")
        text = built(source, shape) if name == "!" else drawn(source, shape)
        made.append((shape, text, core(text)))
    return made


def core(text: str) -> str:
    """Find what of a text is the secret: the rest is an address, a user or a keyword, which may stay."""
    if text.startswith(("-----", "PuTTY")):
        return text.split("\n")[3]
    for begin, end in (("://svc:", "@"), ("AccountKey=", ""), ("hooks.slack.com/services/", ""), ("webhooks/", "")):
        if begin in text:
            rest = text.partition(begin)[2]
            return rest.partition(end)[0] if end else rest
    return text.rpartition(" ")[2]


NAMES = [
    "api_key",
    "apiKey",
    "API_KEY",
    "OPENAI_API_KEY",
    "openai_key",
    "access_key",
    "accessKey",
    "api_token",
    "apiToken",
    "token",
    "github_token",
    "hf_token",
    "OPENAI_KEY",
    "connectionString",
    "dsn",
    "signing_key",
    "account_key",
    "subscription_key",
    "oauth_token",
    "bot_token",
    "dbPassword",
    "userPassword",
    "appSecret",
    "jwt",
    "session_id",
    "pwd",
    "password",
    "passwd",
    "passphrase",
    "client_secret",
    "clientSecret",
    "secret_key",
    "private_key",
    "auth_token",
    "refresh_token",
    "access_token",
    "id_token",
    "webhook_secret",
    "encryption_key",
    "master_key",
    "x-api-key",
    "X-Auth-Token",
    "DB_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "credentials",
]
"""Names of fields and variables that hold secrets of no shape."""
FORMS = (
    "{n}={v}",
    "{n}: {v}",
    '{n} = "{v}"',
    "{n}: '{v}'",
    'export {n}="{v}"',
    "--{n} {v}",
    "--{n}={v}",
    '"{n}": "{v}"',
    "'{n}': '{v}'",
    "<{n}>{v}</{n}>",
    "{n} := {v}",
    "{n} => '{v}'",
    "set {n}={v};",
    "?{n}={v}&x=1",
    "config.{n} = '{v}'",
)

WORDS = [
    "theme",
    "dark",
    "mode",
    "light",
    "session",
    "design",
    "task",
    "force",
    "risk",
    "averse",
    "learn",
    "scale",
    "fade",
    "circle",
    "buffer",
    "integrate",
    "adaptive",
    "step",
    "alloc",
    "reserve",
    "assistant",
    "system",
    "user",
    "weather",
    "paris",
    "tokyo",
    "happy",
    "number",
    "follow",
    "simple",
    "answer",
    "question",
    "sunny",
    "river",
    "mountain",
]


def legitimate(seed: int = 13) -> list[str]:
    """Make 77 texts that hold no secret, of what is often taken for one."""
    source = random.Random(seed)

    def words(count: int, by: str = "_") -> str:
        return by.join(source.sample(WORDS, count))

    def coded(count: int) -> str:
        return base64.urlsafe_b64encode(source.randbytes(count)).decode()

    templates = (
        lambda: f"def rk_{words(3)}(y, t): return y",
        lambda: f"static int sk_{words(3)}(struct sk_buff *skb);",
        lambda: f"sk_X509_{words(3)}();",
        lambda: f".sk-{words(2, '-')} {{ width: 40px }} .sk-fading-circle",
        lambda: (
            f"Use Bearer authentication with {words(1)}. Basic {source.choice(WORDS).title()}{source.randint(10, 999)} is next."
        ),
        lambda: f"Set HttpOnly and SameSite=None; path=/; domain=.api.{words(1)}.com; the {words(2, ' ')}",
        lambda: f"Cookie: {source.choice(WORDS)}={words(2, '-')}",
        lambda: f"password = hash_password{source.randint(1, 9)}({words(1)})",
        lambda: f"secret = secrets.token_hex({source.randint(8, 64)})",
        lambda: f"secret: {source.choice(['santa', 'garden', 'sauce'])}{source.randint(1990, 2030)}",
        lambda: f"The password: required. Then set api_key in the {words(1)} settings.",
        lambda: f"max_tokens={source.randint(1, 4096)} tokens: {source.randint(10**6, 10**8)} token: {words(1)}",
        lambda: f"primary key: {words(2)}_id, foreign key = {words(2)}.id, key: {words(1)}",
        lambda: f"client = OpenAI(api_key=os.environ['{words(1).upper()}_API_KEY'])",
        lambda: f"api_key=settings.{words(2)} password=config.{words(1)}_password token = get_token()",
        lambda: (
            f"OpenAI(base_url='http://localhost:1234/v1', api_key='{source.choice(['lm-studio', 'not-a-key', 'none', 'test'])}')"
        ),
        lambda: f"data:image/webp;base64,{coded(source.randint(200, 3000))}",
        lambda: f"the blob is {coded(source.randint(200, 3000))}",
        lambda: f"commit {source.randbytes(20).hex()} sha256:{source.randbytes(32).hex()}",
        lambda: f"https://example.com/{words(2, '/')}?page={source.randint(1, 99)}&q={words(2, '+')}#{words(1)}",
        lambda: f"aws_access_key_id = AKIAIOSFODNN7EXAMPLE # {words(2, ' ')}",
        lambda: json.dumps({"credentials": {"kind": words(1), "n": source.randint(1, 9)}, "key": words(2)}),
        lambda: json.dumps(
            {"type": "object", "properties": {"password": {"type": "string"}, "token": {"type": "string"}}}
        ),
        lambda: f"task-{words(3, '-')} r8_unorm_{words(2)} co_{words(2)} re_{words(3)} key_{words(3)}",
        lambda: f"Reset your password: click the link. Token: {words(1)}. Authorization: {words(1)}",
        lambda: f"password: <your-password>, api_key: ${{{words(1).upper()}}}, token: xxxxxxxxxxxxxxxx",
    )
    return [templates[number % len(templates)]() for number in range(77)]
