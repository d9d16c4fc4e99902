"""The WebSocket mode of Responses: two questions over one connection. The program knows nothing of llm-intercept."""

import asyncio

from openai import AsyncOpenAI


async def main() -> None:
    async with AsyncOpenAI(api_key="not-a-key") as client, client.responses.connect() as connection:
        for question in ("Write a one-line haiku about HTTP.", "And one about frames."):
            await connection.response.create(model="gpt-6-astra", input=question)
            async for event in connection:
                if event.type == "response.output_text.delta":
                    print(event.delta, end="|", flush=True)
                elif event.type in {"response.completed", "response.incomplete", "response.failed", "error"}:
                    break
            print()


asyncio.run(main())
