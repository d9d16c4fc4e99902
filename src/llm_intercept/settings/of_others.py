"""What others call what is a setting here: names near to hand, and vcrpy's and pytest-recording's words.

Knows: words. Must not know: what the settings do. Imports nothing heavy: it runs at interpreter start.
"""

from __future__ import annotations

MODES = {"once": "auto", "new_episodes": "auto", "none": "replay", "all": "record", "rewrite": "record"}
"""vcrpy's record modes, and the modes that do what they do."""
MODES_SAID = "'auto' for once and new_episodes, 'replay' for none, 'record' for all and rewrite"
_TAPE = "It is the tape's: recordings=Recordings('folder', {}=…)."
_REPLY = "The reply is the first argument, without a name."
_REDACTION = "Keys are left out by themselves; what else is: Recordings('folder', redaction=Redaction(…))."
_MATCH = "All of a request counts but what the tape ignores: recordings=Recordings('folder', ignore='$.temperature')."
_PLACE = "recordings='folder' says where takes are; `llm-intercept recordings import` reads cassettes."
_OUT = "passthrough=['host'] lets requests to models out; those to other hosts are not touched."
ARGUMENTS = {
    **dict.fromkeys(("ignore", "redaction", "repeat_last"), _TAPE),
    **dict.fromkeys(("reply", "response", "mock_response"), _REPLY),
    "record_mode": f"It is mode= here: {MODES_SAID}.",
    **dict.fromkeys(("match", "match_on"), _MATCH),
    **dict.fromkeys(("cassette", "cassette_library_dir", "cassette_dir", "path_transformer", "serializer"), _PLACE),
    **dict.fromkeys(("filter_headers", "filter_query_parameters", "filter_post_data_parameters"), _REDACTION),
    **dict.fromkeys(("before_record_request", "before_record_response"), _REDACTION),
    "allow_playback_repeats": "It is the tape's: recordings=Recordings('folder', repeat_last=True).",
    **dict.fromkeys(("ignore_hosts", "ignore_localhost", "block_network", "allowed_hosts"), _OUT),
}
"""Names that are no arguments of `intercept`, and where what they mean is said."""
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
MARKER = "vcr"
MARKER_ADVICE = (
    "pytest-recording, whose marker it is, is not installed. Use @pytest.mark.llm_intercept(recordings='folder'), or "
    "llm_recordings = tapes/{module}/{test} in pytest's ini file"
)
