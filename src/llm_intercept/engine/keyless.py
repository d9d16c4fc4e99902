"""What goes to the network needs a key of its own: the dummy that stands in for one is never sent out.

Knows: the dummy, which headers are credentials. Must not know: who sends a request on, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.base.dummy_keys import is_dummy
from llm_intercept.base.hosts import is_local
from llm_intercept.engine.decide import FailedExchange
from llm_intercept.errors import DummyKeyError
from llm_intercept.model.wire import SECRET_HEADERS

if TYPE_CHECKING:
    from llm_intercept.model.request import LLMRequest


def check_key(request: LLMRequest) -> None:
    """Keep a request in that has no key but the dummy, unless it stays on this machine.

    Raises:
        FailedExchange: It would go out with it.

    """
    said = (request.headers.get(name) for name in SECRET_HEADERS)
    if not is_dummy((*filter(None, said), request.url)):
        return
    host = urlsplit(request.url).hostname or ""
    if not is_local(host):
        raise FailedExchange(DummyKeyError(host))
