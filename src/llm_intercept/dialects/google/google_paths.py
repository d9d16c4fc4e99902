"""Google's APIs that nobody here speaks, by their paths (google-genai 3.6).

Knows: paths, and the smallest answers. Must not know: which of them are answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_intercept.dialects.google.places import is_googles
from llm_intercept.dialects.shared.other_apis import KnownApi, OtherApis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_intercept.model.wire import WireRequest

NAMED = {
    "agents": "agents",
    "auth_tokens": "tokens",
    "batches": "batches",
    "batchPredictionJobs": "batches",
    "cachedContents": "caches",
    "credentials": "credentials",
    "decisions": "decisions",
    "environments": "environments",
    "fileSearchStores": "file search",
    "files": "files",
    "interactions": "interactions",
    "operations": "operations",
    "triggers": "triggers",
    "tunedModels": "tuning",
    "tuningJobs": "tuning",
    "voices": "voices",
    "webhooks": "webhooks",
}
"""What they are called, by their paths."""
APIS = tuple(KnownApi(path, words, f"google.{words.replace(' ', '_')}", path) for path, words in NAMED.items())
PLACE = r"/v\d\w*/(?:projects/[^/]+/locations/[^/]+/)?(?:models/[^/]+/)?"


class GooglesApis(OtherApis):
    """Google's, whose objects have names that are paths."""

    def object(self, api: KnownApi, identifier: str, *, is_deleted: bool) -> Mapping[str, Any]:
        return {} if is_deleted else {self.told: f"{api.kind}/{identifier or 1}"}


def _is_asked(head: WireRequest) -> bool:
    return is_googles(head.host, head.headers)


GOOGLES = GooglesApis("Google", APIS, PLACE, _is_asked, "generativelanguage.googleapis.com", "name", {})
