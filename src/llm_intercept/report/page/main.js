// The page: its parts, and what is shown when the reader goes somewhere.
// Knows: all parts. Must not know: how any of them is drawn.
import { byId, el, unfold } from "./dom.js";
import { whole } from "./amounts.js";
import { callItem, isUnmatched } from "./calls.js";
import { Details } from "./details.js";
import { differenceView, kindOf, pairItem } from "./difference.js";
import { Filters, noFilters } from "./filters.js";
import { listenToKeys, showHelp } from "./keys.js";
import { Lanes } from "./lanes.js";
import { List } from "./list.js";
import { Live } from "./live.js";
import { markFound } from "./marks.js";
import { Place } from "./place.js";
import { Report, readHead } from "./report.js";
import { rulesPage } from "./rules.js";
import { differenceSummary, problems, summary } from "./summary.js";
import { themeButton } from "./theme.js";
import { usagePage } from "./usage.js";
/** @import { Numbered } from "./difference.js" */
/** @import { Row } from "./report.js" */

const NARROW = "(max-width: 50rem)";

/** Everything there is on the page. */
class Page {
  /** @param {Report} report */
  constructor(report) {
    this.report = report;
    this.place = new Place(() => this.show());
    this.filters = new Filters(report, this.place, () => this.show());
    this.select = (/** @type {number} */ n) => this.place.set({ call: n + 1, page: this.page === "timeline" ? "timeline" : "" });
    this.calls = new List({ label: "Calls", lines: 3.1, id: "calls", key: (/** @type {Row} */ row) => row.n, draw: callItem(report), select: (row) => this.select(row.n), enter: () => this.enter() });
    this.pairs = new List({ label: "Pairs", lines: 3.1, id: "pairs", key: (/** @type {Numbered} */ one) => one.index, draw: pairItem(report), select: (one) => this.place.set({ pair: one.index + 1 }), enter: () => this.enter() });
    this.lanes = new Lanes(report, this.select);
    this.details = new Details(report, { select: this.select, view: (view) => this.place.set({ view }), back: () => this.back() });
    this.shownCall = "";
    /** @type {Row[]} */
    this.rows = [];
    this.allPairs = (report.head.pairs ?? []).map((pair, index) => ({ pair, index }));
    const alike = (/** @type {Numbered} */ one) => kindOf(one.pair) === "alike";
    this.orderedPairs = [...this.allPairs.filter((one) => !alike(one)), ...this.allPairs.filter(alike)];
    this.layOut();
  }

  /** The number of the call that is selected; in the address it counts from 1. */
  get called() {
    const number = this.place.number("call");
    return number === null ? null : number - 1;
  }

  get page() {
    const wanted = this.place.get("page");
    if (this.pagesThere().some(([name]) => name === wanted)) return wanted;
    return this.report.head.pairs?.length && this.called === null && !wanted ? "difference" : "calls";
  }

  /** @returns {[string, string][]} */
  pagesThere() {
    const rules = (this.report.head.rules ?? []).length > 0 || this.report.rows.some(isUnmatched);
    return [
      ...(this.report.head.pairs?.length ? [/** @type {[string, string]} */ (["difference", "Difference"])] : []),
      ["calls", this.report.head.kind === "takes" ? "Takes" : "Calls"],
      ["timeline", "Timeline"],
      ...(rules ? [/** @type {[string, string]} */ (["rules", "Rules"])] : []),
      ["usage", "Tokens"],
    ];
  }

  layOut() {
    const { head } = this.report;
    document.title = `${head.title || "Calls"} · llm-intercept`;
    this.nav = el("nav", { "aria-label": "Pages" });
    this.warnings = el("div", { id: "problems" });
    this.overview = el("div", { id: "overview" });
    this.panes = el("div", { id: "panes" }, this.overview, this.details.node);
    this.whole = el("div", { class: "page", tabindex: 0, role: "region", "aria-label": "Page" });
    const tools = el("div", { class: "tools" }, themeButton(), el("button", { type: "button", "aria-label": "Keys", click: showHelp }, "?"));
    const top = el("header", {}, el("h1", {}, head.title || "Calls"), this.nav, tools);
    this.main = el("main", {}, this.warnings, this.filters.node, this.panes, this.whole);
    byId("page").replaceChildren(top, this.main);
    if (head.kind === "live") this.goLive(tools);
  }

  /** @param {HTMLElement} tools */
  goLive(tools) {
    const live = new Live(this.report, () => this.refresh());
    tools.prepend(live.node);
    live.start();
  }

  /** Rows have come. */
  refresh() {
    this.filters.offer();
    if (this.called === null || this.page !== "calls") this.shownCall = "";
    this.show();
  }

  show() {
    const page = this.page;
    this.navigate(page);
    this.warnings?.replaceChildren(...problems(this.report));
    this.rows = this.filters.apply();
    const full = page === "rules" || page === "usage";
    this.filters.node.hidden = page === "rules" || !this.report.rows.length;
    if (this.panes) this.panes.hidden = full;
    if (this.whole) this.whole.hidden = !full;
    if (full) this.showWhole(page);
    else this.showPanes(page);
  }

  /** @param {string} page */
  navigate(page) {
    const button = ([name, label] = ["", ""]) => el("button", { type: "button", "aria-current": name === page ? "page" : null, click: () => this.place.set({ page: name ?? "" }, { keep: true }) }, label);
    if (this.navigated === `${page} ${this.pagesThere()}`) return;
    const focused = this.nav?.contains(document.activeElement);
    this.navigated = `${page} ${this.pagesThere()}`;
    this.nav?.replaceChildren(...this.pagesThere().map(button));
    if (focused) /** @type {HTMLElement | null} */ (this.nav?.querySelector("[aria-current]"))?.focus();
  }

  /** @param {string} page */
  showWhole(page) {
    const go = (/** @type {Record<string, string | number>} */ changes) => this.place.set({ ...noFilters(), ...changes }, { keep: true });
    const nodes = page === "rules" ? rulesPage(this.report, go) : usagePage(this.report, this.rows, this.place.get("by"), (by) => this.place.set({ by }));
    this.whole?.replaceChildren(el("div", { class: "column" }, ...nodes));
  }

  /** @param {string} page */
  showPanes(page) {
    const { panes, overview } = this;
    if (!panes || !overview) return;
    panes.className = page === "timeline" ? "stacked" : "beside";
    const node = page === "timeline" ? this.lanes.node : page === "difference" ? this.pairs.node : this.calls.node;
    if (overview.firstChild !== node) overview.replaceChildren(node);
    if (page === "difference") this.showPairs(panes);
    else this.showCalls(panes, page);
  }

  /**
   * @param {HTMLElement} panes
   * @param {string} page
   */
  showCalls(panes, page) {
    const chosen = this.report.row(this.called) ?? (this.report.rows.length === 1 ? this.report.rows[0] : undefined);
    panes.classList.toggle("chosen", Boolean(this.place.get("call") && chosen));
    panes.classList.toggle("bare", !this.report.rows.length);
    if (page === "timeline") this.lanes.show(this.rows, chosen?.n ?? null);
    else this.showList(this.calls, this.rows, chosen?.n ?? null);
    const wanted = `${chosen?.n} ${this.place.get("view")}`;
    if (chosen && (this.shownCall !== wanted || this.details.row !== chosen)) this.details.show(chosen, this.place.get("view")).catch(reportError);
    if (!chosen) this.details.empty(summary(this.report, this.rows, (changes) => this.place.set(changes)));
    this.shownCall = wanted;
  }

  /**
   * Show items anew only if there are others: a list that only selects is not drawn again.
   * @template T
   * @param {List<T>} list
   * @param {T[]} items
   * @param {number | null} key
   */
  showList(list, items, key) {
    const same = list.height > 0 && items.length === list.items.length && items.every((one, at) => one === list.items[at]);
    if (same) list.mark(key);
    else list.show(items, key);
  }

  /** @param {HTMLElement} panes */
  showPairs(panes) {
    const chosen = this.allPairs[(this.place.number("pair") ?? (this.allPairs.length === 1 ? 1 : 0)) - 1];
    panes.classList.toggle("chosen", Boolean(this.place.get("pair") && chosen));
    const listed = new Set(this.rows.map((row) => row.n));
    const pairs = this.orderedPairs.filter(({ pair: { left, right } }) => listed.has(left ?? -1) || listed.has(right ?? -1));
    this.showList(this.pairs, pairs, chosen?.index ?? null);
    this.shownCall = "";
    if (!chosen) return this.details.empty(differenceSummary(this.report));
    const open = (/** @type {number} */ n) => this.place.set({ page: "calls", call: n + 1 }, { keep: true });
    differenceView(this.report, chosen.pair, open).then((nodes) => this.details.fill(`Pair ${chosen.index + 1}`, nodes), reportError);
  }

  get list() {
    return this.page === "difference" ? this.pairs : this.calls;
  }

  /** Go into what is selected. */
  enter() {
    document.getElementById("call-title")?.focus();
  }

  /** Go back to the list; in a narrow window the call gives it its place. */
  back() {
    if (matchMedia(NARROW).matches) this.place.set({ call: null, pair: null });
    (this.page === "timeline" ? this.lanes.scroller : this.list.node).focus();
  }

  /**
   * @param {string} key
   * @param {KeyboardEvent} event
   */
  press(key, event) {
    if (key === "?") return showHelp() ?? true;
    if (key === "/") return this.filters.focus();
    if (key === "Escape") return this.escape();
    if (this.page === "timeline" && this.lanes.press(key, event.shiftKey)) return true;
    if (/^[1-5]$/.test(key)) return this.details.chooseTab(Number(key));
    if (this.panes?.hidden) return false;
    if (this.page === "timeline" && this.calls.items !== this.rows) this.calls.show(this.rows, this.called);
    return this.list.press(key);
  }

  escape() {
    if (document.activeElement === this.filters.text) this.place.set({ q: "" });
    this.back();
    return true;
  }

  /** Show on paper what is folded or out of sight. */
  preparePaper() {
    if (this.panes?.classList.contains("chosen")) unfold(this.details.node);
    else {
      const left = this.list.makeForPaper();
      this.overview?.setAttribute("data-left-out", left ? `${whole(left)} more are not printed` : "");
    }
  }

  /** Mark what is searched, whenever something else is shown. */
  keepMarked() {
    let waiting = 0;
    const mark = () => markFound(this.panes ?? document.body, this.place.get("q"));
    const later = () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(mark);
    };
    new MutationObserver(later).observe(this.panes ?? document.body, { childList: true, subtree: true });
    later();
  }

  start() {
    this.filters.offer();
    this.show();
    this.keepMarked();
    listenToKeys((key, event) => this.press(key, event));
    addEventListener("beforeprint", () => this.preparePaper());
    addEventListener("afterprint", () => this.list.leavePaper());
    performance.mark("llm-intercept shown");
  }
}

try {
  new Page(new Report(readHead())).start();
} catch (error) {
  byId("page").replaceChildren(el("p", { class: "broken", role: "alert" }, `This report cannot be shown: ${error instanceof Error ? error.message : error}`));
}
