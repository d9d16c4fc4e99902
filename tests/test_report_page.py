"""The page of a report: how its script is made, what it may load, and that no text of others ends or runs anything."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files
from zlib import decompress

import pytest

from llm_intercept.report.modules import joined
from llm_intercept.report.packing import packed
from llm_intercept.report.page import page, policy
from llm_intercept.shown import STEERING
from tests.browser import documents

SOURCES = {one.name: one.read_text("utf-8") for one in (files("llm_intercept.report") / "page").iterdir()}
SINKS = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|DOMParser|\beval\b|\bFunction\(|createContextualFragment|setHTML|javascript:"
REACHES = r"\bfetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|window\.open|\bimport\("


class Read(HTMLParser):
    """What a browser finds: elements with their attributes, and the texts of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.append("")

    def handle_data(self, data):
        if self.elements and self.cdata_elem:
            self.texts[-1] += data

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, text) for (name, attrs), text in zip(self.elements, self.texts, strict=True) if name == tag]


def joined_of(**sources: str) -> str:
    return joined(sources, "main")


def test_modules_stand_after_what_they_import():
    """Each once, without its imports and exports."""
    script = joined_of(
        main='import { a } from "./one.js";\nimport { b, C } from "./two.js";\na(b, C);',
        one='import { b } from "./two.js";\nexport function a() {}',
        two="export const b = 1;\nexport class C {}",
    )
    assert re.findall(r"^// (\w+)\.js$", script, re.MULTILINE) == ["two", "one", "main"]
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)


@pytest.mark.parametrize(
    ("sources", "told"),
    [
        (
            {"main": 'import { a } from "./one.js";', "one": "export const b = 1;"},
            "main.js imports what one.js does not export: a",
        ),
        ({"main": 'import { a } from "./none.js";'}, "none.js does not export: a"),
        (
            {"main": 'import { a } from "./one.js";\nconst c = 1;', "one": "export const a = 1;\nfunction c() {}"},
            "one.js and main.js both have 'c'",
        ),
        (
            {
                "main": 'import { a } from "./one.js";\nexport const b = 1;',
                "one": 'import { b } from "./main.js";\nexport const a = 1;',
            },
            "main → one → main",
        ),
        ({"main": "", "one": ""}, "nothing imports one"),
        ({"main": 'import {\n  a,\n} from "./one.js";', "one": "export const a = 1;"}, "cannot be joined"),
        ({"main": 'import { a as b } from "./one.js";', "one": "export const a = 1;"}, "cannot be joined"),
        ({"main": "export default 1;"}, "cannot be joined"),
    ],
)
def test_what_cannot_be_joined_is_an_error(sources, told):
    """Which says the module and the name."""
    with pytest.raises(ValueError, match=re.escape(told)):
        joined(sources, "main")


@pytest.mark.parametrize("live", [False, True])
def test_the_policy_lets_only_the_pages_own_script_run(live):
    """By its hash; nothing is loaded from anywhere, and only a live page asks its own server."""
    read = Read(page(packed(documents.one_call()), live=live))
    ((meta, _),) = [one for one in read.all("meta") if one[0].get("http-equiv")]
    assert meta["content"] == policy(live=live)
    ((_, script),) = [one for one in read.all("script") if one[0].get("type") == "module"]
    ((_, style),) = read.all("style")
    rules = dict(rule.split(" ", 1) for rule in policy(live=live).split("; "))
    hashes = {
        name: f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
        for name, text in (("script-src", script), ("style-src", style))
    }
    assert {name: rules.pop(name) for name in hashes} == hashes
    connects = {"connect-src": "'self'"} if live else {}
    media = {"img-src": "data:", "media-src": "data:"}
    nothing = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'", "trusted-types": "'none'"}
    assert rules == nothing | media | connects | {"require-trusted-types-for": "'script'"}


def test_hostile_texts_stay_data():
    """Whatever stands in a report, the page has the elements that it has without, and gives the texts back as they were."""
    given = documents.hostile()
    read, plain = Read(page(packed(given))), Read(page(packed(documents.empty())))
    kinds = ("application/json", "application/octet-stream")
    elements = [(tag, attrs) for tag, attrs in read.elements if attrs.get("type") not in kinds]
    assert elements == [(tag, attrs) for tag, attrs in plain.elements if attrs.get("type") not in kinds]
    texts = {attrs["id"]: text for attrs, text in read.all("script") if attrs.get("type") in kinds}
    assert json.loads(texts.pop("report")) == json.loads(given.head.as_json())
    details = [one for text in texts.values() for one in json.loads(decompress(b64decode(text), -15))]
    assert details == [json.loads(one.as_json()) for one in given.details]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_no_source_reads_a_text_as_markup_or_reaches_out(name):
    """But for the module that asks a live server."""
    assert not re.findall(SINKS, SOURCES[name])
    assert not re.findall(REACHES, SOURCES[name]) or name == "live.js"
    assert not re.search(r"\bon[a-z]+=|style=", SOURCES[name])


def test_the_page_escapes_what_a_terminal_does():
    """The same characters, but for line ends and tabs, which a page shows."""
    (pattern,) = re.findall(r"const STEERING =\s+/(\[.*\])/gu;", SOURCES["dom.js"])
    ours = re.compile(re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: f"\\U{found[1]:0>8}", pattern))
    near = (range(0x3000), range(0xD700, 0xE100), range(0xFE00, 0x10100), range(0xDFF00, 0xE0200))
    letters = "".join(chr(code) for some in near for code in some)
    assert {*STEERING.findall(letters)} - {*ours.findall(letters)} == {"\t", "\n"}
    assert {*ours.findall(letters)} <= {*STEERING.findall(letters)}


@pytest.mark.parametrize("name", sorted(name for name in SOURCES if name.endswith(".js")))
def test_a_module_says_what_it_knows(name):
    """And is short enough to be read at once."""
    lines = SOURCES[name].splitlines()
    assert lines[0].startswith("// ")
    assert lines[1].startswith("// Knows: ")
    assert "Must not know: " in lines[1]
    assert len(lines) < 400
