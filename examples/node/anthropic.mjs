// Told of the server by ANTHROPIC_BASE_URL.
import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { z } from "zod";

const client = new Anthropic();
const asking = (content) => ({ model: "claude-opus-4-6", max_tokens: 1024, messages: [{ role: "user", content }] });

const stream = client.messages.stream(asking("Write a haiku."));
stream.on("text", (text) => process.stdout.write(text));
await stream.done();
console.log();

const weather = betaZodTool({
  name: "get_weather",
  description: "Says how the weather is.",
  inputSchema: z.object({ city: z.string() }),
  run: ({ city }) => (console.log("asked for", city), "sunny"),
});
const told = await client.beta.messages.toolRunner({ ...asking("How is the weather in Paris?"), tools: [weather] });
console.log(told.content[0].text);
