// A call as one item of the list: what was asked, what came, how it went.
// Knows: rows. Must not know: lists, details.
import { el } from "./dom.js";
import { seconds, whole } from "./amounts.js";
/** @import { Report, Row } from "./report.js" */

/**
 * The name of a call: its number, counted from 1 as `llm.calls` prints it.
 * @param {number} n
 */
export function nameOf(n) {
  return `#${n + 1}`;
}

/**
 * What a row of the report is called.
 * @param {Report} report
 */
export function nounOf(report) {
  return report.head.kind === "takes" ? "take" : "call";
}

/** @param {Row} row */
export function isUnmatched(row) {
  if (row.under_way) return false; // nobody knows yet what answers it
  return row.outcome === "unmatched" || row.source === "unmatched";
}

/** @param {Row} row */
export function state(row) {
  if (row.under_way) return "under-way";
  if (isUnmatched(row)) return "unmatched";
  return row.failed ? "failed" : "ok";
}

/** @param {Row} row */
export function statusOf(row) {
  if (row.under_way) return "…";
  return row.status ? String(row.status) : row.failed || isUnmatched(row) ? "none" : "–";
}

/** @param {Row} row */
export function statusMark(row) {
  return el("span", { class: `status ${state(row)}`, title: (row.under_way ? "under way" : row.outcome) || null }, statusOf(row));
}

/**
 * @param {Report} report
 * @returns {(row: Row) => Node[]}
 */
export function callItem(report) {
  const several = (report.head.sides ?? []).length > 1;
  return (row) => [
    el("span", { class: "number" }, nameOf(row.n)),
    statusMark(row),
    el("span", { class: "line said" }, el("span", { class: "question" }, row.question || placeOf(row)), row.answer && el("span", { class: "answer" }, row.answer)),
    el("span", { class: "time" }, row.duration ? seconds(row.duration) : ""),
    el("span", { class: "line small" }, ...origin(row), several && el("span", { class: "tag" }, sideOf(report, row)), ...flags(row)),
    el("span", { class: "tokens small" }, tokensOf(row)),
  ];
}

/**
 * What stands for a question where there is none: where it was asked.
 * @param {Row} row
 */
export function placeOf(row) {
  const path = (row.url ?? "").replace(/^[a-z]+:\/\/[^/]*/i, "").replace(/\?.*/, "");
  return [row.method, path].filter(Boolean).join(" ") || "(no text)";
}

/**
 * A test's own name, of its whole id.
 * @param {string} test
 */
function lastOf(test) {
  return test.slice(test.lastIndexOf("::") < 0 ? 0 : test.lastIndexOf("::") + 2);
}

/**
 * @param {Report} report
 * @param {Row} row
 */
export function sideOf(report, row) {
  return sideName(report, row.side ?? 0);
}

/**
 * A side's name, with what tells it from the other where both are of one name.
 * @param {Report} report
 * @param {number} side
 */
export function sideName(report, side) {
  const { name = "", note = "" } = report.head.sides?.[side] ?? {};
  const other = report.head.sides?.[1 - side];
  return other && (other.name ?? "") === name ? [name, note].filter(Boolean).join(", ") : name;
}

/** @param {Row} row */
function origin(row) {
  return [el("span", {}, row.model || row.api || ""), row.source && el("span", { class: "source" }, row.source), (row.name || row.test) && el("span", { class: "test", title: row.test }, row.name || lastOf(row.test ?? ""))];
}

/** @param {Row} row */
export function flags(row) {
  return [
    (row.attempt ?? 1) > 1 && el("span", { class: "tag" }, `attempt ${row.attempt}`),
    ...(row.faults ?? []).map((one) => el("span", { class: "tag fault" }, one)),
  ];
}

/** @param {Row} row */
export function tokensOf(row) {
  if (row.input_tokens === null || row.input_tokens === undefined) return "";
  return `${whole(row.input_tokens)} → ${whole(row.output_tokens ?? 0)}`;
}
