"""One agent over four APIs, as a program has it that lets its user choose the model."""

import json
from typing import Any, Literal

from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI

Api = Literal["chat", "responses", "anthropic", "gemini"]
NAME, WHAT = "temperature", "Measure the temperature of a city."
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
DESCRIBED: dict[str, Any] = {"name": NAME, "description": WHAT, "parameters": PARAMETERS}
MEASURED = {"Paris": 21, "Rome": 27}
WHO = "You know the weather."


def temperature(city: str) -> str:
    """Measure."""
    return f"{MEASURED[city]} degrees in {city}"


def ask(question: str, api: Api) -> str:
    """Answer a question, with as many measurements as the model asks for."""
    return {"chat": by_chat, "responses": by_responses, "anthropic": by_anthropic, "gemini": by_gemini}[api](question)


def by_chat(question: str) -> str:
    """Answer by chat completions: calls are in a message, and answers of tools are messages."""
    client = OpenAI(api_key="not-a-key")
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


def by_responses(question: str) -> str:
    """Answer by Responses: calls are items of the output, and answers of tools are items of the input."""
    client = OpenAI(api_key="not-a-key")
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


def by_anthropic(question: str) -> str:
    """Answer by Anthropic's messages: calls are blocks of a message, and answers of tools are blocks of the user's."""
    client = Anthropic(api_key="not-a-key")
    tools: list[Any] = [{"name": NAME, "description": WHAT, "input_schema": PARAMETERS}]
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        said = client.messages.create(
            model="claude-sonnet-5-5", max_tokens=1000, system=WHO, messages=messages, tools=tools
        )
        calls = [block for block in said.content if block.type == "tool_use"]
        if not calls:
            return "".join(block.text for block in said.content if block.type == "text")
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": temperature(**call.input)} for call in calls
        ]
        messages += [{"role": "assistant", "content": said.content}, {"role": "user", "content": results}]


def by_gemini(question: str) -> str:
    """Answer by Gemini: the SDK itself calls the function as often as the model asks for it."""
    again = types.HttpOptions(retry_options=types.HttpRetryOptions(attempts=2, initial_delay=0))
    client = genai.Client(api_key="not-a-key", http_options=again)
    config = types.GenerateContentConfig(system_instruction=WHO, tools=[temperature])
    said = client.models.generate_content(model="gemini-2.5-flash", contents=question, config=config)
    return said.text or ""
