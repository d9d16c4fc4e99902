"""What others call what is a setting here: names near to hand, and vcrpy's and pytest-recording's words.

Knows: words. Must not know: what the settings do. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

MODES = {"once": "auto", "new_episodes": "auto", "none": "replay", "all": "record", "rewrite": "record"}
"""vcrpy's record modes, and the modes that do what they do."""
MODES_SAID = "'auto' for once and new_episodes, 'replay' for none, 'record' for all and rewrite"
_TAPE = "It is the tape's: recordings=Recordings('folder', {}=…)."
_REPLY = "The reply is the first argument, without a name."
_ON = "It is a condition: llm.on({}=…).reply(…) in the block."
_OF_RULE = "It is a rule's: llm.on(…).reply('text', {}=…) in the block."
_PACE = "pace=Pace(ttft=…, tokens_per_second=…) says how fast answers come; stall(…) and timeout() are replies."
_LIMIT = "It is said in the block: llm.rate_limit(requests_per_minute=…)."
_REDACTION = "Keys are left out by themselves; what else is: Recordings('folder', redaction=Redaction(…))."
_MATCH = "All of a request counts but what the tape ignores: recordings=Recordings('folder', ignore='$.temperature')."
_PLACE = "recordings='folder' says where takes are; `llm-intercept recordings import` reads cassettes."
_OUT = "passthrough=['host'] lets requests to models out; those to other hosts are not touched."
ARGUMENTS = {
    **dict.fromkeys(("ignore", "redaction", "repeat_last"), _TAPE),
    **dict.fromkeys(("reply", "response", "mock_response", "text", "content", "return_value"), _REPLY),
    **dict.fromkeys(("replies", "responses", "side_effect"), "Answers in turn: llm.reply('one', 'two') in the block."),
    **dict.fromkeys(("model", "api", "tool", "system", "url", "turn"), _ON),
    **dict.fromkeys(("times", "expect"), _OF_RULE),
    **dict.fromkeys(("delay", "latency", "timeout"), _PACE),
    **dict.fromkeys(("rate_limit", "limit", "limits"), _LIMIT),
    **{name: f"It is said in the block: llm.{name}(…)." for name in ("budget", "chaos")},
    "record_mode": f"It is mode= here: {MODES_SAID}.",
    **dict.fromkeys(("match", "match_on"), _MATCH),
    **dict.fromkeys(("cassette", "cassette_library_dir", "cassette_dir", "path_transformer", "serializer"), _PLACE),
    **dict.fromkeys(("filter_headers", "filter_query_parameters", "filter_post_data_parameters"), _REDACTION),
    **dict.fromkeys(("before_record_request", "before_record_response"), _REDACTION),
    "allow_playback_repeats": "It is the tape's: recordings=Recordings('folder', repeat_last=True).",
    **dict.fromkeys(("ignore_hosts", "ignore_localhost", "block_network", "allowed_hosts"), _OUT),
}
"""Names that are no arguments of `intercept`, and where what they mean is said."""
IN_TURN = "It takes one reply, which it repeats. Answers in turn: llm.reply('one', 'two') in the block."
"""What to do with more replies than one."""
_OMITS = ("filter", "ignore", "exclude", "drop", "remove", "redact")
_LEFT_OUT = "No header and no query parameter is kept but harmless ones; {} names more that may be."
OF_REDACTION = {
    **dict.fromkeys((*(f"{does}_headers" for does in _OMITS), "headers"), _LEFT_OUT.format("keep_headers=")),
    **dict.fromkeys(("filter_query_parameters", "filter_query", "query"), _LEFT_OUT.format("keep_query=")),
    **dict.fromkeys((*(f"{does}_fields" for does in _OMITS), "filter_post_data_parameters"), "It is fields= here."),
    **dict.fromkeys(("before_record", "before_record_request", "before_record_response"), "It is hook= here."),
}
"""Names of arguments by which vcrpy says what is left out of takes; some are near to ours that say what is kept."""
FLAGS = {
    "--record-mode": f"--llm-mode: {MODES_SAID}",
    "--vcr-record": f"--llm-mode: {MODES_SAID}",
    "--vcr-record-mode": f"--llm-mode: {MODES_SAID}",
    "--disable-recording": "--llm-mode=mock",
    "--disable-vcr": "--llm-mode=mock",
    "--block-network": "--llm-block=true, and --llm-network=none for all that is no model",
    "--allowed-hosts": "--llm-passthrough",
}
"""Flags of pytest-recording and pytest-vcr, and those that do the same here."""
_REPLY_OF = "reply(…): llm.on(…).reply('text')"
_REQUEST = "calls.last.request, whose body is .raw"
_ONCE = "calls.one(), which is the one call there was"
ATTRIBUTES = {
    **dict.fromkeys(("when", "mock", "add", "stub", "match", "expect"), _REPLY_OF),
    **dict.fromkeys(("add_response", "add_callback", "add_exception", "respond", "returns"), _REPLY_OF),
    **dict.fromkeys(("return_value", "side_effect", "then_return", "respond_with", "answer"), _REPLY_OF),
    **dict.fromkeys(("get", "post", "put", "route", "request"), "on(url='…').reply(raw(…))"),
    **dict.fromkeys(("called", "requests", "get_requests", "call_args_list", "mock_calls"), "calls"),
    **dict.fromkeys(("call_count", "play_count"), "len(….calls)"),
    **dict.fromkeys(("call_args", "get_request", "last_request"), _REQUEST),
    **dict.fromkeys(("assert_called_once", "assert_called", "assert_awaited_once"), _ONCE),
    "assert_called_once_with": "calls.one(), then assert_called_with(…)",
    "assert_not_called": "`assert not llm.calls`, or reply(…, expect=0)",
    **dict.fromkeys(("reset", "reset_mock"), "calls.clear()"),
    **dict.fromkeys(("limit", "limits"), "rate_limit(…)"),
}
"""Names that other mocks have, and what the interceptor and its rules have for them."""
NAMES = {
    "llm_mock": "it is a fixture, which a test takes as an argument and does not import.",
    **dict.fromkeys(("text", "Text", "message", "Message"), "a text is a plain str: llm.reply('text')."),
    **dict.fromkeys(("stream", "chunks", "Stream"), "a stream is a list of its pieces: llm.reply(['Hel', 'lo'])."),
    **dict.fromkeys(("mock", "patch", "Mock", "use_cassette"), "it is intercept(…), or the fixture llm_mock."),
    **dict.fromkeys(("RateLimit", "rate_limit", "limits"), "it is said in the block: llm.rate_limit(…)."),
    **dict.fromkeys(("error", "status", "http_error"), "it is api_error(429)."),
    **dict.fromkeys(("matching", "on", "rule"), "conditions are said to the interceptor: llm.on(…).reply(…)."),
}
"""Names that are looked for in the package, and what is there for them."""
OF_RULES = {
    **ATTRIBUTES,
    **dict.fromkeys(("mock", "then", "returns", "side_effect", "return_value", "respond"), "reply(…)"),
    **dict.fromkeys(("once", "twice", "only", "limit"), "reply(…, times=1), or expect=1 to be held to it"),
    **dict.fromkeys(("times", "repeat", "mock_times"), "reply(…, times=2): so often at the most"),
    **dict.fromkeys(("expect", "expected_calls", "assert_called_times"), "reply(…, expect=2): so often, or it fails"),
    **dict.fromkeys(("replies", "responses", "in_turn"), "reply('one', 'two'), which answers in turn"),
    **dict.fromkeys(("forever", "always", "persist"), "reply('text'), which repeats for ever"),
    **dict.fromkeys(("delay", "latency"), "pace(Pace(…))"),
}
OF_CALLS = {
    **dict.fromkeys(("call_count", "called"), "len(calls)"),
    "first": "calls[0]",
    **dict.fromkeys(("requests", "request"), "[call.request for call in calls], or calls.last.request"),
    **dict.fromkeys(("assert_called_once", "assert_called", "single", "only"), "one()"),
    **dict.fromkeys(("filter", "where", "find"), "matching(…)"),
}
OF_CALL = {
    **dict.fromkeys(("text", "content", "output", "answer"), "call.response.text"),
    **dict.fromkeys(("messages", "last_user", "json", "kwargs", "body", "raw"), "call.request, whose body is .raw"),
    **dict.fromkeys(("status_code", "code"), "call.status"),
}
OF_REQUEST = {
    **dict.fromkeys(("json", "body", "payload", "data", "kwargs", "params"), "request.raw"),
    **dict.fromkeys(("prompt", "text", "question", "user", "user_message", "last_message"), "request.last_user"),
    **dict.fromkeys(("instructions", "system_prompt", "system_message"), "request.system"),
}
_BODY = "The body is the first argument, whatever it is: raw({…}), raw('text'), raw(b'…')."
OF_RAW = {
    **dict.fromkeys(("json", "content", "text", "html", "data", "stream", "chunks"), _BODY),
    **dict.fromkeys(("status_code", "code"), "It is status= here."),
}
"""Names of arguments that respx, pytest-httpx, responses and aioresponses have for a ready answer."""
OF_ERRORS = {
    **dict.fromkeys(("status_code", "http_status"), "The status is the first argument: api_error(429)."),
    **dict.fromkeys(("text", "detail", "msg", "error"), "It is message= here."),
    **dict.fromkeys(("json", "content", "response"), "It is body= here."),
}
MARKER = "vcr"
MARKER_ADVICE = (
    "pytest-recording, whose marker it is, is not installed. Use @pytest.mark.llm_intercept(recordings='folder'), or "
    "llm_recordings = tapes/{module}/{test} in pytest's ini file"
)
