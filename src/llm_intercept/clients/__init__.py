"""Where HTTP libraries meet the engine: families, drivers, streams, hooks.

Knows: how httpx and httpx2 are built. Must not know: any LLM. Nothing here imports an HTTP library or pydantic.
"""
