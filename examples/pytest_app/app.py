"""A small agent as many people have it: one tool, one loop, and a summary. It knows nothing of llm-intercept."""

import json
from typing import Any

from openai import OpenAI

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "order_status",
            "description": "Look up where an order is.",
            "parameters": {
                "type": "object",
                "properties": {"order": {"type": "string"}},
                "required": ["order"],
            },
        },
    }
]
ORDERS = {"A-17": "left the warehouse this morning"}


def order_status(order: str) -> str:
    """Look an order up."""
    return ORDERS.get(order, "unknown")


def answer(question: str, *, model: str = "gpt-4o-mini") -> str:
    """Answer a customer, with as many look-ups as the model asks for."""
    client = OpenAI(api_key="not-a-key")
    messages: list[Any] = [
        {"role": "system", "content": "You help the customers of a shop."},
        {"role": "user", "content": question},
    ]
    while True:
        said = client.chat.completions.create(model=model, messages=messages, tools=TOOLS).choices[0].message
        if not said.tool_calls:
            return said.content or ""
        messages.append(said)
        for call in said.tool_calls:
            result = order_status(**json.loads(call.function.arguments))
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def headline(text: str) -> str:
    """Sum a text up in a few words; an empty headline if the model cannot be reached."""
    try:
        return answer(f"Write a headline for: {text}")
    except Exception:  # noqa: BLE001 - a page without a headline is better than none
        return ""
