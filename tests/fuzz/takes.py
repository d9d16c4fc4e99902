"""Tapes as hands, mergers and other programs leave them, and answers as servers give them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner
from hypothesis import strategies as st

from llm_intercept import Interceptor, InterceptTransport, Recordings
from llm_intercept.cli.app import app
from llm_intercept.recording.bodies import Chunk
from llm_intercept.recording.redaction import Redaction
from llm_intercept.recording.sanitize import sanitize_request, sanitize_response, take_of
from llm_intercept.recording.take import document_of, read_take, write_take
from llm_intercept.recording.tape import canonical_of, key_of
from tests.fuzz.events import BYTES, CALL_CHUNKS, TEXT_CHUNKS, URL, WHOLE, streamed
from tests.fuzz.odd import altered, changed, dumped, folder, split
from tests.fuzz.requests import PLAIN, SEEDS, told
from tests.fuzz.target import check_shown, clear, target


def made(content: bytes, kind: str, url: str = URL, body: Any = PLAIN) -> dict[str, Any]:
    """Make a take as it is recorded."""
    asked = sanitize_request("POST", url, {"accept": "x"}, body, Redaction())
    response = sanitize_response(asked, 200, [("content-type", kind)], [Chunk(content, 1.0)], Redaction())
    return json.loads(write_take(take_of(asked, response, partial=None, versions={"a": "1"})))


STREAM, JSON = "text/event-stream", "application/json"
EMBEDDED = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}}  # fmt: skip
TAKES = [
    made(dumped(WHOLE), JSON), made(streamed(TEXT_CHUNKS), STREAM), made(streamed(CALL_CHUNKS), STREAM), made(b"plain", "text/plain"),
    made(b"\xff\xfe", "audio/mpeg"), made(dumped(WHOLE), JSON, body=SEEDS[1]),
    made(dumped(EMBEDDED), JSON, URL.replace("chat/completions", "embeddings"), {"model": "m", "input": ["a"]}),
    made(b"{}", JSON, "https://api.anthropic.com/v1/messages", SEEDS[11]), made(b"x", "text/plain", body="no JSON"),
]  # fmt: skip
DOCUMENTS = changed(TAKES)
FILES = altered(DOCUMENTS.map(dumped)) | DOCUMENTS.map(dumped)
NAME = "001-hi-0123456789ab.json"


@st.composite
def kept(draw):
    """Make a file with a name, which its request mostly finds, since what was answered alone is changed."""
    if not draw(st.integers(0, 5)):
        content = draw(FILES)
        return (NAME, content) if draw(st.booleans()) else under_its_own_name(content)
    take = draw(st.sampled_from(TAKES))
    response = {**take["response"], "status": draw(st.sampled_from([200, 200, 200, 500]))}
    if "body" in response:
        response["body"] = draw(changed([response["body"]]))
    elif "events" in response:
        said = draw(changed([[event.get("data") for event in response["events"]]]))
        response["events"] = [{"gap_ms": 1, "data": one} for one in (said if isinstance(said, list) else [said])]
    return under_its_own_name(dumped({**take, "response": response}))


def under_its_own_name(content: bytes) -> tuple[str, bytes]:
    """Name a take as its request finds it, if it is one."""
    try:
        take = read_take(content, NAME)
        key = key_of(canonical_of(take))
        return key.name(1), write_take(take.model_copy(update={"fingerprint": key.fingerprint}))
    except Exception:  # noqa: BLE001 - other targets say what may be raised
        return NAME, content


@target(FILES)
def a_file_is_a_take_or_damaged(content: bytes) -> None:
    """A file of any bytes is a take, which is written and read as the same, or damaged, in words."""
    with clear():
        take = read_take(content, NAME)
        again = read_take(write_take(take), NAME)
        assert write_take(again) == write_take(take)
        _ = document_of(take), key_of(canonical_of(take))


@target(st.tuples(kept(), st.booleans(), st.sampled_from(["instant", 1e-9])))
def a_take_is_played_in_either_shape(given: Any) -> None:
    """A take of any content answers its request in either shape, or the answer says in words why it does not."""
    (name, content), stream, speed = given
    with folder() as place:
        Path(place, name).write_bytes(content)
        with clear():
            llm = Interceptor(mode="replay", recordings=Recordings(place, replay_speed=speed))
            with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client:
                try:
                    request = json.loads(content)["request"]
                    sent = httpx.Request(
                        "POST",
                        URL if "://" not in request["url"] else request["url"],
                        json={**request["body"], "stream": stream},
                    )
                except Exception:  # noqa: BLE001 - it asks nothing that can be asked
                    sent = httpx.Request("POST", URL, json={**PLAIN, "stream": stream})
                with clear():
                    _ = client.send(sent).text
            told(llm)


ELSEWHERE = ("chat/completions", "responses", "completions", "embeddings")


@target(
    st.tuples(
        kept(), st.sampled_from(ELSEWHERE), st.booleans(), st.sampled_from([{"ignore": "api"}, {"key": lambda _: 1}])
    )
)
def a_take_answers_another_api(given: Any) -> None:
    """A take of any content answers a request of any API, or the answer says in words why it does not."""
    (name, content), path, stream, loosened = given
    with folder() as place:
        Path(place, name).write_bytes(content)
        with clear():
            llm = Interceptor(mode="replay", recordings=Recordings(place, **loosened))
            with httpx.Client(transport=InterceptTransport(interceptor=llm)) as client, clear():
                asked = {**PLAIN, "input": "hi", "prompt": "hi", "stream": stream}
                _ = client.post(f"https://api.openai.com/v1/{path}", json=asked).text
            told(llm)


COMMANDS = (("ls",), ("show",), ("check",), ("prune", "--played", "played"))


@target(st.tuples(FILES, FILES, st.sampled_from(COMMANDS), st.booleans()))
def commands_speak_of_any_tape(given: Any) -> None:
    """`recordings ls`, `show`, `check` and `prune` end with a status, say it in words, and steer no terminal."""
    one, other, command, as_it_is = given
    with folder() as place:
        tape = Path(place, "tape")
        tape.mkdir()
        Path(place, "played").write_text(f"{tape}\t{NAME}\n")
        for number, content in enumerate((one, other), 1):
            name, kept = (NAME.replace("1", str(number), 1), content) if as_it_is else under_its_own_name(content)
            (tape / name).write_bytes(kept)
        words = [word.replace("played", f"{place}/played") if word == "played" else word for word in command]
        commanded("recordings", *words, str(tape))


def commanded(*words: str) -> str:
    """Run a command, which must end with a status; return what it says, which must steer no terminal."""
    result = CliRunner().invoke(app, list(words), input="n\n", env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in {0, 1}, result.output
    check_shown(result.output)
    return result.output


@st.composite
def served(draw):
    """Make an answer of a server, cut anywhere."""
    kind = draw(st.sampled_from([JSON, STREAM, "text/plain", "\xff/\xe9", "text/event-stream; charset=utf-16"]))
    headers = draw(
        st.lists(
            st.tuples(st.sampled_from([b"location", b"x-request-id", b"retry-after"]), st.binary(max_size=9)),
            max_size=2,
        )
    )
    return draw(st.sampled_from([200, 200, 200, 201, 204, 400, 429])), kind, headers, split(draw, draw(BYTES))


@target(st.tuples(served(), changed([PLAIN, SEEDS[1], SEEDS[9]]), st.booleans()))
def what_was_recorded_is_played(given: Any) -> None:
    """An answer of any bytes to a request of any JSON reaches the client, and is played as it came, or not recorded in words."""
    (status, kind, headers, parts), body, again = given
    content = dumped({**body, "stream": kind == STREAM} if isinstance(body, dict) else body)

    def upstream(_: httpx.Request) -> httpx.Response:
        return httpx.Response(
            status, headers=[(b"content-type", kind.encode("latin-1")), *headers], content=iter(parts)
        )

    with folder() as place, clear():
        answers = []
        for mode in ("record", "replay") if again else ("auto", "auto"):
            llm = Interceptor(mode=mode, recordings=Recordings(place, keep_errors=True))
            with httpx.Client(
                transport=InterceptTransport(inner=httpx.MockTransport(upstream), interceptor=llm)
            ) as client:
                answers.append(client.send(httpx.Request("POST", URL, content=content)))
                _ = answers[-1].content
            told(llm)
        assert answers[0].content == b"".join(parts) or status == 204
        if not {"sk-", "secret", "hidden"} & set(kind):
            commanded("recordings", "check", str(place)) if list(place.glob("*.json")) else None
