"""Where HTTP libraries meet the engine: families, drivers, streams, hooks.

Knows: how httpx, httpx2 and urllib3 are built. Must not know: any LLM. Nothing here imports an HTTP library or
pydantic.
"""
