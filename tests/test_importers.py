"""Other recorders' files, whatever their format: what was recorded is played, or refused in words that say why."""

from __future__ import annotations

import base64
import gzip
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from llm_intercept import intercept
from llm_intercept.recording import encodings
from llm_intercept.recording.encodings import decode_stored
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import Tape, canonical_of, key_of
from llm_intercept.tapetools.importing import files_under, import_files
from tests.support import URL, chat
from tests.test_recordings_cli import ANSWER, TEXT, run

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILES = "https://api.openai.com/v1/files"
ASKED = json.dumps(chat())
SENT = {"Content-Type": "application/json", "Authorization": "Bearer none"}
GOT = {"Content-Type": "application/json", "Content-Length": "7"}


def imported(folder: Path, name: str, content: str | bytes, **stands_for: str) -> Path:
    """Import a file; returns the tape."""
    source = folder / "in"
    source.mkdir(exist_ok=True)
    (source / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (done,) = import_files(
        [(source / name, source.joinpath(name).relative_to(source))], folder / "out", None, stands_for
    )
    assert done.failure == ""
    return done.tape


def played(tape: Path, method: str = "POST", url: str = URL, **options: Any) -> httpx.Response:
    with intercept(mode="replay", recordings=tape), httpx.Client() as client:
        return client.request(method, url, **options)


def vcr(*exchanges: tuple[dict[str, Any], dict[str, Any]]) -> str:
    listed = [
        {"request": request, "response": {"status": {"code": 200}, **response}} for request, response in exchanges
    ]
    return json.dumps({"version": 1, "interactions": listed})


def asking(body: Any = ASKED, url: str = URL, method: str = "POST") -> dict[str, Any]:
    return {"method": method, "uri": url, "headers": SENT, "body": body}


def entry(request: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    """Make an entry of an HTTP archive, as browsers write it."""

    def named(headers: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in headers.items()]

    asked = {
        "method": "POST",
        "url": URL,
        "httpVersion": "HTTP/2",
        "headers": named({":method": "POST", **SENT}),
        **request,
    }
    answer = {
        "status": 200,
        "statusText": "",
        "headers": named(GOT),
        "content": {"size": 1, "mimeType": "application/json"},
    }
    return {
        "startedDateTime": "2026-11-22T19:22:38.953Z",
        "time": 12.5,
        "request": asked,
        "response": {**answer, **response},
    }


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": entries}})


def trace(request: str, response: bytes | str, line: bytes = b"httprr trace v1\n") -> bytes:
    asked, answer = request.encode(), response if isinstance(response, bytes) else response.encode()
    return line + b"%d %d\n" % (len(asked), len(answer)) + asked + answer


POSTED = {"postData": {"mimeType": "application/json", "text": ASKED}}
HEAD = (
    f"POST {URL} HTTP/1.1\r\nHost: api.openai.com\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{ASKED}"
)
OK = "HTTP/2.0 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = f"{OK}Transfer-Encoding: chunked\r\n\r\n".encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (
    len(TEXT.encode()),
    TEXT.encode(),
)
NEW = "!!python/object/new:multidict._multidict"
PICKLED = f"""
interactions:
- request:
    method: POST
    uri: {URL}
    body: !!python/object/new:yarl.Text {{args: ['{ASKED}'], state: {{cached: 1}}}}
    headers:
      ? {NEW}.istr
      - Content-Type
      : [application/json]
  response:
    status: !!python/object/new:Status {{state: {{code: 200, message: OK}}}}
    headers: {NEW}.CIMultiDict
    - - - Content-Type
        - application/json
    body: !!python/object:Body {{string: !!python/bytes {base64.b64encode(TEXT.encode()).decode()}}}
version: 1
"""
FORMATS: dict[str, tuple[str, str | bytes]] = {
    "datadog": ("a.json", json.dumps({"request": {"method": "POST", "url": URL, "headers": SENT, "body": ASKED}, "response": {"status": {"code": 200, "message": "OK"}, "headers": {**GOT, "Content-Encoding": "gzip"}, "body": TEXT}})),
    "har of a browser": ("a.har", har(entry(POSTED, {"content": {"mimeType": "application/json", "text": TEXT}}))),
    "har in base64": ("a.har", har(entry(POSTED, {"content": {"text": base64.b64encode(TEXT.encode()).decode(), "encoding": "base64"}}))),
    "har, packed twice": ("a.har.gz", gzip.compress(har(entry({"postData": {"encoding": "base64", "text": base64.b64encode(ASKED.encode()).decode()}}, {"headers": [{"name": "content-encoding", "value": "gzip"}], "content": {"mimeType": "application/json", "text": base64.b64encode(gzip.compress(TEXT.encode())).decode(), "encoding": "base64"}})).encode())),
    "har named json": ("a.json", har(entry(POSTED, {"content": {"text": TEXT}}))),
    "httprr": ("a.httprr", trace(HEAD, f"{OK}\r\n{TEXT}")),
    "httprr, packed": ("a.httprr.gz", gzip.compress(trace(HEAD, f"{OK}Content-Length: 9\r\n\r\n{TEXT}"))),
    "httprr in chunks": ("a.httprr", trace(HEAD.replace(f"POST {URL}", "post /v1/chat/completions"), CHUNKED)),
    "httprr by another name": ("a.txt", trace(HEAD, f"{OK}\r\n{TEXT}", b"httprr trace v1\r\n")),
    "pickled yaml": ("a.yaml", PICKLED),
    "packed yaml": ("a.yaml.gz", gzip.compress(PICKLED.encode())),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_what_any_recorder_kept_is_played(tmp_path: Path, name: str) -> None:
    answer = played(imported(tmp_path, *FORMATS[name]), json=chat())
    assert (answer.status_code, answer.json()) == (200, ANSWER)
    assert answer.headers["content-type"] == "application/json"


def test_of_an_archive_what_asks_a_model_is_imported_and_no_more(tmp_path: Path) -> None:
    """Browsers write down each picture, proxies each preflight; what failed has the status 0."""
    picture = entry({"method": "GET", "url": "https://cdn.example.com/a.png"}, {})
    others = [entry({**POSTED, "method": "OPTIONS"}, {}), picture, entry(POSTED, {"status": 0})]
    local = entry({**POSTED, "url": "http://localhost:8080/v1/chat/completions"}, {"content": {"text": TEXT}})
    tape = imported(tmp_path, "a.har", har(*others, local))
    assert len(list(FolderStore(tape).names())) == 1
    assert played(tape, url="http://localhost:8080/v1/chat/completions", json=chat()).json() == ANSWER
    (tmp_path / "in" / "b.har").write_text(har(*others))
    said = run("import", tmp_path / "in" / "b.har", "--to", tmp_path / "other", status=1)
    assert "none of its 3 exchanges asks an API of models" in " ".join(said.split())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"httprr trace v2\n", "its first line is not 'httprr trace v1'"),
        (b"httprr trace v1\n", "no recorded exchanges"),
        (trace(HEAD, OK)[:-9], "the lengths before exchange 1 do not fit"),
        (trace(HEAD, f"{OK}\r\n{TEXT}").replace(b"\r\n", b"\n"), "line ends were changed"),
        (trace(HEAD, OK.rstrip()), "no end of its headers"),
        (trace(HEAD, "no status\r\n\r\n"), "is no HTTP status"),
    ],
)
def test_a_trace_that_cannot_be_read_is_told(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a.httprr").write_bytes(content)
    (done,) = import_files(files_under([tmp_path]), tmp_path / "out")
    assert why in done.failure


def test_a_folder_of_which_nothing_can_be_read_says_what_is_in_it(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name in ("a.log", "b.log", "c.txt.gz", "README"):
        (source / name).touch()
    said = " ".join(run("import", source, "--to", tmp_path / "out", status=2).split())
    assert "found 2 .log, 1 .txt.gz, 1 without a suffix; what can be read: .yaml" in said
    (tmp_path / "empty").mkdir()
    assert "found no files at all" in " ".join(
        run("import", tmp_path / "empty", "--to", tmp_path / "o", status=2).split()
    )


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("kept", [None, "", "null", {"string": ""}, {"string": None}, {"base64_string": ""}], ids=str)
def test_a_request_without_a_body_is_found_however_none_was_kept(tmp_path: Path, method: str, kept: Any) -> None:
    listed = {"headers": GOT, "body": {"string": '{"object": "list", "data": []}'}}
    tape = imported(tmp_path, "a.json", vcr((asking(kept, FILES, method), listed)))
    assert played(tape, method, FILES).json() == {"object": "list", "data": []}
    (take,) = (one for _, one in Tape(FolderStore(tape)).takes())
    for body in (None, "", {}):
        request = take.request.model_copy(update={"body": body, "text": None})
        assert key_of(canonical_of(take.model_copy(update={"request": request}))).fingerprint == take.fingerprint


def test_a_form_is_found_by_its_parts_whatever_its_boundary_was(tmp_path: Path) -> None:
    files = {"file": ("a.jsonl", b'{"a": 1}\n', "application/jsonl")}
    for name, wraps in (
        ("text.json", str),
        ("bytes.json", lambda body: {"base64_string": base64.b64encode(body.encode()).decode()}),
    ):
        sent = httpx.Request("POST", FILES, files=files, data={"purpose": "batch"})
        request = {"method": "POST", "uri": FILES, "headers": dict(sent.headers), "body": wraps(sent.read().decode())}
        tape = imported(tmp_path, name, vcr((request, {"headers": GOT, "body": {"string": '{"id": "file-1"}'}})))
        assert played(tape, url=FILES, files=files, data={"purpose": "batch"}).json() == {"id": "file-1"}


def test_a_body_that_is_no_json_is_found_as_it_is_on_its_way(tmp_path: Path) -> None:
    tape = imported(tmp_path, "a.json", vcr((asking("a=1&b=2", FILES), {"headers": GOT, "body": {"string": "{}"}})))
    assert played(tape, url=FILES, content=b"a=1&b=2").json() == {}


@pytest.mark.parametrize("place", ["<PROJECT>", "a b", "é", "{project}", "a%20b"])
def test_a_path_is_found_whether_its_signs_are_encoded_or_not(tmp_path: Path, place: str) -> None:
    url = f"https://us-central1-aiplatform.googleapis.com/v1/projects/{place}/locations/l/publishers/google/models/g:predict"
    tape = imported(tmp_path, "a.json", vcr((asking("{}", url), {"headers": GOT, "body": {"string": TEXT}})))
    assert played(tape, url=url, json={}).json() == ANSWER


def test_what_a_placeholder_stands_for_is_put_in(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.json").write_text(
        vcr((asking(url="<API_BASE>/chat/completions"), {"headers": GOT, "body": {"string": TEXT}}))
    )
    said = " ".join(run("import", source, "--to", tmp_path / "no", status=1).split())
    assert "is no URL of a host: say what stands there, --replace '<API_BASE>=https://…'" in said
    run("import", source, "--to", tmp_path / "out", "--replace", "<API_BASE>=http://localhost:11434/v1")
    assert (
        played(tmp_path / "out" / "a", url="http://localhost:11434/v1/chat/completions", json=chat()).json() == ANSWER
    )
    assert "is not TEXT=VALUE" in run("import", source, "--to", tmp_path / "o", "--replace", "x", status=2)


class Flipped:
    """Stands for a library of an encoding: what is packed has the highest bit of each byte the other way."""

    def process(self, data: bytes) -> bytes:
        return bytes(one ^ 0x80 for one in data)


def test_encodings_are_undone_one_after_the_other_or_the_exchange_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is packed is never played as JSON: not without a library, a name, or a header at all."""
    library = ModuleType("brotlicffi")
    library.__dict__["Decompressor"] = Flipped
    packed = Flipped().process(TEXT.encode())

    def refused(headers: dict[str, str], content: bytes) -> str:
        body = {"base64_string": base64.b64encode(content).decode()}
        (tmp_path / "a.json").write_text(vcr((asking(), {"headers": {**GOT, **headers}, "body": body})))
        (done,) = import_files([(tmp_path / "a.json", tmp_path / "a.json")], tmp_path / "out")
        return done.failure

    monkeypatch.setattr(encodings, "_is_installed", lambda _: False)
    assert "none of brotli, brotlicffi is installed" in refused({"content-encoding": "br"}, packed)
    assert "'compress' is not known" in refused({"content-encoding": "compress"}, packed)
    assert "its bytes are no text (fb" in refused({}, packed)
    monkeypatch.setitem(sys.modules, "brotlicffi", library)
    monkeypatch.setattr(encodings, "_is_installed", lambda name: name == "brotlicffi")
    both: Sequence[tuple[str, bytes]] = [("br", packed), ("br, gzip", gzip.compress(packed)), ("gzip", gzip.compress(TEXT.encode())), ("identity", TEXT.encode()), ("br", TEXT.encode())]  # fmt: skip
    for header, content in both:
        assert decode_stored(content, header).decode() == TEXT
