"""One agent over either of OpenAI's two APIs, as a program has it that moves from one to the other."""

import json
from typing import Any, Literal

from openai import OpenAI

Api = Literal["chat", "responses"]
DESCRIBED: dict[str, Any] = {
    "name": "temperature",
    "description": "Measure the temperature of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
MEASURED = {"Paris": 21, "Rome": 27}
WHO = "You know the weather."


def temperature(city: str) -> str:
    """Measure."""
    return f"{MEASURED[city]} degrees in {city}"


def ask(question: str, api: Api) -> str:
    """Answer a question, with as many measurements as the model asks for."""
    client = OpenAI(api_key="not-a-key")
    return by_chat(client, question) if api == "chat" else by_responses(client, question)


def by_chat(client: OpenAI, question: str) -> str:
    """Answer by chat completions: calls are in a message, and answers of tools are messages."""
    tools: list[Any] = [{"type": "function", "function": DESCRIBED}]
    messages: list[Any] = [{"role": "system", "content": WHO}, {"role": "user", "content": question}]
    while True:
        said = client.chat.completions.create(model="gpt-5-mini", messages=messages, tools=tools).choices[0].message
        if not said.tool_calls:
            return said.content or ""
        messages.append(said)
        for call in said.tool_calls:
            result = temperature(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def by_responses(client: OpenAI, question: str) -> str:
    """Answer by Responses: calls are items of the output, and answers of tools are items of the input."""
    tools: list[Any] = [{"type": "function", "strict": False, **DESCRIBED}]
    items: list[Any] = [{"role": "user", "content": question}]
    while True:
        said = client.responses.create(model="gpt-5-mini", instructions=WHO, input=items, tools=tools)
        calls = [item for item in said.output if item.type == "function_call"]
        if not calls:
            return said.output_text
        items += said.output
        for call in calls:
            result = temperature(**json.loads(call.arguments))
            items.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
