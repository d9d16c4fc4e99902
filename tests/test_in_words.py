"""Answers that are no conversation are said in words, whichever API gave them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_intercept.dialects.shared.in_words import data_in_words, in_words
from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.take import TakeRequest, TakeResponse
from llm_intercept.recording.tape import Tape
from llm_intercept.tapetools.listing import entries
from tests.amounts import examples
from tests.test_recording_tape import take

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = [0.5] * 1536
SAID = {
    "vectors": ({"object": "list", "data": [{"embedding": NUMBERS}] * 3}, "3 vectors of 1,536"),
    "a vector in base64": ({"data": [{"embedding": "A" * 8192}]}, "1 vector of 1,536"),
    "Gemini's vectors": ({"embeddings": [{"values": NUMBERS}, {"values": [1.0]}]}, "2 vectors of 1 to 1,536"),
    "Cohere's vectors": ({"embeddings": {"float": [NUMBERS]}, "texts": ["a"]}, "1 vector of 1,536"),
    "Titan's vector": ({"embedding": NUMBERS, "inputTextTokenCount": 3}, "1 vector of 1,536"),
    "flagged": (
        {"results": [{"flagged": True, "categories": {"hate": True, "violence": True, "x": False}}]},
        "flagged: hate, violence",
    ),
    "not flagged": ({"id": "modr-1", "results": [{"flagged": False, "categories": {"hate": False}}]}, "nothing flagged"),
    "ranked": (
        {"id": "x", "results": [{"index": 2, "relevance_score": 0.98}, {"index": 0, "relevance_score": 0.1}]},
        "2 documents: 2 (0.98), 0 (0.10)",
    ),
    "images": ({"created": 1, "data": [{"b64_json": "AAAA"}, {"url": "https://x.test/a.png"}]}, "2 images"),
    "models": (
        {"object": "list", "data": [{"id": name, "object": "model"} for name in "abcdefg"]},
        "7 models: a, b, c, d, e, …",
    ),
    "Anthropic's models": ({"data": [{"type": "model", "id": "c", "display_name": "Claude"}]}, "1 model: Claude"),
    "Gemini's models": ({"models": [{"name": "models/gemini-3"}]}, "1 model: models/gemini-3"),
    "files": ({"object": "list", "data": [{"object": "file", "id": "f", "filename": "a.jsonl"}]}, "1 file: a.jsonl"),
    "none": ({"object": "list", "data": []}, "no entries"),
    "tokens counted": ({"input_tokens": 1403}, "1,403 tokens"),
    "Gemini's count": ({"totalTokens": 31, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 31}]}, "31 tokens"),
    "a transcript": ({"text": "Hello there.", "usage": {"type": "tokens"}}, "Hello there."),
    "a batch": ({"id": "batch_1", "object": "batch", "status": "in_progress"}, "batch batch_1: in progress"),
    "Anthropic's batch": (
        {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended"},
        "message batch msgbatch_1: ended",
    ),
    "a file": ({"id": "file-1", "object": "file", "bytes": 1, "filename": "a.txt"}, "file file-1: a.txt, 1 byte"),
    "a file that is gone": ({"id": "file-1", "object": "file", "deleted": True}, "file file-1: deleted"),
    "an error": ({"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit"}}, "rate_limit: Slow down."),
    "Google's error": ([{"error": {"code": 404, "message": "No.", "status": "NOT_FOUND"}}], "NOT_FOUND: No."),
    "Ollama's error": ({"error": "model 'x' not found"}, "model 'x' not found"),
    "what is not known": ({"a": {"b": [1, 2]}}, ""),
    "nothing": (None, ""),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "said"), SAID.values(), ids=SAID)
def test_an_answer_is_said_in_words(answer: object, said: str) -> None:
    assert in_words(answer) == said


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["data", "results", "error", "id", "object", "embedding",
    "input_tokens", "tokens", "categories", "text", "bytes", "index", "relevance_score", "flagged", "status"]), inner, max_size=4)),
    max_leaves=12))  # fmt: skip
@settings(max_examples=examples(90), deadline=None)
def test_any_answer_can_be_said(answer: object) -> None:
    assert isinstance(in_words(answer), str)


def test_data_is_said_by_its_size_and_kind() -> None:
    assert data_in_words("AAAA", "audio/mpeg; rate=1") == "3 bytes of audio/mpeg"
    assert data_in_words("AA==", "") == "1 byte"
    assert data_in_words("", "") == "nothing"


def test_a_list_of_takes_says_it(tmp_path: Path) -> None:
    asked = TakeRequest(method="POST", url="https://api.openai.com/v1/embeddings", body={"model": "e", "input": "x"})
    answer = TakeResponse(status=200, body=json.loads(json.dumps(SAID["vectors"][0])))
    Tape(FolderStore(tmp_path)).record(take().model_copy(update={"request": asked, "response": answer}))
    assert [one.answer for one in entries(Tape(FolderStore(tmp_path)))] == ["3 vectors of 1,536"]
