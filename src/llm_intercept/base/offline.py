"""What programs fetch beside models, and how they do without it: hints for where there is no network.

Knows: hosts, and what their clients read instead. Must not know: who asks.
"""

from __future__ import annotations

HINTS = {
    "openaipublic.blob.core.windows.net": (
        "tiktoken fetches its vocabulary from there: let it do so once with TIKTOKEN_CACHE_DIR set to a folder, keep "
        "that folder, and set TIKTOKEN_CACHE_DIR to it here. "
    ),
    "huggingface.co": (
        "Models and tokenizers come from there: fetch them once, keep the folder that HF_HOME names, and set "
        "HF_HUB_OFFLINE=1 here. "
    ),
    "raw.githubusercontent.com": (
        "litellm fetches its price list from there: with LITELLM_LOCAL_MODEL_COST_MAP=True it reads its own copy. "
    ),
}
"""By host, whole sentences that end in a space."""
