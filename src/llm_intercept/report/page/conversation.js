// A conversation as a chat: what was asked, what was answered, tool calls with their results.
// Knows: messages and their parts, in neutral words. Must not know: APIs.
import { el, fold, link, facts } from "./dom.js";
import { counted, whole } from "./amounts.js";
import { nameOf } from "./calls.js";
import { block, firstLine, isStructure, jsonBlock, valueBlock } from "./blocks.js";
import { media } from "./media.js";
/** @import { Detail, Message, Part, Row, Tool } from "./report.js" */

const LONG = 4000; // characters of an error's body that stand in the conversation

/**
 * @param {Row} row
 * @param {Detail} detail
 * @param {(n: number) => void} select
 * @returns {Node[]}
 */
export function conversation(row, detail, select) {
  const messages = detail.messages ?? [];
  const known = Math.min(detail.known ?? 0, messages.length);
  const answer = detail.answer?.parts ?? [];
  const told = messages.slice(known);
  if (!messages.length && !answer.length && !detail.error && !row.failed) return [asked(detail), el("p", { class: "muted" }, "There is no conversation in this call that can be read; its request and its response are kept.")];
  const calls = new Map(messages.flatMap((one) => one.parts ?? []).filter(isCall).map((part) => [part.id ?? "", part]));
  return [
    asked(detail),
    ...(known ? [earlier(messages.slice(0, known), detail.continues, select)] : []),
    el("div", { class: "chat" }, ...chat(told, calls), ...outcome(row, detail, answer)),
  ];
}

/**
 * What else was asked for: tools, and all the parameters.
 * @param {Detail} detail
 */
function asked(detail) {
  const tools = detail.tools ?? [];
  const params = detail.params ?? {};
  const names = Object.keys(params);
  return el(
    "div",
    { class: "asked" },
    tools.length > 0 && fold([`${counted(tools.length, "tool")}: `, muted(tools.map(nameOfTool).join(", "))], () => tools.map(offered)),
    names.length > 0 && fold(["Parameters: ", muted(inShort(params))], () => [valueBlock(params)]),
  );
}

/** @param {Record<string, unknown>} params */
function inShort(params) {
  const brief = Object.entries(params).map(([name, value]) => (isPlain(value) ? `${name} ${value}` : name));
  return brief.join(", ").slice(0, 160);
}

/** @param {unknown} value */
function isPlain(value) {
  return typeof value === "number" || typeof value === "boolean" || (typeof value === "string" && value.length < 24);
}

/** @param {string} text */
function muted(text) {
  return el("span", { class: "muted" }, text);
}

/** @param {Tool} tool */
function nameOfTool(tool) {
  return tool.name || tool.type || "(no name)";
}

/** @param {Tool} tool */
function offered(tool) {
  return el(
    "div",
    { class: "tool" },
    el("p", {}, el("b", {}, nameOfTool(tool)), tool.name && tool.type !== "function" ? ` ${tool.type ?? ""}` : ""),
    tool.description && block(tool.description),
    tool.parameters !== undefined && tool.parameters !== null && fold(["Parameters"], () => [valueBlock(tool.parameters)]),
  );
}

/**
 * What a call before has told already.
 * @param {Message[]} messages
 * @param {number | null | undefined} continues
 * @param {(n: number) => void} select
 */
function earlier(messages, continues, select) {
  const from = continues === null || continues === undefined ? "" : ` (as in call ${nameOf(continues)})`;
  const there = continues ?? 0;
  const go = from && el("button", { type: "button", class: "link", click: () => select(there) }, `Go to call ${nameOf(there)}`);
  const calls = new Map(messages.flatMap((one) => one.parts ?? []).filter(isCall).map((part) => [part.id ?? "", part]));
  const summary = `${counted(messages.length, "earlier message")}${from}`;
  return fold([summary], () => [go, el("div", { class: "chat" }, ...chat(messages, calls))], { class: "fold earlier" });
}

/**
 * Messages in their order; a result stands with its call, if both are told here.
 * @param {Message[]} messages
 * @param {Map<string, Part>} calls that the whole conversation has, by id
 * @returns {Node[]}
 */
function chat(messages, calls) {
  const results = paired(messages.flatMap((one) => one.parts ?? []));
  const elsewhere = new Set(results.values());
  return messages
    .map((one) => ({ ...one, parts: (one.parts ?? []).filter((part) => !elsewhere.has(part)) }))
    .filter((one, at) => one.parts.length || !(messages[at]?.parts ?? []).length)
    .map((one) => message(one.role, one.name ?? "", one.parts, results, calls));
}

/**
 * Find each call's result: by its id, or where an API gives none, the first of its name.
 * @param {Part[]} parts
 * @returns {Map<Part, Part>}
 */
function paired(parts) {
  /** @type {Map<Part, Part>} */
  const results = new Map();
  for (const [at, result] of parts.entries()) {
    if (!isResult(result)) continue;
    const fits = (/** @type {Part} */ call) => (result.id || call.id ? result.id === call.id : result.name === call.name);
    const call = parts.slice(0, at).find((one) => isCall(one) && !results.has(one) && fits(one));
    if (call) results.set(call, result);
  }
  return results;
}

/**
 * @param {string} role
 * @param {string} name
 * @param {Part[]} parts
 * @param {Map<Part, Part>} results
 * @param {Map<string, Part>} calls
 * @param {string} [label]
 */
function message(role, name, parts, results, calls, label = "") {
  const kind = ["system", "developer", "user", "assistant", "tool"].includes(role) ? role : "other";
  const shown = parts.map((part) => one(part, results, calls));
  return el(
    "section",
    { class: `message ${kind}` },
    el("h3", {}, label || role, name && el("span", { class: "muted" }, ` ${name}`)),
    ...(shown.length ? shown : [el("p", { class: "muted" }, "(empty)")]),
  );
}

/** @param {Part} part */
function isCall(part) {
  return part.kind === "tool_call";
}

/** @param {Part} part */
function isResult(part) {
  return part.kind === "tool_result";
}

/**
 * @param {Part} part
 * @param {Map<Part, Part>} results
 * @param {Map<string, Part>} calls
 * @returns {Node}
 */
function one(part, results, calls) {
  switch (part.kind) {
    case "text":
      return said(part.text ?? "");
    case "reasoning":
      return part.text
        ? fold(["Reasoning: ", muted(firstLine(part.text))], () => [block(part.text ?? "")], { class: "fold reasoning" })
        : el("p", { class: "muted" }, "Reasoning, which the API does not show");
    case "refusal":
      return el("div", { class: "refusal" }, el("b", {}, "Refusal"), block(part.text ?? ""));
    case "tool_call":
      return called(part, results.get(part));
    case "tool_result":
      return result(part, calls.get(part.id ?? "")?.name || part.name || "");
    case "media":
      return media(part);
    case "citation":
      return el("p", { class: "citation" }, "Source: ", part.url ? link(part.url, part.title) : part.title || part.text || el("code", {}, part.raw ?? ""));
    default:
      return fold([`${part.title || part.name || "other"} `, muted(firstLine(part.raw || part.text || ""))], () => [jsonBlock(part.raw || part.text || "")]);
  }
}

/** @param {string} text */
function said(text) {
  if (!isStructure(text)) return block(text);
  return fold(["Structured: ", muted(firstLine(text.replace(/\s+/g, " ")))], () => [jsonBlock(text)], { open: text.length < 400 });
}

/**
 * @param {Part} part
 * @param {Part | undefined} given
 */
function called(part, given) {
  const text = part.arguments ?? "";
  return el(
    "div",
    { class: "call" },
    el("p", { class: "call-name" }, el("b", {}, part.name || "(no name)"), part.id && el("code", { class: "muted" }, part.id)),
    text.trim() && text.trim() !== "{}" && jsonBlock(text),
    given && result(given, ""),
  );
}

/**
 * @param {Part} part
 * @param {string} name
 */
function result(part, name) {
  const text = part.text ?? "";
  const head = el("p", { class: "result-name" }, part.is_error ? "Result (an error)" : "Result", name && [" of ", name].join(""));
  const body = text.length > 600 ? fold([muted(firstLine(text))], () => [jsonBlock(text)]) : isStructure(text) ? jsonBlock(text) : block(text || "(empty)");
  return el("div", { class: part.is_error ? "result error" : "result" }, head, body, part.data ? media({ ...part, kind: "media" }) : null);
}

/**
 * The answer, or what came in its place.
 * @param {Row} row
 * @param {Detail} detail
 * @param {Part[]} parts
 * @returns {Node[]}
 */
function outcome(row, detail, parts) {
  const out = [];
  if (parts.length) {
    const label = row.failed ? "answer, as far as it came" : "answer";
    out.push(message("assistant", row.model ?? "", parts, new Map(), new Map(), label));
  }
  for (const [at, choice] of (detail.answer?.more ?? []).entries()) {
    out.push(message("assistant", row.model ?? "", choice.parts ?? [], new Map(), new Map(), `choice ${at + 2}`));
  }
  if (detail.partial) out.push(el("p", { class: "muted" }, `The take is not whole: ${detail.partial}`));
  if (detail.error || (row.failed && !parts.length)) out.push(failure(row, detail, parts.length > 0));
  const end = ending(detail);
  if (end.childElementCount) out.push(end);
  return out;
}

/**
 * @param {Row} row
 * @param {Detail} detail
 * @param {boolean} begun whether some of an answer came
 */
function failure(row, detail, begun) {
  const faults = (row.faults ?? []).join(", ");
  const heading = begun ? "then it broke off" : row.status ? `no answer: ${row.status}` : "no answer";
  const body = detail.response?.body ?? "";
  const told = !begun && isStructure(body) && body.length < LONG ? jsonBlock(body) : null; // the API's own words
  const text = detail.unmatched ? "Nothing answers this request." : detail.error || row.answer || faults || row.outcome || "It failed.";
  return el("section", { class: "message failure" }, el("h3", {}, heading), told && !detail.error ? null : block(text), detail.unmatched ? null : told);
}

/** @param {Detail} detail */
function ending(detail) {
  const usage = Object.entries(detail.answer?.usage ?? {}).filter(([, value]) => typeof value === "number" && value > 0);
  const tokens = usage.map(([name, value]) => `${name.replace(/_tokens$/, "").replaceAll("_", " ")} ${whole(Number(value))}`);
  return facts([
    ["Finished with", detail.answer?.finish_reason],
    ["Tokens", tokens.join(", ")],
  ]);
}
