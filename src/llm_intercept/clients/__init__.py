"""Where HTTP libraries meet the engine: families, drivers, streams, hooks.

Knows: how HTTP libraries are built. Must not know: any LLM. Nothing here imports pydantic or an HTTP library, but for
the modules of aiohttp's connections, which are loaded when one is answered.
"""
