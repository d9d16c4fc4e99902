"""Says in a few words what an answer is that is no conversation: vectors, lists, counts, states, errors, data.

Knows: what the APIs' answers have alike. Must not know: takes, terminals, who asks.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_number
from llm_intercept.base.json import is_array, is_object, items, mapping, text
from llm_intercept.base.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FLOAT = 4
"""Bytes of a number in a vector that is said in base64."""
LEAST = 8
"""So many numbers in a row are a vector."""
NAMES = 5
"""How many names of a list are told."""
NAMED = ("display_name", "filename", "name", "id", "model")
STATES = ("status", "processing_status", "state")


def in_words(value: object) -> str:
    """Say what an answer's JSON is; empty where it is nothing that is known here."""
    said = mapping(value)
    if is_array(value):  # a stream of Gemini's, whose errors come so too
        said = mapping(next(iter(items(value)), None))
    ways = (_error, _vectors, _moderated, _ranked, _media, _listed, _tokens, _transcript, _resource)
    return next(filter(None, (way(said) for way in ways)), "")


def data_in_words(base64: str, kind: str) -> str:
    """Say what an answer is that is no text: how much of what kind."""
    size = len(base64) * 3 // 4 - base64[-2:].count("=")
    what = f" of {kind.partition(';')[0].strip()}" if kind else ""
    return f"{counted(size, 'byte')}{what}" if size else "nothing"


def _error(said: Mapping[str, Any]) -> str:
    error = said.get("error")
    if isinstance(error, str):
        return error
    inner = mapping(error)
    message = text(inner.get("message"))
    kind = next((one for one in map(inner.get, ("code", "status", "type")) if isinstance(one, str) and one), "")
    return f"{kind}: {message}" if kind and message else message


def _vectors(said: Mapping[str, Any]) -> str:
    lengths = sorted(set(found := list(_lengths(said))))
    if not lengths:
        return ""
    size = f"{lengths[0]:,}" if len(lengths) == 1 else f"{lengths[0]:,} to {lengths[-1]:,}"
    return f"{counted(len(found), 'vector')} of {size}"


def _lengths(value: object, name: str = "") -> Iterator[int]:
    """Give how many numbers each vector has, wherever one is; in base64 it is told by its name."""
    if is_object(value):
        yield from chain.from_iterable(_lengths(one, key) for key, one in mapping(value).items())
    elif is_array(value) and items(value) and all(map(is_number, items(value))):
        if len(items(value)) >= LEAST or name in {"embedding", "values"}:
            yield len(items(value))
    elif is_array(value):
        yield from chain.from_iterable(_lengths(one, name) for one in items(value))
    elif name == "embedding" and isinstance(value, str):
        yield len(value.rstrip("=")) * 3 // 4 // FLOAT


def _moderated(said: Mapping[str, Any]) -> str:
    results = [mapping(one) for one in items(said.get("results"))]
    if not any("flagged" in one for one in results):
        return ""
    flagged = [name for one in results for name, is_so in mapping(one.get("categories")).items() if is_so is True]
    return f"flagged: {', '.join(dict.fromkeys(flagged))}" if flagged else "nothing flagged"


def _ranked(said: Mapping[str, Any]) -> str:
    results = [mapping(one) for one in items(said.get("results"))]
    scores = [(one.get("index"), one.get("relevance_score")) for one in results]
    if not scores or not all(is_number(score) for _, score in scores):
        return ""
    return f"{counted(len(scores), 'document')}: {_few(f'{index} ({score:.2f})' for index, score in scores)}"


def _media(said: Mapping[str, Any]) -> str:
    """Pictures and videos, as data or as links."""
    found = [mapping(one) for one in items(said.get("data"))]
    pictures = [one for one in found if "b64_json" in one or "url" in one]
    return counted(len(pictures), "image") if pictures and len(pictures) == len(found) else ""


def _listed(said: Mapping[str, Any]) -> str:
    """A list of what has a name, or an empty one."""
    name = next((name for name, one in said.items() if is_array(one)), "")
    found = items(said.get(name))
    things = [mapping(one) for one in found]
    names = [next((text(one.get(key)) for key in NAMED if text(one.get(key))), "") for one in things]
    if not name or not all(names) or (not found and said.get("object") != "list"):
        return ""
    kinds = {text(one.get("object")) or text(one.get("type")) for one in things} - {""}
    what = kinds.pop() if len(kinds) == 1 else "entry" if name == "data" else name.removesuffix("s")
    number = counted(len(found), what).replace("entrys", "entries")
    return f"{number}: {_few(names)}" if names else f"no {what.replace('entry', 'entries')}"


def _few(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:NAMES]) + (", …" if len(every) > NAMES else "")


def _tokens(said: Mapping[str, Any]) -> str:
    """What is counted before it is asked."""
    total = next((said[name] for name in ("input_tokens", "totalTokens", "total_tokens") if name in said), None)
    tokens = items(said.get("tokens"))
    if isinstance(total, int) and not isinstance(total, bool):
        return counted(total, "token")
    return counted(len(tokens), "token") if tokens and "token_strings" in said else ""


def _transcript(said: Mapping[str, Any]) -> str:
    return text(said.get("text")) if "choices" not in said else ""


def _resource(said: Mapping[str, Any]) -> str:
    """A batch, a file, a model, a store: what it is, which one, and how it is with it."""
    name = next((text(said.get(key)) for key in ("id", "name") if text(said.get(key))), "")
    what = text(said.get("object")) or text(said.get("type"))
    if not name or (not what and "/" not in name):
        return ""
    state = next((text(said.get(key)) for key in STATES if text(said.get(key))), "")
    told = [
        text(said.get("filename")),
        counted(said["bytes"], "byte") if isinstance(said.get("bytes"), int) else "",
        "deleted" if said.get("deleted") is True else state.replace("_", " "),
    ]
    more = ", ".join(filter(None, told))
    return f"{what.replace('_', ' ')} {name}".strip() + (f": {more}" if more else "")
