"""Says what pydantic found wrong with a file of rules: where, which value, and what to write instead.

Knows: pydantic's errors, the format. Must not know: how a file is read, what rules do.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from llm_intercept.base.words import did_you_mean
from llm_intercept.errors import RuleFileError
from llm_intercept.rulefiles.format import ReplyInFile, RuleInFile, RulesFile
from llm_intercept.rulefiles.tables import MARK, CallInFile, MistakeError, Regex, UsageInFile, short

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from llm_intercept.rulefiles.text import Parsed

ADVICE = {
    "string_type": "Use a str.",
    "int_type": "Use an int.",
    "float_type": "Use a number.",
    "bool_type": "Use true or false.",
    "list_type": "Use a list.",
    "dict_type": "Use a table.",
    "model_type": "Use a table.",
    "greater_than_equal": "Use an int, {ge} or more.",
    "too_short": "Use at least {min_length}.",
    "string_too_short": "Use a str that is not empty.",
    "string_pattern_mismatch": "Use letters of a, i, m, s, x.",
}
WORDS = {
    **dict.fromkeys(("on", "when", "if", "conditions"), 'Conditions are keys of the rule itself: match = "text".'),
    **dict.fromkeys(("contains", "prompt", "question", "last_user", "message"), "Did you mean 'match'?"),
    **dict.fromkeys(("response", "answer", "then_reply", "content"), "Did you mean 'reply'?"),
}
"""What to write for keys that others have and no table here has."""
EXAMPLE = re.compile(r"\{ (\w+) = (.*?) \}|\b(\w+) = (?=true)")


def mistaken(parsed: Parsed, error: ValidationError) -> RuleFileError:
    """Say the most telling of what pydantic found: a key that is not known, else what comes first."""
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    steps = [step for step in first["loc"] if not (isinstance(step, str) and step.startswith(MARK))]
    key, problem, advice = _whole(parsed, first, steps) or _told(first, steps)
    number = steps[1] if len(steps) > 1 and isinstance(steps[1], int) else None
    return RuleFileError(parsed.place(number), key, problem, advice if parsed.is_toml else _as_json(advice))


def _whole(parsed: Parsed, error: ErrorDetails, steps: list[int | str]) -> tuple[str, str, str] | None:
    """Say what is wrong with the file as a whole."""
    begin = "Begin each with [[rules]]." if parsed.is_toml else 'Write {"rules": […]}.'
    if not steps:
        return "", f"{short(parsed.value)} cannot be used: a file of rules is a table", begin
    if len(steps) == 1 and steps[0] in _known_keys(["rules", *steps]):
        return str(steps[0]), f"a rule's key stands outside of a rule (its value is {short(error['input'])})", begin
    if steps != ["rules"]:
        return None
    if error["type"] == "missing":
        return "", "the file has no rules", begin
    if isinstance(parsed.value["rules"], dict) and parsed.is_toml:
        return "rules", "there is one table where there is to be a list of them", "Write [[rules]], with two brackets."
    return "rules", f"{short(error['input'])} cannot be used", "Use a list of tables, one for each rule."


def _told(error: ErrorDetails, steps: list[int | str]) -> tuple[str, str, str]:
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, MistakeError):
        return _key(steps) + cause.key, cause.problem, cause.advice
    if error["type"] == "extra_forbidden":
        problem = f"there is no such key (its value is {short(error['input'])})"
        word = str(steps[-1])
        return _key(steps), problem, WORDS.get(word) or did_you_mean(word, _known_keys(steps))
    if error["type"] == "missing":
        return _key(steps[:-1]), f"{steps[-1]} is missing", "Add it."
    return _key(steps), f"{short(error['input'])} cannot be used", _advice(error)


def _advice(error: ErrorDetails) -> str:
    context: dict[str, Any] = error.get("ctx", {})
    if error["type"] == "kind":
        return error["msg"]
    if error["type"] == "literal_error":
        return f"Use {str(context['expected']).replace('True', 'true')}."
    if error["type"] in ADVICE:
        return ADVICE[error["type"]].format(**context)
    return f"{error['msg'].rstrip('.')}."


def _key(steps: list[int | str]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")


def _as_json(advice: str) -> str:
    """Write the examples in advice as JSON has them."""
    return EXAMPLE.sub(lambda one: f'{{"{one[1]}": {one[2]}}}' if one[1] else f'"{one[3]}": ', advice)


def _known_keys(steps: list[int | str]) -> list[str]:
    """Return the keys of the table that the last of `steps` is in."""
    parents = [step for step in steps[:-1] if isinstance(step, str)]
    tables: dict[str, type[BaseModel]] = {
        "rules": RuleInFile,
        "reply": ReplyInFile,
        "replies": ReplyInFile,
        "tool_calls": CallInFile,
        "usage": UsageInFile,
    }
    table = tables.get(parents[-1], Regex) if parents else RulesFile
    table = Regex if "headers" in parents else table
    return [field.alias or name for name, field in table.model_fields.items()]
