"""Files of other recorders, whatever is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from llm_intercept.recording.store import FolderStore
from llm_intercept.recording.tape import Tape
from llm_intercept.tapetools.importing import files_under, import_files
from tests.fuzz.events import TEXT_CHUNKS, streamed
from tests.fuzz.odd import altered, changed, dumped, folder
from tests.fuzz.takes import commanded
from tests.fuzz.target import BLUNDER, check_shown, target
from tests.test_recordings_cli import VARIANTS, VARIANTS_YAML

HAR = {"log": {"version": "1.2", "entries": [{"request": {"method": "POST", "url": "https://api.openai.com/v1/chat/completions"}, "response": {"status": 200}}]}}  # fmt: skip
FINE = json.dumps(VARIANTS["vcrpy json"]).encode()
JSONS = changed([*VARIANTS.values(), HAR]).map(dumped)
YAMLS = st.sampled_from([text.encode() for text in VARIANTS_YAML.values()])
FILE = (
    st.tuples(st.just(".json"), altered(JSONS) | JSONS)
    | st.tuples(st.just(".yaml"), altered(YAMLS) | JSONS)
    | st.tuples(st.just(".bin"), altered(st.just(streamed(TEXT_CHUNKS))))
    | st.tuples(st.sampled_from([".json.gz", ".bin.gz"]), altered(JSONS))
)


@target(FILE)
def a_file_is_imported_or_said_to_be_none(given: Any) -> None:
    """A file of another recorder becomes a tape that can be listed, or is refused in one line; others beside it are imported."""
    suffix, content = given
    with folder() as place:
        source, out = Path(place, "in"), Path(place, "out")
        source.mkdir()
        (source / f"a{suffix}").write_bytes(content)
        (source / "z.json").write_bytes(FINE)
        odd, fine = import_files(files_under([source]), out)
        assert fine.failure == ""
        assert "\n" not in odd.failure
        assert not (odd.failure.startswith("an exchange cannot be kept") and BLUNDER.search(odd.failure)), odd.failure
        if not odd.failure:
            tape = Tape(FolderStore(odd.tape))
            assert len(list(tape.takes())) == len(odd.names)
            (again,) = import_files(files_under([source / f"a{suffix}"]), out)
            assert (again.failure, again.is_new) == ("", not odd.names)


@target(FILE)
def the_command_says_it(given: Any) -> None:
    """`recordings import` ends with a status and steers no terminal, whatever is in the file."""
    suffix, content = given
    with folder() as place:
        file = Path(place, f"a{suffix}")
        file.write_bytes(content)
        check_shown(commanded("recordings", "import", str(file), "--to", f"{place}/out"))
