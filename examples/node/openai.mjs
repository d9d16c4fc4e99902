// The program names no server: `llm-intercept run` tells it of one by OPENAI_BASE_URL, and gives it a key.
import OpenAI from "openai";

const client = new OpenAI();
const stream = await client.chat.completions.create({
  model: "gpt-4o",
  messages: [{ role: "user", content: "Write a haiku." }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
console.log();

const tools = [{ type: "function", name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } }, strict: false }];
const first = await client.responses.create({ model: "gpt-5", input: "How is the weather in Paris?", tools });
const [call] = first.output.filter((item) => item.type === "function_call");
console.log(call.name, call.arguments);
const input = [{ type: "function_call_output", call_id: call.call_id, output: "sunny" }];
console.log((await client.responses.create({ model: "gpt-5", previous_response_id: first.id, input, tools })).output_text);
