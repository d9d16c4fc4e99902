// ollama, whose `host` is an option: the library reads no variable.
import assert from "node:assert/strict";
import { Ollama } from "ollama";

const client = new Ollama({ host: process.env.OLLAMA_HOST });
const asking = (content) => ({ model: "llama3.2", messages: [{ role: "user", content }] });

assert.equal((await client.chat(asking("hello"))).message.content, "Hello, frog.");

const pieces = [];
for await (const part of await client.chat({ ...asking("in pieces"), stream: true })) pieces.push(part.message.content);
assert.deepEqual(pieces, ["Packets ", "fall ", "like ", "leaves.", ""]);

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather.", parameters } }];
const first = asking("the weather?");
const called = (await client.chat({ ...first, tools })).message;
assert.deepEqual(called.tool_calls[0].function.arguments, { city: "Paris" });
const result = { role: "tool", tool_name: "get_weather", content: "sunny" };
const told = await client.chat({ ...first, messages: [...first.messages, called, result], tools });
assert.equal(told.message.content, "It is sunny in Paris.");

const format = { type: "object", properties: { city: { type: "string" }, degrees: { type: "integer" } }, required: ["city", "degrees"] };
const structured = await client.chat({ ...asking("how many degrees?"), format });
assert.deepEqual(JSON.parse(structured.message.content), { city: "Paris", degrees: 21 });

await assert.rejects(client.chat(asking("busy?")), { name: "ResponseError", status_code: 429 });
assert.equal((await client.chat(asking("busy?"))).message.content, "Here I am.");

assert.equal((await client.generate({ model: "llama3.2", prompt: "hello" })).response, "Hello, frog.");
assert.equal((await client.embed({ model: "nomic-embed-text", input: "a frog" })).embeddings[0].length, 768);
assert.ok((await client.list()).models.length > 0);
