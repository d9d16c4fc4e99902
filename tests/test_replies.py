"""What can be a reply: every short form becomes one, and anything else is a clear error at the line that made it."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections import OrderedDict, UserDict, deque
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from llm_intercept import (
    Interceptor,
    InterceptTransport,
    LLMInterceptError,
    Reply,
    api_error,
    auto,
    custom_tool_call,
    intercept,
    raw,
    reasoning,
    refusal,
    structured,
    tool_call,
    wrap,
)
from llm_intercept.errors import ReplyError, ReplyFunctionError, SettingsError
from llm_intercept.model import Media, Refusal, ToolCall, Usage
from llm_intercept.replies.kinds import (
    AutoReply,
    Callback,
    ErrorReply,
    RaiseError,
    RawReply,
    is_one_shot,
    prepare,
)
from tests.amounts import examples
from tests.support import URL, chat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WHERE = "app_test.py:7"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def label(value: Any) -> str:
    """Name a value in a test's id, the same in every process."""
    return re.sub(r"0x[0-9a-f]+|\{1, 2\}", "", repr(value))[:50]


class Person(BaseModel):
    name: str
    age: int


@dataclasses.dataclass
class Point:
    x: int
    y: float


# --- short forms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("text", Reply("text")),
        ("", Reply("")),
        (tool_call("f", a=1), Reply(tool_calls=(tool_call("f", a=1),))),
        (custom_tool_call("f", "free"), Reply(tool_calls=(custom_tool_call("f", "free"),))),
        (refusal("no"), Reply(refusal="no")),
        (structured({"a": 1}), Reply('{"a":1}')),
        (Person(name="Ada", age=36), Reply('{"name":"Ada","age":36}')),
        (["one ", "two"], Reply(deltas=("one ", "two"))),
        (("one",), Reply(deltas=("one",))),
        (deque(["one", "two"]), Reply(deltas=("one", "two"))),
        (["a ", tool_call("f"), "b"], Reply("a ", tool_call("f"), "b")),
        ([tool_call("f"), tool_call("g")], Reply(tool_calls=(tool_call("f"), tool_call("g")))),
        (["a", Reply("b", reasoning="c")], Reply("a", reasoning("c"), "b")),
        (["a", structured([1])], Reply("a", "[1]")),
        (
            [Reply("a", model="m"), Reply("b", finish_reason="length")],
            Reply("a", "b", model="m", finish_reason="length"),
        ),
        ([refusal("a"), refusal("b")], Reply(Refusal("a"), Refusal("b"))),
        ([tool_call("f"), Person(name="A", age=1)], Reply(tool_call("f"), '{"name":"A","age":1}')),
        (ValueError, RaiseError(ValueError)),
        (httpx.ConnectError, RaiseError(httpx.ConnectError)),
    ],
    ids=label,
)
def test_short_forms_become_replies(value: Any, wanted: Any) -> None:
    """Each short form is the reply that the long form says."""
    assert prepare(value) == wanted


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Reply("x"), Reply),
        (raw({}), RawReply),
        (auto(), AutoReply),
        (api_error(429), ErrorReply),
        (RaiseError(ValueError), RaiseError),
        (Callback(len), Callback),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_prepared_stays_as_it_is(value: Any, kind: type[Any]) -> None:
    """A value that is a reply already is kept: this very one, and preparing twice changes nothing."""
    assert prepare(value) is value
    assert isinstance(prepare(prepare(value)), kind)


def test_an_exception_is_kept() -> None:
    """An exception instance is raised: this very one."""
    error = ValueError("own")
    prepared = prepare(error)
    assert isinstance(prepared, RaiseError)
    assert prepared.error is error


def test_functions_are_asked_later() -> None:
    """Functions, lambdas, methods, coroutine functions and callable objects are kept until there is a request."""

    async def coroutine(request: Any) -> str:
        return "x"

    class Callable_:  # noqa: N801
        def __call__(self, request: Any) -> str:
            return "x"

    for function in (lambda _: "x", coroutine, "x".join, Callable_(), len):
        prepared = prepare(function)
        assert isinstance(prepared, Callback)
        assert prepared.function is function


def test_an_iterator_is_read_lazily_and_once() -> None:
    """An iterator's deltas are taken one by one, when they are asked for; it is good for one answer."""
    taken: list[int] = []

    def deltas() -> Iterator[str]:
        for number in range(3):
            taken.append(number)
            yield str(number)

    prepared = prepare(deltas())
    assert taken == []
    assert is_one_shot(prepared)
    assert isinstance(prepared, Reply)
    assert prepared.deltas is not None
    iterator = iter(prepared.deltas)
    assert next(iterator) == "0"
    assert taken == [0]
    assert not is_one_shot(prepare(["a", "b"]))


@settings(max_examples=examples(50), deadline=None)
@given(st.lists(st.text(max_size=9) | st.builds(tool_call, st.sampled_from("fg"), a=st.integers()), max_size=6))
def test_a_turn_has_all_its_parts_in_order(parts: list[Any]) -> None:
    """The texts of a list are joined in their order, and so are its calls; deltas stay as they are given."""
    prepared = prepare(parts)
    assert isinstance(prepared, Reply)
    said = "".join(prepared.deltas) if prepared.deltas is not None else prepared.text
    assert said == "".join(part for part in parts if isinstance(part, str))
    assert prepared.tool_calls == tuple(part for part in parts if isinstance(part, ToolCall))


def test_variants_are_prepared() -> None:
    """Variants may be short forms too."""
    reply = Reply(variants=("a", tool_call("f"), ["b", tool_call("g")], Reply("c"), Person(name="A", age=1)))
    assert reply.variants == (
        Reply("a"),
        Reply(tool_calls=(tool_call("f"),)),
        Reply("b", tool_calls=(tool_call("g"),)),
        Reply("c"),
        Reply('{"name":"A","age":1}'),
    )


def test_a_reply_is_a_value() -> None:
    """Replies are equal by what they say, cannot be changed, and can be made from another one."""
    reply = Reply("a", usage={"input_tokens": 1, "output_tokens": 2}, tool_calls=[tool_call("f")])
    assert reply == Reply("a", usage=Usage(input_tokens=1, output_tokens=2), tool_calls=(tool_call("f"),))
    assert Reply(reply, model="m") == Reply("a", usage=Usage(1, 2), tool_calls=[tool_call("f")], model="m")
    with pytest.raises(dataclasses.FrozenInstanceError):
        reply.text = "b"


# --- tool_call -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        (tool_call("f"), "{}"),
        (tool_call("f", {}), "{}"),
        (tool_call("f", {"a": 1, "b": [None, True]}), '{"a":1,"b":[null,true]}'),
        (tool_call("f", a=1, b="é\n"), '{"a":1,"b":"é\\n"}'),
        (tool_call("f", name="x", type="y", arguments="z"), '{"name":"x","type":"y","arguments":"z"}'),
        (tool_call("f", Person(name="Ada", age=36)), '{"name":"Ada","age":36}'),
        (tool_call("f", '{ "b" :1,\n "a": [ ] }'), '{ "b" :1,\n "a": [ ] }'),
        (tool_call("f", when=datetime(2026, 1, 1, tzinfo=UTC)), '{"when":"2026-01-01T00:00:00Z"}'),
        (tool_call("f", {"id": "in the arguments"}, id="call_1"), '{"id":"in the arguments"}'),
    ],
    ids=label,
)
def test_arguments_are_json_text(call: ToolCall, arguments: str) -> None:
    """A mapping, keywords or a pydantic instance become compact JSON; JSON text is kept to the letter."""
    assert call.arguments == arguments
    json.loads(call.arguments)
    assert (call.name, call.type) == ("f", "function")


@settings(max_examples=examples(50), deadline=None)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_every_mapping_comes_back(arguments: dict[str, Any]) -> None:
    """What is given as a mapping is what the JSON text says."""
    assert json.loads(tool_call("f", arguments).arguments) == arguments


@settings(max_examples=examples(50), deadline=None)
@given(st.dictionaries(st.text(max_size=5), JSON, max_size=4), st.integers(0, 4))
def test_every_json_text_is_kept(arguments: dict[str, Any], indent: int) -> None:
    """Whatever its spacing, JSON text stays as it is."""
    text = json.dumps(arguments, indent=indent or None, ensure_ascii=bool(indent))
    assert tool_call("f", text).arguments == text


@pytest.mark.parametrize("text", ["nope", "", " ", "{", "{'a': 1}", "{a: 1}", '{"a": 1,}', "undefined", '{"a":1} x'])
def test_arguments_that_are_not_json_are_refused(text: str) -> None:
    """Text that is no JSON is refused, with the text, and the advice where free text belongs."""
    with pytest.raises(ReplyError) as raised:
        tool_call("f", text)
    assert repr(text) in str(raised.value)
    assert "tool_call('f')" in str(raised.value)
    assert "custom_tool_call" in str(raised.value)


def test_arguments_in_both_ways_are_refused() -> None:
    """A mapping and keywords together are refused."""
    for given_ in ({"a": 1}, {}, '{"a":1}'):
        with pytest.raises(ReplyError, match=r"tool_call\('f'\).*by mapping and by name.*one way"):
            tool_call("f", given_, b=2)


@pytest.mark.parametrize("value", [5, True, [1], b"{}"], ids=label)
def test_arguments_that_are_no_object_are_refused(value: Any) -> None:
    """Arguments are a mapping, a pydantic instance or JSON text; nothing else is made into something."""
    with pytest.raises(ReplyError, match=r"tool_call\('f'\)"):
        tool_call("f", value)


@pytest.mark.parametrize("name", ["", None, 5, ["f"]], ids=label)
def test_a_name_that_is_none_is_refused(name: Any) -> None:
    """A tool's name is a str that is not empty, of every kind of tool."""
    for make in (lambda: tool_call(name, a=1), lambda: custom_tool_call(name, "x")):
        with pytest.raises(ReplyError, match="name") as raised:
            make()
        assert repr(name) in str(raised.value)
        assert "str that is not empty" in str(raised.value)


@pytest.mark.parametrize("value", ["", 5], ids=label)
def test_an_id_that_is_none_is_refused(value: Any) -> None:
    """An id is a str that is not empty, and the advice is about the id."""
    with pytest.raises(ReplyError, match="id=") as raised:
        tool_call("f", id=value)
    assert repr(value) in str(raised.value)
    assert "the tool's name" not in raised.value.advice


@pytest.mark.parametrize("value", [5, None, {"a": 1}], ids=label)
def test_a_custom_tools_input_is_text(value: Any) -> None:
    """A custom tool takes text, and nothing else is made into text."""
    with pytest.raises(ReplyError) as raised:
        custom_tool_call("f", value)
    assert repr(value) in str(raised.value)


# --- structured ------------------------------------------------------------------------------------------------------


@settings(max_examples=examples(50), deadline=None)
@given(JSON)
def test_structured_is_the_json_of_the_value(value: Any) -> None:
    """The text is compact JSON that says the value."""
    text = structured(value).text
    assert json.loads(text) == value
    if isinstance(value, list | dict):
        assert "\n" not in text


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Person(name="Ada", age=36), {"name": "Ada", "age": 36}),
        ([Person(name="Ada", age=36)], [{"name": "Ada", "age": 36}]),
        (Point(1, 2.5), {"x": 1, "y": 2.5}),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC)}, {"at": "2026-01-01T00:00:00Z"}),
        (UUID(int=0), "00000000-0000-0000-0000-000000000000"),
        (Decimal("1.5"), "1.5"),
        ((1, 2), [1, 2]),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        ("text", "text"),
        (None, None),
        (True, True),
    ],
    ids=label,
)
def test_structured_takes_what_has_a_json_form(value: Any, wanted: Any) -> None:
    """Models, dataclasses, dates and the like are written as pydantic writes them."""
    assert json.loads(structured(value).text) == wanted


def circular() -> dict[str, Any]:
    """A mapping that holds itself."""
    whole: dict[str, Any] = {}
    whole["itself"] = whole
    return whole


class Plain:
    """A class that pydantic knows nothing of."""


UNWRITABLE = {
    "object": object(),
    "instance": Plain(),
    "nested": [1, {"a": Plain()}],
    "bytes": b"\xff",
    "circular": circular(),
    "function": lambda: None,
    "class": Person,
}
NOT_JSON = {"nan": float("nan"), "infinity": {"a": float("inf")}}  # Python writes them, JSON has no words for them


@pytest.mark.parametrize("value", [*UNWRITABLE.values(), *NOT_JSON.values()], ids=[*UNWRITABLE, *NOT_JSON])
@pytest.mark.parametrize("make", [structured, lambda value: tool_call("f", a=value)], ids=["structured", "tool_call"])
def test_what_has_no_json_form_is_refused(make: Callable[[Any], Any], value: Any) -> None:
    """A value that cannot be written as JSON is refused where it is given, with what can be."""
    with pytest.raises(ReplyError) as raised:
        pytest.fail(f"made {make(value)!r}")
    assert "JSON" in str(raised.value)
    assert "Use mappings, lists, str, numbers, bool and None, or a pydantic model." in str(raised.value)


@pytest.mark.parametrize("value", UNWRITABLE.values(), ids=UNWRITABLE)
def test_a_body_without_a_json_form_is_refused(value: Any) -> None:
    """The same holds for `raw`."""
    with pytest.raises(ReplyError, match="JSON"):
        raw({"a": value})


# --- what cannot be a reply ------------------------------------------------------------------------------------------

WAYS: dict[str, Callable[[Any], Any]] = {
    "intercept": intercept,
    "Interceptor": Interceptor,
    "InterceptTransport": InterceptTransport,
    "wrap": lambda value: wrap(httpx.Client(), value),
    "llm.reply": lambda value: Interceptor().reply(value),
    "on.reply": lambda value: Interceptor().on("x").reply(value),
    "second of a script": lambda value: Interceptor().reply("first", value),
    "decorator": lambda value: intercept(value)(lambda: None),
}
EVERYWHERE = pytest.mark.parametrize("give", WAYS.values(), ids=WAYS)


@pytest.mark.parametrize("value", [{"a": 1}, {}, OrderedDict(a=1), UserDict(a=1), {"choices": []}], ids=label)
@EVERYWHERE
def test_a_bare_mapping_is_refused(give: Callable[[Any], Any], value: Any) -> None:
    """A mapping may mean two things, so it is refused, and the message names both at the line that gave it."""
    with pytest.raises(ReplyError) as raised:
        give(value)
    message = str(raised.value)
    assert repr(value) in message
    assert "structured(mapping)" in message
    assert "raw(mapping)" in message
    assert "test_replies.py:" in message


@pytest.mark.parametrize(
    "value",
    [5, 0, 1.5, True, False, b"x", b"", bytearray(b"x"), {1, 2}, frozenset("a"), object(), memoryview(b"x"), 1j],
    ids=label,
)
@EVERYWHERE
def test_what_is_no_reply_is_refused(give: Callable[[Any], Any], value: Any) -> None:
    """Any other value is refused with its type, what can be a reply, and the line that gave it."""
    with pytest.raises(ReplyError) as raised:
        give(value)
    message = str(raised.value)
    assert repr(value) in message or isinstance(value, memoryview)
    assert f"of type {type(value).__name__}" in message or isinstance(value, memoryview)
    for word in ("structured(…)", "tool_call(…)", "raw(…)", "auto()", "a function of the request"):
        assert word in message
    assert "test_replies.py:" in message


def test_none_is_refused_where_a_reply_is_asked_for() -> None:
    """`None` is no reply; only `intercept()` takes it, as no reply at all."""
    for give in (Interceptor().reply, Interceptor().on("x").reply):
        with pytest.raises(ReplyError, match="None cannot be a reply: it is of type NoneType"):
            give(None)
    with intercept(None) as llm:
        assert llm.calls == []


def test_the_line_is_the_users_own() -> None:
    """The place in the message is the line of the call, not one of ours."""
    line = inspect.currentframe().f_lineno + 2  # type: ignore[union-attr]
    with pytest.raises(ReplyError) as raised:
        intercept({"a": 1})
    assert raised.value.where.endswith(f"test_replies.py:{line}")
    assert f"test_replies.py:{line}" in str(raised.value)
    assert (raised.value.problem in str(raised.value), raised.value.advice in str(raised.value)) == (True, True)


@pytest.mark.parametrize(
    ("parts", "named"),
    [
        (["a", 5], "5"),
        (["a", None], "None"),
        ([tool_call("f"), b"x"], "b'x'"),
        (["a", {"b": 1}], "{'b': 1}"),
        ([{"role": "assistant", "content": "a"}], "{'role': 'assistant'"),
        (["a", ["b"]], "['b']"),
        (["a", ValueError("no")], "ValueError('no')"),
        (["a", ValueError], "ValueError"),
        (["a", raw("{}")], "raw("),
        (["a", api_error(429)], "api_error(429"),
        (["a", auto()], "auto()"),
        (["a", lambda request: "b"], "<lambda>"),
        (["a", Reply(deltas=["b"])], "deltas="),
        (["a", Reply(variants=("b",))], "variants="),
        (["a", iter(["b"])], "iterator"),
        (range(3), "0"),
        ([object()], "object at"),
    ],
    ids=label,
)
def test_nonsense_in_a_list_is_refused(parts: Any, named: str) -> None:
    """A part that cannot be part of a turn is refused by name, at the line that gave the list."""
    with pytest.raises(ReplyError) as raised:
        intercept(parts)
    assert named in str(raised.value)
    assert "test_replies.py:" in str(raised.value)
    assert raised.value.advice


@pytest.mark.parametrize(
    "parts",
    [
        ["text", refusal("no")],
        [tool_call("f"), refusal("no")],
        ["text", Reply(audio=Media("audio", transcript="x"))],
        [tool_call("f"), Reply(function_call=tool_call("g"))],
    ],
    ids=label,
)
def test_parts_that_contradict_each_other_are_refused(parts: list[Any]) -> None:
    """A turn whose parts contradict each other is refused at the line that gave the list."""
    with pytest.raises(ReplyError, match=r"A Reply has both .* \(at .*test_replies\.py:\d+\)\. "):
        intercept(parts)


def test_the_reply_of_an_empty_rule_is_asked_for() -> None:
    """`reply()` without a reply says so."""
    with pytest.raises(SettingsError, match="at least one reply"):
        Interceptor().reply()


# --- what a reply function may return --------------------------------------------------------------------------------


def ask(reply: Any, *, stream: bool) -> httpx.Response:
    with httpx.Client(transport=InterceptTransport(reply)) as client:
        return client.post(URL, json=chat(stream=stream))


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ({"a": 1}, "structured(mapping)"),
        (5, "of type int"),
        (None, "of type NoneType"),
        (b"x", "of type bytes"),
        (["a", 5], "of type int"),
        (lambda _: "x", "another function"),
        (["a", refusal("b")], "a refusal and an answer"),
        (iter(["a", 5]), "Delta 1 of a reply is 5"),
    ],
    ids=label,
)
def test_what_a_function_returns_is_checked(value: Any, named: str) -> None:
    """A function that returns what is no reply is a 500 at the request and an error at the block's end, by its rule."""

    def answer(request: Any) -> Any:
        return value

    with pytest.raises(ReplyError) as raised, intercept(answer):
        refused = httpx.post(URL, json=chat())
        assert (refused.status_code, refused.headers["x-should-retry"]) == (500, "false")
        assert named in refused.json()["error"]["message"]
    assert named in str(raised.value)
    assert "test_replies.py:" in str(raised.value)


def test_a_contradiction_made_in_a_function_names_the_rule() -> None:
    """A Reply that a function cannot make is that function's error."""
    with (
        pytest.raises(ReplyFunctionError, match="a refusal and an answer") as raised,
        intercept(lambda _: Reply("a", refusal="b")),
    ):
        httpx.post(URL, json=chat())
    assert isinstance(raised.value.__cause__, ReplyError)


@pytest.mark.parametrize("deltas", [[1], ["a", None], 5, (b"a",)], ids=label)
def test_deltas_that_are_no_text_are_a_clear_error(deltas: Any, stream: bool) -> None:
    """Deltas that are no strs are refused where they are given, or when they are read, by name."""
    with pytest.raises(ReplyError, match=r"deltas|Delta|str"):
        reply = Reply(deltas=deltas)
        with intercept(reply):
            httpx.post(URL, json=chat(stream=stream))


# --- Reply -----------------------------------------------------------------------------------------------------------

CALL = tool_call("f")
SOUND = Media("audio", transcript="x")
CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"text": "a", "deltas": ["a"]}, "text and deltas"),
    ({"text": "a", "deltas": []}, "text and deltas"),
    ({"text": "a", "refusal": "b"}, "refusal"),
    ({"deltas": ["a"], "refusal": "b"}, "refusal"),
    ({"tool_calls": (CALL,), "refusal": "b"}, "refusal"),
    ({"function_call": CALL, "refusal": "b"}, "refusal"),
    ({"audio": SOUND, "refusal": "b"}, "refusal"),
    ({"audio": SOUND, "text": "a"}, "audio and text"),
    ({"audio": SOUND, "deltas": ["a"]}, "audio and text"),
    ({"tool_calls": (CALL,), "function_call": CALL}, "tool_calls and function_call"),
    ({"text": "a", "variants": ("b",)}, "variants"),
    ({"deltas": ["a"], "variants": ("b",)}, "variants"),
    ({"refusal": "a", "variants": ("b",)}, "variants"),
    ({"tool_calls": (CALL,), "variants": ("b",)}, "variants"),
    ({"function_call": CALL, "variants": ("b",)}, "variants"),
    ({"audio": SOUND, "variants": ("b",)}, "variants"),
    ({"reasoning": "a", "variants": ("b",)}, "variants"),
    ({"annotations": ({"type": "url_citation"},), "variants": ("b",)}, "variants"),
    ({"logprobs": ({"token": "a"},), "variants": ("b",)}, "variants"),
    ({"finish_reason": "length", "variants": ("b",)}, "variants"),
    ({"text": "a", "finish_reason": "tool_calls"}, "finish_reason='tool_calls'"),
    ({"finish_reason": "tool_calls"}, "finish_reason='tool_calls'"),
]


@pytest.mark.parametrize(("fields", "words"), CONTRADICTIONS, ids=[", ".join(one) for one, _ in CONTRADICTIONS])
def test_a_reply_that_contradicts_itself_is_refused(fields: dict[str, Any], words: str) -> None:
    """Fields that exclude each other, or that would be dropped in silence, are refused by name, with advice."""
    with pytest.raises(ReplyError) as raised:
        Reply(**fields)
    assert words in raised.value.problem
    assert raised.value.advice
    assert isinstance(raised.value, LLMInterceptError)
    assert isinstance(raised.value, TypeError)


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "a", "tool_calls": (CALL,)},
        {"text": "a", "reasoning": "b"},
        {"tool_calls": (CALL,), "finish_reason": "stop"},
        {"tool_calls": (CALL,), "finish_reason": "length"},
        {"refusal": "a", "finish_reason": "content_filter"},
        {"variants": ("a", "b"), "usage": {"input_tokens": 1}, "model": "m"},
        {"function_call": CALL, "finish_reason": "tool_calls"},
        {"function_call": CALL, "text": "a"},
        {"text": "", "refusal": "a"},
        {},
    ],
    ids=", ".join,
)
def test_what_a_model_may_say_is_taken(fields: dict[str, Any]) -> None:
    """Fields that go together are no contradiction."""
    assert Reply(**fields)


@pytest.mark.parametrize(
    "variant",
    [5, None, {"a": 1}, b"x", raw({}), api_error(400), auto(), ValueError("no"), len, Reply(variants=("x",))],
    ids=label,
)
def test_a_variant_that_is_none_is_refused(variant: Any) -> None:
    """A variant is text, calls or a Reply of its own; what else is given is named."""
    with pytest.raises(ReplyError) as raised:
        Reply(variants=("fine", variant))
    assert repr(variant)[:20] in str(raised.value)


def test_a_str_is_no_list_of_variants() -> None:
    """A single str is not taken for its letters."""
    with pytest.raises(ReplyError):
        Reply(variants="abc")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"finish_reason": "stops"}, "'stops'"),
        ({"finish_reason": ""}, "''"),
        ({"finish_reason": 5}, "5"),
        ({"text": 5}, "5"),
        ({"text": None}, "None"),
        ({"text": {"a": 1}}, "{'a': 1}"),
        ({"refusal": 5}, "5"),
        ({"reasoning": ["a"]}, "['a']"),
        ({"tool_calls": CALL}, "tool_calls"),
        ({"tool_calls": ["f"]}, "'f'"),
        ({"tool_calls": [{"function": {"name": "f"}}]}, "tool_calls"),
        ({"function_call": "f"}, "'f'"),
        ({"usage": {"input_tokens": -1}}, "-1"),
        ({"usage": "many"}, "'many'"),
        ({"usage": {"tokens": 1}}, "tokens"),
        ({"model": 5}, "5"),
        ({"audio": "hi"}, "'hi'"),
        ({"logprobs": "x"}, "'x'"),
        ({"content": "a"}, "content"),
        ({"finish": "stop"}, "finish"),
    ],
    ids=label,
)
def test_a_field_that_cannot_be_is_refused(fields: dict[str, Any], named: str) -> None:
    """A field of the wrong type, and one that there is not, are refused by name and value."""
    with pytest.raises(ReplyError) as raised:
        Reply(**fields)
    assert named in str(raised.value)


def test_the_finish_reasons_are_listed() -> None:
    """The error for a wrong finish reason says which there are."""
    with pytest.raises(ReplyError) as raised:
        Reply("a", finish_reason="stops")
    for reason in ("stop", "length", "tool_calls", "content_filter"):
        assert reason in str(raised.value)
        calls: dict[str, Any] = {"tool_calls": (CALL,)} if reason == "tool_calls" else {}
        assert Reply(finish_reason=reason, **calls).finish_reason == reason


def test_an_empty_refusal_is_no_answer() -> None:
    """`refusal("")` does not become an ordinary answer without text."""
    with pytest.raises(ReplyError, match="refusal"):
        refusal("")


# --- raw and auto ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"choices": []}, {"choices": []}),
        ([{"choices": []}], ({"choices": []},)),
        (({"choices": []},), ({"choices": []},)),
        ("text", b"text"),
        (b"\xff", b"\xff"),
    ],
    ids=label,
)
def test_raw_takes_bodies_chunks_and_text(body: Any, kept: Any) -> None:
    """A mapping, a list of mappings, text and bytes are ready bodies."""
    made = raw(body, status=201, headers={"x-own": "1"})
    assert (made.body, made.status, made.headers) == (kept, 201, (("x-own", "1"),))


@pytest.mark.parametrize("body", [5, None, [1], ["data: x"], {1, 2}, [{"a": 1}, 5]], ids=label)
def test_what_is_no_body_is_refused(body: Any) -> None:
    """Anything else is refused by value, with what can be one."""
    with pytest.raises(ReplyError) as raised:
        raw(body)
    assert repr(body) in str(raised.value)
    assert "a mapping, a list of chunk mappings, a str or bytes" in str(raised.value)


@pytest.mark.parametrize("status", [99, 600, "200", None], ids=label)
def test_a_status_that_is_none_is_refused(status: Any) -> None:
    """A status that HTTP does not have is refused where it is given."""
    with pytest.raises((ReplyError, SettingsError)) as raised:
        raw({}, status=status)
    assert repr(status) in str(raised.value)


@pytest.mark.parametrize("text", [5, None, {"a": 1}], ids=label)
def test_autos_text_is_text(text: Any) -> None:
    """`auto(text)` takes text."""
    with pytest.raises((ReplyError, SettingsError)) as raised:
        auto(text)
    assert repr(text) in str(raised.value)


def test_a_reply_says_itself_as_it_was_written() -> None:
    """The repr of a part is what messages quote."""
    assert repr(tool_call("f", a=1)) == "tool_call('f', '{\"a\":1}')"
    assert repr(auto()) == "auto()"
    assert repr(auto("own")) == "auto('own')"
    assert repr(raw("x" * 99)).startswith("raw(")
    assert len(repr(raw("x" * 99))) < 60


def test_both_shapes_come_from_one_value() -> None:
    """A prepared reply can be given to any number of requests, of both shapes."""
    reply = prepare(["one ", "two"])
    assert [ask(reply, stream=stream).status_code for stream in (True, False, True)] == [200, 200, 200]


# --- names that are not known ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Reply(content="x"), r"The text needs no name: Reply\('…'\)"),  # type: ignore[call-arg]
        (lambda: Reply("x", usage={"input_tokenz": 1}), r"Its names are input_tokens \(what was asked\)"),
        (lambda: Reply("x", finish_reason="stopp"), "Give one of 'stop', 'length'"),
        (lambda: Interceptor().reply("x", fautl=1), r"reply\(Reply\('…', fault=…\)\)"),  # type: ignore[arg-type]
        (lambda: Interceptor().on("x").reply("x", usage={}), r"reply\(Reply\('…', usage=…\)\)"),  # type: ignore[arg-type]
        (lambda: Interceptor().reply("x", zzzzz=1), "It takes times="),  # type: ignore[arg-type]
    ],
)
def test_a_name_from_elsewhere_is_told(make: Callable[[], Any], words: str) -> None:
    """What is written by another name is refused, and the message says where it goes or what it is called."""
    with pytest.raises(LLMInterceptError, match=words):
        make()
