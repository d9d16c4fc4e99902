"""OpenAI's images: made, changed and streamed as its SDK's types tell; pictures are whole in each format."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from openai import BadRequestError, InternalServerError, OpenAI
from openai.types import (
    ImageEditCompletedEvent,
    ImageEditPartialImageEvent,
    ImageGenCompletedEvent,
    ImageGenPartialImageEvent,
    ImagesResponse,
)
from openai.types.responses import ResponseImageGenCallPartialImageEvent
from openai.types.responses.response_output_item import ImageGenerationCall

from llm_intercept import Pace, Reply, intercept, raw
from llm_intercept.base.media_sizes import picture_size
from llm_intercept.base.pictures import FORMS, picture
from llm_intercept.errors import ReplyError
from llm_intercept.faults import disconnect, stream_error
from llm_intercept.model import Media
from tests.support import in_both_shapes

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

URL = "https://api.openai.com/v1/images/generations"
MODEL = "gpt-image-2.5-flare"
MARKS = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "webp": b"RIFF", "svg": b"<svg"}
SIZES = [(1, 1), (17, 9), (1024, 1536)]


@pytest.fixture
def images() -> Any:
    return OpenAI(api_key="none", max_retries=0).images


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("size", SIZES)
def test_a_picture_has_its_size(form: str, size: tuple[int, int]) -> None:
    """In the bytes by which every reader of the format knows it."""
    made = picture(form, size, (255, 0, 128))
    assert made.startswith(MARKS[form])
    assert picture_size(base64.b64encode(made).decode()) == size


@pytest.mark.parametrize("is_clear", [False, True])
def test_a_png_has_all_its_rows(is_clear: bool) -> None:
    """Its chunks have their sums, and its rows as many bits as it has pixels."""
    rest, found = picture("png", (17, 9), (1, 2, 3), is_clear=is_clear)[8:], dict[bytes, bytes]()
    while rest:
        length, kind = struct.unpack_from(">I4s", rest)
        content, (checked,) = rest[8 : 8 + length], struct.unpack_from(">I", rest, 8 + length)
        assert checked == zlib.crc32(kind + content)
        found[kind], rest = content, rest[12 + length :]
    assert [*found] == [b"IHDR", b"PLTE", *([b"tRNS"] if is_clear else []), b"IDAT", b"IEND"]
    assert (found[b"PLTE"], zlib.decompress(found[b"IDAT"])) == (b"\1\2\3", bytes((1 + 3) * 9))


@pytest.mark.parametrize("form", FORMS)
def test_what_is_asked_is_answered(images: Any, form: Any) -> None:
    """As many pictures as asked, of the size and the format, each another; the SDK's type has no field that is wrong."""
    with intercept() as llm:
        made = images.generate(model=MODEL, prompt="a cat", n=2, size="1536x864", output_format=form, quality="low")
    ImagesResponse.model_validate(made.model_dump(exclude_none=True))
    assert (made.output_format, made.size, made.quality, made.background) == (form, "1536x864", "low", "opaque")
    contents = [base64.b64decode(one.b64_json) for one in made.data]
    assert all(content.startswith(MARKS[form]) for content in contents)
    assert len({*contents}) == len(contents) == 2
    assert made.usage.output_tokens == 2 * 345  # 272 for a square, by the pixel
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens
    (call,) = llm.calls
    assert (call.request.api, call.request.last_user, call.source) == ("openai.images", "a cat", "default")
    assert call.usage is not None
    assert call.usage.output_tokens == made.usage.output_tokens


@pytest.mark.parametrize("partial", [0, 2])
def test_a_stream_has_partial_images(images: Any, partial: int) -> None:
    """As many as asked, each costs 100 tokens; the last event has the picture that JSON has."""
    with intercept():
        whole = images.generate(model=MODEL, prompt="a cat", partial_images=partial)
        *early, last = images.generate(model=MODEL, prompt="a cat", partial_images=partial, stream=True)
    assert [type(one) for one in early] == [ImageGenPartialImageEvent] * partial
    assert [one.partial_image_index for one in early] == list(range(partial))
    assert isinstance(last, ImageGenCompletedEvent)
    assert last.b64_json == whole.data[0].b64_json
    assert len({last.b64_json, *(one.b64_json for one in early)}) == partial + 1
    assert last.usage.output_tokens == whole.usage.output_tokens + 100 * partial
    for one in early:
        ImageGenPartialImageEvent.model_validate(one.model_dump(exclude_none=True))
    ImageGenCompletedEvent.model_validate(last.model_dump(exclude_none=True))


def test_pictures_are_changed(images: Any) -> None:
    """A form is read: its prompt, numbers and truths; each picture given costs, more where it is looked at closely."""
    files = [("a.png", b"a", "image/png"), ("b.png", b"b", "image/png")]
    with intercept() as llm:
        low = images.edit(model=MODEL, image=files, prompt="bluer", n=3)
        high = images.edit(model=MODEL, image=files[0], prompt="bluer", input_fidelity="high")
        stream = images.edit(
            model=MODEL, image=files[0], prompt="bluer", stream=True, partial_images=1, background="transparent"
        )
        early, last = stream
    assert len(low.data) == 3
    assert low.usage.input_tokens_details.image_tokens == 2 * 581
    assert high.usage.input_tokens_details.image_tokens == 581 + 4160
    assert (type(early), type(last)) == (ImageEditPartialImageEvent, ImageEditCompletedEvent)
    assert last.background == "transparent"
    assert [call.request.last_user for call in llm.calls] == ["bluer"] * 3
    assert [call.request.stream for call in llm.calls] == [False, False, True]


@pytest.mark.parametrize("model", [None, "dall-e-2", "dall-e-3"])
@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_models_of_before_answer_as_they_did(images: Any, model: str | None, form: str) -> None:
    """The SDK's type says which fields are of GPT's models alone; an address has its picture in it, so needs no network."""
    with intercept():
        made = images.generate(
            prompt="a cat", size="256x256", response_format=form, **({"model": model} if model else {})
        )
    assert [*made.to_dict()] == ["created", "data"]
    (told,) = made.data
    content = told.url.removeprefix("data:image/png;base64,") if form == "url" else told.b64_json
    assert picture_size(content) == (256, 256)
    assert told.revised_prompt == ("a cat" if model == "dall-e-3" else None)


def test_the_models_of_before_answer_with_an_address_by_themselves(images: Any) -> None:
    with intercept():
        assert images.generate(model="dall-e-2", prompt="a cat").data[0].url


def test_a_stream_tells_pictures_by_their_content_alone(images: Any) -> None:
    """Also where an address is asked for; a ready picture without content is an error, and no empty picture."""
    with pytest.raises(ReplyError, match="by its content, and the ready one has none"), intercept() as llm:
        (event,) = images.generate(prompt="a cat", stream=True, response_format="url")
        assert base64.b64decode(event.b64_json).startswith(MARKS["png"])
        llm.on("a dog", api="openai.images").reply(raw({"data": [{"url": "https://example.org/a.png"}]}))
        with pytest.raises(InternalServerError):
            images.generate(model=MODEL, prompt="a dog", stream=True)


@pytest.mark.parametrize("stream", [False, True])
def test_a_rules_own_picture_comes_in_either_shape(images: Any, stream: bool) -> None:
    """A ready body, or the events of a stream."""
    body = {"created": 5, "data": [{"b64_json": "aGk="}], "usage": {"input_tokens": 1, "output_tokens": 2}}
    event = {"type": "image_generation.completed", "created_at": 5, "b64_json": "aGk="}
    for ready in (raw(body), raw([event])):
        with intercept() as llm:
            llm.on(api="openai.images").reply(ready)
            made = images.generate(model=MODEL, prompt="a cat", stream=stream, partial_images=0)
        found = [(one.b64_json, one.created_at) for one in made] if stream else [(made.data[0].b64_json, made.created)]
        assert found == [("aGk=", 5)]


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"partial_images": 4}, "partial_images"),
        ({"output_compression": 101}, "output_compression"),
        ({"output_format": "jpeg", "background": "transparent"}, "background"),
        ({"response_format": "url"}, "response_format"),
    ],
)
def test_what_the_api_refuses_is_refused(images: Any, asked: dict[str, Any], param: str) -> None:
    """By its reference; nothing is refused without validation."""
    wanted: Any = {"model": MODEL, "prompt": "a cat", **asked}
    with intercept(), pytest.raises(BadRequestError) as refused:
        images.generate(**wanted)
    assert refused.value.param == param
    with intercept(validate="off"):
        assert images.generate(**wanted).data


def test_pace_and_faults_are_those_of_any_stream(images: Any) -> None:
    """Time passes by the tokens of pictures; an error comes among them; a break is a break."""
    pace = Pace(ttft=1.0, tokens_per_second=100)
    with intercept(pace=pace, time_scale=0) as llm:
        assert len([*images.generate(model=MODEL, prompt="a cat", stream=True, partial_images=1)]) == 2
        assert 0 <= llm.elapsed - (1 + (100 + 4260) / 100) < 1  # beside the time that the machine takes
    for fault in (stream_error(after=1), disconnect(after=1)):
        with intercept(fault), pytest.raises(Exception, match=r"."):
            list(images.generate(model=MODEL, prompt="a cat", stream=True, partial_images=1))


@pytest.mark.parametrize("first", [False, True])
def test_a_tape_answers_in_both_shapes(first: bool, tmp_path: Path) -> None:
    """The picture is the recorded one."""

    def ask(client: httpx.Client, stream: bool) -> bytes:
        return client.post(URL, json={"model": MODEL, "prompt": "a cat", "stream": stream}).content

    sent, same, other = in_both_shapes(tmp_path, "unused", ask, first=first)
    assert same == sent
    texts = [json.loads(one.rpartition(b"data: ")[2]) for one in (sent, other)]
    assert {one.get("b64_json") or one["data"][0]["b64_json"] for one in texts} == {
        texts[0].get("b64_json") or texts[0]["data"][0]["b64_json"]
    }


@pytest.mark.parametrize("data", ["", "aGk="])
def test_responses_tell_partial_images_of_their_tool(data: str) -> None:
    """As many as the tool is asked for; a picture without content is drawn in its size and format; JSON has it too."""
    tool: Any = {"type": "image_generation", "partial_images": 2, "size": "1536x1024", "output_format": "webp"}
    responses = OpenAI(api_key="none", max_retries=0).responses
    with intercept(Reply(Media("image", data=data), "Here it is.")):
        whole = responses.create(model="gpt-5.4", input="draw", tools=[tool])
        events = list(responses.create(model="gpt-5.4", input="draw", tools=[tool], stream=True))
        plain = responses.create(model="gpt-5.4", input="draw", tools=[{"type": "image_generation"}])
    drawn: Any = whole.output[0]
    ImageGenerationCall.model_validate(drawn.model_dump(exclude_none=True))
    assert (drawn.size, drawn.output_format, drawn.quality) == ("1536x1024", "webp", "high")
    assert drawn.result == data or picture_size(drawn.result) == (1536, 1024)
    partial = [one for one in events if isinstance(one, ResponseImageGenCallPartialImageEvent)]
    assert [(one.partial_image_index, one.item_id, one.size) for one in partial] == [
        (number, drawn.id, "1536x1024") for number in range(2)
    ]
    kinds = [one.type.rpartition(".")[2] for one in events if "image_generation_call" in one.type]
    assert kinds == ["in_progress", "generating", "partial_image", "partial_image", "completed"]
    last: Any = events[-1]
    assert last.response.output[0].result == drawn.result
    asked_plainly: Any = plain.output[0]
    assert (asked_plainly.size, asked_plainly.output_format) == ("1024x1024", "png")
