"""The commands of `llm-intercept recordings`.

Knows: click, rich, what is done with tapes. Must not know: how it is done.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llm_intercept.base.words import counted
from llm_intercept.cli.endings import FOUND, NoProgram, failure
from llm_intercept.cli.flags import example
from llm_intercept.cli.tapes_given import tapes_given
from llm_intercept.cli.terminal import console, say, say_json, say_lines, styled
from llm_intercept.settings.environment import PAIRS, PLAYED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console
    from rich.text import Text

    from llm_intercept.recording.tape import Tape
    from llm_intercept.tapetools.locate import Listed

KEEP_FIELD = "A name that is called like a secret, and whose values are none."
COMMAND = {"ignore_unknown_options": True, "allow_interspersed_args": False}


@click.group()
def recordings() -> None:
    """Look at recordings, check them, and change them. TAPE is a folder (of takes or of tapes) or an fsspec URL."""


@recordings.command("ls", short_help="List takes.", epilog=example("recordings ls tapes/"))
@click.argument("tape", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each take.")
def list_takes(tape: tuple[str, ...], as_json: bool) -> None:
    """List the takes of each TAPE, in the order in which they were recorded; `show TAPE 2` shows the second.

    Ends with 1 if a file cannot be read as a take.
    """
    from llm_intercept.cli.takes_table import TakesTable  # noqa: PLC0415
    from llm_intercept.tapetools.listing import entries  # noqa: PLC0415

    listed = [(location, one, entries(one)) for location, one in tapes_given(tape)]
    if as_json:
        for location, one, found in listed:
            _say_json({"tape": location, **asdict(each)} for each in found)
            _say_json_of_damaged(location, one)
    else:
        screen = console()
        table = TakesTable([entry for *_, found in listed for entry in found], screen.width)
        for number, (location, one, found) in enumerate(listed):
            screen.print(*([""] if number else []), table.heading(location, found), sep="\n")
            if found:
                screen.print(table.of(found, head=number == 0))
            _say_damaged(screen, one)
    _end(one for _, one, _ in listed)


def _say_damaged(screen: Console, one: Tape) -> None:
    for name, why in one.problems.items():
        screen.print(styled(f"{name}: ").append("damaged", "red").append_text(styled(f": {why}")))


def _say_json_of_damaged(location: str, one: Tape) -> None:
    _say_json({"tape": location, "name": name, "problem": why} for name, why in one.problems.items())


def _end(tapes: Iterable[Tape]) -> None:
    """End as a command does that was asked for all takes, if one of them could not be read."""
    if any(one.problems for one in tapes):
        raise SystemExit(FOUND)


def _say_json(documents: Iterable[object]) -> None:
    for one in documents:
        say_json(one)


@recordings.command(short_help="Show takes as conversations.", epilog=example("recordings show tapes/test_chat 2"))
@click.argument("tape")
@click.argument("take", required=False)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each take.")
def show(tape: str, take: str | None, as_json: bool) -> None:
    """Show the takes of TAPE, or the one TAKE, as conversations; TAKE is a number of `ls`, a name or a part of one.

    Ends with 1 if a file cannot be read as a take.
    """
    from llm_intercept.tapetools.listing import in_order  # noqa: PLC0415
    from llm_intercept.tapetools.locate import one_take  # noqa: PLC0415

    tapes = tapes_given((tape,))
    for location, one in tapes:
        listed = list(enumerate(in_order(one), 1))
        chosen = listed if take is None else [one_take(one, listed, take)]
        if as_json:
            _show_as_json(location, chosen)
        else:
            _show(location, len(listed), chosen)
        if take is None:
            _say_json_of_damaged(location, one) if as_json else _say_damaged(console(), one)
    if take is None:
        _end(one for _, one in tapes)


def _show(location: str, count: int, chosen: Iterable[Listed]) -> None:
    from llm_intercept.tapetools.render import conversation  # noqa: PLC0415

    screen = console()
    screen.print(styled(f"{location} ({counted(count, 'take')})", "bold"))
    for number, (name, found) in chosen:
        screen.rule(styled(f"{number} {name}"), align="left")
        say_lines(screen, conversation(found))


def _show_as_json(location: str, chosen: Iterable[Listed]) -> None:
    from llm_intercept.tapetools.in_json import exchange_in_json  # noqa: PLC0415

    _say_json(
        {"tape": location, "number": number, "name": name, **exchange_in_json(found)}
        for number, (name, found) in chosen
    )


@recordings.command(
    short_help="Show what differs between tapes.", epilog=example("recordings diff tapes/ /tmp/new-tapes/")
)
@click.argument("one")
@click.argument("other")
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each take that differs.")
def diff(one: str, other: str, as_json: bool) -> None:
    """Show what differs between two tapes, or two takes (files, or TAPE/NAME); ends with 1 if anything does.

    Takes are paired by what is asked, so a changed prompt is shown as a change and not as one take less and one more.
    What is another each time anyway (times, ids, versions) is named, and is no difference.
    """
    from llm_intercept.cli.shown_changes import shown  # noqa: PLC0415
    from llm_intercept.tapetools.differing import changes  # noqa: PLC0415

    found = list(changes(one, other))
    if as_json:
        _say_json(change.as_json() for change in found)
    else:
        screen = console()
        for change in found:
            say_lines(screen, shown(change))
    if any(change.is_lasting for change in found):
        raise SystemExit(FOUND)


@recordings.command(short_help="Show takes on a page.", epilog=example("recordings view tapes/ --html tapes.html"))
@click.argument("tape", nargs=-1, required=True)
@click.option("--html", "file", type=click.Path(dir_okay=False), help="Where the page goes; without it, a browser.")
@click.option("--against", metavar="OTHER", help="Show what differs from another tape, take or page.")
def view(tape: tuple[str, ...], file: str | None, against: str | None) -> None:
    """Look at each TAPE, or take, in a browser: one page with every conversation, answer and time.

    A page that `pytest --llm-report` or `llm.report()` wrote can be given too, and be held against another.
    """
    from llm_intercept.report.page_file import write_page  # noqa: PLC0415
    from llm_intercept.tapetools.viewing import difference_of, report_at  # noqa: PLC0415

    if against is not None and len(tape) > 1:
        raise click.UsageError("--against holds one TAPE against another; give one.")
    report = report_at(tape) if against is None else difference_of("".join(tape), against)
    if file is not None:
        say(str(write_page(report, file, "--html")))
        return
    page = write_page(report, Path(tempfile.mkdtemp(prefix="llm-intercept-"), "recordings.html"))
    say(str(page))
    click.launch(page.as_uri())


@recordings.command(short_help="Look for damage, secrets and orphans.", epilog=example("recordings check tapes/"))
@click.argument("tape", nargs=-1, required=True)
@click.option("--played", type=click.Path(exists=True, dir_okay=False), help="What `prune` noted; the rest is told.")
@click.option("--keep-field", multiple=True, metavar="NAME", help=KEEP_FIELD)
@click.option("--json", "as_json", is_flag=True, help="A line of JSON for each finding.")
def check(tape: tuple[str, ...], played: str | None, keep_field: tuple[str, ...], as_json: bool) -> None:
    """Check each TAPE: files that cannot be read, secrets, takes that the API's installed SDK does not parse, that no
    request finds, that are there twice. Ends with 1 if there is any.
    """  # noqa: D205 - click shows it as one paragraph
    from rich.progress import track  # noqa: PLC0415

    from llm_intercept.recording.redaction import Redaction  # noqa: PLC0415
    from llm_intercept.tapetools.checking import check as findings  # noqa: PLC0415
    from llm_intercept.tapetools.maintain import played_in  # noqa: PLC0415

    screen, takes, told = console(), 0, dict[tuple[str, str], list[str]]()
    tapes = tapes_given(tape)
    for location, one in track(tapes, "checking", console=screen, transient=True, disable=not screen.is_terminal):
        known = played_in(Path(played), one) if played is not None else None
        for found in findings(one, known, Redaction(keep_fields=keep_field)):
            told.setdefault((found.kind, found.what), []).append(f"{location}/{found.name}")
            if as_json:
                say_json({"tape": location, **asdict(found)})
        takes += len(one.names())
    count = sum(map(len, told.values()))
    if not as_json:
        for (kind, what), places in told.items():
            screen.print(*_found(kind, what, places), sep="\n")
        sum_of_all = counted(count, "finding") if count else "no findings"
        screen.print(f"{counted(len(tapes), 'tape')}, {counted(takes, 'take')}: {sum_of_all}")
    if count:
        raise SystemExit(FOUND)


def _found(kind: str, what: str, places: list[str]) -> Iterator[Text]:
    """Say what is wrong with a take, or with several in the same way."""
    alone = f"{places[0]}: " if len(places) == 1 else ""
    many = "" if alone else f", in {len(places)} takes:"
    yield styled(alone).append(kind, "red").append_text(styled(f": {what}{many}"))
    yield from (styled(f"  {place}") for place in places if many)


@recordings.command(
    context_settings=COMMAND,
    short_help="Delete what is not played.",
    epilog=example("recordings prune tapes/ -- pytest"),
)
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
    if not command and played is not None and not Path(played).exists():
        raise click.UsageError(
            f"--played {played!r}: there is no such file. Give the test run after --, which writes it."
        )
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


@recordings.command(
    "import", short_help="Import other recorders' files.", epilog=example("recordings import cassettes/ --to tapes/")
)
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
    progress = track(imported, "importing", len(files), console=screen, transient=True, disable=not screen.is_terminal)
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
        raise SystemExit(FOUND)


def _replaced(given: tuple[str, ...]) -> dict[str, str]:
    for one in given:
        if not one.partition("=")[0] or "=" not in one:
            raise click.UsageError(f"--replace {one!r} is not TEXT=VALUE.")
    return {text: value for text, _, value in (one.partition("=") for one in given)}


@recordings.command(
    context_settings=COMMAND,
    short_help="Give answers the requests of now.",
    epilog=example("recordings rekey tapes/ -- pytest"),
)
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
        raise failure(f"there is no command {words[0]!r}", NoProgram)
    environment = {**os.environ, variable: str(file.resolve())}
    return subprocess.run([program, *words[1:]], check=False, env=environment).returncode  # noqa: S603


def _agreed(lines: list[str], what: str, yes: bool, *, dry_run: bool = False) -> bool:
    """Say all that is about to be done, and ask if that is wanted."""
    for line in lines:
        say(f"  {line}")
    say(what + ("" if lines else ": there is nothing to do"))
    return bool(lines) and not dry_run and (yes or click.confirm("Do it?"))
