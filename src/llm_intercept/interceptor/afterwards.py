"""What an interceptor says of what took place: as a text, as a page, as a verdict.

Knows: where each is made. Must not know: how requests are answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_intercept.base.spelling import spelt_methods

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from pathlib import Path

    from llm_intercept.engine.exchange import Engine
    from llm_intercept.journal.resilience import FindingKind, Resilience


@spelt_methods
class Afterwards:
    """The part of an `Interceptor` that looks back."""

    _engine: Engine

    def transcript(self) -> str:
        """Write down what was said in all calls so far, the same in each run, for inline-snapshot or syrupy.

        Each call has its API and model, what its messages say that no call before it said, and the answer; ids of
        tool calls are numbered. What looks like a secret is `[redacted]`: snapshots are committed, and another machine
        has another key.
        """
        from llm_intercept.report.transcript import transcript  # noqa: PLC0415 - few programs ask for one

        return transcript(self._engine.journal.calls)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write one page that shows all calls so far, to be opened in a browser; it needs no network and no server.

        It has the conversations, the requests and answers as they were, when each piece came, the rules and how often
        each was used. What looks like a secret is taken out, as it is out of recordings.

        Args:
            path: The file, such as `report.html`; what is there is replaced.

        Returns:
            The file.

        Raises:
            SettingsError: It cannot be written.

        """
        from llm_intercept.report.of_interceptors import report_of  # noqa: PLC0415 - few programs ask for one
        from llm_intercept.report.page_file import write_page  # noqa: PLC0415 - as above

        return write_page(report_of(self._engine), path, "report(…)")

    def resilience(self) -> Resilience:
        """Judge what the program did with the faults it met, from its calls so far."""
        from llm_intercept.journal.resilience import judge  # noqa: PLC0415 - few programs ask for a verdict

        return judge(self._engine.journal.calls, self._engine.service.clock)

    def assert_resilient(self, *, allow: Iterable[FindingKind] = ()) -> Resilience:
        """Raise unless the program did with every fault it met what a resilient program does.

        Args:
            allow: The kinds of findings that are allowed: `gave_up`, `never_retried`, `accepted_truncated`,
                `ignored_retry_after`, `retry_storm`, `retried_in_vain`.

        Returns:
            The verdict.

        Raises:
            NotResilientError: It did something else; the message is the report.
            SettingsError: What is allowed is no kind of finding.

        """
        from llm_intercept.journal.resilience import check  # noqa: PLC0415 - as for `resilience`

        check(found := self.resilience(), allow)
        return found
