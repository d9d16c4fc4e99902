// A page of another origin streams into itself, and two Playwright tests share the server, each with rules of its own.
// It runs Debian's chromium; CHROMIUM names another one.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { chromium } from "playwright-core";

const api = process.env.OPENAI_BASE_URL;
const control = `${new URL(api).origin}/__llm_intercept`;
const PAGE = `<!doctype html><link rel="icon" href="data:,"><p></p><script type="module">
  const answer = await fetch("${api}/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer none" }, // so that the browser asks first
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Write a haiku." }], stream: true }),
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "", read; !(read = await reader.read()).done; ) {
    const lines = (rest + read.value).split("\\n");
    rest = lines.pop();
    for (const line of lines)
      if (line.startsWith("data: {"))
        document.querySelector("p").append(JSON.parse(line.slice(6)).choices[0]?.delta.content ?? "");
  }
  document.body.dataset.done = answer.status;
</script>`;

const app = createServer((_, response) => response.setHeader("content-type", "text/html").end(PAGE));
await new Promise((listening) => app.listen(0, "127.0.0.1", listening));
const quiet = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", ...quiet],
});

async function shown(test) {
  const context = await browser.newContext({ extraHTTPHeaders: { "x-llm-intercept-test": test } });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${app.address().port}/`);
  await page.waitForSelector("body[data-done]", { state: "attached" });
  return [await page.getAttribute("body", "data-done"), await page.textContent("p")];
}

async function rules(test, ...added) {
  const headers = { "x-llm-intercept-test": test };
  const told = await fetch(`${control}/rules`, { method: "POST", headers, body: JSON.stringify({ rules: added }) });
  assert.equal(told.status, 201, await told.text());
}

try {
  await rules("own", { user: "haiku", reply: { deltas: ["An ", "old ", "pond."] } });
  await rules("failing", { user: "haiku", reply: { error: 503 } });
  const [usual, own, failing] = await Promise.all(["usual", "own", "failing"].map(shown));
  assert.deepEqual(usual, ["200", "Packets fall like leaves."]);
  assert.deepEqual(own, ["200", "An old pond."]);
  assert.deepEqual(failing, ["503", ""]);
  console.log(usual, own, failing);
} finally {
  await browser.close();
  app.close();
}
