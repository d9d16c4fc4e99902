// @anthropic-ai/sdk, told of the server by ANTHROPIC_BASE_URL.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";

const client = new Anthropic();
const asking = (content) => ({ model: "claude-opus-4-6", max_tokens: 1024, messages: [{ role: "user", content }] });

const said = await client.messages.create(asking("hello"));
assert.deepEqual([said.content[0].text, said.stop_reason], ["Hello, frog.", "end_turn"]);

const stream = client.messages.stream(asking("in pieces"));
const pieces = [];
stream.on("text", (text) => pieces.push(text));
assert.equal((await stream.finalMessage()).content[0].text, "Packets fall like leaves.");
assert.deepEqual(pieces, ["Packets ", "fall ", "like ", "leaves."]);

const asked = [];
const weather = betaZodTool({
  name: "get_weather",
  description: "The weather.",
  inputSchema: z.object({ city: z.string() }),
  run: (given) => (asked.push(given), "sunny"),
});
const last = await client.beta.messages.toolRunner({ ...asking("the weather?"), tools: [weather] });
assert.equal(last.content[0].text, "It is sunny in Paris.");
assert.deepEqual(asked, [{ city: "Paris" }]);

const format = zodOutputFormat(z.object({ city: z.string(), degrees: z.number() }));
const parsed = await client.messages.parse({ ...asking("how many degrees?"), output_config: { format } });
assert.deepEqual(parsed.parsed_output, { city: "Paris", degrees: 21 });

const again = await client.messages.create(asking("busy?"));
assert.equal(again.content[0].text, "Here I am.");

assert.ok((await client.messages.countTokens({ model: "claude-opus-4-6", messages: asking("hello").messages })).input_tokens > 0);
