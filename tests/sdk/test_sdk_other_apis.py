"""The openai SDK's other methods, unmodified: legacy completions, moderations, and what only rules answer."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("openai")

import openai
from sdk_support import ask, make, run

from llm_intercept import api_error, intercept, moderation, raw
from llm_intercept.errors import UnmatchedRequestError

FILE = {"id": "file-1", "object": "file", "bytes": 2, "created_at": 1, "filename": "a.jsonl", "purpose": "batch"}
PAGE = {"object": "list", "data": [FILE], "has_more": False}


def test_legacy_completions_streamed_and_not(is_async: bool) -> None:
    """The prompt is answered as a conversation is, and read strictly."""

    async def told(client: Any) -> str:
        stream = await client.completions.create(model="davinci-002", prompt="hi", stream=True)
        return "".join([event.choices[0].text async for event in stream])

    with intercept("hello there"):
        client = make(is_async, _strict_response_validation=True)
        answer = run(lambda: client.completions.create(model="davinci-002", prompt="hi", logprobs=2))
        if is_async:
            assert run(lambda: told(make(is_async))) == "hello there"
        else:
            events = make(is_async).completions.create(model="davinci-002", prompt="hi", stream=True)
            assert "".join(event.choices[0].text for event in events) == "hello there"
        assert ask(make(is_async)) == "hello there"
    assert (answer.choices[0].text, answer.usage.completion_tokens) == ("hello there", 2)
    assert answer.choices[0].logprobs.tokens == ["hello", " there"]


def test_moderations(is_async: bool) -> None:
    """Nothing is flagged unless a rule says so."""
    with intercept("hi") as llm:
        llm.on("bad").reply(moderation("violence"))
        fine, bad = (
            run(lambda text=text: make(is_async, _strict_response_validation=True).moderations.create(input=text))
            for text in ("fine", "bad")
        )
    assert (fine.results[0].flagged, bad.results[0].flagged) == (False, True)
    assert (fine.results[0].categories.violence, bad.results[0].categories.violence) == (False, True)


def test_files_are_answered_by_rules(is_async: bool) -> None:
    """Uploaded, listed, read, deleted: each by the method that the SDK has for it."""
    with intercept("hi", all_used=True) as llm:
        llm.on(lambda request: request.method == "DELETE", url="/v1/files/").reply(raw({**FILE, "deleted": True}))
        llm.on(url="/v1/files/*/content").reply(raw(b'{"a": 1}\n', headers={"content-type": "application/jsonl"}))
        llm.on(lambda request: request.method == "POST", api="openai.files").reply(api_error(500), raw(FILE))
        llm.on(api="openai.files").reply(raw(PAGE))
        made = run(lambda: make(is_async).files.create(file=("a.jsonl", b"{}"), purpose="batch"))
        listed = run(make(is_async).files.list)
        content = run(lambda: make(is_async).files.content("file-1"))
        gone = run(lambda: make(is_async).files.delete("file-1"))
    assert (made.id, listed.data[0].id, gone.deleted) == ("file-1", "file-1", True)
    assert content.content == b'{"a": 1}\n'
    assert [call.status for call in llm.calls] == [500, 200, 200, 200, 200]


def test_speech_images_and_batches_are_answered_by_rules(is_async: bool) -> None:
    """Bytes and JSON."""
    with intercept() as llm:
        llm.on(api="openai.audio.speech").reply(raw(b"\xff\xf3", headers={"content-type": "audio/mpeg"}))
        llm.on(api="openai.images").reply(raw({"created": 1, "data": [{"b64_json": "aGk="}]}))
        llm.on(api="openai.vector_stores").reply(raw({"id": "vs_1", "object": "vector_store"}))
        speech = run(lambda: make(is_async).audio.speech.create(model="tts-1", voice="alloy", input="hi"))
        image = run(lambda: make(is_async).images.generate(model="gpt-image-1", prompt="a cat"))
        store = run(lambda: make(is_async).vector_stores.create(name="mine"))
    assert (speech.content, image.data[0].b64_json, store.id) == (b"\xff\xf3", "aGk=", "vs_1")


def test_what_nothing_answers_says_how_it_is_answered(is_async: bool) -> None:
    """As the SDK's own error, which is not tried again."""
    says_how = pytest.raises(openai.NotFoundError, match=r"llm\.on\(url='api.openai.com/v1/batches'\)\.reply\(raw\(")
    with pytest.raises(UnmatchedRequestError, match="batches API"), intercept("hi") as llm, says_how:
        run(make(is_async).batches.list)
    assert len(llm.calls) == 1
