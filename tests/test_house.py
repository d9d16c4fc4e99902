"""The house: an API's grammar is in its dialect, and a module is found by its name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import llm_intercept

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(llm_intercept.__file__).parent
API_ROOMS = ("dialects", "litellm")
MODULES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
SHARED_ROOMS = [name for name in MODULES if name.partition("/")[0] not in API_ROOMS]

# Keys of bodies, and error words: as they stand.
WORDS = re.findall(
    r"\w+",
    """
    choices delta tool_calls tool_call_id function_call finish_reason logprobs top_logprobs stream_options
    include_usage prompt_tokens completion_tokens total_tokens prompt_tokens_details completion_tokens_details
    max_tokens max_completion_tokens response_format json_object reasoning_content system_fingerprint
    service_tier encoding_format content_block content_block_delta message_start message_stop stop_reason
    partial_json input_tokens_details output_tokens_details previous_response_id usageMetadata candidates
    finishReason generateContent functionCall promptTokenCount invalid_request_error rate_limit_exceeded
    insufficient_quota context_length_exceeded overloaded_error
    stop_sequence stop_sequences stop_details message_delta content_block_start content_block_stop input_json_delta
    text_delta thinking_delta signature_delta citations_delta redacted_thinking server_tool_use tool_use
    tool_use_id input_schema budget_tokens disable_parallel_tool_use cache_read_input_tokens
    cache_creation_input_tokens inference_geo end_turn pause_turn authentication_error permission_error
    not_found_error rate_limit_error timeout_error previous_message_id processing_status custom_id results_url
    contents systemInstruction generationConfig
    functionDeclarations functionResponse toolConfig functionCallingConfig inlineData fileData thoughtSignature
    includeThoughts candidatesTokenCount thoughtsTokenCount totalTokenCount cachedContentTokenCount promptFeedback
    groundingMetadata finishMessage modelVersion responseId embedContent INVALID_ARGUMENT UNAUTHENTICATED
    PERMISSION_DENIED RESOURCE_EXHAUSTED UNAVAILABLE DEADLINE_EXCEEDED
    done_reason prompt_eval_count eval_count num_predict tool_plan billed_units stop_sequences
    stopReason toolUse toolConfig contentBlockDelta messageStart inferenceConfig
    """,
)
# Sentinels, ids and headers: wherever they stand in a text.
MARKS = re.compile(
    r"\[DONE\]|chatcmpl|\bmsgbatch_|\bcall_(?:\[|[A-Za-z0-9]{8})|toolu_|retry-after-ms|x-should-retry|x-stainless|x-ratelimit|openai-(?:processing|version"
    r"|model|beta|organization)|anthropic-|apim-|x-request-id|^request-id|x-ms-|x-goog-|:generateContent"
)
QUESTIONS = (
    ":generateContent",
    "anthropic-version",
    "x-goog-api-key",
    "x-goog-api-client",
    "x-stainless-lang",
    "openai-organization",
    "openai-beta",
)
REPLYS = "a keyword of `Reply`, and of replies in files"
FINISH = "a value of our `FinishReason`"
OUR_ERRORS = "a name of `api_error(…)`, the same for every API"
LITELLMS = "litellm's parameters are read here, since every request may have them"
PATHS = "a path or a client's header, which says that a model is asked where no dialect knows it"
ALLOWED = {
    **{("base/questions.py", text): PATHS for text in QUESTIONS},
    ("conditions/fields.py", "response_format"): "the keyword of a condition",
    ("engine/fitting.py", "json_object"): "a value of our `OutputFormat`",
    ("model/parts.py", "function_call"): FINISH,
    ("model/parts.py", "tool_calls"): FINISH,
    ("model/request.py", "max_tokens"): "a property of `LLMRequest`",
    ("model/wire.py", "x-goog-api-key"): "a credential, which nothing may show whoever is asked",
    ("replies/api_error.py", "context_length_exceeded"): OUR_ERRORS,
    ("replies/api_error.py", "insufficient_quota"): OUR_ERRORS,
    ("replies/api_error.py", "rate_limit_exceeded"): OUR_ERRORS,
    ("replies/mock_params.py", "choices"): LITELLMS,
    ("replies/mock_params.py", "context_length_exceeded"): LITELLMS,
    ("replies/mock_params.py", "rate_limit_exceeded"): LITELLMS,
    ("replies/reply.py", "finish_reason"): REPLYS,
    ("replies/reply.py", "function_call"): REPLYS,
    ("replies/reply.py", "logprobs"): REPLYS,
    ("replies/reply.py", "tool_calls"): REPLYS,
    ("rulefiles/format.py", "tool_calls"): REPLYS,
    ("rulefiles/mistakes.py", "tool_calls"): REPLYS,
    ("simulation/limits.py", "rate_limit_exceeded"): OUR_ERRORS,
}
# Names that several folders have a module of, with what tells one from another.
SEVERAL = {
    "base": "what the members of the folder have in common",
    "dialect": "each API's, in its folder",
    "accumulate": "each API's, in its folder",
    "grammar": "each API's, in its folder",
    "raw": "each API's, in its folder",
    "read": "each API's, in its folder",
    "recorded": "each API's, in its folder",
    "json": "JSON itself in base, the condition of that name in conditions",
    "text": "the condition of that name in conditions, the text of a file in rulefiles",
}


class Constant(NamedTuple):
    """A text in the code of a module, and its line."""

    text: str
    line: int


def constants(source: str) -> Iterator[Constant]:
    """Give the texts of a module but for its docstrings, and the names of the keywords it calls with none."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docs and isinstance(node.value, str | bytes):
            text = node.value.decode("latin-1") if isinstance(node.value, bytes) else node.value
            yield Constant(text, node.lineno)


def grammar(source: str) -> list[Constant]:
    """List the texts that are an API's grammar."""
    return [one for one in constants(source) if one.text in WORDS or MARKS.search(one.text)]


def test_an_apis_grammar_is_in_its_dialect():
    """No other module has an API's keys, sentinels, headers or error words but where they are our own, as listed."""
    found = [(module, one) for module in SHARED_ROOMS for one in grammar((ROOT / module).read_text())]
    assert [(module, one) for module, one in found if (module, one.text) not in ALLOWED] == []
    assert set(ALLOWED) - {(module, one.text) for module, one in found} == set(), "the list holds places that are clean"


@pytest.mark.parametrize("text", ["choices", "data: [DONE]", "retry-after-ms", "x-stainless-retry-count"])
def test_grammar_is_found_in_text_and_bytes(text):
    """And not in docstrings."""
    assert [one.text for one in grammar(f"a = {text!r}\nb = {text.encode()!r}")] == [text, text]
    assert grammar(f'def f():\n    """{text}"""') == []


def test_a_module_is_found_by_its_name():
    """No two folders have a module of one name but where they say what tells them apart."""
    homes = defaultdict(list)
    for module in MODULES:
        if not module.endswith("__.py"):
            homes[Path(module).stem].append(module)
    assert {name: where for name, where in homes.items() if len(where) > 1 and name not in SEVERAL} == {}
    assert [name for name in SEVERAL if len(homes[name]) < 2] == []


def test_a_module_is_read_at_one_go():
    """It has 400 lines at the most."""
    lengths = {module: len((ROOT / module).read_text().splitlines()) for module in MODULES}
    assert {module: length for module, length in lengths.items() if length > 400} == {}
