// openai, told of the server by OPENAI_BASE_URL: chat completions, Responses, embeddings.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI();
const model = "gpt-4o";
const user = (content) => [{ role: "user", content }];
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const City = z.object({ city: z.string(), degrees: z.number() });

const said = await client.chat.completions.create({ model, messages: user("hello") });
assert.equal(said.choices[0].message.content, "Hello, frog.");

const stream = await client.chat.completions.create({ model, messages: user("in pieces"), stream: true });
const pieces = [];
for await (const chunk of stream) if (chunk.choices[0]?.delta.content) pieces.push(chunk.choices[0].delta.content);
assert.deepEqual(pieces, ["Packets ", "fall ", "like ", "leaves."]);

const asked = [];
const runner = client.chat.completions.runTools({
  model,
  messages: user("the weather?"),
  tools: [{ type: "function", function: { name: "get_weather", parameters, parse: JSON.parse, function: (given) => (asked.push(given), "sunny") } }],
});
assert.equal(await runner.finalContent(), "It is sunny in Paris.");
assert.deepEqual(asked, [{ city: "Paris" }]);

const parsed = await client.chat.completions.parse({ model, messages: user("how many degrees?"), response_format: zodResponseFormat(City, "city") });
assert.deepEqual(parsed.choices[0].message.parsed, { city: "Paris", degrees: 21 });

const again = await client.chat.completions.create({ model, messages: user("busy?") });
assert.equal(again.choices[0].message.content, "Here I am.");

const response = await client.responses.create({ model: "gpt-5", input: "hello" });
assert.equal(response.output_text, "Hello, frog.");
const events = client.responses.stream({ model: "gpt-5", input: "in pieces" });
const deltas = [];
for await (const event of events) if (event.type === "response.output_text.delta") deltas.push(event.delta);
assert.equal(deltas.join(""), "Packets fall like leaves.");
assert.equal((await events.finalResponse()).status, "completed");
const tools = [{ type: "function", name: "get_weather", parameters, strict: false }];
const first = await client.responses.create({ model: "gpt-5", input: "the weather?", tools });
const call = first.output.find((item) => item.type === "function_call");
const output = [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }];
const second = await client.responses.create({ model: "gpt-5", previous_response_id: first.id, input: output, tools });
assert.equal(second.output_text, "It is sunny in Paris.");
const structured = await client.responses.parse({ model: "gpt-5", input: "how many degrees?", text: { format: zodTextFormat(City, "city") } });
assert.deepEqual(structured.output_parsed, { city: "Paris", degrees: 21 });

const { data } = await client.embeddings.create({ model: "text-embedding-3-small", input: "a frog" });
assert.equal(data[0].embedding.length, 1536);
assert.equal((await client.models.list()).object, "list");
