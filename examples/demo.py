"""What `make demo` shows: chat_app.py, unchanged, answered without a network and without a key, in two ways."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from llm_intercept import intercept

APP = Path(__file__).with_name("chat_app.py")
console = Console(highlight=False)


def by_environment() -> None:
    console.rule("[bold]LLM_INTERCEPT=mock python chat_app.py")
    environment = {**os.environ, "LLM_INTERCEPT": "mock", "LLM_INTERCEPT_REPLY": "Packets fall like leaves."}
    subprocess.run([sys.executable, APP], env=environment, check=True)


def by_block() -> None:
    console.rule("[bold]the same program under intercept()")
    console.print('with intercept() as llm:\n    llm.on("haiku").reply("GET, said the frog. 200 OK.")\n')
    with intercept() as llm:
        llm.on("haiku").reply("GET, said the frog. 200 OK.")
        llm.on("slowly").reply(["The ", "reply ", "comes ", "in ", "pieces."])
        runpy.run_path(str(APP))
    console.print("\nwhat happened (llm.calls):")
    for number, call in enumerate(llm.calls, 1):
        usage = call.usage
        console.print(f"  {number}. {call}")
        console.print(f"     asked:  {call.request.last_user}")
        console.print(f"     tokens: {usage.input_tokens} in, {usage.output_tokens} out (estimated)" if usage else "")


if __name__ == "__main__":
    by_environment()
    by_block()
    console.rule("[bold green]no request left this machine")
