// What narrows the list: a text, and one choice each of tests, rules, APIs, models, states, sources, sides.
// Knows: rows. Must not know: how they are listed.
import { el } from "./dom.js";
import { counted, whole } from "./amounts.js";
import { nameOf, nounOf, sideOf, state, statusOf } from "./calls.js";
import { searchDetails } from "./report.js";
/** @import { Report, Row } from "./report.js" */
/** @import { Place } from "./place.js" */

/**
 * @typedef {{ name: string, label: string, of: (row: Row, report: Report) => string[] }} Facet
 */

/** @type {Facet[]} */
const FACETS = [
  { name: "side", label: "Side", of: (row, report) => ((report.head.sides ?? []).length > 1 ? [sideOf(report, row)] : []) },
  { name: "test", label: "Test", of: (row) => (row.test ? [row.test] : []) },
  { name: "api", label: "API", of: (row) => (row.api ? [row.api] : []) },
  { name: "model", label: "Model", of: (row) => (row.model ? [row.model] : []) },
  { name: "rule", label: "Rule", of: (row) => (row.rule ? [row.rule] : []) },
  { name: "source", label: "Source", of: (row) => (row.source ? [row.source] : []) },
  { name: "status", label: "Status", of: (row) => [...new Set([state(row), statusOf(row)])] },
];
const WAIT = 150; // ms after the last letter, before all details are searched
const BETWEEN = 250; // ms between two lists of what was found so far

/** @type {Record<string, { label: string, of: (row: Row) => number }>} */
const ORDERS = {
  time: { label: "slowest first", of: (row) => row.duration ?? 0 },
  tokens: { label: "most tokens first", of: (row) => (row.input_tokens ?? 0) + (row.output_tokens ?? 0) },
  cost: { label: "dearest first", of: (row) => row.cost ?? 0 },
};

/** The bar of filters. */
export class Filters {
  /**
   * @param {Report} report
   * @param {Place} place
   * @param {() => void} found tells that the search in the details has come further
   */
  constructor(report, place, found) {
    this.report = report;
    this.place = place;
    this.found = found;
    /** @type {Set<number>} */
    this.inDetails = new Set();
    this.searched = "";
    this.progress = "";
    this.narrowed = 0;
    this.shown = 0;
    this.search = new AbortController();
    this.text = el("input", { type: "search", id: "search", placeholder: "Search in everything", "aria-label": "Search in everything", autocomplete: "off", spellcheck: "false" });
    this.text.addEventListener("input", () => place.set({ q: this.text.value }));
    this.selects = new Map(FACETS.map((facet) => [facet.name, this.select(facet)]));
    this.order = this.orderSelect();
    this.count = el("span", { class: "muted", role: "status" });
    this.clear = el("button", { type: "button", click: () => this.reset() }, "Clear");
    this.node = el("search", { class: "filters" }, this.text, this.count, ...this.selects.values(), this.order, this.clear);
  }

  /** @param {Facet} facet */
  select(facet) {
    const change = (/** @type {Event} */ event) => this.place.set({ [facet.name]: /** @type {HTMLSelectElement} */ (event.target).value });
    return el("select", { "aria-label": facet.label, change });
  }

  orderSelect() {
    const options = Object.entries(ORDERS).map(([value, { label }]) => option(value, label));
    const change = () => this.place.set({ order: this.order.value });
    return el("select", { "aria-label": "Order", change }, option("", "as made"), ...options);
  }

  focus() {
    if (this.node.hidden) return false;
    this.text.focus();
    this.text.select();
    return true;
  }

  reset() {
    this.place.set(noFilters());
  }

  /** Offer what the rows have; a facet of which all have the same is not shown. */
  offer() {
    for (const facet of FACETS) {
      const select = /** @type {HTMLSelectElement} */ (this.selects.get(facet.name));
      const chosen = this.place.get(facet.name);
      const counts = countedBy(this.report, facet);
      select.hidden = counts.size < 2 && !chosen;
      if (chosen && !counts.has(chosen)) counts.set(chosen, 0);
      const options = [...counts].map(([value, number]) => option(value, `${this.shortName(value)} (${whole(number)})`));
      select.replaceChildren(option("", `${facet.label}: all`), ...options);
    }
    this.reflect();
  }

  /** @param {string} value */
  shortName(value) {
    return value.length > 60 ? `${value.slice(0, 59)}…` : value;
  }

  /** Show what the address says. */
  reflect() {
    if (this.text.value !== this.place.get("q")) this.text.value = this.place.get("q");
    for (const [name, select] of this.selects) {
      select.value = this.place.get(name);
      select.classList.toggle("chosen", Boolean(this.place.get(name)));
    }
    this.order.value = this.place.get("order");
    this.order.classList.toggle("chosen", Boolean(this.order.value));
    this.clear.hidden = !this.place.get("q") && !FACETS.some((facet) => this.place.get(facet.name));
  }

  /** @returns {Row[]} */
  apply() {
    this.reflect();
    const text = this.place.get("q");
    if (text !== this.searched) this.begin(text);
    const chosen = FACETS.filter((facet) => this.place.get(facet.name)).map((facet) => ({ facet, value: this.place.get(facet.name) }));
    const wanted = text.toLowerCase();
    const rows = this.report.rows.filter(
      (row) => chosen.every(({ facet, value }) => facet.of(row, this.report).includes(value)) && (!text || this.inDetails.has(row.n) || inRow(row, wanted)),
    );
    this.narrowed = rows.length;
    this.tell(rows.length);
    const order = Object.hasOwn(ORDERS, this.order.value) && ORDERS[this.order.value];
    return order ? rows.sort((a, b) => order.of(b) - order.of(a) || a.n - b.n) : rows;
  }

  /** @param {number} number */
  tell(number) {
    const all = this.report.rows.length;
    const noun = nounOf(this.report);
    this.count.textContent = (number === all ? counted(all, noun) : `${whole(number)} of ${counted(all, noun)}`) + this.progress;
  }

  /**
   * Search the details too, once the reader has stopped to write.
   * @param {string} text
   */
  begin(text) {
    this.search.abort();
    this.search = new AbortController();
    this.searched = text;
    this.inDetails = new Set();
    this.progress = text.length > 1 ? ", searching…" : "";
    if (text.length < 2) return;
    const { signal } = this.search;
    const timer = setTimeout(() => searchDetails(this.report, text, signal, (found, done, of) => this.further(found, done, of)).catch(reportError), WAIT);
    signal.addEventListener("abort", () => clearTimeout(timer));
  }

  /**
   * @param {Set<number>} found
   * @param {number} done
   * @param {number} of
   */
  further(found, done, of) {
    this.progress = done < of ? `, searched ${Math.round((100 * done) / of)} %` : "";
    const late = performance.now() - this.shown > BETWEEN;
    if (done === of || (late && found.size > this.inDetails.size)) {
      this.inDetails = new Set(found);
      this.found();
      this.shown = performance.now();
    } else this.tell(this.narrowed);
  }
}

/**
 * What takes all filters out of the address.
 * @returns {Record<string, string>}
 */
export function noFilters() {
  return { q: "", ...Object.fromEntries(FACETS.map((facet) => [facet.name, ""])) };
}

/**
 * @param {Report} report
 * @param {Facet} facet
 */
function countedBy(report, facet) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const row of report.rows) for (const value of facet.of(row, report)) counts.set(value, (counts.get(value) ?? 0) + 1);
  return new Map([...counts].sort(([a], [b]) => a.localeCompare(b)));
}

/**
 * A choice whose value is the text itself, also where it is shown with escapes.
 * @param {string} value
 * @param {string} label
 */
function option(value, label) {
  return Object.assign(el("option", {}, label), { value });
}

/** @type {WeakMap<Row, string>} */
const LOWERED = new WeakMap();

/**
 * @param {Row} row
 * @param {string} wanted in lower case
 */
function inRow(row, wanted) {
  return (LOWERED.get(row) ?? lowered(row)).includes(wanted);
}

/** @param {Row} row */
function lowered(row) {
  const texts = [nameOf(row.n), row.rule, row.question, row.answer, row.test, row.name, row.model, row.api, row.source, row.url, row.where, ...(row.faults ?? [])];
  const text = texts.filter(Boolean).join("\n").toLowerCase();
  LOWERED.set(row, text);
  return text;
}
