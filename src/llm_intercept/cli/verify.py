"""`llm-intercept recordings verify`: whether the real API still answers as a tape says.

Knows: click, what is asked before anything is sent. Must not know: how an answer is compared.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import click

from llm_intercept.base.words import counted
from llm_intercept.cli.endings import FAILED, FOUND, failure
from llm_intercept.cli.flags import example
from llm_intercept.cli.tapes_given import tapes_given
from llm_intercept.cli.terminal import say, say_json

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from llm_intercept.recording.take import Take
    from llm_intercept.recording.tape import Tape
    from llm_intercept.tapetools.verifying import Again, Verified

IN_CI = "--in-ci"
SHOWN = 5
NONE_READ = "no take can be read. 'llm-intercept recordings check' says why of each file"
ANEW = "LLM_INTERCEPT=record LLM_INTERCEPT_RECORDINGS={} <the program>, or pytest --llm-mode=record"
NAMED = "A host (with its port) that may have the key, where neither its name nor the environment says whose it is."
SENT_ANYWAY = "Send the requests also where the environment says that this is CI."


@click.command(short_help="Ask the real API again; costs money.", epilog=example("recordings verify tapes/ --limit 20"))
@click.argument("tape", nargs=-1, required=True)
@click.option("--take", "names", multiple=True, metavar="NAME", help="Only takes with NAME in their names.")
@click.option("--model", metavar="GLOB", help="Only requests to models like GLOB; * and ? are wildcards.")
@click.option("--limit", type=click.IntRange(1), help="Send so many requests at the most, the oldest takes first.")
@click.option("--header", metavar="'NAME: VALUE'", help="The header that shows a key, instead of the usual variable.")
@click.option("--host", "hosts", multiple=True, metavar="NAME", help=NAMED)
@click.option("--unencrypted", is_flag=True, help="Send also what was asked over http, where others can read the key.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(IN_CI, is_flag=True, help=SENT_ANYWAY)
@click.option("--json", "as_json", is_flag=True, help="Say what came of it as JSON.")
def verify(
    tape: tuple[str, ...],
    names: tuple[str, ...],
    model: str | None,
    limit: int | None,
    header: str | None,
    hosts: tuple[str, ...],
    unencrypted: bool,
    yes: bool,
    in_ci: bool,
    as_json: bool,
) -> None:
    """Send the requests of each TAPE to the real API again, and say what is another in its answers. This costs money.

    Compared are the status, the fields of the JSON and their types, the kinds and the order of a stream's events, the
    finish reason, and the names of the tools that are called; not the texts. The key is taken from the variable where
    the API's clients look for it, and goes to hosts of makers and to those that the environment names
    (OPENAI_BASE_URL, AZURE_OPENAI_ENDPOINT, DATABRICKS_HOST, …). Tapes stay as they are.

    Ends with 1 if anything is another, else with 2 if a request got no answer.
    """
    from llm_intercept.recording.config import is_ci  # noqa: PLC0415 - it imports pydantic
    from llm_intercept.tapetools.verifying import Sender  # noqa: PLC0415 - as above

    if is_ci() and not in_ci:
        raise failure(
            f"the environment says that this is CI, where nothing is sent unasked; to send all the same: {IN_CI} --yes"
        )
    again, left, models = _sorted(tapes_given(tape), names, model, unencrypted=unencrypted)
    again = again[:limit]
    headers, told = _keys(sorted({one.host for one in again}), header, hosts)
    for line in _announced(again, left, told):
        say(line, err=as_json)
    if not again:
        raise failure("there is nothing to send" if model is None else _no_model(model, models))
    if not yes:
        click.confirm("Send them?", abort=True, err=as_json)
    done: list[Verified] = []
    with closing(Sender(headers)) as sender:
        for one in again:
            done.append(sender.verified(one))
            if not as_json:
                _tell(done[-1])
    _conclude(done, left, as_json=as_json)


def _sorted(
    tapes: Sequence[tuple[str, Tape]], names: tuple[str, ...], model: str | None, *, unencrypted: bool
) -> tuple[list[Again], list[Verified], list[str]]:
    """Say which requests to a model like `model` can be sent, which cannot and why, and which models are asked."""
    from llm_intercept.tapetools.verifying import Verified, sorted_out  # noqa: PLC0415 - it imports pydantic

    found = [sorted_out(where, name, take, unencrypted=unencrypted) for where, name, take in _chosen(tapes, names)]
    left = [one for one in found if isinstance(one, Verified)]
    left += [
        Verified(where, name, "not sent", why=f"it is damaged: {one.problems[name]}")
        for where, one in tapes
        for name in one.problems
    ]
    sendable = [one for one in found if not isinstance(one, Verified)]
    again = [one for one in sendable if model is None or fnmatchcase(one.model, model)]
    return again, left, sorted({one.model for one in sendable if one.model})


def _chosen(tapes: Sequence[tuple[str, Tape]], names: tuple[str, ...]) -> Iterator[tuple[str, str, Take]]:
    """Give the takes that are meant, as they were recorded."""
    found = [(location, name, take) for location, one in tapes for name, take in one.takes()]
    chosen = [one for one in found if not names or any(name in one[1] for name in names)]
    if not chosen:
        raise failure(f"no take has {' or '.join(map(repr, names))} in its name" if names else NONE_READ)
    yield from sorted(chosen, key=lambda one: one[2].recorded_at)


def _no_model(glob: str, asked: Sequence[str]) -> str:
    return f"no request that can be sent is to a model like {glob!r}; the models are: {', '.join(asked) or 'none'}"


def _keys(
    hosts: list[str], header: str | None, named: Collection[str]
) -> tuple[dict[str, Mapping[str, str]], dict[str, str]]:
    """Find what shows a key to each host, and say where it is from; ends the command where keys are missing."""
    if header is not None:
        return _given(hosts, header, named), dict.fromkeys(hosts, "--header")
    from llm_intercept.tapetools.keys_at_hand import MissingKeyError, key_headers  # noqa: PLC0415 - as above

    headers, told, missing = dict[str, "Mapping[str, str]"](), dict[str, str](), list[str]()
    for host in hosts:
        try:
            headers[host], told[host] = key_headers(host, os.environ, named)
        except MissingKeyError as error:
            missing.append(str(error))
    if missing:
        raise failure("\n".join(missing))
    return headers, told


def _given(hosts: list[str], header: str, named: Collection[str]) -> dict[str, Mapping[str, str]]:
    """Read the header that was given, for the one host that is to get it."""
    name, colon, value = header.partition(":")
    if not colon or not name.strip():
        raise click.UsageError(f"--header {name!r} is not 'NAME: VALUE'.")
    if not (header.isascii() and header.strip().isprintable()):
        raise click.UsageError(f"--header {name!r} cannot be sent: it has letters that no header has.")
    if len(hosts) > 1:
        advice = "Choose with --take or --model."
        raise click.UsageError(f"--header is for one host, and these would get it: {', '.join(hosts)}. {advice}")
    from llm_intercept.tapetools.keys_at_hand import may_have_key  # noqa: PLC0415 - as above

    for host in hosts:
        if not may_have_key(host, os.environ, named):
            raise click.UsageError(f"--header would go to {host}, which only a tape names. If it may: --host {host}.")
    return {host: {name.strip(): value.strip()} for host in hosts}


def _announced(again: Sequence[Again], left: Sequence[Verified], told: Mapping[str, str]) -> Iterator[str]:
    """Say what is about to be sent where, and what it may cost; and what cannot be sent."""
    for why in dict.fromkeys(one.why for one in left):
        places = [f"  {one.tape}/{one.name}" for one in left if one.why == why]
        yield f"{counted(len(places), 'take')} cannot be sent again: {why}"
        yield from (*places[:SHOWN], *([f"  and {len(places) - SHOWN} more"] if len(places) > SHOWN else []))
    for host, key in told.items():
        models = Counter(one.model or "?" for one in again if one.host == host)
        listed = ", ".join(f"{model} {count}x" for model, count in models.most_common())
        shown = f"with the key in {key}" if key else "without a key"
        yield f"{counted(models.total(), 'request')} to {host} ({listed}), {shown}"
    if not again:
        return
    costs = [one.cost for one in again]
    known = [one for one in costs if one is not None]
    unknown = f"; of {len(costs) - len(known)} nobody here knows the price" if len(known) < len(costs) else ""
    yield f"As recorded they cost about ${sum(known):.4f}{unknown}." if known else "Nobody here knows what they cost."


def _tell(one: Verified) -> None:
    say(f"{one.outcome}: {one.tape}/{one.name}{f': {one.why}' if one.why else ''}")
    for change in one.changes:
        say(f"  {change}")


def _conclude(done: Sequence[Verified], left: Sequence[Verified], *, as_json: bool) -> None:
    """Sum up, and end as the command does."""
    count = Counter(one.outcome for one in (*done, *left))
    if as_json:
        outcomes = dict(count)
        say_json({"takes": [asdict(one) for one in (*done, *left)], "outcomes": outcomes}, indent=2)
    else:
        say(f"{counted(len(done), 'request')}: {', '.join(f'{number} {outcome}' for outcome, number in count.items())}")
        for location in dict.fromkeys(one.tape for one in done if one.outcome == "changed"):
            say(f"To record it anew: {ANEW.format(location)}")
    if count["changed"] or count["not answered"]:
        raise SystemExit(FOUND if count["changed"] else FAILED)
