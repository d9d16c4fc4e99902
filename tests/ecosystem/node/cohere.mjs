// cohere-ai, whose `environment` is an option.
import assert from "node:assert/strict";
import { CohereClientV2 } from "cohere-ai";

const client = new CohereClientV2({ environment: process.env.CO_API_URL });
const asking = (content) => ({ model: "command-a-03-2025", messages: [{ role: "user", content }] });

assert.equal((await client.chat(asking("hello"))).message.content[0].text, "Hello, frog.");

const pieces = [];
for await (const event of await client.chatStream(asking("in pieces")))
  if (event.type === "content-delta") pieces.push(event.delta.message.content.text);
assert.deepEqual(pieces, ["Packets ", "fall ", "like ", "leaves."]);

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather.", parameters } }];
const first = asking("the weather?");
const called = (await client.chat({ ...first, tools })).message;
assert.deepEqual(JSON.parse(called.toolCalls[0].function.arguments), { city: "Paris" });
const result = { role: "tool", toolCallId: called.toolCalls[0].id, content: "sunny" };
const told = await client.chat({ ...first, messages: [...first.messages, called, result], tools });
assert.equal(told.message.content[0].text, "It is sunny in Paris.");

const schema = { type: "object", properties: { city: { type: "string" }, degrees: { type: "integer" } }, required: ["city", "degrees"] };
const structured = await client.chat({ ...asking("how many degrees?"), responseFormat: { type: "json_object", jsonSchema: schema } });
assert.deepEqual(JSON.parse(structured.message.content[0].text), { city: "Paris", degrees: 21 });

assert.equal((await client.chat(asking("busy?"))).message.content[0].text, "Here I am.");

const embedded = await client.embed({ model: "embed-v4.0", inputType: "search_query", texts: ["a frog"], embeddingTypes: ["float"] });
assert.equal(embedded.embeddings.float[0].length, 1536);
const ranked = await client.rerank({ model: "rerank-v3.5", query: "frog", documents: ["a pond", "a frog"] });
assert.equal(ranked.results[0].index, 1);
