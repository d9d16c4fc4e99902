"""A server beside a command that runs, and the environment that tells the command of it.

Knows: settings said by an environment, what dialects' clients read there. Must not know: the command.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llm_intercept.dialects import DIALECTS
from llm_intercept.interceptor.interceptor import engine_of
from llm_intercept.server.running import serve
from llm_intercept.server.worker_plan import Plan
from llm_intercept.settings import BY_NAME
from llm_intercept.settings.environment import from_environment

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

KEY = "llm-intercept"
CALLS = 1000


class Beside:
    """A server of what an environment says.

    Attributes:
        names: The variables that tell of it.

    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        settings = dict(from_environment(environment) or {})
        reply, _ = settings.pop("reply", None), settings.pop("quiet", None)
        self._llm = Plan(settings, reply).interceptor()
        self.names = tuple(dict.fromkeys(name for dialect in DIALECTS for name in dialect.variables))

    @property
    def count(self) -> int:
        """How many requests there were."""
        return engine_of(self._llm).journal.noted

    @contextmanager
    def serving(self) -> Generator[dict[str, str]]:
        """Serve while the block runs; gives the command's environment.

        Raises:
            LLMInterceptError: A request was not answered, or something else went wrong.

        """
        with serve(self._llm, calls=CALLS) as url:
            yield {**self._environment, **self._told(url)}

    def _told(self, url: str) -> dict[str, str]:
        """Tell clients of the server, and Pythons that are answered to let out what goes there: it answers that."""
        told = {name: form.format(url) for dialect in DIALECTS for name, form in dialect.variables.items()}
        keys = (name for dialect in DIALECTS for name in dialect.keys if not self._environment.get(name))
        let_out = BY_NAME["passthrough"].variable
        places = f"{self._environment.get(let_out, '')} {urlsplit(url).netloc}"
        return {**told, **dict.fromkeys(keys, KEY), let_out: places}
