"""A tape loses nothing, whoever writes to it and whenever they are killed, and is as quick with many takes as with one."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from llm_intercept.errors import SettingsError
from llm_intercept.recording import locks
from llm_intercept.recording import store as store_module
from llm_intercept.recording import tape as tape_module
from llm_intercept.recording.config import store_at
from llm_intercept.recording.fingerprint import Match
from llm_intercept.recording.remote import RemoteStore
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.take import DamagedTakeError, Take, TakeRequest, TakeResponse, read_take
from llm_intercept.recording.tape import Key, Tape, canonical_of, key_of, now
from tests.support import URL


def take(user="hi", answer="yes", *, partial=None, **body):
    request = TakeRequest(method="POST", url=URL, body={"messages": [{"role": "user", "content": user}], **body})
    made = Take(
        fingerprint="0" * 64,
        recorded_at=now(),
        partial=partial,
        request=request,
        response=TakeResponse(status=200, body={"a": answer}),
    )
    return made.model_copy(update={"fingerprint": key_of(canonical_of(made)).fingerprint})


def key(user="hi", **body) -> Key:
    return key_of(canonical_of(take(user, **body)))


def answers(tape, user="hi", **options):
    found = []
    while (played := tape.play(key(user), **options)) is not None and len(found) < 5:
        found.append(played.take.response.body["a"])
    return found


@pytest.fixture(params=["folder", "memory", "file url", "fsspec file"])
def store(request, tmp_path):
    if request.param == "folder":
        return store_at(tmp_path / "tape")
    if request.param == "file url":
        found = store_at((tmp_path / "tape").as_uri())
        assert isinstance(found, FolderStore)
        return found
    if request.param == "fsspec file":
        (tmp_path / "tape").mkdir()
        return RemoteStore((tmp_path / "tape").as_uri())
    return store_at(f"memory://{tmp_path.name}-{os.getpid()}-{time.time_ns()}/tape")


def test_takes_of_one_request_play_in_recorded_order(store):
    writing = Tape(store)
    for answer in ("1", "2", "3"):
        writing.record(take(answer=answer))
    writing.record(take("other"))
    assert answers(Tape(store)) == ["1", "2", "3"]
    assert answers(Tape(store), "other") == ["yes"]
    assert answers(Tape(store), "unheard of") == []
    short, other = key().fingerprint[:12], key("other").fingerprint[:12]
    assert sorted(store.names()) == [
        f"001-hi-{short}.json",
        f"001-other-{other}.json",
        *(f"00{n}-hi-{short}.json" for n in (2, 3)),
    ]


def test_the_last_repeats_only_if_asked(store):
    Tape(store).record(take())
    assert answers(Tape(store), repeat_last=True) == ["yes"] * 5
    assert answers(Tape(store)) == ["yes"]


def test_names_are_made_once_only(store):
    assert store.create("a.json", b"1") is True
    assert store.create("a.json", b"2") is False
    assert store.read("a.json") == b"1"
    store.replace("a.json", b"3")
    assert store.read("a.json") == b"3"
    store.delete("a.json")
    store.delete("a.json")
    assert list(store.names()) == []
    with pytest.raises(FileNotFoundError):
        store.read("a.json")


DAMAGES = {
    "half": (b'{"version": 1,', "not JSON"),
    "empty": (b"", "it is empty"),
    "merge": (b'{\n<<<<<<< HEAD\n"version": 1\n=======\n>>>>>>> x\n}', "merge conflict"),
    "git-lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
    "newer": (b'{"version": 99}', "version 99"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_take_is_a_miss_that_says_so_and_never_the_next_ones_answer(tmp_path, damage):
    content, why = DAMAGES[damage]
    store = FolderStore(tmp_path)
    first, second, third = (Tape(store).record(take(answer=answer)) for answer in ("1", "2", "3"))
    Tape(store).record(take("other"))
    store.replace(second, content)
    tape = Tape(store)
    assert answers(tape) == ["1"]
    assert answers(tape, repeat_last=True) == []
    assert why in tape.damaged(key())[second]
    assert answers(tape, "other") == ["yes"]
    store.replace(second, store.read(third))
    assert answers(tape) == ["3", "3"]
    assert tape.damaged(key()) == {}
    store.replace(first, content)
    assert answers(again := Tape(store)) == []
    assert why in again.damaged(key())[first]
    store.delete(first)
    assert answers(again) == []
    assert again.damaged(key()) == {}


def test_a_take_of_another_request_under_the_name_is_not_played(store):
    name = Tape(store).record(take())
    document = json.loads(store.read(name))
    document["fingerprint"] = key("other").fingerprint
    store.replace(name, json.dumps(document).encode())
    assert answers(Tape(store)) == []


def test_partial_takes_are_kept_and_not_played(store):
    tape = Tape(store)
    name = tape.record(take(partial="the client closed it"))
    assert name.endswith(".partial.json")
    assert answers(Tape(store)) == []
    tape.record(take(answer="whole"))
    assert answers(Tape(store)) == ["whole"]


def test_recording_again_replaces_what_an_earlier_session_recorded_and_changes_nothing_that_is_the_same(store):
    before = Tape(store)
    names = [before.record(take(answer=answer)) for answer in ("1", "2")]
    unchanged = store.read(names[0])
    again, session = Tape(store), store.session()
    assert [again.record(take(answer=answer), session=session) for answer in ("1", "changed", "new")] == [
        *names,
        names[0].replace("001", "003"),
    ]
    assert store.read(names[0]) == unchanged
    assert answers(Tape(store)) == ["1", "changed", "new"]


def test_what_this_session_recorded_is_never_replaced(store):
    one, other = Tape(store), Tape(store)
    sessions = store.session(), store.session()
    for number in range(3):
        one.record(take(answer=f"one {number}"), session=sessions[0])
        other.record(take(answer=f"other {number}"), session=sessions[1])
    assert len(answers(Tape(store))) == 5
    assert len(list(store.names())) == 6


def test_a_loosened_tape_is_found_by_what_matters(tmp_path):
    store = FolderStore(tmp_path)
    for n in (1, 2):
        Tape(store).record(take(answer=str(n), temperature=n))
    match = Match(ignore=("$.temperature",))
    tape = Tape(store, lambda one: match.fingerprint(canonical_of(one, match)))
    sought = Key(match.fingerprint(canonical_of(take(temperature=9), match)), "hi")
    assert [tape.play(sought).take.response.body["a"] for _ in (1, 2)] == ["1", "2"]
    assert tape.play(sought) is None
    tape.record(take(answer="3", temperature=3), key=sought)
    assert tape.play(sought) is None
    assert tape.taken(sought) == 3


def test_a_tape_is_a_folder_and_nothing_else(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="folder"):
        store_at(tmp_path / "file")
    with pytest.raises(SettingsError):
        store_at("nosuchfs://x")


def test_threads_that_record_the_same_request_lose_nothing(tmp_path):
    tapes = [Tape(FolderStore(tmp_path)) for _ in range(4)]

    def record(tape):
        for _ in range(20):
            tape.record(take(answer=str(id(tape))))

    threads = [threading.Thread(target=record, args=(tape,)) for tape in tapes for _ in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(tmp_path.iterdir())) == 160
    assert sorted(name[:3] for name in FolderStore(tmp_path).names()) == [f"{n:03d}" for n in range(1, 161)]


def test_a_look_up_opens_one_file_and_lists_no_folder(tmp_path, monkeypatch):
    for n in range(50):
        Tape(FolderStore(tmp_path)).record(take(f"question {n}"))
    opened = []
    sys.addaudithook(
        lambda event, args: (
            opened.append((event, str(args[0]))) if event in {"open", "os.scandir", "os.listdir"} and watching else None
        )
    )
    watching = False
    tape = Tape(FolderStore(tmp_path))
    watching = True
    assert tape.play(key("question 17")) is not None
    watching = False
    mine = [one for one in opened if str(tmp_path) in one[1]]
    assert [event for event, _ in mine] == ["open"]


def again(tape, user="hi"):
    found = tape.play(key(user), repeat_last=True)
    return None if found is None else found.take.response.body["a"]


@pytest.mark.parametrize("edit", ["in place", "by another file", "at its old time"])
@pytest.mark.parametrize("fresh", [store_module.FRESH, 0])
def test_a_take_edited_between_two_plays_is_played_as_edited(tmp_path, monkeypatch, edit, fresh):
    monkeypatch.setattr(store_module, "FRESH", fresh)
    path = tmp_path / Tape(FolderStore(tmp_path)).record(take(answer="one"))
    tape = Tape(FolderStore(tmp_path))
    assert [again(tape) for _ in range(3)] == ["one"] * 3
    before = path.stat()
    for answer in ("two", "six"):
        if not fresh:
            time.sleep(0.05)
        target = tmp_path / "other" if edit == "by another file" else path
        target.write_text(path.read_text().replace("one", answer).replace("two", answer))
        target.replace(path)
        if edit == "at its old time":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert [again(tape) for _ in range(3)] == [answer] * 3
    path.write_text("{")
    assert again(tape) is None
    path.unlink()
    assert again(tape) is None


def test_a_take_that_another_process_adds_is_played_next(store):
    Tape(store).record(take(answer="1"))
    tape = Tape(store)
    assert [again(tape) for _ in range(3)] == ["1"] * 3
    Tape(store).record(take(answer="2"))
    assert [again(tape) for _ in range(3)] == ["2"] * 3


def test_a_take_played_again_is_read_once_more_at_most_and_not_kept_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(store_module, "FRESH", 0)
    users = [f"question {n}" for n in range(8)]
    names = [Tape(FolderStore(tmp_path)).record(take(user)) for user in users]
    time.sleep(0.05)
    read = []
    store = FolderStore(tmp_path)
    monkeypatch.setattr(store, "read", lambda name: read.append(name) or FolderStore(tmp_path).read(name))
    tape = Tape(store)
    assert [again(tape, users[0]) for _ in range(9)] == ["yes"] * 9
    assert read == [names[0]] * 2
    size = (tmp_path / names[0]).stat().st_size
    monkeypatch.setattr(tape_module, "SHELF", 2 * size)
    for user in users * 3:
        assert again(tape, user) == "yes"
    assert len(tape._shelf._kept) <= 2


def record(folder, who, told):
    """Record without end, and write a line for each take that is kept: its name, who asked, and which it is."""
    store = FolderStore(folder)
    tape, session = Tape(store), store.session()
    with Path(f"{folder}.{who}").open("w", buffering=1) as said:
        os.write(told, b"r")
        for n in range(10_000):
            asked = who if n % 2 else "both"
            name = tape.record(take(f"question {asked}", f"{asked} {n} {'x' * 20_000}"), session=session)
            print(name, asked, n, file=said)
            if n == 0:
                os.write(told, b"1")
    os._exit(0)


def killed(folder, recorders, after, *, kept=True):
    """Let recorders record at once, and kill each `after` so many seconds; `kept`: of its first take, which is kept."""
    children = {}
    for who in recorders:
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            record(folder, who, tells)
        children[child] = told
    for told in children.values():
        assert os.read(told, 1) == b"r"
    for child, told in children.items():
        assert not kept or os.read(told, 1) == b"1"
        time.sleep(after())
        os.kill(child, signal.SIGKILL)
        assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def in_one_process(code):
    """Run code that forks, in a process that has no threads, and that has imported what its children need."""
    head = f"import sys\nsys.path.insert(0, {str(Path(__file__).resolve().parents[1])!r})\nfrom tests.test_recording_tape import *\n"
    done = subprocess.run([sys.executable, "-c", head + code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def said_by(folder, who):
    """Give the lines that a recorder wrote whole."""
    lines = Path(f"{folder}.{who}").read_text().splitlines(keepends=True)
    return [line.split() for line in lines if line.endswith("\n")]


KILLS = int(os.environ.get("LLM_INTERCEPT_TEST_KILLS", "20"))
can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks, and kills with a signal")


@can_fork
def test_processes_killed_at_any_moment_leave_no_unreadable_take_and_lose_none(tmp_path):
    """`LLM_INTERCEPT_TEST_KILLS=200` runs as many rounds as the acceptance asks for; each kills both processes."""
    in_one_process(
        "import random\nchance = random.Random(6)\n"
        f"for number in range({KILLS}):\n"
        f"    killed({str(tmp_path)!r} + f'/{{number}}', 'ab', lambda: chance.uniform(0.0, 0.06), kept=number % 2 == 0)"
    )
    said_in_all = 0
    for number in range(KILLS):
        folder = tmp_path / str(number)
        said = [line for who in "ab" for line in said_by(folder, who)]
        said_in_all += len(said)
        names = set(FolderStore(folder).names()) if folder.exists() else set()
        for name in names:
            read_take((folder / name).read_bytes(), name)  # raises if it is damaged
        assert {name for name, *_ in said} <= names
        assert len({name for name, *_ in said}) == len(said)
        for name, who, n in said:
            assert read_take((folder / name).read_bytes(), name).response.body["a"].startswith(f"{who} {n} ")
    assert said_in_all >= KILLS  # half of the time by each of two


@can_fork
def test_processes_that_record_at_once_share_a_session_and_the_next_is_a_new_one(tmp_path):
    folder = tmp_path / "tape"
    in_one_process(f"killed({str(folder)!r}, 'ab', int)\nkilled({str(folder)!r}, 'c', int)")
    first, *_ = [said_by(folder, who)[0] for who in "cab"]
    recorded = {name for who in "ab" for name, asked, _ in said_by(folder, who) if asked == "both"}
    assert len(recorded) >= 2
    assert first[:2] == [key("question both").name(1), "both"]
    assert read_take((folder / first[0]).read_bytes(), first[0]).response.body["a"].startswith("both 0 ")


def test_what_a_killed_process_left_is_cleaned_when_it_is_old(tmp_path):
    store = FolderStore(tmp_path)
    store.create("a.json", b"1")
    old, young = tmp_path / ".tmp-1-old", tmp_path / ".tmp-2-young"
    old.write_text("")
    young.write_text("")
    os.utime(old, (1, 1))
    assert list(store.names()) == ["a.json"]
    assert store.clean() == [old.name]
    assert young.exists()


def test_an_unreadable_file_is_reported_and_not_fatal(tmp_path):
    (tmp_path / key().name(1)).mkdir(parents=True)
    tape = Tape(FolderStore(tmp_path))
    assert tape.play(key()) is None
    assert "cannot be read" in tape.problems[key().name(1)]


def test_a_take_is_not_read_from_nothing():
    with pytest.raises(DamagedTakeError):
        read_take(b"", "x")


@pytest.mark.skipif(sys.platform == "win32", reason="it deletes no file that is open")
def test_a_lock_of_a_deleted_file_is_held_by_nobody(tmp_path, monkeypatch):
    """Its last holder deleted it between the opening and the locking; another process locks the new file of its name."""
    path, tried = tmp_path / "lock", []
    lock = locks.try_lock

    def late(descriptor, *, exclusive):
        tried.append(descriptor)
        if len(tried) < 3:
            path.unlink()
            if len(tried) == 2:
                path.touch()
        return lock(descriptor, exclusive=exclusive)

    monkeypatch.setattr(locks, "try_lock", late)
    descriptor = locks.hold(str(path), exclusive=True)
    try:
        assert len(tried) == 3
        assert os.path.samestat(os.fstat(descriptor), path.lstat())
        with contextlib.closing(path.open()) as other:
            assert not lock(other.fileno(), exclusive=True)
    finally:
        os.close(descriptor)
