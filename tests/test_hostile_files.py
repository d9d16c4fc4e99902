"""Whatever is in a file of another recorder: it is refused in one line, in little time, and the others are imported."""

from __future__ import annotations

import base64
import gzip
import json
import sys
import time
import zlib
from types import ModuleType, SimpleNamespace

import pytest

from llm_intercept.recording import encodings
from llm_intercept.recording.bodies import content_of
from llm_intercept.recording.encodings import EncodedError, decode_chunks, decode_stored
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import Tape
from llm_intercept.tapetools import documents
from llm_intercept.tapetools.importing import files_under, import_files
from tests.support import URL
from tests.test_recordings_cli import ANSWER, TEXT, VARIANTS, run, vcr

ZEROS = 3_000_000  # bytes that a bomb of the tests makes, where 1,000,000 are allowed
HEAD = f"interactions:\n- request: {{method: POST, uri: '{URL}', body: %s}}\n  response: {{status: %s, body: %s}}\n"


def bomb(levels=7, width=10):
    rows = [f"a0: &a0 [{', '.join(['lol'] * width)}]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(rows) + "\n" + HEAD % (f"*a{levels - 1}", 200, "x")


def merges(levels=9):
    rows = ["m0: &m0 {a: 1, b: 2}"]
    rows += [f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}" for n in range(1, levels)]
    return "\n".join(rows) + "\n" + HEAD % ("x", 200, "x")


def nested(depth):
    return "[" * depth + "]" * depth


def with_answer(content, encoding="gzip"):
    packed = base64.b64encode(content).decode()
    return json.dumps(vcr(body={"base64_string": packed}, headers={"Content-Encoding": [encoding]}))


HOSTILE = {
    "bomb.yaml": (bomb(), "values, counted wherever"),
    "strings.yaml": (f"s: &s {'x' * 200_000}\n" + HEAD % (f"[{', '.join(['*s'] * 1000)}]", 200, "x"), "characters"),
    "cycle.yaml": (HEAD % ("&x [*x]", 200, "x"), ""),
    "merges.yaml": (merges(), ""),
    "many.yaml": (f"[{'a, ' * 21_000}]", "values, counted wherever"),
    "deep.yaml": (HEAD % (nested(3000), 200, "x"), ""),
    "deep.json": (nested(100_000), "nested deeper"),
    "deep-request.yaml": (HEAD % (f"'{nested(300)}'", 200, "x"), "nested deeper"),
    "deep-answer.yaml": (HEAD % ("x", 200, f"'{nested(300)}'"), ""),
    "deep-event.yaml": (HEAD % ("x", 200, f"'data: {{\"a\":{nested(300)}}}'"), ""),
    "deepest-answer.yaml": (HEAD % ("x", 200, f"'{nested(50_000)}'"), ""),
    "status-999.yaml": (HEAD % ("x", 999, "x"), "999 is no HTTP status"),
    "status-minus.yaml": (HEAD % ("x", -5, "x"), "-5 is no HTTP status"),
    "status-empty.yaml": (HEAD % ("x", "''", "x"), "no HTTP status"),
    "status-none.yaml": (HEAD % ("x", "", "x"), "no HTTP status"),
    "url.yaml": ((HEAD % ("x", 200, "x")).replace(URL, "http://[::1/"), "Invalid IPv6 URL"),
    "no-url.yaml": ((HEAD % ("x", 200, "x")).replace(URL, ""), "'' is no URL of a host"),
    "headers.yaml": ((HEAD % ("x", 200, "x")).replace("method: POST", "method: POST, headers: [[]]"), "exchange 1 of 1"),
    "int.yaml": (HEAD % ("9" * 5000, 200, "x"), ""),
    "date.yaml": (HEAD % ("2026-13-45", 200, "x"), "not YAML"),
    "key.yaml": (HEAD % ("{[a]: b}", 200, "x"), "not YAML"),
    "zip.json": (with_answer(gzip.compress(bytes(ZEROS))), "more than 1,000,000 bytes when its gzip"),
    "packed.yaml.gz": (gzip.compress(bytes(ZEROS)), "more than 1,000,000 bytes when its gzip"),
    "broken.json": (with_answer(gzip.compress(TEXT.encode())[:-20]), "ends before its gzip does"),
    "brotli.json": (with_answer(b"\x8b\xff\x80hello\x03", "br"), ""),
    "bad.yaml.gz": (b"\x1f\x8bbroken", "is said to be gzip and is not"),
    "empty.yaml": ("", "no recorded exchanges"),
    "text.yaml": ("just a text", "no recorded exchanges"),
    "sets.yaml": ("interactions: !!set {a, b}", "no recorded exchanges"),
    "numbers.json": ("[1, null, {}]", "no recorded exchanges"),
    "stream.bin": (b"data: " + nested(100_000).encode() + b"\n\n", ""),
}  # fmt: skip


@pytest.fixture
def small(monkeypatch):
    """Allow a body of a megabyte and few values, so that bombs are cheap to make."""
    monkeypatch.setattr(documents, "VALUES", 20_000)
    monkeypatch.setattr(encodings.decode_chunks, "__defaults__", (1_000_000,))
    monkeypatch.setattr(encodings.decode_stored, "__defaults__", ("", 1_000_000))
    monkeypatch.setattr(documents, "MOST", 100_000_000)


@pytest.mark.usefixtures("small")
def test_a_hostile_file_is_one_line_and_the_others_are_imported(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name, (content, _) in HOSTILE.items():
        (source / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (source / "fine.json").write_text(json.dumps(VARIANTS["vcrpy json"]))
    (source / "zz.json").write_text(json.dumps(VARIANTS["go-vcr"]))
    begin = time.process_time()
    done = {one.file.name: one for one in import_files(files_under([source]), tmp_path / "out")}
    assert time.process_time() - begin < 10
    for name, (_, why) in HOSTILE.items():
        assert why in done[name].failure, name
        assert "\n" not in done[name].failure
        assert done[name].failure or len(done[name].names) == 1
    assert [done[name].failure for name in ("fine.json", "zz.json")] == ["", ""]
    for kind in ("bomb", "cycle", "deep", "brotli"):
        assert any(done[name].failure for name in done if name.startswith(kind)), kind


def test_no_tag_of_yaml_runs_code(tmp_path):
    mark = tmp_path / "ran"
    tags = [
        f"!!python/object/apply:os.system ['touch {mark}']",
        f"!!python/object/new:os.system ['touch {mark}']",
        f"!!python/object/apply:builtins.exec [\"open('{mark}', 'w')\"]",
        "!!python/name:os.system ''",
        "!!python/module:os ''",
        "!!js/function 'x'",
    ]
    for number, tag in enumerate(tags):
        (tmp_path / f"{number}.yaml").write_text(HEAD % (tag, 200, "x"))
    done = list(import_files(files_under([tmp_path]), tmp_path / "out"))
    assert [one.failure for one in done] == [""] * len(tags)
    assert not mark.exists()


def test_keys_that_are_no_texts_are_written_as_json_does(tmp_path):
    (tmp_path / "one.yaml").write_text(HEAD % ("{7: a, null: b, true: {2026-11-22: [2026-11-22]}}", 200, "x"))
    (done,) = import_files(files_under([tmp_path]), tmp_path / "out")
    assert done.failure == ""
    ((_, take),) = Tape(FolderStore(done.tape)).takes()
    assert take.request.body == {"7": "a", "null": "b", "true": {'"2026-11-22"': ["2026-11-22"]}}


def test_what_is_no_regular_file_is_not_read(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "zero.json").symlink_to("/dev/zero")
    assert list(files_under([tmp_path])) == []
    (done,) = import_files(files_under([tmp_path / "pipe.json"]), tmp_path / "out")
    assert done.failure == "it is no regular file"


def test_a_packed_cassette_is_imported_as_it_would_be_unpacked(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.yaml.gz").write_bytes(gzip.compress((HEAD % ("x", 200, f"'{TEXT}'")).encode()))
    assert "1 file: 1 take in 1 tape, 0 not imported" in run("import", tmp_path / "in", "--to", tmp_path / "out")
    ((_, take),) = Tape(FolderStore(tmp_path / "out" / "one")).takes()
    assert take.response.body == ANSWER


def test_two_files_never_become_one_tape(tmp_path):
    for root, text in (("a", "first"), ("b", "second")):
        (tmp_path / root).mkdir()
        (tmp_path / root / "chat.json").write_text(json.dumps(vcr(body={"string": text})))
    (tmp_path / "a" / "chat.yaml").write_text(HEAD % ("x", 200, "third"))
    out = tmp_path / "out"
    shown = run("import", tmp_path / "a", tmp_path / "b", "--to", out, status=1)
    assert "3 files: 1 take in 1 tape, 2 not imported" in shown
    assert f"{tmp_path / 'a' / 'chat.json'} has become the tape" in shown
    shown = run("import", tmp_path / "b", "--to", out, status=1)  # nor do they in a run of their own
    assert "is there and differs" in shown
    assert "recorded 'first'; now 'second'" in shown
    ((_, take),) = Tape(FolderStore(out / "chat")).takes()
    assert content_of(take.response) == b"first"


@pytest.mark.parametrize("change", ["edit", "delete", "add", "damage"])
def test_importing_again_changes_nothing_and_says_what_differs(tmp_path, change):
    interactions = vcr(body={"string": "one"})["interactions"] + vcr(body={"string": "two"})["interactions"]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "chat.json").write_text(json.dumps({"interactions": interactions}))
    assert "2 takes in 1 tape, 0 not" in run("import", tmp_path / "in", "--to", tmp_path / "out")
    assert "2 takes in 1 tape (1 there already), 0 not" in run("import", tmp_path / "in", "--to", tmp_path / "out")
    tape = tmp_path / "out" / "chat"
    first = min(tape.iterdir())
    match change:
        case "edit":
            first.write_text(first.read_text().replace('"one"', '"by hand"'))
        case "delete":
            first.unlink()
        case "add":
            (tape / "001-other-0123456789ab.json").write_bytes(first.read_bytes())
        case _:
            first.write_text("{")
    before = {path.name: path.read_bytes() for path in tape.iterdir()}
    said = {"edit": "recorded 'by hand'; now 'one'", "delete": "is not in it", "add": "is not in the file", "damage": "cannot be read"}  # fmt: skip
    assert said[change] in run("import", tmp_path / "in", "--to", tmp_path / "out", status=1)
    assert {path.name: path.read_bytes() for path in tape.iterdir()} == before


def brotli_like(method):
    """Make a library as brotli (`process`) or brotlicffi (`decompress`, too) is: its objects take no new attributes."""

    class Decompressor:
        __slots__ = ("inner",)

        def __init__(self):
            self.inner = zlib.decompressobj()

    setattr(Decompressor, method, lambda self, data: self.inner.decompress(data))
    return SimpleNamespace(Decompressor=Decompressor)


def zstd_like(*, is_zstandard):
    """Make a library as zstandard or as backports.zstd and Python's own are."""
    inner = type("ZstdDecompressor", (), {"__init__": lambda self: setattr(self, "inner", zlib.decompressobj())})
    inner.decompress = lambda self, data: self.inner.decompress(data)
    outer = type("ZstdDecompressor", (), {"decompressobj": lambda _: inner()})
    return SimpleNamespace(ZstdDecompressor=outer if is_zstandard else inner)


@pytest.mark.parametrize(
    ("encoding", "name", "library"),
    [
        ("br", "brotli", brotli_like("process")),
        ("br", "brotlicffi", brotli_like("decompress")),
        ("zstd", "zstandard", zstd_like(is_zstandard=True)),
        ("zstd", "backports.zstd", zstd_like(is_zstandard=False)),
        ("zstd", "compression.zstd", zstd_like(is_zstandard=False)),
    ],
)
def test_whatever_decoder_is_installed_decodes_within_the_limit(monkeypatch, encoding, name, library):
    module = ModuleType(name)
    module.__dict__.update(vars(library))
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(encodings, "_is_installed", lambda one: one == name)
    packed = zlib.compress(TEXT.encode())
    assert b"".join(decode_chunks(encoding, [packed[:9], packed[9:]])) == TEXT.encode()
    with pytest.raises(EncodedError, match=f"more than 1,000,000 bytes when its {encoding}"):
        decode_chunks(encoding, [zlib.compress(bytes(ZEROS))], 1_000_000)


@pytest.mark.parametrize(("encoding", "library"), [("br", "brotli"), ("br", "brotlicffi"), ("zstd", "zstandard")])
def test_a_real_decoder_says_what_was_sent(encoding, library):
    module = pytest.importorskip(library)
    compress = module.compress if encoding == "br" else module.ZstdCompressor().compress
    assert b"".join(decode_chunks(encoding, [compress(TEXT.encode())])) == TEXT.encode()
    assert decode_stored(compress(TEXT.encode()), encoding) == TEXT.encode()
    with pytest.raises(EncodedError, match="more than"):
        decode_chunks(encoding, [compress(bytes(ZEROS))], 1_000_000)


@pytest.mark.parametrize("encoding", ["br", "zstd"])
def test_without_a_decoder_the_answer_is_refused_in_words(monkeypatch, encoding):
    monkeypatch.setattr(encodings, "_is_installed", lambda _: False)
    with pytest.raises(EncodedError, match=f"content-encoding is '{encoding}', and none of .* is installed"):
        decode_chunks(encoding, [b"x"])
