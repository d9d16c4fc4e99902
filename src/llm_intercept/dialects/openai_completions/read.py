"""Reads a legacy completions request into the neutral vocabulary: the prompt is what the user says.

Knows: the request's JSON (OpenAI's reference, "Create completion"). Must not know: replies.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from llm_intercept.base.checks import is_int
from llm_intercept.base.json import is_array, items, json_object, text
from llm_intercept.base.questions import body_asks_a_model
from llm_intercept.dialects.base import BadRequestError, UnreadableError
from llm_intercept.dialects.openai.flavor import deployment, flavor_of, is_openais
from llm_intercept.dialects.openai.refusals import UNLIMITED, check_integer, refused, without_model
from llm_intercept.dialects.shared.reading import NOBODYS, check_whose
from llm_intercept.model.parts import Other, Part, Text
from llm_intercept.model.request import LLMRequest, Message
from llm_intercept.replies.kinds import ErrorReply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest

NAME = "openai.completions"
PATH = "/completions"
OTHERS = ("/chat/completions", "/fim/completions")
"""Paths that end so too, of other APIs."""
NO_PROMPT = "<|endoftext|>"
"""What a prompt is where there is none: the beginning of a document."""
MOST_STOPS = 4
RANGES: Mapping[str, tuple[int, int | None]] = {
    "n": (1, 128),
    "best_of": (0, 20),
    "logprobs": (0, 5),
    "max_tokens": (0, None),
}
INVALID = "'$.{}' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference."
CHAT_MODELS = (
    "gpt-4*", "gpt-5*", "gpt-6*", "chatgpt-*", "gpt-3.5-turbo", "gpt-3.5-turbo-[01]*", "gpt-3.5-turbo-16k*", "o[134]*",
)  # fmt: skip
CHAT_MODEL = (
    "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?"
)
TOO_FEW = (
    "You requested that the server return more choices than it will generate (HINT: you must set 'n' (currently {}) to "
    "be at most 'best_of' (currently {}), or omit either parameter if you don't specifically want to use them.)"
)

Prompt = str | list[int]


def claims(head: WireRequest) -> bool:
    """Whether this is a POST to a path that ends in /completions, and not in one of the other APIs'."""
    path = head.path.rstrip("/")
    return head.method == "POST" and path.endswith(PATH) and not path.endswith(OTHERS)


def read(head: WireRequest, content: bytes) -> LLMRequest:
    """Read a request; raises `UnreadableError` where it is none of JSON, or may not be OpenAI's."""
    body = json_object(content)
    if body is None:
        raise UnreadableError("Its body is not a JSON object, or one too deep to read")
    is_known = is_openais(head)
    if not is_known and "prompt" not in body:
        raise UnreadableError("Its body has no prompt, and nothing says that OpenAI's completions are asked")
    if not (is_known or deployment(head.url) or body_asks_a_model(head.path, content)):
        raise UnreadableError(NOBODYS)
    check_whose("OpenAI", partial(check_anywhere, body), is_asked=is_known)
    return LLMRequest.made(
        head,
        body,
        content,
        api=NAME,
        model=text(body.get("model")),
        messages=(Message(role="user", parts=_parts(body)),),
        stream=body.get("stream") is True,
        max_tokens=number_of(body, "max_tokens"),
    )


def prompts_of(body: Mapping[str, Any]) -> list[Prompt]:
    """Return the prompts, each a text or a text's tokens, of all forms that `prompt` has."""
    given = body.get("prompt")
    if given is None or isinstance(given, str):
        return [NO_PROMPT if given is None else given]
    listed: list[Any] = items(given)
    return [listed] if _are_tokens(listed) else [one for one in listed if isinstance(one, str) or _are_tokens(one)]


def number_of(body: Mapping[str, Any], name: str) -> int | None:
    """Read a number of those that are checked, at the most what it may be; None where it is none."""
    least, most = RANGES[name]
    value = body.get(name)
    return (value if most is None else min(value, most)) if is_int(value, least) else None


def said(body: Mapping[str, Any]) -> str:
    """Return the texts of the prompts, a line each."""
    given = prompts_of(body) if body.get("prompt") is not None else []
    return "\n".join(one for one in given if isinstance(one, str))


def stops_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the sequences before which the text ends."""
    stop = body.get("stop")
    given = [stop] if isinstance(stop, str) else items(stop)
    return tuple(one for one in given if isinstance(one, str) and one)


def _parts(body: Mapping[str, Any]) -> tuple[Part, ...]:
    told = said(body)
    tokens = (Other("tokens", {"tokens": one}) for one in prompts_of(body) if not isinstance(one, str))
    return (*((Text(told),) if told else ()), *tokens)


def check_anywhere(body: Mapping[str, Any]) -> None:
    """Refuse what every host refuses, in OpenAI's words: what is no prompt, and limits that are none.

    Raises:
        BadRequestError: They do.

    """
    prompt = body.get("prompt")
    if not (prompt is None or isinstance(prompt, str) or _are_prompts(items(prompt))):
        raise refused(INVALID.format("prompt"))
    check_integer(body, "n", *RANGES["n"])
    check_integer(body, "max_tokens", UNLIMITED)


def check(body: Mapping[str, Any], url: str) -> None:
    """Refuse what OpenAI refuses, in its words.

    Raises:
        BadRequestError: It does.

    """
    model = text(body.get("model"))
    if not model and not deployment(url):
        raise without_model()
    if flavor_of(url) == "openai" and any(fnmatchcase(model, one) for one in CHAT_MODELS):
        raise BadRequestError(ErrorReply(404, message=CHAT_MODEL, type="invalid_request_error", param="model"))
    for name, (least, most) in RANGES.items():
        check_integer(body, name, least, most)
    stop = body.get("stop")
    if len(items(stop)) > MOST_STOPS:
        raise refused(INVALID.format("stop"))
    n, best_of = body.get("n") or 1, body.get("best_of") or 0  # 0 is allowed, and means that nothing is said
    if best_of and n > best_of:
        raise refused(TOO_FEW.format(n, best_of))
    if body.get("stream") is True and best_of > n:
        raise refused("Results of 'best_of' cannot be streamed.", "best_of")


def _are_prompts(given: list[Any]) -> bool:
    if _are_tokens(given):
        return True
    return bool(given) and (all(isinstance(one, str) for one in given) or all(map(_are_tokens, given)))


def _are_tokens(given: Any) -> bool:
    return is_array(given) and bool(given) and all(is_int(one, 0) for one in given)
