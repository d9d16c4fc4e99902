// Vercel's `ai` with its providers of OpenAI, Anthropic and Google, of which each is asked the same.
import assert from "node:assert/strict";
import { anthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { openai } from "@ai-sdk/openai";
import { embed, generateText, isStepCount, Output, streamText, tool } from "ai";
import { z } from "zod";

const { GOOGLE_GEMINI_BASE_URL, GOOGLE_API_KEY: apiKey } = process.env;
const google = createGoogleGenerativeAI({ baseURL: `${GOOGLE_GEMINI_BASE_URL}/v1beta`, apiKey });

for (const model of [openai("gpt-5"), openai.chat("gpt-4o"), anthropic("claude-opus-4-6"), google("gemini-2.5-flash")]) {
  assert.equal((await generateText({ model, prompt: "hello" })).text, "Hello, frog.");

  const pieces = [];
  for await (const piece of streamText({ model, prompt: "in pieces" }).textStream) pieces.push(piece);
  assert.equal(pieces.join(""), "Packets fall like leaves.");
  assert.ok(pieces.length >= 4);

  const asked = [];
  const get_weather = tool({ inputSchema: z.object({ city: z.string() }), execute: (given) => (asked.push(given), "sunny") });
  const told = await generateText({ model, prompt: "the weather?", tools: { get_weather }, stopWhen: isStepCount(3) });
  assert.equal(told.text, "It is sunny in Paris.");
  assert.deepEqual(asked, [{ city: "Paris" }]);

  const output = Output.object({ schema: z.object({ city: z.string(), degrees: z.number() }) });
  assert.deepEqual((await generateText({ model, prompt: "how many degrees?", output })).output, { city: "Paris", degrees: 21 });

  await fetch(`${GOOGLE_GEMINI_BASE_URL}/__llm_intercept/reset`, { method: "POST" }); // the script begins again
  const again = await generateText({ model, prompt: "busy?" });
  assert.equal(again.text, "Here I am.");
}

assert.equal((await embed({ model: openai.embedding("text-embedding-3-small"), value: "a frog" })).embedding.length, 1536);
