"""Programs in any language are answered at a socket: Node, curl, and Python's own sockets, by the same rules.

Run it: python examples/any_language.py (with the extra serve: pip install 'llm-intercept-transport[serve]').
"""

from __future__ import annotations

import json
import shutil
import subprocess
from http.client import HTTPConnection
from urllib.parse import urlsplit

from llm_intercept import Interceptor, tool_call
from llm_intercept.server import Client, serve

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say something in pieces."}], "stream": True}
IN_NODE = """
const [url, body] = process.argv.slice(1);
const answer = await fetch(url, {method: "POST", headers: {"content-type": "application/json"}, body});
let said = [];
for await (const piece of answer.body.pipeThrough(new TextDecoderStream()))
  for (const line of piece.split("\\n"))
    if (line.startsWith("data: {")) said.push(JSON.parse(line.slice(6)).choices[0]?.delta.content ?? "");
console.log("node:", said.filter(Boolean).join("|"));
"""


def main() -> None:
    llm = Interceptor()
    llm.on("pieces").reply(["Packets ", "fall ", "like ", "leaves."])
    llm.on("weather").reply(tool_call("get_weather", city="Paris"))
    with serve(llm) as url:
        chat = f"{url}/v1/chat/completions"
        if node := shutil.which("node"):
            command = [node, "--input-type=module", "-e", IN_NODE, chat, json.dumps(BODY)]
            subprocess.run(command, check=True)
        if curl := shutil.which("curl"):
            asked = json.dumps({**BODY, "stream": False})
            answer = subprocess.run([curl, "-s", chat, "-d", asked], check=True, capture_output=True, text=True)
            print("curl:", json.loads(answer.stdout)["choices"][0]["message"]["content"])
        in_a_test(url)
    print(f"answered: {len(llm.calls)}")


def in_a_test(url: str) -> None:
    """Give one test of a shared server a rule of its own."""
    control = Client(url, test="example")
    control.rules.add({"user": "weather", "reply": "It rains."})
    connection = HTTPConnection(urlsplit(url).netloc)
    asked = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "What is the weather?"}]})
    connection.request("POST", "/v1/chat/completions", asked, control.headers)
    print("sockets:", json.loads(connection.getresponse().read())["choices"][0]["message"]["content"])
    connection.close()
    assert control.verify().ok


if __name__ == "__main__":
    main()
