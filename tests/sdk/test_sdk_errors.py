"""What the SDK makes of errors: requests that nothing answers, and exceptions given as replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

pytest.importorskip("openai")

import openai
from sdk_support import FAMILY, MAJOR, ask, family_of, make

from llm_intercept import intercept
from llm_intercept.errors import ReplyFunctionError, UnmatchedRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_intercept import LLMRequest


def test_an_unmatched_request_is_a_404_at_the_first_attempt(is_async: bool, stream: bool) -> None:
    """What no rule answers is `NotFoundError` with the explanation, once, and raised again when the block ends."""
    with pytest.raises(UnmatchedRequestError) as raised, intercept() as llm:
        llm.on("weather").reply("sunny")
        with pytest.raises(openai.NotFoundError) as refused:
            ask(make(is_async, max_retries=5), "time?", stream=stream)
    assert [(call.status, call.source) for call in llm.calls] == [(404, "unmatched")]
    assert refused.value.response.headers["x-should-retry"] == "false"
    for words in ("no rule answers this request", "on('weather')", "'time?'", "test_sdk_errors.py"):
        assert words in refused.value.body["message"]
        assert words in str(raised.value)


def test_a_block_without_rules_answers_nothing(is_async: bool) -> None:
    """`intercept()` without a reply answers nothing, and says how to give it one."""
    raised = pytest.raises(UnmatchedRequestError, match="Give it a reply")
    with raised, intercept(), pytest.raises(openai.NotFoundError, match="Give it a reply"):
        ask(make(is_async))


def test_a_script_that_has_run_out_says_so(is_async: bool) -> None:
    """A rule whose replies are used up is an error, even though the SDK only sees a 404."""
    with pytest.raises(UnmatchedRequestError, match="all 2 of its replies are used"), intercept() as llm:
        llm.reply("one", "two")
        assert [ask(make(is_async)) for _ in range(2)] == ["one", "two"]
        with pytest.raises(openai.NotFoundError):
            ask(make(is_async))


def test_unmatched_raise_reaches_the_program(is_async: bool) -> None:
    """With `unmatched="raise"` the error itself, or the SDK's with it as the cause, ends the call."""
    with pytest.raises(UnmatchedRequestError), intercept(unmatched="raise"):
        with pytest.raises((UnmatchedRequestError, openai.APIConnectionError)) as raised:
            ask(make(is_async, max_retries=0))
        error = raised.value
        assert isinstance(error if isinstance(error, UnmatchedRequestError) else error.__cause__, UnmatchedRequestError)


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        (httpx.ConnectTimeout("too slow"), "APITimeoutError"),
        (httpx.ReadTimeout("too slow"), "APITimeoutError"),
        (httpx.PoolTimeout, "APITimeoutError"),
        (httpx.ConnectError("refused"), "APIConnectionError"),
        (httpx.RemoteProtocolError("closed"), "APIConnectionError"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or type(value).__name__,
)
def test_an_exception_given_as_a_reply_is_the_sdks_own(
    error: BaseException | type[BaseException], wanted: str, is_async: bool, stream: bool
) -> None:
    """httpx's exceptions reach either generation as its own: its family's exception is the cause."""
    with intercept(error) as llm, pytest.raises(openai.APIConnectionError) as raised:
        ask(make(is_async, max_retries=0), stream=stream)
    assert type(raised.value) is getattr(openai, wanted)
    assert family_of(raised.value.__cause__) == FAMILY
    assert len(llm.calls) == 1
    assert llm.calls[0].error is not None


def test_an_exception_goes_to_a_client_of_the_other_family_as_its_own(is_async: bool) -> None:
    """A legacy `httpx` client handed to the SDK gets httpx's exception, whatever the SDK's own family is."""
    client = make(is_async, max_retries=0, http_client=(httpx.AsyncClient if is_async else httpx.Client)())
    with intercept(httpx.ConnectTimeout("too slow")), pytest.raises(openai.APITimeoutError) as raised:
        ask(client)
    assert type(raised.value.__cause__) is httpx.ConnectTimeout


def test_a_failing_network_may_recover(is_async: bool, stream: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own retry meets the second reply of a script."""
    client = make(is_async, max_retries=1)
    monkeypatch.setattr(client, "_calculate_retry_timeout", lambda *_: 0)
    with intercept() as llm:
        llm.reply(httpx.ConnectError("refused"), "there again")
        assert ask(client, stream=stream) == "there again"
    assert [call.status for call in llm.calls] == [0, 200]


def test_a_function_may_choose_the_exception(is_async: bool) -> None:
    """A reply function that raises a network error makes the request fail with it."""

    def fail(request: LLMRequest) -> str:
        raise httpx.ConnectTimeout(request.last_user)

    with intercept(fail), pytest.raises(openai.APITimeoutError):
        ask(make(is_async, max_retries=0))


def test_a_broken_function_is_not_retried(is_async: bool) -> None:
    """A bug in a reply function is a 500 that is not retried, and its own error when the block ends."""

    def broken(request: LLMRequest) -> str:
        return request.nonsense

    raised = pytest.raises(ReplyFunctionError, match="nonsense")
    with raised, intercept(broken) as llm, pytest.raises(openai.InternalServerError, match="nonsense"):
        ask(make(is_async, max_retries=5))
    assert len(llm.calls) == 1


def test_a_stream_that_breaks_is_the_sdks_own_error(is_async: bool) -> None:
    """Deltas that end with a network error break the stream after what came before.

    openai 3 turns it into `APIConnectionError`; openai 2 lets the HTTP library's own exception through.
    """

    def breaking() -> Iterator[str]:
        yield "one "
        raise httpx.ReadError("cut")

    with intercept(lambda _: breaking()) as llm, pytest.raises(Exception, match=r"cut|Connection error") as raised:
        ask(make(is_async, max_retries=0), stream=True)
    error = raised.value.__cause__ if MAJOR >= 3 else raised.value
    assert (family_of(error), type(error).__name__) == (FAMILY, "ReadError")
    assert isinstance(llm.calls[0].error, httpx.ReadError)
