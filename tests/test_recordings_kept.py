"""Nothing recorded is lost, given to another request, or harmful to read; a tool touches takes and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import gzip
import itertools
import json
import os
import random
import sys
import threading
import time
from functools import partial
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from llm_intercept import Interceptor, Recordings, intercept, wrap
from llm_intercept.cli.app import app
from llm_intercept.errors import RecordingError, SettingsError, UnmatchedRequestError
from llm_intercept.recording import locks, sessions, sizes, store
from llm_intercept.recording import tape as tape_module
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import Tape
from llm_intercept.recording.writing import WRITER
from tests.support import URL, chat
from tests.test_recording_tape import key, take

ANSWER = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [
    {"index": 0, "message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}]}  # fmt: skip
UUID = "00000000-0000-4000-8000-{:012d}"


class Upstream(httpx.AsyncBaseTransport, httpx.BaseTransport):
    """A real transport as far as recordings can tell: it answers with what `answer` makes of the user's words."""

    def __init__(self, answer, headers=(("content-type", "application/json"),), **more):
        self.answer, self.headers, self.more = answer, list(headers), more

    def made(self, request):
        content = self.answer(json.loads(request.content)["messages"][-1]["content"])
        return httpx.Response(200, headers=self.headers, stream=Body(content), **self.more)

    def handle_request(self, request):
        return self.made(request)

    async def handle_async_request(self, request):
        return self.made(request)


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, content):
        self.content = content if isinstance(content, list) else [content]

    def __iter__(self):
        yield from (one for one in self.content if isinstance(one, bytes))

    async def __aiter__(self):
        for one in self.content:
            if isinstance(one, bytes):
                yield one
            else:
                await one()


def said(text):
    made = {**ANSWER, "choices": [{**ANSWER["choices"][0], "message": {"role": "assistant", "content": text}}]}
    return json.dumps(made).encode()


def recorded(folder, answer, *asked, mode="record", **upstream):
    """Record the answers to some requests, one after the other; return what the client got."""
    client = wrap(httpx.Client(transport=Upstream(answer, **upstream)), mode=mode, recordings=folder)
    return [client.post(URL, json=chat(user) if isinstance(user, str) else user) for user in asked]


def replayed(folder, *asked, **options):
    with intercept(mode="replay", recordings=Recordings(folder, **options)):
        return [httpx.post(URL, json=chat(user) if isinstance(user, str) else user) for user in asked]


def contents(responses):
    return [one.json()["choices"][0]["message"]["content"] for one in responses]


# Which take is played.


@pytest.mark.parametrize("same", [False, True], ids=["two ids", "one request"])
def test_a_gather_gets_its_own_answers_whatever_order_they_ended_in(tmp_path, same):
    """A hundred gathers of requests of one key, half of them with one id; each is replayed in the order it was asked."""
    chance = random.Random(13)
    docs = [UUID.format(0 if same else n) for n in range(4)]
    number = itertools.count()

    async def gathered(client):
        users = [f"Summarize {doc} of run {run}" for run in range(25) for doc in docs]
        return contents(await asyncio.gather(*(client.post(URL, json=chat(user)) for user in users)))

    def answer(user):
        waits = chance.randrange(6)

        async def wait():
            for _ in range(waits):
                await asyncio.sleep(0)

        return [wait, said(f"{user}: {next(number)}")]

    async def both():
        with intercept(mode="record", recordings=tmp_path / "t"):
            first = await gathered(
                wrap(httpx.AsyncClient(transport=Upstream(answer)), mode="record", recordings=tmp_path / "t")
            )
        with intercept(mode="replay", recordings=tmp_path / "t"):
            return first, await gathered(httpx.AsyncClient())

    first, second = asyncio.run(both())
    assert first == second
    assert len(set(second)) == 100


def test_the_equal_request_is_answered_in_any_order_and_never_with_anothers_take(tmp_path):
    users = [f"Read /tmp/{name}/x at 2026-01-0{n} 12:00" for n, name in enumerate("abc", 1)]
    recorded(tmp_path, said, *users)
    assert contents(replayed(tmp_path, *reversed(users))) == [*reversed(users)]
    with pytest.raises(UnmatchedRequestError, match="been played"):
        replayed(tmp_path, users[1], users[1])
    again = contents(replayed(tmp_path, *users, users[0], users[1], repeat_last=True))
    assert again == [*users, users[0], users[1]]
    new = [user.replace("2026", "2031") for user in users]
    assert contents(replayed(tmp_path, *new)) == users


def test_what_is_equal_when_it_is_redacted_plays_in_order(tmp_path):
    keys = [f"My key is sk-proj-{'Ab3dEf6hIj9lMn0pQr2' + str(n) * 8}" for n in (1, 2)]
    given = iter("12")
    recorded(tmp_path, lambda _: said(next(given)), *keys)
    assert contents(replayed(tmp_path, *keys)) == ["1", "2"]
    assert contents(replayed(tmp_path, *reversed(keys))) == ["1", "2"]


def test_a_repeated_and_changing_request_is_read_once_and_in_order(tmp_path):
    """However many takes one key has: the first that is not equal reads them all, and no later one does."""
    tape = Tape(FolderStore(tmp_path))
    for n in range(30):
        tape.record(take(f"open {UUID.format(n)}", str(n)))
    reading, reads = Tape(FolderStore(tmp_path)), []
    original = reading.store.read
    reading.store.read = lambda name: reads.append(name) or original(name)  # type: ignore[method-assign]

    class Other:
        def __init__(self, request):
            self.request, self.likeness = request, tape_module.likeness_of(request)

        def is_plainly(self, request):
            return request == self.request

        def continues(self, request):
            return True

    order = random.Random(1).sample(range(30), 30)
    asked = [take(f"open {UUID.format(n)}").request for n in order]
    played = [reading.play(key(f"open {UUID.format(0)}"), Other(one)) for one in asked]
    assert [found.take.response.body["a"] for found in played] == [str(n) for n in order]
    assert len(reads) <= 3 * 30


def test_recording_again_in_one_process_replaces_and_what_records_at_once_does_not(tmp_path):
    for answer in ("old", "new"):
        with intercept(mode="record", recordings=tmp_path):
            recorded(tmp_path, lambda _, answer=answer: said(answer), "q")
        sessions._leave_dropped()
    assert contents(replayed(tmp_path, "q")) == ["new"]
    assert [path.name[:3] for path in tmp_path.iterdir()] == ["001"]


@pytest.mark.parametrize("set_back", [0, 86_400])
def test_clocks_that_go_back_lose_nothing(tmp_path, monkeypatch, set_back):
    one, other = Tape(FolderStore(tmp_path)), Tape(FolderStore(tmp_path))
    parts = one.store.session(), other.store.session()
    for n in range(3):
        one.record(take(answer=f"one {n}"), session=parts[0])
        monkeypatch.setattr(tape_module.time, "time", partial(float, time.time() - set_back))
        other.record(take(answer=f"other {n}"), session=parts[1])
        monkeypatch.undo()
    assert len(list(tmp_path.glob("*.json"))) == 6


# What may lie in a folder.


def traps(folder):
    (folder / "sub").mkdir()
    os.mkfifo(folder / "zzz.json")
    (folder / key("dir").name(1)).mkdir()
    os.mkfifo(folder / key("fifo").name(1))
    (folder / key("zero").name(1)).symlink_to("/dev/zero")
    (folder / key("nowhere").name(1)).symlink_to(folder / "none")
    with (folder / key("huge").name(1)).open("wb") as file:
        file.truncate(sizes.MOST_IN_A_FILE + 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
def test_what_is_no_regular_file_is_not_read_and_nothing_hangs(tmp_path):
    traps(tmp_path)
    Tape(FolderStore(tmp_path)).record(take("fine"))
    tape = Tape(FolderStore(tmp_path))
    for user, why in {
        "fifo": "not a regular file",
        "zero": "not a regular file",
        "dir": "regular",
        "huge": "MB",
    }.items():
        assert tape.play(key(user)) is None
        assert why in tape.damaged(key(user))[key(user).name(1)]
    assert tape.play(key("nowhere")) is None
    assert [take.request.body["messages"][0]["content"] for _, take in Tape(FolderStore(tmp_path)).takes()] == ["fine"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes")
@pytest.mark.parametrize("trap", ["link", "hard link", "pipe", "folder"])
@pytest.mark.parametrize("name", [sessions.FILE, store.WRITING])
def test_a_trap_where_the_lock_should_be_is_told_and_harms_nobody(tmp_path, trap, name):
    tape, victim = tmp_path / "tape", tmp_path / "important.sh"
    tape.mkdir()
    victim.write_text("important")
    {"link": lambda p: p.symlink_to(victim), "hard link": lambda p: p.hardlink_to(victim),
     "pipe": os.mkfifo, "folder": lambda p: p.mkdir()}[trap](tape / name)  # fmt: skip
    with pytest.raises(RecordingError, match=r"POST .* \('q'\)"):
        lost(tape, "q")
    assert victim.read_text() == "important"


def lost(folder, *users):
    """Record, and raise what was lost; the client has its answers."""
    interceptor = Interceptor(mode="record", recordings=folder)
    client = interceptor.wrap(httpx.Client(transport=Upstream(said)))
    assert contents([client.post(URL, json=chat(user)) for user in users]) == [*users]
    interceptor.raise_unmatched()


def test_a_lock_that_is_never_given_back_is_waited_for_a_while_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(store.locks.hold, "__kwdefaults__", {"patience": 0.05})
    monkeypatch.setattr(sessions.join, "__defaults__", (0.05,))
    held = locks.hold(str(tmp_path / store.WRITING), exclusive=True)
    with pytest.raises(RecordingError, match=r"kept .*locked for 0.05 s"):
        lost(tmp_path, "q")
    os.close(held)
    lost(tmp_path, "q")


def test_many_tapes_keep_no_file_open_and_no_lock_behind(tmp_path):
    def open_files():
        return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").is_dir() else 0

    gc.collect()  # what other tests have left may go meanwhile
    before = open_files()
    for n in range(60):
        tape = Tape(FolderStore(tmp_path / str(n)))
        part = tape.store.session()
        tape.record(take(), session=part)
        part.close()
    assert open_files() <= before
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".json"}


# What fails while it is written.


@pytest.mark.parametrize("call", ["fsync", "write", "link", "replace"])
def test_a_full_disk_leaves_nothing_half_written_and_each_loss_is_told_with_its_request(tmp_path, monkeypatch, call):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    if call == "link":  # without links another way is taken
        monkeypatch.setattr(os, "link", full)
        lost(tmp_path, "one", "two", "one")
        assert contents(replayed(tmp_path, "one", "one", "two")) == ["one", "one", "two"]
        return
    if call == "replace":
        lost(tmp_path, "one", "two")
        sessions._leave_dropped()
        monkeypatch.setattr(store.Path, "replace", full)
        monkeypatch.setattr(tape_module, "same", lambda *_: False)
    elif call == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(store.Path, "open", full)
    with pytest.raises(RecordingError) as caught:
        lost(tmp_path, "one", "two")
    for told in ("2 answers were not recorded", "('one'): [Errno 28] No space", "('two'): [Errno 28] No space"):
        assert told in str(caught.value)
    assert not list(tmp_path.glob(".tmp-*"))


def test_a_folder_that_is_read_only_is_told_and_the_client_answered(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(store.Path, "mkdir", refuse)
    with pytest.raises(RecordingError, match=r"\('q'\): .*Permission denied"):
        lost(tmp_path / "tape", "q")


# What was recorded is played.


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300, "\ud83d", {"a": [float("nan")]}])
def test_what_no_json_can_say_is_recorded_and_replayed(tmp_path, value):
    text = json.dumps({**ANSWER, "x": value})
    with intercept(mode="record", recordings=tmp_path):
        first = recorded(tmp_path, lambda _: text.encode(), {**chat(), "y": "0"})[0].content
    assert replayed(tmp_path, {**chat(), "y": "0"})[0].content == first == text.encode()
    assert check(tmp_path) == []


def test_a_lone_surrogate_beside_a_secret_is_replayed_as_it_was(tmp_path):
    secret = "sk-proj-Ab3dEf6hIj9lMn0pQr2tUv5xYz"
    event = 'data: {"choices": [{"index": 0, "delta": {"content": "\\ud83d SECRET"}}]}\n\n'.replace("SECRET", secret)
    sse = [("content-type", "text/event-stream")]
    recorded(tmp_path, lambda _: event.encode(), chat(stream=True), headers=sse)
    (answer,) = replayed(tmp_path, chat(stream=True))
    assert b"\\ud83d" in answer.content
    assert secret.encode() not in answer.content


def test_any_byte_of_a_header_that_is_kept_is_replayed(tmp_path):
    headers = [(b"content-type", b"application/json"), (b"x-request-id", b"caf\xe9-\xff")]
    (first,) = recorded(tmp_path, said, "q", headers=headers)
    (again,) = replayed(tmp_path, "q")
    assert dict(again.headers.raw)[b"x-request-id"] == b"caf\xe9-\xff" == dict(first.headers.raw)[b"x-request-id"]


STREAMS = {
    "no JSON": "data: upstream timeout\n\n",
    "odd index": 'data: {"choices": [{"index": "x", "delta": {"content": 5}}]}\n\n',
    "infinite index": 'data: {"choices": [{"index": 1e999, "delta": {"tool_calls": [{"index": null}]}}]}\n\n',
    "odd arguments": 'data: {"choices": [{"delta": {"tool_calls": [{"function": {"arguments": 5}}]}}]}\n\n',
}


@pytest.mark.parametrize("kind", STREAMS)
def test_an_odd_stream_is_recorded_checked_and_shown_and_no_exception_leaves_the_transport(tmp_path, kind):
    content = STREAMS[kind].encode()
    recorded(tmp_path, lambda _: content, chat(stream=True), headers=[("content-type", "text/event-stream")])
    assert replayed(tmp_path, chat(stream=True))[0].content == content
    with contextlib.suppress(RecordingError, UnmatchedRequestError):
        assert replayed(tmp_path, chat())[0].status_code in {200, 500}
    findings = check(tmp_path)
    assert kind != "no JSON" or any("event 1 is no JSON object: 'upstream timeout'" in one for one in findings)
    if kind == "no JSON":
        assert "upstream timeout" in run("show", tmp_path)


def check(folder):
    from llm_intercept.tapetools.checking import check as findings

    return [f"{one.kind}: {one.what}" for one in findings(Tape(FolderStore(folder))) if one.kind != "SDK"]


def test_an_answer_that_unpacks_to_too_much_is_not_kept(tmp_path, monkeypatch):
    from llm_intercept.recording import capture

    monkeypatch.setattr(capture, "LIMIT", 100_000)
    bomb = gzip.compress(b"[" + b"0," * 400_000 + b"0]")
    interceptor = Interceptor(mode="record", recordings=tmp_path)
    headers = [("content-type", "application/json"), ("content-encoding", "gzip")]
    client = interceptor.wrap(httpx.Client(transport=Upstream(lambda _: bomb, headers)))
    assert len(client.post(URL, json=chat("q")).content) == 800_003
    with pytest.raises(RecordingError, match=r"\('q'\): .*100,000"):
        interceptor.raise_unmatched()
    assert not list(tmp_path.glob("*.json"))


# Event loops.


def test_a_take_is_written_apart_from_the_event_loop_and_seen_by_the_next_request(tmp_path, monkeypatch):
    where, original = [], Tape.record

    def slow(self, *given, **more):
        time.sleep(0.02)
        where.append(threading.current_thread())
        return original(self, *given, **more)

    monkeypatch.setattr(Tape, "record", slow)

    async def run():
        recording = wrap(httpx.AsyncClient(transport=Upstream(said)), mode="auto", recordings=tmp_path)
        await recording.post(URL, json=chat("q"))
        with intercept(mode="replay", recordings=tmp_path):
            return (await httpx.AsyncClient().post(URL, json=chat("q"))).json()

    assert asyncio.run(run())["choices"][0]["message"]["content"] == "q"
    assert where[0] is not threading.main_thread()
    assert not WRITER._open


PROGRAM = """
import asyncio, httpx, sys, time
from llm_intercept import wrap
from llm_intercept.recording.tape import Tape
sys.path.insert(0, sys.argv[2])
from tests.test_recordings_kept import URL, Upstream, chat, said
original = Tape.record
Tape.record = lambda *a, **b: (time.sleep(0.2), original(*a, **b))
async def main():
    client = wrap(httpx.AsyncClient(transport=Upstream(said)), mode="record", recordings=sys.argv[1])
    await asyncio.gather(*(client.post(URL, json=chat(str(n))) for n in range(3)))
asyncio.run(main())
"""


def test_a_process_does_not_end_before_its_takes_are_written(tmp_path, run_python):
    done = run_python(PROGRAM, str(tmp_path / "t"), str(Path(__file__).parents[1]))
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "t").glob("*.json"))) == 3
    assert {path.suffix for path in (tmp_path / "t").iterdir()} == {".json"}


# Tools.

FOREIGN = {
    "package.json": '{"name": "x"}',
    "2024-report.json": "{}",
    "001-notes.json": '{"version": 1}',
    "src/data.json": "{}",
}


def repository(folder, *users):
    for name, content in FOREIGN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    tape = Tape(FolderStore(folder / "tape"))
    return [tape.record(take(user, user)) for user in users]


def run(*arguments, status=0, **options):
    result = CliRunner().invoke(app, ["recordings", *map(str, arguments)], **options)
    assert result.exit_code == status, (result.output, result.exception)
    return result.output


def foreign(folder):
    return {
        str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*.json") if path.parent.name != "tape"
    }


def test_prune_touches_takes_alone_and_says_all_that_it_will_do_first(tmp_path):
    names = repository(tmp_path, "a", "b", "b")
    for file, content in FOREIGN.items():
        (tmp_path / "tape" / file.replace("/", "-")).write_text(content)
    played = tmp_path / "played"
    played.write_text("".join(f"{tmp_path / 'tape'}\t{name}\n" for name in (names[0], names[2])))
    said = run("prune", "--dry-run", "--played", played, tmp_path)
    listed = [f"{tmp_path / 'tape'}/{names[1]}: deleted", f"{tmp_path / 'tape'}/{names[2]} -> {names[1]}"]
    assert [line.strip() for line in said.splitlines() if "left as it is" not in line] == [
        *listed,
        "1 take was not played",
    ]
    assert len(list((tmp_path / "tape").iterdir())) == 7
    run("prune", "--yes", "--played", played, tmp_path)
    assert foreign(tmp_path) == FOREIGN
    left = {path.name for path in (tmp_path / "tape").iterdir()}
    assert left == {*names[:2], *(file.replace("/", "-") for file in FOREIGN)}


def test_prune_does_nothing_where_nobody_could_report_or_nothing_was_played(tmp_path):
    names = repository(tmp_path, "a", "b")
    assert "no process of the run" in run("prune", "--yes", tmp_path, "--", "true", status=2)
    (tmp_path / "played").write_text("/elsewhere\t001-a.json\n")
    assert "played nothing of" in run("prune", "--yes", "--played", tmp_path / "played", tmp_path, status=2)
    assert {path.name for path in (tmp_path / "tape").iterdir()} == set(names)


@pytest.mark.parametrize("linked", ["reported", "pruned", "both"])
def test_prune_knows_a_tape_by_whatever_path(tmp_path, linked):
    names = repository(tmp_path / "real", "a", "b")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "other").symlink_to(tmp_path / "real")
    tape = tmp_path / ("link" if linked in {"reported", "both"} else "real") / "tape"
    (tmp_path / "played").write_text(f"{tape}\t{names[0]}\n")
    run("prune", "--yes", "--played", tmp_path / "played", tmp_path / ("real" if linked == "reported" else "other"))
    assert [path.name for path in (tmp_path / "real" / "tape").iterdir()] == [names[0]]


def test_rekey_touches_takes_alone_and_lists_each_change(tmp_path):
    (name,) = repository(tmp_path, "c")
    program = tmp_path / "play.py"
    program.write_text(
        "import sys, httpx\nfrom llm_intercept import intercept\n"
        f"with intercept(mode='replay', recordings=sys.argv[1]):\n    httpx.post({URL!r}, json={{'messages': [{{'role': 'user', 'content': 'c2'}}]}})\n"
    )
    said = run("rekey", "--yes", tmp_path, "--", sys.executable, program, tmp_path / "tape")
    assert f"{tmp_path / 'tape'}/{name} -> 001-request-" in said
    assert foreign(tmp_path) == FOREIGN
    assert [path.name[:7] for path in (tmp_path / "tape").iterdir()] == ["001-req"]


@pytest.mark.parametrize(("later", "blamed"), [("Today is 2026-11-30.", True), ("Today is 2026-11-29.", False)])
def test_a_miss_blames_the_date_only_where_it_differs(tmp_path, later, blamed):
    """A take that has been played is no take of another day."""
    recorded(tmp_path, said, "Today is 2026-11-29.")
    first, *_, last = recorded(tmp_path, said, "Today is 2026-11-29.", later, mode="replay")
    assert (first.status_code, last.status_code) == (200, 404)
    told = last.json()["error"]["message"]
    assert ("Only a date or a time differs" in told) == blamed
    assert ("it has been played" in told) != blamed


@pytest.mark.parametrize("mode", ["replay", "auto", "record"])
@pytest.mark.parametrize("place", ["file", "file/tape"])
def test_a_file_where_a_folder_was_meant_is_told_before_a_request(tmp_path, mode, place):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match=r"a folder; .*file"), intercept(mode=mode, recordings=tmp_path / place):
        pytest.fail("the block began")


def test_a_folder_that_cannot_be_written_is_told_before_an_answer_is_paid(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)  # the tests' user may write everywhere
    with pytest.raises(SettingsError, match="can be written"), intercept(mode="auto", recordings=tmp_path / "tape"):
        pytest.fail("the block began")
    with intercept(mode="replay", recordings=tmp_path / "tape"):
        pass
