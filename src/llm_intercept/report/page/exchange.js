// What went over the wire: the request as it was sent, the answer's headers, events and bytes.
// Knows: HTTP. Must not know: what an API means by it.
import { el, fold, facts } from "./dom.js";
import { counted, seconds, size } from "./amounts.js";
import { block, indented, isJson, jsonBlock } from "./blocks.js";
import { asCurl, asRule, hasBody } from "./code.js";
import { copyButton } from "./copy.js";
import { timeouts } from "./timeline.js";
/** @import { Detail, Moment, Row } from "./report.js" */

const EVENTS_AT_ONCE = 200;
const BASE64 = "base64:";

/**
 * @param {Row} row
 * @param {Detail} detail
 * @returns {Node[]}
 */
export function requestView(row, detail) {
  const request = detail.request;
  if (!request) return [el("p", { class: "muted" }, "This report does not hold the request as it was sent.")];
  const rule = asRule(row, detail);
  const whole = hasBody(request);
  return [
    el("p", { class: "start-line" }, el("b", {}, request.method || "POST"), " ", el("span", { class: "url" }, request.url ?? "")),
    el("div", { class: "tags" }, whole && copyButton(asCurl(request), "Copy as curl"), rule && copyButton(rule, "Copy as a rule")),
    facts([["Timeout", timeouts(detail.timeout)]]),
    headers(request.headers ?? []),
    whole || request.body ? body(request.body ?? "", whole ? "Body" : "Body, as far as it was read") : el("p", { class: "muted" }, "Body: not read, since nothing could have answered it"),
  ].filter((one) => one instanceof Node);
}

/**
 * @param {Row} row
 * @param {Detail} detail
 * @returns {Node[]}
 */
export function responseView(row, detail) {
  const response = detail.response;
  const nodes = [];
  if (detail.error && !detail.unmatched) nodes.push(block(detail.error)); // why nothing answered has a view of its own
  if (!response) return [...nodes, el("p", { class: "muted" }, row.failed ? "No answer came." : "This report does not hold the answer's bytes.")];
  nodes.push(el("p", { class: "start-line" }, el("b", {}, String(response.status ?? row.status ?? "")), ` in ${seconds(row.duration ?? 0)}`));
  nodes.push(headers(response.headers ?? []));
  if (detail.events?.length) nodes.push(events(detail.events));
  nodes.push(body(response.body ?? "", detail.events?.length ? "All bytes" : "Body", !detail.events?.length));
  return nodes;
}

/** @param {[string, string][]} pairs */
function headers(pairs) {
  const rows = () => [el("table", { class: "headers" }, el("tbody", {}, ...pairs.map(([name, value]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, value)))))];
  return pairs.length ? fold([counted(pairs.length, "header")], rows, { open: pairs.length < 12 }) : el("span", {});
}

/**
 * @param {string} text
 * @param {string} title
 * @param {boolean} [open]
 */
function body(text, title, open = true) {
  if (!text) return el("p", { class: "muted" }, `${title}: empty`);
  const bytes = text.startsWith(BASE64) ? atob(text.slice(BASE64.length)) : null;
  const length = bytes === null ? new TextEncoder().encode(text).length : bytes.length;
  const content = () => (bytes !== null ? [block(dump(bytes), "code")] : both(text));
  const whole = () => (bytes === null ? [copyButton(text), ...content()] : content());
  return fold([`${title} `, el("span", { class: "muted" }, size(length))], whole, { open });
}

/**
 * JSON is shown with its indents, and as its bytes are on demand.
 * @param {string} text
 */
function both(text) {
  if (!isJson(text)) return [block(text, "code")];
  if (indented(text) === text.trim()) return [jsonBlock(text)];
  return [jsonBlock(text), fold(["As it was sent"], () => [block(text, "code")])];
}

/**
 * Bytes as hexadecimal numbers and letters, 16 a line.
 * @param {string} bytes
 */
function dump(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const some = [...bytes.slice(at, at + 16)].map((letter) => letter.charCodeAt(0));
    const numbers = some.map((one) => one.toString(16).padStart(2, "0")).join(" ");
    const letters = some.map((one) => (one > 31 && one < 127 ? String.fromCharCode(one) : ".")).join("");
    lines.push(`${at.toString(16).padStart(6, "0")}  ${numbers.padEnd(47)}  ${letters}`);
  }
  return lines.join("\n");
}

/** @param {Moment[]} all */
function events(all) {
  const fill = () => {
    const rows = el("tbody", {});
    const table = el("table", { class: "events" }, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "at"), el("th", { scope: "col" }, "event"))), rows);
    const more = el("button", { class: "more", type: "button" });
    const next = () => {
      const from = rows.childElementCount;
      for (const one of all.slice(from, from + EVENTS_AT_ONCE)) rows.append(el("tr", {}, el("td", {}, seconds(one.at)), el("td", {}, block((one.text ?? "").trimEnd(), "code"))));
      const left = all.length - rows.childElementCount;
      more.hidden = left <= 0;
      more.textContent = `Show more of ${counted(left, "event")} left`;
    };
    more.addEventListener("click", next);
    next();
    return [table, more];
  };
  return fold([counted(all.length, "event")], fill, { open: true });
}
