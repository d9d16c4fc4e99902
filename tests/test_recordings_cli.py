"""`llm-intercept recordings` imports, shows, compares, checks and changes tapes."""

from __future__ import annotations

import base64
import gzip
import json
import re
import sys
from typing import Annotated

import httpx
import pytest
from click.testing import CliRunner
from pydantic import AfterValidator, TypeAdapter
from rich.cells import cell_len

from llm_intercept import InterceptTransport, intercept
from llm_intercept.cli.app import app
from llm_intercept.cli.shown_changes import words
from llm_intercept.recording.audit import secrets_of
from llm_intercept.recording.bodies import content_of
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.take import Take, TakeRequest, TakeResponse, read_take, write_take
from llm_intercept.recording.tape import Tape, canonical_of, key_of
from llm_intercept.tapetools.documents import ImportFailedError
from llm_intercept.tapetools.importers import read_foreign
from tests.amounts import WHOLE, amount
from tests.support import GEMINI, SHARED, URL, upstream
from tests.test_recording_tape import take

ANSWER = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [
    {"index": 0, "message": {"role": "assistant", "content": "It is é.", "refusal": None}, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}  # fmt: skip
TEXT = json.dumps(ANSWER, ensure_ascii=False)
PACKED = gzip.compress(TEXT.encode())
KEY = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"


def run(*arguments, status=0, **options):
    result = CliRunner().invoke(app, ["recordings", *map(str, arguments)], **options)
    assert result.exit_code == status, (result.output, result.exception)
    return result.output


def vcr(**response):
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]})
    request = {"method": "POST", "uri": URL, "body": body, "headers": {"authorization": [f"Bearer {KEY}"]}}
    return {
        "version": 1,
        "interactions": [{"request": request, "response": {"status": {"code": 200, "message": "OK"}, **response}}],
    }


GZIPPED = {
    "Content-Encoding": ["gzip"],
    "Content-Type": ["application/json"],
    "Content-Length": ["7"],
    "Transfer-Encoding": ["chunked"],
}
VARIANTS = {
    "vcrpy json": vcr(body={"string": TEXT}, headers={"Content-Type": ["application/json"]}),
    "double-decoded": vcr(body={"string": TEXT}, headers=GZIPPED),
    "gzip read as text": vcr(body={"string": PACKED.decode("latin-1")}, headers=GZIPPED),
    "base64 of Ruby's": vcr(body={"encoding": "ASCII-8BIT", "base64_string": base64.b64encode(PACKED).decode()}, headers=GZIPPED),
    "parsed_body": vcr(parsed_body=ANSWER, headers={"content-type": ["application/json"]}),
    "go-vcr": {"version": 2, "interactions": [{"id": 0, "request": {"method": "POST", "url": URL, "body": json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}), "headers": {}},
        "response": {"body": TEXT, "status": "200 OK", "code": 200, "headers": {"Content-Type": ["application/json"]}}}]},
    "cassetter": {"version": 1, "interactions": [{"request": {"method": "POST", "uri": URL, "headers": {}, "body": {"type": "json", "content": {"model": "m", "messages": [{"role": "user", "content": "hi"}]}}},
        "response": {"status": 200, "headers": {"content-type": ["application/json"]}, "body": {"type": "json", "content": ANSWER}}, "recorded_at": "2026-11-22T19:22:38.953048+00:00"}]},
    "nock": [{"scope": "https://api.openai.com:443", "method": "POST", "path": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, "status": 200, "response": ANSWER, "rawHeaders": ["Content-Type", "application/json"]}],
    "nock hex": [{"scope": "https://api.openai.com:443", "method": "POST", "path": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, "status": 200, "response": [PACKED.hex()[:40], PACKED.hex()[40:]], "rawHeaders": {"content-encoding": "gzip"}}],
}  # fmt: skip
YAML = f"""
interactions:
- request:
    method: POST
    uri: {URL}
    body: '{{"model": "m", "messages": [{{"role": "user", "content": "hi"}}]}}'
    headers: {{authorization: [Bearer {KEY}]}}
  response:
    status: !!python/object/apply:collections.OrderedDict [{{code: 200}}]
    headers:
      ? !!python/object/apply:multidict._multidict.istr [Content-Type]
      : !!python/tuple [application/json]
    body:
      string: %s
version: 1
"""
VARIANTS_YAML = {
    "binary": YAML % ("!!binary " + base64.b64encode(PACKED).decode()),
    "binary of Ruby's": YAML % ("!binary " + base64.b64encode(PACKED).decode()),
    "text": YAML % ("'" + TEXT + "'"),
}


@pytest.mark.parametrize("variant", [*VARIANTS, *VARIANTS_YAML])
def test_every_variant_of_a_recording_is_imported_as_the_same_take(tmp_path, variant):
    is_yaml = variant in VARIANTS_YAML
    file = tmp_path / "in" / "deep" / f"one.{'yaml' if is_yaml else 'json'}"
    file.parent.mkdir(parents=True)
    file.write_text(VARIANTS_YAML[variant] if is_yaml else json.dumps(VARIANTS[variant]))
    assert "1 file: 1 take in 1 tape, 0 not imported" in run("import", tmp_path / "in", "--to", tmp_path / "out")
    (path,) = (tmp_path / "out" / "deep" / "one").iterdir()
    assert path.name.startswith("001-hi-")
    assert KEY not in path.read_text()
    found = read_take(path.read_bytes(), path.name)
    assert found.response.body == ANSWER
    assert found.response.headers == {"content-type": "application/json"}
    before = path.read_bytes()
    run("import", tmp_path / "in", "--to", tmp_path / "out")
    assert [one.read_bytes() for one in path.parent.iterdir()] == [before]
    with intercept(mode="replay", recordings=path.parent):
        import httpx

        answer = httpx.post(URL, json={"messages": [{"role": "user", "content": "hi"}], "model": "m"})
    assert (answer.status_code, answer.json()) == (200, ANSWER)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", "{}", "no recorded exchanges"),
        ("a.json", '{"interactions": [{"request": {}, "response": {}}]}', "cannot be read"),
        ("a.yaml", "a: [", "not YAML"),
        ("a.bin", "\x00", "no event stream"),
    ],
)
def test_what_cannot_be_imported_is_named(tmp_path, name, content, why):
    (tmp_path / name).write_text(content)
    assert why in run("import", tmp_path / name, "--to", tmp_path / "out", status=1)
    with pytest.raises(ImportFailedError, match=why):
        read_foreign(tmp_path / name)


LARGE = {"otel-python-contrib", "logfire", "otel-js-contrib"}
"""The repositories with the most cassettes, which `make test` leaves to `make whole`."""


@pytest.mark.skipif(not (SHARED / "cassettes").is_dir(), reason="the cassettes lie beside the project")
def test_every_visible_cassette_imports_and_gives_its_recorded_answers(tmp_path):
    repositories = sorted(one for one in (SHARED / "cassettes").iterdir() if WHOLE or one.name not in LARGE)
    said = [run("import", one, "--to", tmp_path / one.name).splitlines()[-1] for one in repositories]
    counts = [re.fullmatch(r"(\d+) files: (\d+) takes in \1 tapes, 0 not imported", one).groups() for one in said]
    assert [sum(map(int, each)) for each in zip(*counts, strict=True)] == ([253, 378] if WHOLE else [60, 157])
    lines = (SHARED / "recordings.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if WHOLE or row["repo"] not in LARGE]
    known = {}
    for path in tmp_path.rglob("*.json"):
        found = read_take(path.read_bytes(), path.name)
        known.setdefault(found.response.status, set()).add(content_of(found.response).strip())
        assert "secret" not in path.name
    vcrpy = [
        row
        for row in rows
        if row["fmt"] == "vcrpy" and row["fidelity"] == "raw" and row["endpoint"] == "chat.completions"
    ]
    missing = [row for row in vcrpy if row["response_text"].encode().strip() not in known[row["status"]]]
    assert len(vcrpy) > amount(80, 20)
    assert missing == []


def tape(folder, *takes):
    made = Tape(FolderStore(folder))
    return [made.record(one) for one in takes]


def test_ls_lists_and_show_tells_a_conversation(tmp_path):
    tools = [{"type": "function", "function": {"name": "f"}}]
    (name,) = tape(tmp_path / "t", take("What now?", "because", model="gpt-4o", tools=tools))
    listed = run("ls", tmp_path)
    assert "What now?" in listed
    assert name not in listed
    assert name in run("ls", tmp_path, env={"COLUMNS": "200"})
    shown = run("show", tmp_path / "t", "what-now")
    assert "user: What now?" in shown
    assert "because" in shown
    assert "tools f" in shown
    assert "names 0 takes" in run("show", tmp_path / "t", "nothing", status=2)
    assert "no recordings" in run("ls", tmp_path / "none", status=2)


def test_ls_names_a_model_of_a_path_and_show_tells_two_tools_answers_apart(tmp_path):
    """As Gemini has them: the model is in the URL, and both answers come in one message."""
    answers = [{"functionResponse": {"name": name, "response": {"result": name * 2}}} for name in ("sun", "rain")]
    calls = [{"functionCall": {"name": name, "args": {}}} for name in ("sun", "rain")]
    said = [("user", [{"text": "hi"}]), ("model", calls), ("user", answers)]
    body = {"contents": [{"role": role, "parts": parts} for role, parts in said]}
    transport = InterceptTransport(inner=upstream("Fine."), mode="record", recordings=tmp_path / "tape")
    with httpx.Client(transport=transport) as client:
        assert client.post(f"{GEMINI}:generateContent", json=body).status_code == 200
    assert "gemini-2.5-flash" in run("ls", tmp_path / "tape")
    shown = run("show", tmp_path / "tape")
    assert shown.count("← ") == 2
    assert "sunsun" in shown.split("← ")[1].splitlines()[0]


def said(user, answer, *, at=0, **body):
    """Make a take of a chat completion, recorded at a second."""
    message = {"role": "assistant", "content": answer}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    made = take(user, **body)
    response = made.response.model_copy(update={"body": {**ANSWER, "choices": [choice]}})
    return made.model_copy(update={"response": response, "recorded_at": f"2026-11-28T10:00:{at:02d}Z"})


@pytest.mark.parametrize("width", [80, 100, 140, 240])
def test_ls_has_a_line_for_each_take_at_any_width(tmp_path, width):
    long = "What do you say to a text that is longer than any screen, " * 10
    failed = said(long, "", at=2).model_copy(update={"partial": "the client left"})
    tape(
        tmp_path / "t", said("zebra", long, at=1, model="m"), failed, said("ant", "猫が好き" * 40, at=3, model="x" * 80)
    )
    first, head, *rows = run("ls", tmp_path, env={"COLUMNS": str(width)}).splitlines()
    assert first.endswith("t 3 takes, recorded 2026-11-28")
    assert head.split()[:6] == ["#", "question", "answer", "tokens", "model", "status"]
    assert [row.split()[:2] for row in rows] == [["1", "zebra"], ["2", "What"], ["3", "ant"]]
    assert all("1 → 2" in row for row in rows)
    assert "200, partial" in rows[1]
    assert {cell_len(row) <= width for row in (head, *rows)} == {True}
    assert ("recorded" in head) == (width >= 110)


def test_ls_and_diff_write_json_for_programs(tmp_path):
    (name,) = tape(tmp_path / "a", said("hi", "one"))
    tape(tmp_path / "b", said("hi", "two"))
    (tmp_path / "a" / "002-x.json").write_text("{")
    entry, damaged = map(json.loads, run("ls", "--json", tmp_path / "a", status=1).splitlines())
    assert {key: entry[key] for key in ("number", "name", "question", "answer", "input_tokens", "status")} == {
        "number": 1, "name": name, "question": "hi", "answer": "one", "input_tokens": 1, "status": 200,
    }  # fmt: skip
    assert damaged["problem"].startswith("it is not JSON")
    change, broken = map(json.loads, run("diff", "--json", tmp_path / "a", tmp_path / "b", status=1).splitlines())
    assert change["was"] == str(tmp_path / "a" / name)
    assert {"path": "answer.text", "was": "one", "now": "two"} in change["differences"]
    assert broken["problem"].startswith("it is not JSON")


def test_show_writes_json_for_programs(tmp_path):
    """The conversation and its answer; what no model said as it came; files that cannot be read, with what is wrong."""
    calls = [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": "x"}'}}]
    messages = [{"role": "user", "content": f"hi {KEY}"}, {"role": "assistant", "tool_calls": calls}]
    refused = said("no", "", at=2).model_copy(
        update={"response": TakeResponse(status=404, body={"error": {"message": "?"}})}
    )
    names = tape(tmp_path / "t", said("", "done", messages=messages, at=1), refused)
    (tmp_path / "t" / "003-x.json").write_text("{")
    one, other, damaged = map(json.loads, run("show", "--json", tmp_path / "t", status=1).splitlines())
    assert [one["name"], other["name"], damaged["name"]] == [*names, "003-x.json"]
    assert one["messages"] == [
        {"role": "user", "parts": [{"kind": "text", "text": "hi [redacted]"}]},
        {
            "role": "assistant",
            "parts": [{"kind": "tool_call", "name": "look", "arguments": '{"at": "x"}', "id": "call_1"}],
        },
    ]
    assert one["answer"]["parts"] == [{"kind": "text", "text": "done"}]
    assert (one["status"], one["body"]) == (200, None)
    assert (other["status"], other["answer"], other["body"]) == (404, None, {"error": {"message": "?"}})
    assert json.loads(run("show", "--json", tmp_path / "t", "2")) == other


def test_show_takes_the_number_of_ls(tmp_path):
    names = tape(tmp_path / "t", said("zebra", "a", at=1), said("ant", "b", at=2))
    for number, name in enumerate(names, 1):
        assert f"{number} {name}" in run("show", tmp_path / "t", number)
    assert run("diff", tmp_path / "t" / "1", tmp_path / "t" / "zebra") == ""


def test_show_pairs_calls_with_what_their_tools_answered(tmp_path):
    calls = [{"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": "{}"}} for name in "ab"]
    results = [{"role": "tool", "tool_call_id": f"call_{name}", "content": name * 3} for name in "ba"]
    messages = [{"role": "user", "content": "hi"}, {"role": "assistant", "tool_calls": calls}, *results]
    tape(tmp_path / "t", said("", "done", messages=messages))
    shown = run("show", tmp_path / "t")
    assert re.findall(r"(?:→|←) .*", shown) == ["→ #1 a({})", "→ #2 b({})", "← #2 b: bbb", "← #1 a: aaa"]


def test_a_place_without_takes_says_what_to_give_instead(tmp_path, monkeypatch):
    """Whatever the command; an empty one is a variable that is not set, and not the current folder."""
    monkeypatch.chdir(tmp_path)
    (name,) = tape(tmp_path / "tapes" / "one", take(model="gpt-4o"))
    file = tmp_path / "tapes" / "one" / name
    (tmp_path / "empty").mkdir()
    for place, said in {
        "tapse": "Did you mean tapes?",
        "no": "there is no such folder.\n",
        f"tapes/one/{name}": "it is a file. Give the folder of the takes.",
        "empty": "LLM_INTERCEPT=record",
        "": "the place of a tape is empty",
    }.items():
        commands = [["ls"], ["show"], ["check"], ["view"], ["verify"], ["lock"], ["prune", "--played", file]]
        for command in commands[:3] if place.endswith(".json") else commands:
            assert said in run(*command, place, status=2)
    assert "'zz' names 0 takes" in run("show", "tapes/one", "zz", status=2)
    assert "the models are: gpt-4o" in run("verify", "tapes", "--in-ci", "--model", "none*", status=2)


def test_show_says_how_much_there_is_of_vectors_and_data(tmp_path):
    """In place of pages of it; errors and what else is made of words is whole."""
    words = "word " * 200
    body = {"data": [{"embedding": "A" * 8192}, {"embedding": [0.5] * 1536}, {"embedding": [0.5]}], "said": words}
    asked = TakeRequest(
        method="POST", url=URL.replace("chat/completions", "embeddings"), body={"model": "e", "input": "x"}
    )
    one = take().model_copy(update={"request": asked, "response": TakeResponse(status=200, body=body)})
    tape(tmp_path, one)
    (tmp_path / "001-x-aaaaaaaaaaaa.json").write_text("{")
    shown = run("show", tmp_path, status=1)
    assert "001-x-aaaaaaaaaaaa.json: damaged: it is not JSON" in shown
    assert '"AAAAAAAAAAAAAAAA… (8192 characters)"' in shown
    assert '"[… 1536 numbers]"' in shown
    assert words in shown
    assert len(shown) < 2000


def test_check_takes_no_second_look_for_a_duplicate(tmp_path):
    """How often somebody had to look is what is to be played; the same question with the same answer is one."""
    answer = {"id": "batch_1", "object": "batch", "status": "in_progress"}
    server = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    transport = InterceptTransport(inner=server, mode="record", recordings=tmp_path / "tape")
    with httpx.Client(transport=transport) as client:
        for _ in range(2):
            client.get("https://api.openai.com/v1/batches/batch_1")
        assert "duplicate" not in run("check", tmp_path / "tape")
        for _ in range(2):
            client.post("https://api.openai.com/v1/files", json={"a": 1})
    assert "duplicate" in run("check", tmp_path / "tape", status=1)


def test_diff_shows_fields_and_ends_with_one_where_something_differs(tmp_path):
    (name,) = tape(tmp_path / "a", take("hi", "yes"))
    tape(tmp_path / "b", take("hi", "no"), take("new"))
    tape(tmp_path / "c", take("hi", "yes"))
    shown = run("diff", tmp_path / "a", tmp_path / "b", status=1)
    assert "response.body.a: recorded 'yes'; now 'no'" in shown
    assert "only in the other" in shown
    assert "response.body.a" in run("diff", tmp_path / "a" / name, tmp_path / "b" / name, status=1)
    assert "response" not in run("diff", tmp_path / "a" / name, tmp_path / "c" / name, status=0)
    assert run("diff", tmp_path / "a", tmp_path / "a") == ""
    assert "are a take and a tape" in run("diff", tmp_path / "a" / name, tmp_path / "b", status=2)


def test_diff_pairs_what_asks_the_same_and_shows_the_words_that_changed(tmp_path):
    """After a change of prompt no name is the same."""
    for folder, system, answer in (("a", "Be brief.", "It is a sunny day."), ("b", "Be kind.", "It is a rainy day.")):
        takes = []
        for at, user in enumerate(("What is the weather?", f"Only {folder}")):
            messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
            takes.append(said(user, answer, at=at, messages=messages))
        tape(tmp_path / folder, *takes)
    shown = run("diff", tmp_path / "a", tmp_path / "b", status=1)
    assert "messages[0].content: Be [-brief-]{+kind+}." in shown
    assert "answer.text: It is a [-sunny-]{+rainy+} day." in shown
    assert shown.count("only in the first") == shown.count("only in the other") == 1
    assert "different each time: fingerprint" in shown


def test_diff_tells_ids_and_times_of_answers_as_different_each_time(tmp_path):
    """Whatever the API; what the program sent is no such thing."""
    for folder, letter, at in (("a", "a", 1795957082), ("b", "b", 1795957125)):
        for api, answer in {
            "chat/completions": {**ANSWER, "id": f"chatcmpl-{letter * 29}", "created": at},
            "responses": {"id": f"resp_{letter * 50}", "created_at": at, "output": [], "model": f"m-{letter}"},
        }.items():
            body = {"model": "m", "metadata": {"at": str(at)}}
            asked = TakeRequest(method="POST", url=URL.replace("chat/completions", api), body=body)
            made = take(api).model_copy(update={"request": asked, "response": TakeResponse(status=200, body=answer)})
            tape(tmp_path / folder, made)
    shown = run("diff", tmp_path / "a", tmp_path / "b", status=1)
    assert shown.count("request.body.metadata.at: ") == 2
    assert "response.body.model: " in shown
    assert "response.body.id: " not in shown
    for name in ("created", "created_at"):
        assert f"different each time: recorded_at, response.body.id, response.body.{name}\n" in shown


def test_check_finds_what_is_wrong_and_nothing_else(tmp_path):
    good = take("fine").model_copy(update={"response": take().response.model_copy(update={"body": ANSWER})})
    (name,) = tape(tmp_path / "t", good)
    assert "1 tape, 1 take: no findings" in run("check", tmp_path)
    secret = good.model_copy(
        update={"request": good.request.model_copy(update={"body": {"messages": [{"role": "user", "content": KEY}]}})}
    )
    path = tmp_path / "t"
    (path / "001-dirty-0.json").write_bytes(write_take(secret))
    (path / "002-damaged.json").write_text("{")
    (path / name.replace("001", "002")).write_bytes(write_take(good))
    (path / "001-wrong-0.json").write_bytes(write_take(take("wrong")))
    played = tmp_path / "played"
    played.write_text(f"{path}\t{name}\n")
    shown = run("check", tmp_path / "t", "--played", played, status=1)
    assert KEY not in shown
    found = [json.loads(line) for line in run("check", tmp_path / "t", "--json", status=1).splitlines()]
    assert {"tape": str(path), "name": "002-damaged.json", "kind": "damaged"}.items() <= found[-1].items()
    assert [one["kind"] for one in found].count("secret") == 1
    for kind in (
        "001-dirty-0.json: secret: request.body.messages[0].content: sk- key",
        "002-damaged.json: damaged: it is not JSON",
        f"{name.replace('001', '002')}: duplicate",
        "001-wrong-0.json: SDK: id: Field required",
        "001-wrong-0.json: orphan: no request finds it under this name",
        "001-dirty-0.json: orphan: its request was changed",
        "orphan: the last run did not play it, in 3 takes:",
    ):
        assert kind in shown.replace("\n", "")


PROGRAM = """
import sys, httpx
from llm_intercept import InterceptTransport, intercept
with intercept(mode="replay", recordings=sys.argv[1]):
    for user in sys.argv[2:]:
        answer = httpx.post({url!r}, json={{"messages": [{{"role": "user", "content": user}}]}})
        print(answer.json())
"""


def program(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM.format(url=URL))
    return [sys.executable, str(file), str(tmp_path / "t")]


def test_prune_deletes_what_a_full_run_did_not_play_and_closes_gaps(tmp_path):
    names = tape(tmp_path / "t", take("one"), take("two"), take("three", partial="x"))
    command = program(tmp_path)
    assert "nothing was deleted" in run("prune", "--yes", tmp_path / "t", "--", *command, "unheard of", status=2)
    assert len(list((tmp_path / "t").iterdir())) == 3
    played = tmp_path / "noted"
    asked = run("prune", "--played", played, tmp_path / "t", "--", *command, "one", input="n\n")
    assert "2 takes were not played" in asked
    assert len(list((tmp_path / "t").iterdir())) == 3
    run("prune", "--yes", "--played", played, tmp_path / "t")
    assert [path.name for path in (tmp_path / "t").iterdir()] == [names[0]]
    tape(tmp_path / "g", take("x", "1"), take("x", "2"))
    (tmp_path / "played").write_text(
        f"{tmp_path / 'g'}\t{names[0]}\n{tmp_path / 'g'}\t002-x-{take('x').fingerprint[:12]}.json\n"
    )
    run("prune", "--yes", "--played", tmp_path / "played", tmp_path / "g")
    (left,) = (tmp_path / "g").iterdir()
    assert left.name.startswith("001-x-")
    assert read_take(left.read_bytes(), left.name).response.body == {"a": "2"}


def test_rekey_gives_the_old_answers_to_the_new_requests(tmp_path):
    tape(
        tmp_path / "t",
        take("Say hello, please.", "hello"),
        take("Say goodbye, please.", "goodbye"),
        take("Unchanged", "same"),
    )
    command = program(tmp_path)
    new = ["Say hello, kindly.", "Unchanged", "Say goodbye, kindly."]
    shown = run("rekey", "--yes", tmp_path / "t", "--", *command, *new)
    assert "2 takes get a new request" in shown
    assert "messages[0].content: recorded 'Say hello, please.'; now 'Say hello, kindly.'" in shown
    tape_now = Tape(FolderStore(tmp_path / "t"))
    answers = {found.request.body["messages"][0]["content"]: found.response.body["a"] for _, found in tape_now.takes()}
    assert answers == {new[0]: "hello", new[1]: "same", new[2]: "goodbye"}
    assert "nothing to do" in run("rekey", tmp_path / "t", "--", *command, *new)


def test_run_takes_a_mode_and_a_tape(tmp_path):
    result = CliRunner().invoke(app, ["run", "--mode", "replay", "--", "true"])
    assert result.exit_code == 2
    assert "--recordings" in result.output


def test_check_tells_several_takes_with_the_same_fault_together(tmp_path):
    """And of an event the fault of its own class; what the SDK's client reads itself is none."""
    embedding = {"object": "list", "model": "e", "usage": {"prompt_tokens": 1, "total_tokens": 1},
        "data": [{"object": "embedding", "index": 0, "embedding": base64.b64encode(bytes(8)).decode()}]}  # fmt: skip
    broken = {"type": "response.completed", "sequence_number": 1, "response": {"id": "r"}}
    tape = Tape(FolderStore(tmp_path))
    for number, (path, answer) in enumerate([
        ("embeddings", {"body": embedding}),
        ("responses", {"headers": {"content-type": "text/event-stream"}, "events": [{"gap_ms": 0, "data": broken}]}),
        ("chat/completions", {"body": {**ANSWER, "model": None}}),
        ("chat/completions", {"body": {**ANSWER, "model": None}}),
    ]):  # fmt: skip
        request = TakeRequest(
            method="POST", url=f"https://api.openai.com/v1/{path}", body={"model": "m", "input": f"{number}"}
        )
        made = Take(
            fingerprint="0" * 64, request=request, response=TakeResponse.model_validate({"status": 200, **answer})
        )
        tape.record(made.model_copy(update={"fingerprint": key_of(canonical_of(made)).fingerprint}))
    told = run("check", tmp_path, status=1)
    assert "embedding" not in told
    assert "SDK: ResponseCompletedEvent.response.created_at: Field required" in told
    assert "SDK: model: Input should be a valid string, in 2 takes:\n  " in told
    assert "1 tape, 4 takes: 3 findings" in told


def test_check_tells_an_sdk_that_fails_in_a_way_of_its_own(tmp_path, monkeypatch):
    """google-genai 1.x raises AttributeError at a finish reason that is a number."""
    model = TypeAdapter(Annotated[object, AfterValidator(lambda value: value.upper())])
    monkeypatch.setattr("llm_intercept.tapetools.checking._loaded", lambda *_: (model, None))
    tape(tmp_path, said("hi", "one"))
    assert "SDK: the answer: AttributeError: " in run("check", tmp_path, status=1)


def test_a_clean_take_is_redacted_and_not_written_to_be_compared(tmp_path, monkeypatch):
    """It took longer than all else; where redaction changes anything, the fields are told."""
    stream = [{"gap_ms": 1, "data": {"choices": [{"index": 0, "delta": {"content": word}}]}} for word in "abc"]
    response = TakeResponse.model_validate({"status": 200, "events": stream})
    streamed = take("streamed").model_copy(update={"response": response})
    (dirty,) = tape(tmp_path, take(f"My key is {KEY}"))
    monkeypatch.setattr("llm_intercept.recording.audit.document_of", lambda _: pytest.fail("not needed"))
    for one in (streamed, take("plain"), said("hi", "one")):
        assert secrets_of("x", one) == []
    monkeypatch.undo()
    (found,) = secrets_of(dirty, read_take((tmp_path / dirty).read_bytes(), dirty))
    assert found.path == "request.body.messages[0].content"


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("It is a sunny day.", "It is a rainy day.", "It is a [-sunny-]{+rainy+} day."),
        ("It is a day.", "It is a rainy day.", "It is a{+ rainy+} day."),
        ("one two", "one  two", "one{+ +} two"),
        ("one\ntwo", "one two three two", None),
        ("a b c d e", "v w x y z", None),
        ("a " * 2000, "a " * 2001, None),
    ],
)
def test_words_that_changed_are_marked_where_texts_have_words_in_common(was, now, told):
    """Spaces are none; and of what is said thousands of times nobody waits for each pair."""
    said = words(was, now)
    assert (said if said is None else said.plain) == told
