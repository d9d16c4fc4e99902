"""The server's control: rules, calls, reset, verify, chaos, limits, health; and what each test has for itself."""

from __future__ import annotations

import json
import threading

import httpx
import pytest

from llm_intercept import Interceptor, Pace, Reply, api_error
from llm_intercept.errors import UnmatchedRequestError
from llm_intercept.server import Client, app, serve
from llm_intercept.server.client import ServerError
from tests.served import CHAT, ask, control, say
from tests.support import chat, message, said

RULE = {"user": "weather", "reply": "Sunny."}


def added(served, *rules, test=""):
    answer = control(served, "POST", "rules", test, json={"rules": rules})
    assert answer.status_code == 201, answer.text
    return answer.json()["ids"]


def verified(served, test=""):
    answer = control(served, "GET", "verify", test)
    assert answer.status_code == (200 if answer.json()["ok"] else 409)
    return answer.json()


def lines(answer):
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_rules_are_added_and_removed_while_the_server_runs():
    """They come before the server's own, in the order they were added, and are numbered."""
    served = app(Interceptor("own"))
    assert added(served, RULE, {"reply": "all else"}) == [1, 2]
    assert [said(say(served, words)) for words in ("the weather", "hi")] == ["Sunny.", "all else"]
    listed = control(served, "GET", "rules").json()["rules"]
    assert [(one["id"], one["used"]) for one in listed] == [(1, 1), (2, 1), (None, 0)]
    control(served, "DELETE", "rules/2")
    assert said(say(served)) == "own"
    assert added(served, RULE) == [3]
    control(served, "DELETE", "rules")
    assert said(say(served, "the weather")) == "own"
    assert control(served, "DELETE", "rules/3").status_code == 404


def test_rules_made_in_python_meanwhile_stay():
    """Whatever was added and removed by then."""
    llm = Interceptor("own")
    served = app(llm)
    (number,) = added(served, RULE)
    llm.on("frog").reply("leaps")
    control(served, "DELETE", f"rules/{number}")
    assert said(say(served, "a frog")) == "leaps"


def test_a_rule_that_can_never_answer_is_told_when_it_is_added():
    """With the one that answers instead."""
    served = app(Interceptor())
    answer = control(served, "POST", "rules", json={"rules": [{"reply": "all"}, {"reply": "never"}]}).json()
    assert [one["because"] for one in answer["never"]] == ["reply(…) (the request's body rules[0]) comes first"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"rules": [{"usr": "x", "reply": "y"}]}', "Did you mean 'user'?"),
        (b'{"rules": [{"user": "x"}]}', "neither reply nor replies is given"),
        (b"[]", "a file of rules is a table"),
        (b"{", "the body is not JSON"),
        (b"[" * 5000, "the body is not JSON"),
        (b"", "the file has no rules"),
    ],
)
def test_rules_that_cannot_be_used_are_told(body, told):
    """In the words in which a file of rules is told, and nothing is added."""
    served = app(Interceptor("own"))
    answer = control(served, "POST", "rules", content=body)
    assert answer.status_code == 400
    assert told in answer.json()["error"]
    assert len(control(served, "GET", "rules").json()["rules"]) == 1


def test_each_test_has_rules_scripts_calls_and_stored_answers_of_its_own():
    """A shared server's rules are there for each anew; nothing of one test is seen by another, or without an id."""
    llm = Interceptor()
    llm.on("go").reply("one", "two")
    served = app(llm)
    added(served, RULE, test="a")
    assert [said(say(served, "go", test)) for test in ("a", "b", "a", "b")] == ["one", "one", "two", "two"]
    assert said(say(served, "the weather", "a")) == "Sunny."
    assert say(served, "the weather", "b").status_code == 404
    kept = {test: say(served, "go", test).status_code for test in ("a", "")}
    assert kept == {"a": 404, "": 200}
    assert [len(lines(control(served, "GET", "calls", test))) for test in ("a", "b", "")] == [4, 3, 1]
    assert [verified(served, test)["ok"] for test in ("a", "b", "c")] == [False, False, True]
    assert [len(verified(served, test)["unmatched"]) for test in ("a", "b", "")] == [1, 1, 0]
    headers = {"x-llm-intercept-test": "a"}
    made = ask(served, "POST", "/v1/responses", json={"model": "m", "input": "go"}, headers=headers)
    assert made.status_code == 404  # the script is used up
    added(served, {"reply": "kept"}, test="a")
    response = ask(served, "POST", "/v1/responses", json={"model": "m", "input": "keep"}, headers=headers).json()
    found = [ask(served, "GET", f"/v1/responses/{response['id']}", headers=one).status_code for one in (headers, {})]
    assert found == [200, 404]


def test_only_so_many_tests_are_remembered():
    """The one that asked longest ago is forgotten, and is a new one when it asks again."""
    llm = Interceptor()
    llm.reply("one", "two").repeat_last()
    served = app(llm, tests=2)
    assert [said(say(served, test=test)) for test in "abacab"] == ["one", "one", "two", "one", "two", "one"]


def test_that_a_test_was_forgotten_is_told_to_who_asks_whether_all_was_well():
    """Until it is reset; one that ended with a reset had nothing to forget."""
    served = app(Interceptor("hello"), tests=1)
    added(served, {"user": "never asked", "reply": "x"}, test="a")
    say(served, test="b")
    assert (control(served, "GET", "verify", "a").status_code, say(served, test="b").status_code) == (409, 200)
    found = control(served, "GET", "verify", "a").json()
    assert (found["ok"], found["unused"], len(found["failures"])) == (False, [], 1)
    assert "forgotten" in found["failures"][0]
    control(served, "POST", "reset", "a")
    assert verified(served, "a")["ok"]
    say(served, test="b")
    assert verified(served, "a")["ok"]


def test_only_so_many_calls_are_kept():
    """The older half is forgotten; how many there were is not."""
    served = app(Interceptor("hello"), calls=5)
    for number in range(3):
        say(served, f"of a test {number}", "a")
    assert [one["last_user"] for one in lines(control(served, "GET", "calls", "a"))] == ["of a test 2"]
    for number in range(23):
        say(served, f"number {number}")
    kept = [one["last_user"] for one in lines(control(served, "GET", "calls"))]
    assert kept == [f"number {number}" for number in range(15, 23)]
    assert verified(served)["calls"] == 23


@pytest.mark.parametrize("test", ["x" * 201, "a\x7f"])
def test_an_id_that_cannot_be_one_is_refused(test):
    """In the API's own words, and in the control's."""
    served = app(Interceptor("hello"))
    assert say(served, test=test).status_code == 400
    assert "cannot be the id of a test" in say(served, test=test).json()["error"]["message"]
    assert control(served, "GET", "rules", test).status_code == 400


def test_calls_are_chosen_as_in_python():
    """By any condition and outcome, and so many at the most; never with a secret."""
    llm = Interceptor("hello")
    llm.on("bad").reply(api_error(400))
    served = app(llm)
    for words in ("first", "bad", "second"):
        say(served, words, model="gpt-4o-mini")
    ask(served, "POST", CHAT, json={"model": "m"}, headers={"authorization": "Bearer sk-" + "x" * 40})
    told = {
        "user=first": 1,
        "status=400": 2,
        "failed=true": 2,
        "model=gpt-4o*": 3,
        "turn=1": 4,
        "turn=1,2&stream=false&source=rule&user=second": 1,
        "last=2": 2,
        'json={"model":"gpt-4o-mini"}': 3,
        "": 4,
    }
    assert {query: len(lines(control(served, "GET", f"calls?{query}"))) for query in told} == told
    assert "sk-" not in control(served, "GET", "calls").text


@pytest.mark.parametrize(
    "query",
    [
        "usr=x",
        "status=abc",
        "stream=perhaps",
        "turn=0",
        "turn=a",
        "last=-1",
        "last=" + "9" * 5000,
        "source=rul",
        "json={",
        "follow=1",
        "headers=1",
    ],
)
def test_a_choice_that_cannot_be_one_is_told(query):
    """With the name, as in Python."""
    answer = control(app(Interceptor("hello")), "GET", f"calls?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["error"]


def test_reset_forgets_what_has_happened():
    """Rules that were added, calls, scripts, limits and chaos; of one test alone."""
    llm = Interceptor()
    llm.on("go").reply("one", "two")
    served = app(llm)
    for test in ("a", ""):
        added(served, RULE, test=test)
        assert control(served, "POST", "limits", test, json={"requests_per_minute": 1}).status_code == 201
        assert say(served, "go", test).status_code == 200
        assert say(served, "go", test).status_code == 429
    control(served, "POST", "reset", "a")
    assert said(say(served, "go", "a")) == "one"
    assert say(served, "go").status_code == 429
    control(served, "POST", "reset")
    assert said(say(served, "go")) == "one"
    assert [len(lines(control(served, "GET", "calls", test))) for test in ("a", "")] == [1, 1]
    assert control(served, "GET", "rules").json()["rules"][0]["id"] is None


def test_verify_tells_what_a_block_would_raise():
    """What went unanswered, what failed, and which added rules were not used, but those that need not be."""

    def broken(_):
        raise LookupError("mine")

    llm = Interceptor()
    llm.on("broken").reply(broken).optional()
    served = app(llm)
    assert verified(served)["ok"]
    added(served, RULE, {"user": "x", "reply": "y", "optional": True})
    say(served, "broken")
    say(served, "nobody")
    found = verified(served)
    assert [len(found[name]) for name in ("unmatched", "failures", "unused")] == [1, 1, 1]
    assert "LookupError" in found["failures"][0]
    assert "Sunny" in found["unused"][0] or "weather" in found["unused"][0]


def test_chaos_and_limits_begin_and_end_while_the_server_runs():
    """By the faults' names."""
    served = app(Interceptor("hello"))
    kinds = [503, "malformed", {"stream_error": {"after": 1}}]
    assert control(served, "POST", "chaos", json={"rate": 1.0, "seed": 3, "kinds": kinds[:1]}).status_code == 201
    assert say(served).status_code == 503
    assert "1 of 1 requests" in control(served, "GET", "chaos").json()["chaos"][0]
    control(served, "DELETE", "chaos")
    assert control(served, "POST", "chaos", json={"rate": 1.0, "kinds": kinds[1:]}).status_code == 201
    assert say(served, stream=True).status_code == 200
    control(served, "DELETE", "chaos")
    control(served, "POST", "limits", json={"tokens_per_minute": 1000, "model": "gpt-4o"})
    assert say(served).status_code == 200
    (limit,) = control(served, "GET", "limits").json()["limits"]
    assert limit["tokens"]["remaining"] < limit["tokens"]["limit"] == 1000
    control(served, "DELETE", "limits")
    assert control(served, "GET", "limits").json() == {"limits": []}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chaos", {"rate": 2}),
        ("chaos", {"kinds": ["tmeout"]}),
        ("chaos", {"kinds": [{"disconnect": {"afer": 2}}]}),
        ("chaos", {"kinds": "timeout"}),
        ("chaos", {"kinds": [None]}),
        ("chaos", {"kinds": [{"Fault": {}}]}),
        ("chaos", {"rat": 0.1}),
        ("chaos", [1]),
        ("limits", {}),
        ("limits", {"requests_per_minute": 0}),
        ("limits", {"model": 7, "requests_per_minute": 1}),
    ],
)
def test_chaos_and_limits_that_cannot_be_are_told(path, body):
    """And nothing begins."""
    served = app(Interceptor("hello"))
    answer = control(served, "POST", path, json=body)
    assert answer.status_code == 400, answer.text
    assert "cannot be used" in answer.json()["error"]
    assert say(served).status_code == 200


def test_health_and_readiness():
    """It is well at once, and ready when the simulated time has come."""
    served = app(Interceptor("hello"), ready_after=1e6)
    assert control(served, "GET", "health").json() == {"status": "ok"}
    answer = control(served, "GET", "ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "starting")
    assert control(app(Interceptor("hello")), "GET", "ready").json() == {"status": "ready"}


def test_prometheus_reads_what_is_counted():
    """Requests by API, source and status; whatever names clients send, the labels are few."""
    pytest.importorskip("prometheus_client")
    from prometheus_client.parser import text_string_to_metric_families as parse

    served = app(Interceptor("hello"))
    for number in range(3):
        say(served, model=f"model {number}", test=str(number))
    say(served, stream=True)
    text = ask(served, "GET", "/metrics").text
    samples = {(s.name, *s.labels.values()): s.value for one in parse(text) for s in one.samples}
    assert samples["llm_intercept_requests_total", "openai.chat", "rule", "200"] == 4
    assert samples["llm_intercept_seconds_count", "openai.chat"] == 4
    assert samples["llm_intercept_tokens_total", "openai.chat", "output"] >= 4
    assert samples["llm_intercept_open",] == 1
    assert "model 1" not in text


@pytest.mark.parametrize("number", ["0", "01", "²", "9" * 5000])
def test_a_rule_that_is_not_there_cannot_be_removed(number):
    """Whatever its number is said to be."""
    served = app(Interceptor("hello"))
    added(served, RULE)
    answer = control(served, "DELETE", f"rules/{number}")
    assert (answer.status_code, "There are: 1." in answer.json()["error"]) == (404, True)


def test_a_path_or_method_that_is_none_is_told():
    """With those that there are."""
    served = app(Interceptor("hello"))
    assert "There are: health" in control(served, "GET", "rule").json()["error"]
    answer = control(served, "PUT", "rules")
    assert (answer.status_code, answer.json()["error"].endswith("asked by GET or POST or DELETE, not PUT.")) == (
        405,
        True,
    )


def test_the_control_asks_for_its_token():
    """All but health and readiness; the APIs are anybody's."""
    served = app(Interceptor("hello"), token="secret")
    for given, status in ((None, 401), ("wrong", 401), ("sécret", 401), ("secret", 200)):
        headers = {} if given is None else {"authorization": f"Bearer {given}".encode()}
        assert control(served, "GET", "rules", headers=headers).status_code == status
    assert ask(served, "GET", "/metrics").status_code == 401
    assert control(served, "GET", "health").status_code == control(served, "GET", "ready").status_code == 200
    assert say(served).status_code == 200


def test_a_page_of_another_machine_may_not_ask_the_control():
    """Whoever opens a page would else hand it the rules of a server at loopback."""
    served = app(Interceptor("hello"))
    for host, status in (("evil.test", 403), ("localhost:1", 200), ("[::1]:1", 200), ("192.0.2.1", 200), ("[::", 403)):
        assert control(served, "GET", "rules", headers={"host": host}).status_code == status
    found = [
        control(served, "POST", "reset", headers={"origin": origin}).status_code
        for origin in ("https://evil.test", "null", "http://[", "http://localhost:5173", "http://127.0.0.1")
    ]
    assert found == [403, 403, 403, 200, 200]
    pages = [  # whose own name is an address, which need not be this machine's
        ("127.0.0.1:1", "http://192.0.2.7", 403),
        ("192.0.2.1:1", "http://192.0.2.7", 403),
        ("127.0.0.1:1", "http://[2001:db8::1]:8080", 403),
        ("192.0.2.1:1", "http://192.0.2.1:5173", 200),
        ("localhost:1", "http://[::1]", 200),
    ]
    for host, origin, status in pages:
        headers = {"host": host, "origin": origin}
        assert (origin, control(served, "POST", "reset", headers=headers).status_code) == (origin, status)


def test_several_workers_are_asked_nothing_that_only_one_would_know():
    """Their health and counts can be asked."""
    served = app(Interceptor("hello"), workers=2)
    assert control(served, "GET", "rules").status_code == 409
    assert "--workers 1" in control(served, "POST", "reset").json()["error"]
    assert control(served, "GET", "health").status_code == 200


@pytest.fixture(scope="module")
def url():
    """Serve some rules over a socket."""
    pytest.importorskip("uvicorn")
    llm = Interceptor("hello", pace=Pace(ttft=0), time_scale=0)
    llm.on("script").reply("one", Reply("two")).optional()
    with serve(llm) as url:
        yield url


def test_the_client_says_all_of_it(url):
    """Typed, and by a test's id."""
    import httpx

    client, other = Client(url, test="client"), Client(url, test="other")
    ids = client.rules.add(RULE, {"user": "never", "reply": "x"})
    for one in (client, other):
        answer = httpx.post(
            url + CHAT, json={"model": "m", "messages": [{"role": "user", "content": "weather"}]}, headers=one.headers
        )
        assert said(answer) == ("Sunny." if one is client else "hello")
    verdict = client.verify()
    assert (verdict.ok, verdict.calls, len(verdict.unused)) == (False, 1, 1)
    client.rules.remove(ids[1])
    assert client.verify().ok
    assert next(one["id"] for one in client.rules.list()) == ids[0]
    assert [one["last_user"] for one in client.calls(user="weather", stream=False)] == ["weather"]
    client.chaos(rate=1.0, kinds=[500])
    client.limit(requests_per_minute=100)
    client.pace("ttft=3")
    assert "ttft=3.0" in client.ask("GET", "pace").decode()
    client.pace(None)
    assert "ttft=0," in client.ask("GET", "pace").decode()
    client.reset()
    assert client.calls() == []
    client.rules.remove()
    assert client.is_ready()
    with pytest.raises(ServerError, match="Did you mean 'user'") as raised:
        client.rules.add({"usr": "x", "reply": "y"})
    assert raised.value.status == 400


def test_what_is_no_server_is_told(server):
    """Nobody there, or somebody else."""
    with pytest.raises(ServerError, match="does not answer"):
        Client("http://127.0.0.1:9").reset()
    with pytest.raises(ServerError, match="none of llm-intercept's"):
        Client(server.url).ask("PATCH", "rules")


def test_calls_are_followed_as_they_end(url):
    """Live, of one test, and chosen as others are; the listener that leaves is forgotten."""
    import httpx

    client = Client(url, test="follow")
    heard, follow = [], client.follow(user="frog")
    thread = threading.Thread(target=lambda: heard.append(next(follow)))
    thread.start()
    body = {"model": "m", "messages": [{"role": "user", "content": "a frog"}]}
    while thread.is_alive():  # it may ask only now
        httpx.post(url + CHAT, json={**body, "messages": [{"role": "user", "content": "else"}]}, headers=client.headers)
        httpx.post(url + CHAT, json=body)
        httpx.post(url + CHAT, json=body, headers=client.headers)
        thread.join(0.01)
    follow.close()
    assert heard[0]["last_user"] == "a frog"
    with pytest.raises(ServerError, match="Did you mean"):
        next(client.follow(usr="x"))


def test_the_pace_is_set_while_the_server_runs():
    """For one test alone, too; it is the server's own again when it is taken away or the test begins again."""
    application = app(Interceptor("a b c", pace="ttft=1", time_scale=0))
    assert "ttft=1.0" in control(application, "GET", "pace").json()["pace"]
    said = {"pace": "ttft=2,per_token=1,load=0.5"}
    assert control(application, "POST", "pace", test="one", json=said).status_code == 201
    assert "load=0.5" in control(application, "GET", "pace", test="one").json()["pace"]
    assert "ttft=1.0" in control(application, "GET", "pace").json()["pace"]
    for again in (("DELETE", "pace"), ("POST", "reset")):
        control(application, "POST", "pace", test="one", json=said)
        control(application, *again, test="one")
        assert "ttft=1.0" in control(application, "GET", "pace", test="one").json()["pace"]
    for wrong in ({"pace": "fast"}, {"pace": 3}, {"ttft": 1}, {}):
        assert control(application, "POST", "pace", json=wrong).status_code == 400


def test_the_requests_of_all_tests_are_counted_whatever_is_reset():
    """By that `llm-intercept run` knows whether anything was asked; a count of tokens beside them is no request."""
    served = app(Interceptor("hello"))
    for test in ("", "a", "b", "a"):
        assert say(served, test=test).status_code == 200
        control(served, "POST", "reset", test)
    assert ask(served, "POST", "/v1/messages/count_tokens", json=message()).status_code == 200
    assert served.count == 4


def test_what_a_test_leaves_unanswered_is_told_when_the_server_ends():
    """Also of tests that are forgotten, of many only how many; not after a reset, nor what a test's own rules lack."""
    llm = Interceptor()
    llm.on("weather").reply("Sunny.").optional()
    served = app(llm, tests=2)
    added(served, RULE, test="answered")
    assert said(say(served, "the weather", test="answered")) == "Sunny."
    say(served, "lost", test="reset")
    control(served, "POST", "reset", "reset")
    assert served.settle() is None
    for number in range(13):
        assert say(served, f"lost {number}", test=f"test {number}").status_code == 404
    problem = served.settle()
    assert isinstance(problem, UnmatchedRequestError)
    told = "\n".join([str(problem), *problem.__notes__])
    assert [f"for the test 'test {number}'" in told for number in range(11)] == [True] * 10 + [False]
    assert "… and 3 more tests" in told
    say(served, "lost by all")
    notes = served.settle().__notes__
    assert "lost 12" in "".join(notes)


def test_a_server_raises_for_a_test_as_it_does_for_all():
    pytest.importorskip("uvicorn")
    with pytest.raises(UnmatchedRequestError) as caught, serve(Interceptor()) as url:
        say_at = Client(url, test="mine").headers
        assert httpx.post(url + CHAT, json=chat(), headers=say_at, trust_env=False).status_code == 404
    assert "'mine'" in caught.value.__notes__[0]
