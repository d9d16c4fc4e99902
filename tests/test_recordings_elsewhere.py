"""What is no chat completion is recorded and replayed as well: other APIs, other hosts, uploads, redirects, errors."""

from __future__ import annotations

import json
from contextlib import contextmanager

import httpx
import pytest

from llm_intercept import Recordings, Redaction, intercept
from llm_intercept.base.multipart import digest, form_of
from llm_intercept.errors import UnmatchedRequestError, UnrecordedAnswerWarning
from tests.loopback import QuietHandler, listening

KEY = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"
ANTHROPIC = {"model": "claude", "messages": [{"role": "user", "content": "hi"}]}
RESPONSES = {"model": "gpt", "input": "hi"}


@contextmanager
def serving(answer):
    """Answer with `answer(method, path, body)`: a status, headers and a body; give the address and what came."""
    seen = []

    class Handler(QuietHandler):
        def do_POST(self):  # noqa: N802 - the name that http.server asks for
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            seen.append((self.command, self.path))
            status, headers, content = answer(self.command, self.path, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_DELETE = do_POST  # noqa: N815 - the names that http.server asks for

    with listening(Handler) as port:
        yield f"http://127.0.0.1:{port}", seen


def said(content, kind="application/json", status=200, **headers):
    return status, {"Content-Type": kind, **headers}, content


def in_both_shapes(_, path, body):
    """Answer as a stream where that is asked for."""
    asks = json.loads(body).get("stream")
    return said(b"event: x\ndata: {}\n\n", "text/event-stream") if asks else said(b'{"id": "1"}')


@pytest.mark.parametrize(("path", "body"), [("/v1/messages", ANTHROPIC)])
@pytest.mark.parametrize("first", [True, False])
def test_a_stream_and_a_json_answer_of_one_request_are_two_takes(tmp_path, path, body, first):
    def asked(url, stream):
        return httpx.post(url + path, json={**body, "stream": stream} if stream is not None else body).text

    with serving(in_both_shapes) as (url, seen):
        with intercept(mode="record", recordings=tmp_path):
            recorded = [asked(url, first), asked(url, not first)]
        with intercept(mode="replay", recordings=tmp_path):
            assert [asked(url, not first), asked(url, first)] == recorded[::-1]
        with intercept(mode="replay", recordings=tmp_path):
            assert asked(url, None) == '{"id": "1"}'
        assert len(seen) == 2


UPLOADS = [("POST", "/v1/files"), ("POST", "/v1/audio/transcriptions"), ("POST", "/v1/images/edits")]
OTHERS = [("GET", "/v1/models"), ("GET", "/v1/files/f-1/content"), ("POST", "/v1/moderations"), ("POST", "/v1/audio/speech"), ("DELETE", "/v1/files/f-1"), ("GET", "/api/tags")]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), [*UPLOADS, *OTHERS])
def test_in_replay_no_path_of_a_model_api_goes_out_and_what_was_recorded_is_played(tmp_path, method, path):
    with serving(lambda _, path, __: said(path.encode(), "text/plain")) as (url, seen):
        with intercept(mode="record", recordings=tmp_path):
            httpx.request(method, url + path)
        with intercept(mode="replay", recordings=tmp_path) as llm:
            assert httpx.request(method, url + path).text == path
            assert [call.source for call in llm.calls] == ["recording"]
        with pytest.raises(UnmatchedRequestError), intercept(mode="replay", recordings=tmp_path):
            assert httpx.request(method, url + path + "?limit=3").status_code == 404
        assert len(seen) == 1


def test_in_replay_nothing_of_a_server_that_the_tape_knows_goes_out(tmp_path):
    """Of a host with any port; of this machine at a port that the system gave out, the paths that were recorded."""
    with serving(lambda *_: said(b"real")) as (url, seen):
        with intercept(mode="record", recordings=tmp_path / "tape"):
            httpx.post(url + "/v1/responses", json=RESPONSES)
        (take,) = (tmp_path / "tape").iterdir()
        take.write_text(take.read_text().replace(f"{url}/v1/responses", "http://llm.test:8080/own/path"))
        with (
            pytest.raises(UnmatchedRequestError, match="no recording"),
            intercept(mode="replay", recordings=tmp_path / "tape"),
        ):
            assert httpx.get("http://llm.test:8080/anything/else").status_code == 404
        with intercept(mode="replay", recordings=tmp_path / "tape") as llm:
            assert httpx.get(url + "/health").text == "real"  # the program's own server
            assert len(llm.calls) == 0
        assert len(seen) == 2


def test_an_upload_is_found_by_its_parts_whatever_its_boundary_is(tmp_path):
    def upload(url, content=b"\x00\xff audio", model="whisper-1"):
        return httpx.post(url + "/v1/audio/transcriptions", files={"file": ("a.wav", content)}, data={"model": model})

    with serving(lambda *_: said(b'{"text": "heard"}')) as (url, seen):
        with intercept(mode="auto", recordings=tmp_path):
            upload(url)
        with intercept(mode="replay", recordings=tmp_path) as llm:
            assert upload(url).json() == {"text": "heard"}
            assert llm.calls[0].request.model == "whisper-1"
        for change, what in (({"content": b"else"}, "content_hash"), ({"model": "other"}, "whisper-1")):
            with pytest.raises(UnmatchedRequestError, match=what), intercept(mode="replay", recordings=tmp_path):
                upload(url, **change)
        assert len(seen) == 1
    (take,) = tmp_path.iterdir()
    parts = json.loads(take.read_text())["request"]["body"]["parts"]
    assert {"name": "model", "text": "whisper-1"} in parts
    assert {"name", "filename", "type", "content_hash"} in [set(part) for part in parts]


@pytest.mark.parametrize(
    ("kind", "content", "parts"),
    [
        ("application/json", b"--x\r\n", None),
        ("multipart/form-data", b"--x\r\n", None),
        ("multipart/form-data; boundary=x", b"", None),
        ("multipart/form-data; boundary=x", b"no part", None),
        ('Multipart/Form-Data; charset=utf-8; boundary="x y"', b'--x y\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x y--', [{"name": "a", "text": "1"}]),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\n\xff\r\n--x--\r\n", [{"content_hash": digest(b"\xff")}]),
    ],
)  # fmt: skip
def test_a_form_is_read_as_its_parts_and_what_is_none_is_not(kind, content, parts):
    assert form_of(kind, content) == (None if parts is None else {"parts": parts})


@pytest.mark.parametrize(
    ("path", "one", "other"),
    [
        ("/v1/embeddings", {"model": "a", "input": "x"}, {"model": "b", "input": "x"}),
        ("/v1/messages", ANTHROPIC, {**ANTHROPIC, "model": "other"}),
        ("/v1/responses", RESPONSES, {**RESPONSES, "model": "other"}),
        ("/v1beta/models/g:generateContent", {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}, {"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "a": 1}),
    ],
)  # fmt: skip
def test_a_function_of_the_request_finds_takes_of_every_api(tmp_path, path, one, other):
    with serving(lambda *_: said(b'{"it": "is"}')) as (url, seen):
        with intercept(mode="record", recordings=tmp_path):
            httpx.post(url + path, json=one)
        tape = Recordings(tmp_path, key=lambda request: (request.method, request.last_user))
        with intercept(mode="replay", recordings=tape):
            assert httpx.post(url + path, json=other).json() == {"it": "is"}
        assert len(seen) == 1


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
@pytest.mark.parametrize("keeps", [True, False])
def test_errors_that_pass_are_kept_only_where_that_is_asked_for(tmp_path, status, keeps):
    answers = [said(b'{"error": {}}', status=status), said(b'{"id": "1"}')]
    with serving(lambda *_: answers.pop(0)) as (url, seen):
        tape = Recordings(tmp_path, keep_errors=keeps)
        if keeps:
            with intercept(mode="auto", recordings=tape):
                assert httpx.post(url + "/v1/responses", json=RESPONSES).status_code == status
        else:
            with pytest.warns(UnrecordedAnswerWarning, match=rf"{status} \(1x\).*keep_errors=True"):  # noqa: SIM117
                with intercept(mode="auto", recordings=tape):
                    assert httpx.post(url + "/v1/responses", json=RESPONSES).status_code == status
        with intercept(mode="auto", recordings=tape):
            assert httpx.post(url + "/v1/responses", json=RESPONSES).status_code == (status if keeps else 200)
        assert len(seen) == (1 if keeps else 2)


@pytest.mark.parametrize("status", [400, 404, 422])
def test_errors_that_say_what_a_request_is_worth_are_kept(tmp_path, status):
    with serving(lambda *_: said(b'{"error": {}}', status=status)) as (url, seen):
        for mode in ("record", "replay"):
            with intercept(mode=mode, recordings=tmp_path):
                assert httpx.post(url + "/v1/responses", json=RESPONSES).status_code == status
        assert len(seen) == 1


def test_a_redirect_is_followed_in_replay_as_it_was(tmp_path):
    def answer(_, path, __):
        if path.startswith("/v1/responses"):
            return said(b"", "text/plain", 307, Location=f"/v1/messages?token={KEY}")
        return said(
            b'{"id": "1"}', **{"Content-Disposition": "attachment; filename=a.txt", "Link": f'<{path}>; rel="next"'}
        )

    with serving(answer) as (url, seen):
        for mode in ("record", "replay"):
            with intercept(mode=mode, recordings=tmp_path):
                found = httpx.post(url + "/v1/responses", json=RESPONSES, follow_redirects=True)
                assert (found.json(), len(found.history)) == ({"id": "1"}, 1)
                assert found.headers["content-disposition"] == "attachment; filename=a.txt"
                assert found.headers["link"].endswith('>; rel="next"')
        assert len(seen) == 2
    assert KEY not in "".join(path.read_text() for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        ("https://a.test/x?sig=abc&limit=2", "https://a.test/x?sig=[redacted]&limit=2"),
        ("https://me:pw@a.test/x", "https://a.test/x"),
        ('<https://a.test/x?cursor=abc>; rel="next", </y?page=2>; rel="last"', '<https://a.test/x?cursor=[redacted]>; rel="next", </y?page=[redacted]>; rel="last"'),
        ("/plain/path", "/plain/path"),
    ],
)  # fmt: skip
def test_addresses_in_headers_are_redacted_as_addresses(header, kept):
    from llm_intercept.recording.redaction import NOTHING

    for _ in range(2):
        found = Redaction().headers([("Link", header), ("Location", header)], NOTHING)
        assert found == {"link": kept, "location": kept}
        header = kept


@pytest.mark.parametrize(
    ("recorded", "now", "names"),
    [
        ("Today is 2026-12-06.", "Today is 2026-12-07.", ("date",)),
        ("now=1795588121", "now=1795588199", ("epoch",)),
        ("It is 07:16.", "It is 21:45.", ("clock",)),
        ("2026-12-06, 1795588121", "2026-12-07, 1795588199", ("date", "epoch")),
        ("Today is 2026-12-06.", "Today was 2026-12-07.", None),
    ],
)
def test_a_miss_for_a_date_alone_says_the_setting_that_finds_the_take(tmp_path, recorded, now, names):
    with serving(lambda *_: said(b'{"id": "1"}')) as (url, _):
        with intercept(mode="record", recordings=tmp_path):
            httpx.post(url + "/v1/responses", json={**RESPONSES, "input": recorded})
        with pytest.raises(UnmatchedRequestError) as raised, intercept(mode="replay", recordings=tmp_path):
            httpx.post(url + "/v1/responses", json={**RESPONSES, "input": now})
        found = str(raised.value).partition("recordings=")[2].partition("\n")[0]
        if names is None:
            assert "volatile" not in str(raised.value)
            return
        assert ", ".join(map(repr, names)) in found
        tape = eval(found, {"Recordings": Recordings})
        with intercept(mode="replay", recordings=tape):
            assert httpx.post(url + "/v1/responses", json={**RESPONSES, "input": now}).json() == {"id": "1"}
