// What stands where no call is selected: sums, what went wrong, where to go on.
// Knows: sums, problems. Must not know: one call.
import { el, facts, fold } from "./dom.js";
import { counted, moment, money, whole } from "./amounts.js";
import { nounOf } from "./calls.js";
import { kindOf } from "./difference.js";
import { total } from "./usage.js";
/** @import { Report, Row, Side } from "./report.js" */

/** @param {Report} report */
function nothing(report) {
  const [title, why] =
    report.head.kind !== "live"
      ? ["There are no calls", "Nothing was asked while this report was made."]
      : report.locked
        ? ["The calls are shown to who has the token", "It is in the first line that the server writes, or is what its --token says."]
        : ["Waiting for the first call", "Each request that the server answers appears here."];
  return el("div", { class: "empty" }, el("h2", {}, title), el("p", { class: "muted" }, why));
}

/**
 * @param {Report} report
 * @param {Row[]} rows that are listed
 * @param {(changes: Record<string, string | number>) => void} go
 * @returns {Node[]}
 */
export function summary(report, rows, go) {
  const { head } = report;
  if (!report.rows.length) return [nothing(report)];
  const sum = total(rows);
  const noun = nounOf(report);
  const unused = (head.rules ?? []).filter((one) => !one.used && !one.optional).length;
  const to = (/** @type {string} */ text, /** @type {Record<string, string>} */ where) => el("button", { type: "button", class: "link", click: () => go(where) }, text);
  const what = rows.length === report.rows.length ? counted(rows.length, noun) : `${whole(rows.length)} of ${counted(report.rows.length, noun)}`;
  return [
    el("div", { class: "summary" },
      el("h2", {}, what),
      facts([
        ["Failed", sum.failed ? to(whole(sum.failed), { status: "failed" }) : "none"],
        ["Unmatched", sum.unmatched ? to(whole(sum.unmatched), { page: "rules" }) : "none"],
        ["Tokens", `${whole(sum.input)} in, ${whole(sum.output)} out`],
        ["Cost", money(sum.cost)],
        ["Models", namesOf(rows, (row) => row.model)],
        ["APIs", namesOf(rows, (row) => row.api)],
        ["Rules not used", unused ? to(whole(unused), { page: "rules" }) : ""],
        ["Made", [moment(head.made_at), head.tool].filter(Boolean).join(" by ")],
      ]),
      el("p", { class: "muted hint" }, `Choose a ${noun}, or press `, el("kbd", {}, "j"), ". ", el("kbd", {}, "?"), " lists the keys."),
    ),
  ];
}

/**
 * @param {Report} report
 * @returns {Node[]}
 */
export function differenceSummary(report) {
  const pairs = report.head.pairs ?? [];
  const of = (/** @type {string} */ kind) => whole(pairs.filter((pair) => kindOf(pair) === kind).length);
  const sides = report.head.sides ?? [];
  return [
    el("div", { class: "summary" },
      el("h2", {}, "Difference"),
      facts([
        ["Left", sideText(sides[0])],
        ["Right", sideText(sides[1])],
        ["Differ", of("differs")],
        ["Alike", of("alike")],
        ["Only left", of("left")],
        ["Only right", of("right")],
      ]),
      el("p", { class: "muted hint" }, "Choose a pair, or press ", el("kbd", {}, "j"), "."),
    ),
  ];
}

/** @param {Side | undefined} side */
function sideText(side) {
  return [side?.name, side?.note].filter(Boolean).join(", ");
}

/**
 * @param {Row[]} rows
 * @param {(row: Row) => string | undefined} of
 */
function namesOf(rows, of) {
  const names = [...new Set(rows.map(of).filter(Boolean))];
  return names.slice(0, 8).join(", ") + (names.length > 8 ? ` and ${names.length - 8} more` : "");
}

/**
 * Damaged files, lost calls: told above everything else.
 * @param {Report} report
 */
export function problems(report) {
  const all = report.head.problems ?? [];
  if (!all.length) return [];
  const items = () => [el("ul", {}, ...all.map((one) => el("li", {}, el("b", {}, one.name), ` ${one.why}`)))];
  return [fold([counted(all.length, "problem")], items, { open: all.length < 3, class: "fold problem" })];
}
