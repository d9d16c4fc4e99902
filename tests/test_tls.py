"""A client made while somebody answers makes its TLS context when it first needs one, and it is what it would have been."""

from __future__ import annotations

import copy
import os
import pickle
import ssl
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from llm_intercept import intercept
from llm_intercept.clients import tls
from llm_intercept.clients.tls import LazySSLContext
from tests.conftest import FAMILIES, Case
from tests.support import chat
from tests.upstream import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.upstream import Upstream

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say nothing of certificates, as most environments do; forget which files were read."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tls, "_read", {})


@pytest.fixture(params=[(family, is_async) for family in FAMILIES for is_async in (False, True)], ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Give each kind of client."""
    family, is_async = request.param
    return Case(family, is_async, stream=False)


@pytest.fixture
def upstream(tmp_path: Path) -> Iterator[Upstream]:
    with serving(tmp_path) as served:
        yield served


def context(client: Any) -> Any:
    """Give the TLS context of a client, as tools find it."""
    return client._transport._pool._ssl_context


def is_made(late: Any) -> bool:
    assert type(late) is LazySSLContext
    return late._late._made is not None


def outcome(case: Case, client: Any, upstream: Upstream) -> Any:
    """Ask the upstream; say what came of it, an error by its class and its words."""
    try:
        return case.send(chat(), client=client, url=upstream.chat).status_code
    except case.module.HTTPError as error:
        return type(error), str(error)


# Late


def test_a_client_that_is_answered_never_makes_a_context(case):
    """Nor when it is opened and closed."""
    with intercept("hi"):
        client = case.client()
        assert case.text(case.post(client=client)) == "hi"
    assert not is_made(context(client))


def test_a_late_context_is_made_once_by_threads_that_need_it_at_once():
    """All of them see the same one."""
    made: list[ssl.SSLContext] = []
    barrier = threading.Barrier(8)

    def make() -> ssl.SSLContext:
        made.append(ssl.create_default_context())
        return made[-1]

    late, seen = LazySSLContext(make), []
    threads = [threading.Thread(target=lambda: (barrier.wait(), seen.append(late.get_ca_certs))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert {one.__self__ for one in seen} == set(made)


def test_a_late_context_is_a_context(case):
    """To `isinstance`; what is read, set and refused is that of the one it stands for."""
    default = case.module.create_ssl_context()
    with intercept("hi"):
        late = context(case.client())
    assert isinstance(late, ssl.SSLContext)
    assert not is_made(late)
    names = (
        "protocol",
        "verify_mode",
        "check_hostname",
        "options",
        "verify_flags",
        "minimum_version",
        "keylog_filename",
    )
    assert [getattr(late, name) for name in names] == [getattr(default, name) for name in names]
    assert late.get_ca_certs() == default.get_ca_certs()
    assert late.cert_store_stats() == default.cert_store_stats()
    late.check_hostname = False
    late.verify_mode = ssl.CERT_NONE
    assert late._late.made().verify_mode == ssl.CERT_NONE
    assert set(dir(default)) == set(dir(late))
    with pytest.raises(FileNotFoundError):
        late.load_cert_chain("nowhere.pem")
    for refuse in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="cannot pickle 'SSLContext' object"):
            refuse(late)


# As without us


def test_what_a_default_context_does_not_trust_is_refused_in_the_same_words(case, upstream):
    """A server with a certificate of its own, in the block and after it."""
    expected = outcome(case, case.client(), upstream)
    assert expected[0] is case.module.ConnectError
    assert "CERTIFICATE_VERIFY_FAILED" in expected[1]
    with intercept("hi", passthrough="localhost"):
        inside, later = case.client(), case.client()
        assert outcome(case, inside, upstream) == expected
    assert is_made(context(inside))
    assert outcome(case, later, upstream) == expected


@pytest.mark.parametrize("number", [1, 2])
def test_the_file_that_the_environment_trusts_is_trusted(case, upstream, monkeypatch, number):
    """By the first client, which reads it at once, and by the next, which are late."""
    monkeypatch.setenv("SSL_CERT_FILE", upstream.ca)
    with intercept("hi", passthrough="localhost"):
        *_, client = [case.client() for _ in range(number)]
        assert isinstance(context(client), LazySSLContext) is (number == 2)
        assert outcome(case, client, upstream) == 200


@pytest.mark.parametrize("change", ["unset", "other", "gone", "overwritten", "replaced"])
def test_the_environment_and_the_file_count_as_they_were_when_the_client_was_made(
    case, upstream, monkeypatch, tmp_path, change
):
    """Whatever becomes of them before the context is made."""
    monkeypatch.setenv("SSL_CERT_FILE", upstream.ca)
    with intercept("hi", passthrough="localhost"):
        client = [case.client(), case.client()][1]
    if change == "unset":
        monkeypatch.delenv("SSL_CERT_FILE")
    elif change == "other":
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    elif change == "gone":
        Path(upstream.ca).unlink()
    elif change == "overwritten":
        (tmp_path / "ca.pem").write_text("nothing")
    else:
        (tmp_path / "new.pem").write_text("nothing")
        (tmp_path / "new.pem").replace(upstream.ca)
    assert not is_made(context(client))
    assert outcome(case, client, upstream) == 200


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"])
def test_what_the_environment_says_later_does_not_count(case, upstream, monkeypatch, tmp_path, name):
    """A default context is one of the environment it was asked for in."""
    with intercept("hi", passthrough="localhost"):
        client = case.client()
    monkeypatch.setenv(name, {"SSL_CERT_FILE": upstream.ca}.get(name, str(tmp_path / "keys")))
    assert outcome(case, client, upstream)[0] is case.module.ConnectError
    assert context(client).keylog_filename is None


# At once


@pytest.mark.parametrize("content", [None, "nothing", "folder", "pipe"])
def test_a_file_that_is_no_good_is_refused_where_the_client_is_made(case, monkeypatch, tmp_path, content):
    """Each time, in the same words as without us; or taken, where the family does."""
    file = tmp_path / "ca.pem"
    if content == "folder":
        file.mkdir()
    elif content == "nothing":
        file.write_text(content)
    elif content == "pipe":
        read, write = os.pipe()
        os.close(write)
        file = Path(f"/dev/fd/{read}")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    expected = made(case)
    with intercept("hi"):
        assert [made(case) for _ in range(2)] == [expected] * 2
    if content == "pipe":
        os.close(read)


def made(case: Case) -> Any:
    """Make a client; tell its context's class, or what is wrong."""
    try:
        return type(context(case.client()))
    except OSError as error:
        return type(error), str(error)


def test_other_contexts_are_made_at_once(case, monkeypatch, tmp_path):
    """One that is given is the very one; one that verifies nothing, logs keys or reads a folder costs little."""
    given = ssl.create_default_context()
    with intercept("hi"):
        assert context(case.client(verify=given)) is given
        assert type(context(case.client(verify=False))) is ssl.SSLContext
        for name in ("SSL_CERT_DIR", "SSLKEYLOGFILE"):
            monkeypatch.setenv(name, str(tmp_path / name))
            assert type(context(case.client())) is ssl.SSLContext
            monkeypatch.delenv(name)


def test_where_somebody_replaced_pythons_contexts_theirs_are_made_at_once(case, monkeypatch):
    """A test that mocks the function sees it called."""
    mock = Mock(return_value=ssl.create_default_context())
    monkeypatch.setattr(ssl, "create_default_context", mock)
    with intercept("hi"):
        assert type(context(case.client())) is ssl.SSLContext


def test_where_the_trust_store_is_the_systems_contexts_are_made_at_once(case):
    """It puts its own class in the place of Python's."""
    truststore = pytest.importorskip("truststore")
    truststore.inject_into_ssl()
    try:
        with intercept("hi"):
            assert type(context(case.client())) is truststore.SSLContext
    finally:
        truststore.extract_from_ssl()


def test_contexts_are_late_only_where_somebody_answers(case):
    """Not after a block, and not beside one that answers for its own context."""
    found: list[Any] = []
    with intercept("hi", scope="context"):
        pass
    opened = threading.Event()
    done = threading.Event()

    def hold() -> None:
        with intercept("hi", scope="context"):
            opened.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    opened.wait()
    found.append(context(case.client()))
    done.set()
    thread.join()
    found.append(context(case.client()))
    assert [type(one) for one in found] == [ssl.SSLContext] * 2


@pytest.mark.parametrize(
    "wrong", [{"proxy": "nonsense://localhost"}, {"cert": "nowhere.pem"}, {"verify": "nowhere.pem"}]
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_bad_arguments_are_refused_where_the_client_is_made(case, wrong):
    """A certificate that is not there, a proxy that is none."""
    with intercept("hi"), pytest.raises((ValueError, OSError)):
        case.client(**wrong)
