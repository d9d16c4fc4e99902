"""The commands of `llm-intercept recordings`.

Knows: click, rich, what is done with tapes. Must not know: how it is done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llm_intercept.base.words import counted
from llm_intercept.cli.tapes_given import tapes_given
from llm_intercept.cli.terminal import console, failure, say, styled
from llm_intercept.errors import LLMInterceptError
from llm_intercept.settings.environment import PAIRS, PLAYED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from llm_intercept.recording.take import Take
    from llm_intercept.recording.tape import Tape

KEEP_FIELD = "A name that is called like a secret, and whose values are none."
COMMAND = {"ignore_unknown_options": True, "allow_interspersed_args": False}


class _Group(click.Group):
    """Says our own errors as click says its own."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (LLMInterceptError, LookupError, OSError) as error:
            raise failure(error) from error


@click.group(cls=_Group)
def recordings() -> None:
    """Look at recordings, check them, and change them. TAPE is a folder (of takes or of tapes) or an fsspec URL."""


@recordings.command("ls")
@click.argument("tape", nargs=-1, required=True)
def list_takes(tape: tuple[str, ...]) -> None:
    """List the takes of each TAPE, in the order in which they were recorded."""
    from rich.table import Column, Table  # noqa: PLC0415

    from llm_intercept.engine.reread import read_request  # noqa: PLC0415

    screen = console()
    for location, one in tapes_given(tape):
        columns = Column("take", overflow="fold"), "model", "answer", "recorded"
        table = Table(*columns, title=styled(location), title_justify="left", box=None)
        for name, take in _in_order(one):
            _, request = read_request(take.request)
            table.add_row(*map(styled, (name, request.model, _answer(take), take.recorded_at[:19])))
        for name, why in one.problems.items():
            table.add_row(styled(name), "", styled(f"damaged: {why}", "red"), "")
        screen.print(table)


def _in_order(tape: Tape) -> list[tuple[str, Take]]:
    """Give the takes as they were recorded, those without a time first."""
    return sorted(tape.takes(), key=lambda one: (one[1].recorded_at, one[0]))


def _answer(take: Take) -> str:
    events = take.response.events
    shape = "JSON" if take.response.body is not None else "text"
    shape = shape if events is None else f"{len(events)} events"
    return f"{take.response.status}, {shape}{', partial' if take.partial else ''}"


@recordings.command()
@click.argument("tape")
@click.argument("take", required=False)
def show(tape: str, take: str | None) -> None:
    """Show the takes of TAPE, or the one TAKE, as conversations; TAKE is a name or a part of it."""
    from llm_intercept.tapetools.locate import one_take  # noqa: PLC0415
    from llm_intercept.tapetools.render import conversation  # noqa: PLC0415

    screen = console()
    tapes = tapes_given((tape,))
    for location, one in tapes:
        if len(tapes) > 1:
            screen.print(styled(location, "bold"))
        for name, found in (one_take(one, take),) if take is not None else _in_order(one):
            screen.rule(styled(name), align="left")
            for line in conversation(found):
                screen.print(line)


@recordings.command()
@click.argument("one", type=click.Path(exists=True))
@click.argument("other", type=click.Path(exists=True))
def diff(one: str, other: str) -> None:
    """Show what differs between two takes, or two tapes, field by field; ends with 1 if anything does."""
    screen = console()
    was, now = _files(Path(one)), _files(Path(other))
    pairs = [(one, other)] if Path(one).is_file() else [(name, name) for name in sorted({*was, *now})]
    count = 0
    for left, right in pairs:
        lines = list(_differences(was.get(left), now.get(right)))
        count += len(lines)
        if lines:
            screen.print(styled(left, "bold"), *lines, sep="\n  ")
    if count:
        raise SystemExit(1)


def _files(path: Path) -> dict[str, Path]:
    return {str(path): path} if path.is_file() else {str(one.relative_to(path)): one for one in path.rglob("*.json")}


def _differences(was: Path | None, now: Path | None) -> Iterator[Text]:
    from llm_intercept.recording.compare import differences  # noqa: PLC0415
    from llm_intercept.recording.take import document_of, read_take  # noqa: PLC0415

    if was is None or now is None:
        yield styled("only in the other" if was is None else "only in the first")
        return
    first, second = (document_of(read_take(path.read_bytes(), path.name)) for path in (was, now))
    for found in differences(first, second):
        yield styled(str(found))


@recordings.command()
@click.argument("tape", nargs=-1, required=True)
@click.option("--played", type=click.Path(exists=True, dir_okay=False), help="What `prune` noted; the rest is told.")
@click.option("--keep-field", multiple=True, metavar="NAME", help=KEEP_FIELD)
def check(tape: tuple[str, ...], played: str | None, keep_field: tuple[str, ...]) -> None:
    """Check each TAPE: files that cannot be read, secrets, takes that the installed openai SDK does not parse, that no
    request finds, that are there twice. Ends with 1 if there is any.
    """  # noqa: D205 - click shows it as one paragraph
    from rich.progress import track  # noqa: PLC0415

    from llm_intercept.recording.redaction import Redaction  # noqa: PLC0415
    from llm_intercept.tapetools.checking import check as findings  # noqa: PLC0415
    from llm_intercept.tapetools.maintain import played_in  # noqa: PLC0415

    screen, count, takes = console(), 0, 0
    tapes = tapes_given(tape)
    for location, one in track(tapes, "checking", console=screen, transient=True):
        known = played_in(Path(played), one) if played is not None else None
        for found in findings(one, known, Redaction(keep_fields=keep_field)):
            count += 1
            place, kind, what = f"{location}/{found.name}: ", (found.kind, "red"), f": {found.what}"
            screen.print(styled(place).append(*kind).append_text(styled(what)))
        takes += len(one.names())
    sum_of_all = counted(count, "finding") if count else "no findings"
    screen.print(f"{counted(len(tapes), 'tape')}, {counted(takes, 'take')}: {sum_of_all}")
    if count:
        raise SystemExit(1)


@recordings.command(context_settings=COMMAND)
@click.option("--played", type=click.Path(dir_okay=False), help="A file that says what was played (see below).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.argument("tape")
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def prune(played: str | None, yes: bool, dry_run: bool, tape: str, command: tuple[str, ...]) -> None:
    """Delete the takes of TAPE that COMMAND (a full test run) does not play; it must succeed.

    Without COMMAND, --played names a file that an earlier run wrote: every run does so where
    LLM_INTERCEPT_PLAYED names one. A tape of which nothing was played is left as it is.
    """
    from llm_intercept.tapetools.maintain import carry_out, prune_plan  # noqa: PLC0415

    if not command and played is None:
        raise click.UsageError("Give the full test run after --, or a file that one wrote with --played.")
    tapes = tapes_given((tape,))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(played) if played is not None else Path(folder, "played")
        if command and _run(command, PLAYED, file):
            raise failure("the run failed, so what it did not play may still be needed: nothing was deleted")
        known = [(location, one, _played(file, one)) for location, one in tapes]
    if not any(names for *_, names in known):
        raise failure(
            f"the run played nothing of {tape}: it made no request, or it replayed another tape, or its environment "
            f"had no {PLAYED} (tox, sudo and containers pass on only what they are told to). Nothing was deleted"
        )
    for location, _, names in known:
        if not names:
            click.echo(f"{location}: nothing of it was played, so it is left as it is")
    plans = [(location, one, prune_plan(one, names)) for location, one, names in known if names]
    count = sum(step.new_name is None for _, _, plan in plans for step in plan)
    lines = [f"{location}/{step}" for location, _, plan in plans for step in plan]
    if _agreed(lines, f"{counted(count, 'take')} {'was' if count == 1 else 'were'} not played", yes, dry_run=dry_run):
        for _, one, plan in plans:
            carry_out(one, plan)


def _played(file: Path, tape: Tape) -> set[str]:
    from llm_intercept.tapetools.maintain import played_in  # noqa: PLC0415

    try:
        return played_in(file, tape)
    except FileNotFoundError:
        raise failure(
            f"no process of the run said what it played, by {PLAYED}: it used no llm-intercept, or the variable did "
            "not reach it (tox, sudo and containers pass on only what they are told to). Nothing was deleted"
        ) from None


@recordings.command("import")
@click.argument("path", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--to", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder of the tapes.")
@click.option("--keep-field", multiple=True, metavar="NAME", help=KEEP_FIELD)
@click.option("--replace", multiple=True, metavar="TEXT=VALUE", help="Put VALUE in for TEXT in URLs and bodies.")
def import_(path: tuple[Path, ...], to: Path, keep_field: tuple[str, ...], replace: tuple[str, ...]) -> None:
    """Import other recorders' files, or folders of them.

    These are read: vcrpy, go-vcr, Ruby's VCR, cassetter and Datadog's test agent (YAML, JSON), nock, HAR, httprr, raw
    event streams, each also packed (.gz).

    Each file becomes one tape: its path under PATH, without its suffix, under --to. A tape that is there and differs,
    since it is another file's or was edited, stays as it is. A recorder's placeholder, such as <API_BASE>, is replaced:
    --replace '<API_BASE>=https://api.openai.com/v1'.
    """
    from rich.progress import track  # noqa: PLC0415

    from llm_intercept.recording.redaction import Redaction  # noqa: PLC0415
    from llm_intercept.tapetools.importing import files_under, import_files, not_read  # noqa: PLC0415

    screen = console()
    files = list(files_under(path))
    if not files:
        raise failure(f"there are no recordings in {', '.join(map(str, path))}: {not_read(path)}")
    imported = import_files(files, to, Redaction(keep_fields=keep_field), _replaced(replace))
    progress = track(imported, "importing", len(files), console=screen, transient=True)
    done = list(progress)
    failed = [one for one in done if one.failure]
    for one in failed:
        words = styled(f"{one.file}: ").append("not imported", "red")
        screen.print(words.append_text(styled(f": {one.failure}")))
    changed = sum((one.changed for one in done), Counter[object]())
    if changed:
        screen.print("Redaction changed answers; in replay they say [redacted] there. --keep-field NAME keeps a field:")
        screen.print(*(styled(f"  {fact} ({count}x)") for fact, count in changed.most_common()), sep="\n")
    takes, tapes = sum(len(one.names) for one in done), len(files) - len(failed)
    same = sum(not one.failure and not one.is_new for one in done)
    said = f"{counted(len(files), 'file')}: {counted(takes, 'take')} in {counted(tapes, 'tape')}"
    screen.print(f"{said}{f' ({same} there already)' if same else ''}, {len(failed)} not imported")
    if failed:
        raise SystemExit(1)


def _replaced(given: tuple[str, ...]) -> dict[str, str]:
    for one in given:
        if not one.partition("=")[0] or "=" not in one:
            raise click.UsageError(f"--replace {one!r} is not TEXT=VALUE.")
    return {text: value for text, _, value in (one.partition("=") for one in given)}


@recordings.command(context_settings=COMMAND)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.argument("tape")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def rekey(yes: bool, tape: str, command: tuple[str, ...]) -> None:
    """Give the takes of TAPE the requests that COMMAND makes now, after a change of prompt; no network is used.

    COMMAND replays TAPE. Each request without a take gets the answer of the take it most likely had before: nearest in
    conversation, then first in order. The differences are shown before anything is written.
    """
    from llm_intercept.tapetools.maintain import carry_out, pairs_in, rekey_plan  # noqa: PLC0415

    tapes = tapes_given((tape,))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "pairs.jsonl")
        status = _run(command, PAIRS, file)
        pairs = pairs_in(file)
    mine = [(location, one, [pair for pair in pairs if pair.place == one.store.place]) for location, one in tapes]
    plans = [(location, one, found, rekey_plan(one, found)) for location, one, found in mine if found]
    lines: list[str] = []
    for location, _, found, plan in plans:
        said = {pair.name: pair.differences for pair in found}
        for step in plan:
            lines += [f"{location}/{step}", *(f"    {one}" for one in said.get(step.name, ()))]
    count = sum(len(found) for *_, found, _ in plans)
    gets = "gets" if count == 1 else "get"
    what = f"{counted(count, 'take')} {gets} a new request" + (f" (the command ended with {status})" if status else "")
    if _agreed(lines, what, yes):
        for _, one, _, plan in plans:
            carry_out(one, plan)


def _run(command: tuple[str, ...], variable: str, file: Path) -> int:
    """Run a command with one more environment variable; return how it ended."""
    words = command[1:] if command[0] == "--" else command
    program = shutil.which(words[0])
    if program is None:
        raise failure(f"there is no command {words[0]!r}")
    environment = {**os.environ, variable: str(file.resolve())}
    return subprocess.run([program, *words[1:]], check=False, env=environment).returncode  # noqa: S603


def _agreed(lines: list[str], what: str, yes: bool, *, dry_run: bool = False) -> bool:
    """Say all that is about to be done, and ask if that is wanted."""
    for line in lines:
        say(f"  {line}")
    say(what + ("" if lines else ": there is nothing to do"))
    return bool(lines) and not dry_run and (yes or click.confirm("Do it?"))
