// One call, as it is looked at: its head, and a tab for each view.
// Knows: the tabs of WAI-ARIA, the views. Must not know: the list.
import { el } from "./dom.js";
import { moment, money, seconds } from "./amounts.js";
import { flags, isUnmatched, nameOf, placeOf, sideOf, statusMark, tokensOf } from "./calls.js";
import { conversation } from "./conversation.js";
import { requestView, responseView } from "./exchange.js";
import { timelineView } from "./timeline.js";
import { unmatchedView } from "./rules.js";
/** @import { Detail, Report, Row } from "./report.js" */

/**
 * @typedef {{ name: string, label: string, draw: (report: Report, row: Row, detail: Detail, select: (n: number) => void) => Node[] }} View
 */

/** @type {View[]} */
const VIEWS = [
  { name: "conversation", label: "Conversation", draw: (report, row, detail, select) => conversation(row, detail, select) },
  { name: "timeline", label: "Timeline", draw: timelineView },
  { name: "request", label: "Request", draw: (report, row, detail) => requestView(row, detail) },
  { name: "response", label: "Response", draw: (report, row, detail) => responseView(row, detail) },
  { name: "unmatched", label: "Why no answer", draw: (report, row, detail) => unmatchedView(row, detail) },
];

/** @param {Row} row */
function viewsOf(row) {
  return VIEWS.filter((one) => one.name !== "unmatched" || isUnmatched(row));
}

/** The panel that shows one call. */
export class Details {
  /**
   * @param {Report} report
   * @param {{ select: (n: number) => void, view: (name: string) => void, back: () => void }} go
   */
  constructor(report, go) {
    this.report = report;
    this.go = go;
    this.head = el("div", { class: "call-head" });
    this.tabs = el("div", { class: "tabs", role: "tablist", "aria-label": "Views of the call", keydown: (event) => this.press(event) });
    this.panel = el("div", { class: "panel", role: "tabpanel", id: "panel", tabindex: 0 });
    this.node = el("section", { id: "details", "aria-label": "The call" });
    /** @type {Row | null} */
    this.row = null;
    this.asked = 0;
  }

  /**
   * @param {Row} row
   * @param {string} wanted
   */
  async show(row, wanted) {
    this.asked += 1;
    const { asked } = this;
    const detail = await this.report.detail(row.n).catch((error) => ({ n: row.n, error: `The details cannot be read: ${error}` }));
    if (asked !== this.asked) return; // the reader has gone on meanwhile
    const views = viewsOf(row);
    const view = views.find((one) => one.name === wanted) ?? (isUnmatched(row) && !wanted ? views.at(-1) : views[0]);
    if (!view) return;
    if (this.row !== row) this.head.replaceChildren(...this.heading(row));
    this.row = row;
    const focused = this.tabs.contains(document.activeElement);
    this.tabs.replaceChildren(...views.map((one) => this.tab(one, one === view)));
    this.panel.setAttribute("aria-labelledby", `tab-${view.name}`);
    this.panel.replaceChildren(...view.draw(this.report, row, detail, this.go.select));
    this.node.replaceChildren(this.head, this.tabs, this.panel);
    this.panel.scrollTop = 0;
    if (focused) document.getElementById(`tab-${view.name}`)?.focus();
  }

  /**
   * Show something else than a call.
   * @param {Node[]} nodes
   */
  empty(nodes) {
    this.asked += 1;
    this.row = null;
    this.node.replaceChildren(...nodes);
  }

  /**
   * @param {string} title
   * @param {Node[]} nodes
   */
  fill(title, nodes) {
    const back = el("button", { type: "button", class: "back", click: this.go.back }, "← List");
    const head = el("div", { class: "call-title" }, back, el("h2", { tabindex: -1, id: "call-title" }, title));
    this.empty([el("div", { class: "call-head" }, head), el("div", { class: "panel", tabindex: 0, role: "region", "aria-label": title }, ...nodes)]);
  }

  /**
   * @param {View} view
   * @param {boolean} chosen
   */
  tab(view, chosen) {
    const click = () => this.go.view(view.name);
    return el("button", { type: "button", role: "tab", id: `tab-${view.name}`, "aria-selected": String(chosen), "aria-controls": "panel", tabindex: chosen ? 0 : -1, click }, view.label);
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !this.row) return;
    event.preventDefault();
    const names = [...this.tabs.children].map((one) => one.id);
    const here = names.findIndex((id) => document.activeElement?.id === id);
    const next = names[(here + step + names.length) % names.length] ?? "";
    this.go.view(next.replace("tab-", ""));
  }

  /** @param {number} number */
  chooseTab(number) {
    const view = this.row && viewsOf(this.row)[number - 1];
    if (view) this.go.view(view.name);
    return Boolean(view);
  }

  /**
   * @param {Row} row
   * @returns {Node[]}
   */
  heading(row) {
    const back = el("button", { type: "button", class: "back", click: this.go.back }, "← List");
    const several = (this.report.head.sides ?? []).length > 1;
    return [
      el("div", { class: "call-title" }, back, el("h2", { tabindex: -1, id: "call-title" }, el("span", { class: "number" }, `${nameOf(row.n)} `), row.question || placeOf(row)), statusMark(row)),
      el("p", { class: "chips" }, ...[several && sideOf(this.report, row), row.name, row.api, row.model, row.stream && "stream", answeredBy(this.report, row), tokens(row), money(row.cost), row.duration ? seconds(row.duration) : "", moment(row.recorded_at)].filter(Boolean).map((text) => el("span", {}, text || "")), ...flags(row)),
      el("p", { class: "chips small" }, row.test && el("span", {}, row.test), row.where && el("span", {}, row.where)),
    ];
  }
}

/** @param {Row} row */
function tokens(row) {
  const text = tokensOf(row);
  return text && `${text} tokens`;
}

/**
 * @param {Report} report
 * @param {Row} row
 */
function answeredBy(report, row) {
  const rule = row.rule ? report.head.rules?.find((one) => one.text === row.rule && one.where === row.where) : undefined;
  if (rule) return `rule ${rule.number}: ${rule.text}`;
  return row.rule ? `rule ${row.rule}` : row.source;
}
