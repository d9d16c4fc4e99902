"""Writes `secrets/gitleaks.json`: gitleaks' rules, as Python's and Rust's regular expressions.

    python tools/secret_rules.py gitleaks.toml --version 8.30.1 --read 2026-11-28

The file given is gitleaks' own `config/gitleaks.toml`, or whatever carries it whole: a built `gitleaks`, or a wheel
with one in it. Only the rules are read; nothing is run.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
import zipfile
from pathlib import Path
from typing import Any

TOLD = 3  # characters by which a prefix is told from a word
TARGET = Path(__file__).parent.parent / "src/llm_intercept/secrets/gitleaks.json"
BEGIN = b"# This file has been auto-generated. Do not edit manually."
OTHER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
LICENCE = """MIT License

Copyright (c) 2019 Zachary Rice

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE."""
LEFT_OUT = {
    "generic-api-key": "secrets/assigned.py looks at names and values itself",
    "curl-auth-header": "the same, and its pattern is not linear",
    "azure-ad-client-secret": "secrets/shapes.py has one without what stands around it",
    "curl-auth-user": "secrets/shapes.py has one that is linear",
    "hashicorp-tf-password": "secrets/assigned.py",
    "jwt": "secrets/shapes.py knows shorter ones",
    "kubernetes-secret-yaml": "its pattern looks through 200 characters at each place",
    "nuget-config-password": "its pattern is not linear",
    "pkcs12-file": "it is about a file's name",
    "private-key": "secrets/shapes.py takes a key that is cut off too",
    "sidekiq-sensitive-url": "secrets/shapes.py knows credentials in a URL",
    "sourcegraph-access-token": "any SHA-1 is one to it",
    "lob-api-key": "its keywords, test_ and live_, are in any code",
}
NO_SECRET = re.compile(r"(?:client-id|pub(?:lic)?-key|access-id|user-api-id)\Z")
BEFORE = r"[\w.-]{0,50}?"
NAMED = r"""(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}"""
NAMED_TOO = NAMED.replace("(?:=|>", ")(?:=|>")
ENDS = (
    r"""(?:[\x60'"\s;]|\\[nr]|$)""",
    r"""(?:[\x60'"\s;]|\\[nr]|$|\b)""",
    r"(?:[^\w-]|\z)",
    r"(?:[^a-zA-Z0-9+/]|\z)",
)
WORD = 8  # characters of a value that its sign asks for


def main() -> None:
    """Read the rules and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--read", required=True, help="the date")
    given = parser.parse_args()
    rules = [rule for one in tomllib.loads(config(given.source))["rules"] if (rule := translated(one)) is not None]
    document = {
        "source": "gitleaks, https://github.com/gitleaks/gitleaks, config/gitleaks.toml",
        "version": given.version,
        "read": given.read,
        "made_by": "tools/secret_rules.py",
        "left_out": LEFT_OUT,
        "licence": LICENCE,
        "rules": rules,
    }
    TARGET.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(rules)} rules in {TARGET}")  # noqa: T201 - a command


def config(source: Path) -> str:
    """Find the text of the rules in a file."""
    content = source.read_bytes()
    if source.suffix == ".whl":
        with zipfile.ZipFile(source) as wheel:
            content = max((wheel.read(one) for one in wheel.infolist()), key=len)
    begin = content.index(BEGIN)
    end = OTHER.search(content, begin)
    return content[begin : end.start() if end else None].decode()


def translated(rule: dict[str, Any]) -> dict[str, Any] | None:
    """Make one of our rules of one of theirs; None if it is left out."""
    if rule["id"] in LEFT_OUT or NO_SECRET.search(rule["id"]):
        return None
    pattern = python(rule["regex"])
    named = next((one for one in (NAMED, NAMED_TOO) if one in pattern), "")
    if named:
        name, value = pattern.split(named, 1)
        pattern = re.sub(r"(?<!\\)\((?!\?)", "(?:", name) + named + value  # the value is the first group
    made: dict[str, Any] = {
        "name": rule["id"],
        "keywords": rule["keywords"],
        "pattern": ended(pattern, named=bool(named)),
    }
    if named:
        made["named"] = True
    else:
        made["sign"] = Sign(pattern).text
    allowed = [
        python(one)
        for each in rule.get("allowlists", ())
        if "regexTarget" not in each
        for one in each.get("regexes", ())
    ]
    return (
        made | ({"entropy": rule["entropy"]} if "entropy" in rule else {}) | ({"allowed": allowed} if allowed else {})
    )


def python(pattern: str) -> str:
    """Write Go's regular expression as Python's: classes, the end, and flags that hold from where they stand."""
    pattern = pattern.replace("[[:alnum:]]", "[A-Za-z0-9]").replace(r"(?i)" + BEFORE, "(?i)").replace(BEFORE, "")
    for end in ENDS:
        pattern = pattern.removesuffix(end)
        pattern = pattern.replace(end + "|", "|")
    return scoped(re.sub(r"\(\?P<\w+>", "(?:", pattern.replace(r"\z", r"\Z")))


def scoped(pattern: str) -> str:
    """Turn `(?i)` in the middle into a group that ends where the group around it does."""
    while (found := re.search(r"\(\?i\)", pattern)) is not None:
        end = closing(pattern, found.end())
        pattern = f"{pattern[: found.start()]}(?i:{pattern[found.end() : end]}){pattern[end:]}"
    return pattern


def closing(pattern: str, at: int) -> int:
    """Find where the group that `at` stands in ends."""
    depth, in_class, escaped = 0, False, False
    for place in range(at, len(pattern)):
        character = pattern[place]
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif in_class:
            in_class = character != "]"
        elif character == "[":
            in_class = True
        elif character == "(":
            depth += 1
        elif character == ")":
            if not depth:
                return place
            depth -= 1
    return len(pattern)


def ended(pattern: str, *, named: bool) -> str:
    """Let a value end where its word ends, or take the rest of the word."""
    return f"(?:{pattern})(?![A-Za-z0-9_-])" if named else f"(?:{pattern})[A-Za-z0-9_-]*"


class Sign:
    """What a quick look asks for: how each match of a pattern begins, in ASCII and without what Rust does not know.

    It ends after the first long run of characters that comes after something that tells it from a word.
    """

    def __init__(self, pattern: str) -> None:
        parsed: Any = re._parser.parse(pattern)  # type: ignore[attr-defined]  # noqa: SLF001
        self._told, self._ended = 0, False
        self.text = self._all(parsed, is_caseless=bool(parsed.state.flags & re.IGNORECASE))

    def _all(self, parsed: Any, *, is_caseless: bool) -> str:
        written = ""
        for kind, value in parsed:
            if not self._ended:
                written += self._one(str(kind), value, is_caseless=is_caseless)
        return written

    def _one(self, kind: str, value: Any, *, is_caseless: bool) -> str:
        match kind:
            case "LITERAL":
                self._told += 1
                return self._literal(chr(value), is_caseless=is_caseless)
            case "ANY":
                return r"[^\n]"
            case "IN":
                return self._class(value, is_caseless=is_caseless)
            case "BRANCH":
                return self._branches(value[1], is_caseless=is_caseless)
            case "SUBPATTERN":
                _, added, removed, inner = value
                is_caseless = (is_caseless or bool(added & re.IGNORECASE)) and not removed & re.IGNORECASE
                return f"(?:{self._all(inner, is_caseless=is_caseless)})"
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(*value, is_caseless=is_caseless)
            case "AT":
                return ""
            case _:
                message = f"no sign is known for {kind}"
                raise ValueError(message)

    def _branches(self, branches: Any, *, is_caseless: bool) -> str:
        told, written, ended, least = self._told, [], [], []
        for branch in branches:
            self._told, self._ended = told, False
            written.append(self._all(branch, is_caseless=is_caseless))
            ended.append(self._ended)
            least.append(self._told)
        self._told, self._ended = min(least), any(ended)
        return f"(?:{'|'.join(written)})"

    def _repeat(self, least: int, most: int, inner: Any, *, is_caseless: bool) -> str:
        told = self._told
        one = self._all(inner, is_caseless=is_caseless)
        self._told = told if not least else self._told
        if self._ended:  # in what is repeated, of which there may be more before the next
            return f"(?:{one}){{1}}" if least else ""
        if least < WORD:
            return f"(?:{one}){{{least},{most}}}" if int(most) <= WORD else f"(?:{one}){{{least},}}"
        self._ended = self._told >= TOLD
        return f"(?:{one}){{{WORD}{'' if self._ended else ','}}}"

    @staticmethod
    def _literal(character: str, *, is_caseless: bool) -> str:
        both = sorted({character.lower(), character.upper()}) if is_caseless and character.isalpha() else [character]
        return re.escape(both[0]) if len(both) == 1 else f"[{''.join(both)}]"

    @staticmethod
    def _class(members: Any, *, is_caseless: bool) -> str:
        parts, negated = [], False
        for kind, value in members:
            match str(kind):
                case "NEGATE":
                    negated = True
                case "LITERAL":
                    parts.append((value, value))
                case "RANGE":
                    parts.append(value)
                case "CATEGORY":
                    parts += CATEGORIES[str(value)]
        if is_caseless:
            parts += [
                (ord(f(chr(a))), ord(f(chr(b)))) for a, b in parts for f in (str.lower, str.upper) if chr(a).isalpha()
            ]
        inside = "".join(rf"\x{{{a:x}}}" if a == b else rf"\x{{{a:x}}}-\x{{{b:x}}}" for a, b in parts)
        return f"[{'^' if negated else ''}{inside}]"


CATEGORIES = {
    "CATEGORY_DIGIT": [(48, 57)],
    "CATEGORY_WORD": [(48, 57), (65, 90), (95, 95), (97, 122)],
    "CATEGORY_SPACE": [(9, 13), (32, 32)],
    "CATEGORY_NOT_SPACE": [(33, 0x10FFFF)],
}

if __name__ == "__main__":
    main()
