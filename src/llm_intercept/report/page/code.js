// A call as code to be run elsewhere: a curl command, a rule in Python.
// Knows: how a shell and Python write texts. Must not know: the page, what an API means by a body.
import { isJson } from "./blocks.js";
import { escaped, withoutSteering } from "./dom.js";
/** @import { Detail, Message, Part, Row, SentRequest } from "./report.js" */

const LONGEST_QUESTION = 80; // letters of a question that a rule looks for
const REDACTED = "[redacted]";
const WITHOUT_BODY = ["GET", "HEAD", "DELETE", "OPTIONS"];

/**
 * Whether a report has a request's body as it was sent: not one that nobody read, nor a form or a file, of which it has the fields.
 * @param {SentRequest} request
 */
export function hasBody({ method = "POST", headers = [], body = "" }) {
  const type = headers.find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
  if (!body) return !type || WITHOUT_BODY.includes(method);
  return !type || /\bjson\b/i.test(type) || !isJson(body);
}

/**
 * Write a request as a command; it has no more than the report: what was taken out stays out.
 * @param {SentRequest} request
 */
export function asCurl(request) {
  const { method = "POST", url = "", headers = [], body = "" } = request;
  return [
    `curl --globoff --request ${shellText(method)} --url ${shellText(url)}`,
    ...headers.map(([name, value]) => `--header ${shellText(`${name}: ${value}`)}`),
    ...(body ? [`--data-raw ${shellText(body)}`] : []),
  ].join(" \\\n  ");
}

/**
 * Write a rule that gives this answer to this call, or any answer where there was none; empty where none can be said.
 * @param {Row} row
 * @param {Detail} detail
 */
export function asRule(row, detail) {
  const messages = detail.messages ?? [];
  const conditions = [questionOf(messages), ...toolResultOf(messages), row.model && `model=${pythonText(row.model)}`].filter(Boolean);
  if (!messages.length || !conditions.length) return "";
  const { imported, reply } = replyOf(row, detail);
  const from = imported.length ? `from llm_intercept import ${imported.join(", ")}\n\n` : "";
  return `${from}llm.on(${conditions.join(", ")}).reply(${reply})`;
}

/**
 * What the user said last, as far as it tells the call from others.
 * @param {Message[]} messages
 */
function questionOf(messages) {
  const said = messages.filter((one) => one.role === "user").map((one) => (one.parts ?? []).map((part) => (part.kind === "text" ? (part.text ?? "") : "")).join(""));
  const pieces = (said.filter(Boolean).at(-1) ?? "").split(REDACTED).flatMap((piece) => piece.split("\n"));
  const longest = pieces.reduce((best, piece) => (piece.trim().length > best.length ? piece.trim() : best), "");
  const cut = [...longest].slice(0, LONGEST_QUESTION).join("");
  const whole = cut.length < longest.length && cut.includes(" ") ? cut.slice(0, cut.lastIndexOf(" ")) : cut;
  return whole && pythonText(whole);
}

/**
 * The tool that has answered since the model spoke last.
 * @param {Message[]} messages
 */
function toolResultOf(messages) {
  const spoke = messages.map((one) => one.role).lastIndexOf("assistant");
  const results = messages.slice(spoke + 1).flatMap((one) => (one.parts ?? []).filter((part) => part.kind === "tool_result"));
  const calls = messages.flatMap((one) => (one.parts ?? []).filter((part) => part.kind === "tool_call"));
  const last = results.at(-1);
  const name = last?.name || calls.find((one) => one.id && one.id === last?.id)?.name;
  return name ? [`tool_result=${pythonText(name)}`] : [];
}

/**
 * @param {Row} row
 * @param {Detail} detail
 */
function replyOf(row, detail) {
  const parts = (detail.answer?.parts ?? []).filter((part) => (part.kind === "text" && part.text) || (part.kind === "tool_call" && part.name));
  if (!parts.length && (row.status ?? 0) >= 400 && !detail.unmatched) return { imported: ["api_error"], reply: `api_error(${row.status})` };
  if (!parts.length && !detail.unmatched) return { imported: ["auto"], reply: "auto()" }; // vectors, scores: the default ones
  if (!parts.length) return { imported: [], reply: pythonText("The answer.") };
  const imported = [...(parts.length > 1 ? ["Reply"] : []), ...(parts.some(isCalled) ? ["tool_call"] : [])];
  const said = parts.map((part) => (isCalled(part) ? `tool_call(${pythonText(part.name ?? "")}, ${pythonText(part.arguments || "{}")})` : pythonText(part.text ?? ""))).join(", ");
  return { imported, reply: parts.length > 1 ? `Reply(${said})` : said };
}

/** @param {Part} part */
function isCalled(part) {
  return part.kind === "tool_call";
}

/**
 * Write a text for a POSIX shell, or for one that knows $'…' where it has signs that a terminal obeys.
 * @param {string} text
 */
function shellText(text) {
  if (escaped(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  return `$'${withoutSteering(text.replace(/[\\']/g, "\\$&"), (code) => (code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`))}'`;
}

/**
 * Write a text as Python does; JSON writes all but what steers in the same way.
 * @param {string} text
 */
function pythonText(text) {
  return escaped(JSON.stringify(text));
}
