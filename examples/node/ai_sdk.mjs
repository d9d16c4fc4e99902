// Vercel's AI SDK. Its providers of OpenAI and Anthropic read OPENAI_BASE_URL and ANTHROPIC_BASE_URL; Google's is given the URL.
import { anthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { openai } from "@ai-sdk/openai";
import { generateText, Output, streamText } from "ai";
import { z } from "zod";

const google = createGoogleGenerativeAI({ baseURL: `${process.env.GOOGLE_GEMINI_BASE_URL}/v1beta`, apiKey: "none" });

for await (const piece of streamText({ model: openai("gpt-5"), prompt: "Write a haiku." }).textStream) process.stdout.write(piece);
console.log();

const output = Output.object({ schema: z.object({ city: z.string(), degrees: z.number() }) });
for (const model of [anthropic("claude-opus-4-6"), google("gemini-2.5-flash")])
  console.log((await generateText({ model, prompt: "Which city is warm?", output })).output);
