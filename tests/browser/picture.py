"""Makes docs/pictures/report.png: an agent's run, as its report shows it. `nox -s picture`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from openai import OpenAI
from playwright.sync_api import sync_playwright

from llm_intercept import Pace, Reply, api_error, disconnect, intercept, reasoning, structured, tool_call

PICTURE = Path("docs/pictures/report.png")
CITIES = ("Paris", "Oslo", "Lima")
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city, now.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def agent(client: OpenAI, question: str) -> None:
    """Ask, call the tools that are asked for, and ask again until there is an answer."""
    messages: list[Any] = [
        {"role": "system", "content": "You are a travel assistant. Look the weather up before you answer."},
        {"role": "user", "content": question},
    ]
    while True:
        answer = client.chat.completions.create(
            model="gpt-5-mini", messages=messages, tools=[TOOL], max_completion_tokens=400
        )
        said = answer.choices[0].message
        if not said.tool_calls:
            return
        messages.append(said.model_dump(exclude_none=True))
        messages += [
            {"role": "tool", "tool_call_id": one.id, "content": '{"sky": "clear", "degrees": 21.5}'}
            for one in said.tool_calls
        ]


def program() -> None:
    """What a travel program asks."""
    client = OpenAI(api_key="none")
    for city in CITIES:
        agent(client, f"What should I wear in {city}?")
    for question in ("Plan a day in Paris.", "Tell me of the old harbour."):
        try:
            stream = client.chat.completions.create(
                model="gpt-5", messages=[{"role": "user", "content": question}], stream=True
            )
            list(stream)
        except Exception:  # noqa: BLE001 - a stream that breaks off is a part of the picture
            pass
    client.responses.create(model="gpt-5", input="Which trains leave before noon?")


def run(file: Path) -> None:
    """Run the program and write its report."""
    with intercept(time_scale=0, pace=Pace(ttft=0.6, tokens_per_second=30)) as llm:
        for city in CITIES:
            call = Reply(
                reasoning("The user asks what to wear, so the weather matters."), tool_call("get_weather", city=city)
            )
            first = (api_error(429, retry_after=2), call) if city == "Oslo" else (call,)
            llm.on(city, turn=1, model="*mini").reply(*first)
        llm.on(tool_result="get_weather").reply(
            "It is clear and 21.5 °C: a shirt will do, and a light jacket for the evening."
        )
        llm.on("Plan a day").reply("Start at the river, see the tower before noon, and end in the museum of clocks.")
        llm.on("harbour").reply(Reply("The harbour was built by fishermen long ago.", fault=disconnect(after=5)))
        llm.on("trains").reply(
            structured({"trains": [{"to": "Lyon", "leaves": "09:12"}, {"to": "Lille", "leaves": "10:40"}]})
        )
        llm.on("hotel").reply("There is a room.")
        program()
        llm.report(file)


def take(file: Path) -> None:
    """Open the report and take its picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 660}, color_scheme="light")
        page.goto(f"{file.as_uri()}#call=4")
        page.wait_for_selector(".call")
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.html")
        run(report)
        take(report)
