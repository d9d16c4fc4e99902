// Rules: which were used, which were not; requests that none answered, and what failed of the nearest.
// Knows: rules. Must not know: how the list narrows.
import { el } from "./dom.js";
import { counted, whole } from "./amounts.js";
import { block } from "./blocks.js";
import { isUnmatched, nameOf } from "./calls.js";
import { asRule } from "./code.js";
import { copyButton } from "./copy.js";
/** @import { Detail, NearRule, NearTake, Report, Row, Rule } from "./report.js" */

/**
 * @param {Row} row
 * @param {Detail} detail
 * @returns {Node[]}
 */
export function unmatchedView(row, detail) {
  const rules = detail.unmatched?.rules ?? [];
  const text = detail.unmatched?.text || detail.error || "";
  const takes = detail.unmatched?.takes ?? [];
  const rule = asRule(row, detail);
  return [
    el("p", {}, rules.length ? `No rule answers this request. ${counted(rules.length, "rule")}, the nearest first:` : "No rule answers this request."),
    el("ol", { class: "near" }, ...rules.map(near)),
    takes.length > 0 && el("p", {}, `${counted(takes.length, "recorded exchange")} came near:`),
    takes.length > 0 && el("ol", { class: "near" }, ...takes.map(nearTake)),
    detail.unmatched?.advice && block(detail.unmatched.advice),
    rule && el("h3", {}, "A rule that would answer it"),
    rule && block(rule, "code"),
    rule && copyButton(rule),
    text && el("h3", {}, "As it was told"),
    text && block(text, "code"),
  ].filter((one) => one instanceof Node);
}

/** @param {NearRule} rule */
function near(rule) {
  const failed = rule.failed ?? [];
  const line = (/** @type {string} */ name, /** @type {string | undefined} */ value) => value && [el("dt", {}, name), el("dd", {}, value)];
  const condition = failed.map((one) =>
    el("div", { class: "condition" }, el("h3", {}, one.condition), el("dl", { class: "facts" }, ...[line("expected", one.expected), line("got", one.got), line("hint", one.hint)].flatMap((pair) => pair || []))),
  );
  const held = rule.held && failed.length ? `${rule.held} of its ${rule.held + failed.length} conditions ${rule.held === 1 ? "holds" : "hold"}` : "";
  return el("li", {}, el("code", {}, rule.rule), rule.where && el("span", { class: "muted" }, ` ${rule.where}`), ...condition, el("p", { class: "muted" }, [held, rule.reason].filter(Boolean).join(". ")));
}

/** @param {NearTake} take */
function nearTake(take) {
  const lines = (take.differences ?? []).map((text) => el("li", {}, el("code", {}, text)));
  return el("li", {}, el("b", {}, take.name), ` ${take.reason ?? ""}`, lines.length > 0 && el("ul", { class: "plain" }, ...lines));
}

/**
 * @param {Report} report
 * @param {(changes: Record<string, string | number>) => void} go
 * @returns {Node[]}
 */
export function rulesPage(report, go) {
  const rules = report.head.rules ?? [];
  const unused = rules.filter((one) => !one.used && !one.optional);
  const missed = report.rows.filter(isUnmatched);
  const heading = (/** @type {string} */ text) => el("h2", {}, text);
  return [
    heading(`Requests that nothing answered: ${whole(missed.length)}`),
    missed.length ? el("ul", { class: "plain" }, ...missed.slice(0, 500).map((row) => missedItem(row, go))) : el("p", { class: "muted" }, "Each request was answered."),
    heading(unused.length ? `Rules: ${rules.length}, ${unused.length} not used` : `Rules: ${rules.length}`),
    rules.length ? rulesTable(rules, go) : el("p", { class: "muted" }, "There are no rules in this report."),
  ];
}

/**
 * @param {Row} row
 * @param {(changes: Record<string, string | number>) => void} go
 */
function missedItem(row, go) {
  const open = () => go({ page: "calls", call: row.n + 1, view: "unmatched" });
  return el("li", {}, el("button", { type: "button", class: "link", click: open }, nameOf(row.n)), ` ${row.question || row.url || ""} `, el("span", { class: "muted" }, [row.model, row.test].filter(Boolean).join(" · ")));
}

/**
 * @param {Rule[]} rules
 * @param {(changes: Record<string, string | number>) => void} go
 */
function rulesTable(rules, go) {
  const head = ["Rule", "Text", "Where", "Used"].map((text) => el("th", { scope: "col" }, text));
  return el("div", { class: "wide" }, el("table", { class: "grid" }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rules.map((rule) => ruleRow(rule, go)))));
}

/**
 * @param {Rule} rule
 * @param {(changes: Record<string, string | number>) => void} go
 */
function ruleRow(rule, go) {
  const used = rule.used ?? 0;
  const open = () => go({ page: "calls", rule: rule.text });
  const times = used ? el("button", { type: "button", class: "link", click: open }, counted(used, "time")) : el("span", { class: rule.optional ? "muted" : "unused" }, rule.optional ? "not used, and need not be" : "not used");
  return el("tr", {}, el("th", { scope: "row" }, String(rule.number)), el("td", {}, el("code", {}, rule.text)), el("td", { class: "muted" }, [rule.where, rule.test].filter(Boolean).join(" · ")), el("td", {}, times));
}
