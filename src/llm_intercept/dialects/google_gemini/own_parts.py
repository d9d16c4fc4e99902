"""Parts of a reply that Gemini's answers have beside texts and calls: media, sources, and what only Google has.

Knows: the API's reference ("Part", "Candidate"). Must not know: requests, how an answer is framed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.base.json import mapping, plain
from llm_intercept.errors import ReplyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_intercept.model.parts import Citation, Media, Other

OF_PARTS = frozenset(
    {"executableCode", "codeExecutionResult", "inlineData", "fileData", "functionResponse", "toolCall", "toolResponse"}
)
OF_CANDIDATES = frozenset(
    {"groundingMetadata", "urlContextMetadata", "citationMetadata", "safetyRatings", "logprobsResult", "finishMessage"}
)
OF_ANSWERS = frozenset({"promptFeedback", "usageMetadata", "modelStatus"})
SAYABLE = OF_PARTS | OF_CANDIDATES | OF_ANSWERS
MIMES = {"image": "image/png", "audio": "audio/wav", "video": "video/mp4", "file": "application/pdf"}


def value_of(part: Other) -> Any:
    """Return the field that a part of Google's own is: its mapping, or what that has under the field's own name.

    Raises:
        ReplyError: Gemini has no such field.

    """
    if part.type not in SAYABLE:
        raise ReplyError(
            f"A reply gives {part.type}, which Gemini cannot say",
            f"Of its own Gemini has {', '.join(sorted(SAYABLE))}: {{'type': 'groundingMetadata', …}}.",
        )
    told = {name: value for name, value in part.raw.items() if name != "type"}
    return plain(told[part.type]) if set(told) == {part.type} else plain(told)


def media_part(media: Media) -> dict[str, Any]:
    """Write an image, a sound, a video or a file, by its content or its address.

    Raises:
        ReplyError: Neither is known.

    """
    mime = media.mime or MIMES[media.kind]
    if media.data:
        return {"inlineData": {"mimeType": mime, "data": media.data}}
    if media.url:
        return {"fileData": {"mimeType": mime, "fileUri": media.url}}
    problem = f"A reply gives {media.kind} without content, which Gemini cannot say"
    raise ReplyError(problem, f"Give it as Media({media.kind!r}, data=…), with its content in base64.")


def grounded(citations: Iterable[Citation], said: str) -> dict[str, Any]:
    """Write the sources of a text, whose places are counted in bytes."""
    found: dict[tuple[str, str], int] = {}
    supports: list[dict[str, Any]] = []
    for citation in citations:
        known: dict[str, Any] = {"url": citation.url, "title": citation.title, "start_index": citation.start}
        known |= {"end_index": citation.end, **mapping(citation.raw), **mapping(citation.raw.get("url_citation"))}
        number = found.setdefault((known["url"], known["title"]), len(found))
        if known["end_index"]:
            supports.append(_support(said, known["start_index"], known["end_index"], number))
    chunks = [{"web": {"uri": url, "title": title}} for url, title in found]
    return {"groundingChunks": chunks, **({"groundingSupports": supports} if supports else {})}


def _support(said: str, start: int, end: int, number: int) -> dict[str, Any]:
    begin = len(said[:start].encode())
    segment: dict[str, Any] = {"startIndex": begin} if begin else {}
    segment |= {"endIndex": len(said[:end].encode()), "text": said[start:end]}
    return {"segment": segment, "groundingChunkIndices": [number]}


def safety_ratings(*, is_vertex: bool) -> list[Mapping[str, Any]]:
    """Rate an answer that is withheld: one category blocks it."""
    ratings: list[Mapping[str, Any]] = []
    for number, name in enumerate(("DANGEROUS_CONTENT", "HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT")):
        found = "HIGH" if number == 0 else "NEGLIGIBLE"
        told: dict[str, Any] = {"category": f"HARM_CATEGORY_{name}", "probability": found}
        if is_vertex:
            score = 0.9 if number == 0 else 0.05
            told |= {"probabilityScore": score, "severity": f"HARM_SEVERITY_{found}", "severityScore": score}
        ratings.append({**told, "blocked": True} if number == 0 else told)
    return ratings
