"""`llm-intercept check`: whether a file of rules can be used.

Knows: click. Must not know: how a file is read, how rules shadow each other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from llm_intercept.base.words import counted
from llm_intercept.cli.endings import FOUND, Failure, Finding, failure
from llm_intercept.cli.flags import example
from llm_intercept.cli.terminal import say

if TYPE_CHECKING:
    from llm_intercept.rules.rule import Rule


@click.command(short_help="Check a file of rules.", epilog=example("check rules.toml"))
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--schema", is_flag=True, help="Print the JSON schema of .toml and .json files instead, for editors.")
def check(file: str | None, schema: bool) -> None:
    """Check a FILE of rules: that it can be used, and that every rule can answer.

    Ends with 1 if the file cannot be used, or a rule never can answer: an earlier one answers whatever it would match.
    """
    if schema:
        from llm_intercept.rulefiles.load import json_schema  # noqa: PLC0415 - it imports pydantic

        click.echo(json.dumps(json_schema(), indent=2))
        return
    if file is None:
        raise click.UsageError("Give the file of rules to check, or --schema.")
    rules, pairs = rules_of(file, Finding)
    for rule, by in pairs:
        say(f"{rule.where}: {rule} can never answer: {by} ({by.where}) comes first and answers instead.")
    say(
        f"{file}: {counted(len(rules), 'rule')}, "
        + (f"{len(pairs)} of them can never answer." if pairs else "all can answer.")
    )
    if pairs:
        raise SystemExit(FOUND)


def rules_of(file: str, kind: type[Failure] = Failure) -> tuple[list[Rule], list[tuple[Rule, Rule]]]:
    """Read a file of rules; return them and which are shadowed by which, or end as `kind` says."""
    from llm_intercept.errors import LLMInterceptError  # noqa: PLC0415 - these import pydantic
    from llm_intercept.interceptor.interceptor import Interceptor, engine_of  # noqa: PLC0415
    from llm_intercept.rules.shadow import shadowed  # noqa: PLC0415

    try:
        book = engine_of(Interceptor(rules=file)).book
    except LLMInterceptError as error:
        raise failure(error, kind) from error
    rules = [*book.rules, *book.catch_alls]
    return rules, shadowed(rules)
