// Tokens and cost: sums by model, API, test, rule or source.
// Knows: rows. Must not know: details.
import { el } from "./dom.js";
import { money, seconds, whole } from "./amounts.js";
import { isUnmatched, sideOf } from "./calls.js";
/** @import { Report, Row } from "./report.js" */

/** @typedef {{ calls: number, failed: number, unmatched: number, input: number, output: number, cost: number | null, time: number }} Sum */

/** @type {Record<string, (row: Row, report: Report) => string>} */
const GROUPS = {
  model: (row) => row.model || "(none)",
  api: (row) => row.api || "(unknown)",
  test: (row) => row.test || row.name || "(none)",
  rule: (row) => row.rule || "(no rule)",
  source: (row) => row.source || "(none)",
  side: (row, report) => sideOf(report, row),
};
const HEADS = ["Calls", "Failed", "Unmatched", "Input tokens", "Output tokens", "Cost", "Time"];

/**
 * @param {Report} report
 * @param {Row[]} rows
 * @param {string} by
 * @param {(by: string) => void} choose
 * @returns {Node[]}
 */
export function usagePage(report, rows, by, choose) {
  const group = Object.hasOwn(GROUPS, by) ? by : "model";
  const names = Object.keys(GROUPS).filter((name) => name !== "side" || (report.head.sides ?? []).length > 1);
  const options = names.map((name) => el("option", { value: name, selected: name === group }, name === "api" ? "API" : name));
  const select = el("select", { "aria-label": "Sums by", change: (event) => choose(event.target.value) }, ...options);
  const sums = [...summed(rows, (row) => /** @type {(row: Row, report: Report) => string} */ (GROUPS[group])(row, report))].sort(([, a], [, b]) => b.calls - a.calls);
  return [el("h2", {}, "Tokens and cost"), el("p", {}, "Sums by ", select), el("div", { class: "wide" }, sumsTable(sums, total(rows)))];
}

/**
 * @param {Row[]} rows
 * @param {(row: Row) => string} name
 */
function summed(rows, name) {
  /** @type {Map<string, Sum>} */
  const sums = new Map();
  for (const row of rows) {
    const key = name(row);
    const sum = sums.get(key) ?? none();
    sums.set(key, sum);
    include(sum, row);
  }
  return sums;
}

/** @param {Row[]} rows */
export function total(rows) {
  const sum = none();
  for (const row of rows) include(sum, row);
  return sum;
}

/** @returns {Sum} */
function none() {
  return { calls: 0, failed: 0, unmatched: 0, input: 0, output: 0, cost: null, time: 0 };
}

/**
 * @param {Sum} sum
 * @param {Row} row
 */
function include(sum, row) {
  sum.calls += 1;
  sum.failed += row.failed && !isUnmatched(row) ? 1 : 0;
  sum.unmatched += isUnmatched(row) ? 1 : 0;
  sum.input += row.input_tokens ?? 0;
  sum.output += row.output_tokens ?? 0;
  sum.time += row.duration ?? 0;
  if (row.cost !== null && row.cost !== undefined) sum.cost = (sum.cost ?? 0) + row.cost;
}

/** @param {Sum} sum */
function figuresOf(sum) {
  return [whole(sum.calls), whole(sum.failed), whole(sum.unmatched), whole(sum.input), whole(sum.output), money(sum.cost), seconds(sum.time)].map((text) => el("td", { class: "figure" }, text));
}

/**
 * @param {[string, Sum][]} sums
 * @param {Sum} all
 */
function sumsTable(sums, all) {
  const head = [el("td", {}), ...HEADS.map((text) => el("th", { scope: "col", class: "figure" }, text))];
  const rows = sums.map(([name, sum]) => el("tr", {}, el("th", { scope: "row" }, name), ...figuresOf(sum)));
  const foot = el("tfoot", {}, el("tr", {}, el("th", { scope: "row" }, "All"), ...figuresOf(all)));
  return el("table", { class: "grid" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows), foot);
}
