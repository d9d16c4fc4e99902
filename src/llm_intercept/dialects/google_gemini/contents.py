"""Reads contents into messages, and one part of a content into neutral parts.

Knows: the JSON of contents (the API's reference, "Content", "Part"). Must not know: requests, replies.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import is_object, items, mapping, text, to_json_text
from llm_intercept.dialects.google.named import got
from llm_intercept.dialects.google_gemini.accumulate import joined
from llm_intercept.model.parts import Media, Other, Part, Reasoning, Text, ToolCall, ToolResult
from llm_intercept.model.request import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from llm_intercept.model.parts import MediaKind

MODEL = "model"
ROLES = {MODEL: "assistant", "": "user"}
"""The roles that are called otherwise here."""
OUTPUTS = ("result", "output", "content", "return_value")
"""Where SDKs put what a function returned, if that is no object: google-genai, the API's reference, LangChain,
pydantic-ai."""
KINDS: tuple[MediaKind, ...] = ("image", "audio", "video")
DATA = ("inlineData", "fileData")
OF_ITS_OWN = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse")
"""Parts that the API makes, or has made, itself."""


def messages_of(body: Mapping[str, Any]) -> Iterator[Message]:
    """Give what is said: what the system says, then the contents."""
    system = got(body, "systemInstruction")
    if system is not None:
        yield Message(role="system", parts=tuple(_parts(system)), raw=mapping(system))
    for content in _in_turns(contents_of(body)):
        role = text(mapping(content).get("role"))
        yield Message(role=ROLES.get(role, role), parts=tuple(_parts(content)), raw=mapping(content))


def _in_turns(contents: list[Any]) -> Iterator[Any]:
    """Make one content of neighbouring ones of the model: google-genai's chats send each chunk of a stream as one."""
    for is_models, several in groupby(contents, lambda one: mapping(one).get("role") == MODEL):
        said = list(several)
        if not is_models or len(said) == 1:
            yield from said
        else:
            yield {"role": MODEL, "parts": joined(part for one in said for part in raw_parts(one))}


def contents_of(body: Mapping[str, Any]) -> list[Any]:
    """List the contents of a request; a lone one may stand for itself."""
    found = body.get("contents")
    return [found] if is_object(found) or isinstance(found, str) else items(found)


def parts_of(content: Any) -> Iterator[Part]:
    """Read the parts of a content; a thought's signature is the thought's, or stands for one before its part."""
    known: list[Part] = []
    for raw in raw_parts(content):
        signature = text(got(raw, "thoughtSignature"))
        part = _part(mapping(raw), signature)
        if signature and not isinstance(part, Reasoning):
            known = _signed(known, signature)
        if not (signature and part == Text("")):  # nothing but the signature of what came before
            known.append(part)
    return iter(known)


def raw_parts(content: Any) -> list[Any]:
    """List the parts of a content as they are written; a lone one may stand for itself, as may a text."""
    if isinstance(content, str):
        return [{"text": content}]
    found = mapping(content).get("parts")
    if isinstance(found, str):
        return [{"text": found}]
    return [found] if is_object(found) else items(found)


def _parts(content: Any) -> Iterator[Part]:
    return (part for part in parts_of(content) if part != Text(""))


def _signed(parts: list[Part], signature: str) -> list[Part]:
    """Give a signature to the thought before it, or make one that has nothing else."""
    last = parts[-1] if parts else None
    if isinstance(last, Reasoning) and not last.signature:
        return [*parts[:-1], replace(last, signature=signature)]
    return [*parts, Reasoning(signature=signature)]


def _part(raw: Mapping[str, Any], signature: str) -> Part:
    if raw.get("text") is not None:  # protocol buffers' JSON has null for a field that is not there
        said = text(raw["text"])
        return Reasoning(said, signature) if raw.get("thought") is True else Text(said)
    called, answered = got(raw, "functionCall"), got(raw, "functionResponse")
    if is_object(called):
        return _call(mapping(called))
    if is_object(answered):
        return _result(mapping(answered))
    for name in DATA:
        if is_object(got(raw, name)):
            return _media(mapping(got(raw, name)), raw)
    found = next((name for name in OF_ITS_OWN if got(raw, name) is not None), "")
    return Other(found, mapping(got(raw, found))) if found else Other(next(iter(raw), "part"), raw)


def _call(called: Mapping[str, Any]) -> ToolCall:
    return ToolCall(text(called.get("name")), to_json_text(called.get("args") or {}), text(called.get("id")))


def _result(answered: Mapping[str, Any]) -> ToolResult:
    """Read what a function answered, of whichever form an SDK gives it."""
    response = mapping(answered.get("response"))
    is_error = response.get("error") is not None
    said: Any = answered.get("response")
    if len(response) == 1:
        said = next((response[key] for key in (*OUTPUTS, "error") if key in response), response)
    return ToolResult(_shown(said), text(answered.get("id")), text(answered.get("name")), is_error)


def _shown(said: Any) -> str:
    """Write what a function answered; strands gives a list of texts."""
    if isinstance(said, str):
        return said
    several = [mapping(one) for one in items(said)]
    if several and all(isinstance(one.get("text"), str) and len(one) == 1 for one in several):
        return "".join(one["text"] for one in several)
    return "" if said is None else to_json_text(said)


def _media(data: Mapping[str, Any], raw: Mapping[str, Any]) -> Media:
    mime = text(got(data, "mimeType"))
    kinds: list[MediaKind] = [kind for kind in KINDS if mime.startswith(f"{kind}/")] or ["file"]
    return Media(kinds[0], text(data.get("data")), text(got(data, "fileUri")), mime, raw=raw)
