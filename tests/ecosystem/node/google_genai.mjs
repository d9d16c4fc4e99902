// @google/genai, told of the server by GOOGLE_GEMINI_BASE_URL.
import assert from "node:assert/strict";
import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({ httpOptions: { retryOptions: { attempts: 3 } } });
const model = "gemini-2.5-flash";

assert.equal((await client.models.generateContent({ model, contents: "hello" })).text, "Hello, frog.");

const pieces = [];
for await (const chunk of await client.models.generateContentStream({ model, contents: "in pieces" })) pieces.push(chunk.text);
assert.equal(pieces.filter(Boolean).join("|"), "Packets |fall |like |leaves.");

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const config = { tools: [{ functionDeclarations: [{ name: "get_weather", parametersJsonSchema: schema }] }] };
const chat = client.chats.create({ model, config });
const called = await chat.sendMessage({ message: "the weather?" });
const [{ id, name, args }] = called.functionCalls;
assert.deepEqual(args, { city: "Paris" });
const told = await chat.sendMessage({ message: [{ functionResponse: { id, name, response: { output: "sunny" } } }] });
assert.equal(told.text, "It is sunny in Paris.");

const city = { type: "object", properties: { city: { type: "string" }, degrees: { type: "integer" } }, required: ["city", "degrees"] };
const structured = { responseMimeType: "application/json", responseJsonSchema: city };
const parsed = await client.models.generateContent({ model, contents: "how many degrees?", config: structured });
assert.deepEqual(JSON.parse(parsed.text), { city: "Paris", degrees: 21 });

const again = await client.models.generateContent({ model, contents: "busy?" });
assert.equal(again.text, "Here I am.");

const { embeddings } = await client.models.embedContent({ model: "gemini-embedding-001", contents: "a frog" });
assert.equal(embeddings[0].values.length, 3072);
assert.ok((await client.models.countTokens({ model, contents: "hello" })).totalTokens > 0);
