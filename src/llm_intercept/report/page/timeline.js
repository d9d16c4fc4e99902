// A call in time: until its first token, while it streams, and what was tried before and after it.
// Knows: rows, events. Must not know: lanes of other calls.
import { el, facts } from "./dom.js";
import { counted, seconds } from "./amounts.js";
import { flags, nameOf, state, statusMark } from "./calls.js";
/** @import { Detail, Moment, Report, Row } from "./report.js" */

const MOST_TICKS = 400;
const CLOCK = [15, 30, 60, 120, 300, 600, 900, 1800, 3600]; // seconds between marks, from 10 on

/**
 * @param {Report} report
 * @param {Row} row
 * @param {Detail} detail
 * @param {(n: number) => void} select
 * @returns {Node[]}
 */
export function timelineView(report, row, detail, select) {
  const tries = attempts(report, row);
  const from = Math.min(...tries.map(startOf));
  const to = Math.max(...tries.map(endOf));
  const span = Math.max(to - from, 1e-9);
  const track = (/** @type {Row} */ one) => bar(one, from, span, one === row ? (detail.events ?? []) : [], one === row, select);
  return [
    el("div", { class: "tries" }, axis(span), ...tries.flatMap((one, at) => [at > 0 && pause(tries[at - 1], one, from, span), track(one)]).filter((one) => one instanceof Node)),
    legend(),
    figures(row, detail),
  ];
}

/** @param {Row} row */
function startOf(row) {
  return row.started ?? 0;
}

/** @param {Row} row */
function endOf(row) {
  return (row.started ?? 0) + (row.duration ?? 0);
}

/**
 * The first sending of a request and all its retries.
 * @param {Report} report
 * @param {Row} row
 */
export function attempts(report, row) {
  let first = row;
  for (let before = report.row(first.retry_of); before && before.n < first.n; before = report.row(first.retry_of)) first = before;
  const family = new Set([first.n]);
  const all = [first];
  for (const one of report.rows) {
    if (one.retry_of === null || one.retry_of === undefined || !family.has(one.retry_of) || family.has(one.n)) continue;
    family.add(one.n);
    all.push(one);
  }
  return all;
}

/** @param {number} span */
function axis(span) {
  const marks = ticks(0, span, 6).map((at) => placed(el("span", { class: "tick" }, seconds(at)), at / span));
  return el("div", { class: "axis", "aria-hidden": "true" }, el("div", { class: "scale" }, ...marks));
}

/**
 * Round numbers between two.
 * @param {number} from
 * @param {number} to
 * @param {number} most
 */
export function ticks(from, to, most) {
  const rough = (to - from) / most;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const steps = rough < 10 ? [1, 2, 5, 10].map((one) => one * unit) : CLOCK;
  const step = steps.find((one) => one >= rough) ?? Math.ceil(rough / 3600) * 3600;
  const marks = [];
  for (let at = Math.ceil(from / step); at * step <= to; at += 1) marks.push(at * step);
  return marks;
}

/**
 * @template {HTMLElement} E
 * @param {E} element
 * @param {number} left as a part of the whole
 * @param {number} [width]
 */
function placed(element, left, width) {
  element.style.left = `${left * 100}%`;
  if (width !== undefined) element.style.width = `${Math.max(0, width) * 100}%`;
  return element;
}

/**
 * @param {Row} row
 * @param {number} from
 * @param {number} span
 * @param {Moment[]} events
 * @param {boolean} here
 * @param {(n: number) => void} select
 */
function bar(row, from, span, events, here, select) {
  const start = (startOf(row) - from) / span;
  const duration = row.duration ?? 0;
  const first = row.first ?? duration;
  const marks = thinned(events).map((at) => placed(el("span", { class: "chunk" }), start + at / span));
  const parts = [placed(el("span", { class: `wait ${state(row)}` }), start, first / span), placed(el("span", { class: `stream ${state(row)}` }), start + first / span, (duration - first) / span)];
  const name = `${nameOf(row.n)}, attempt ${row.attempt ?? 1}`;
  return el(
    "div",
    { class: here ? "try here" : "try" },
    el("div", { class: "try-name" }, here ? el("b", {}, name) : el("button", { type: "button", class: "link", click: () => select(row.n) }, name), statusMark(row), el("span", {}, seconds(duration)), ...flags(row).filter((one) => one instanceof Element && one.classList.contains("fault"))),
    el("div", { class: "track" }, ...parts, ...marks),
  );
}

/**
 * The moments of the events, of very many only some.
 * @param {Moment[]} events
 */
function thinned(events) {
  const moments = events.flatMap((one) => (typeof one.at === "number" ? [one.at] : []));
  const every = Math.ceil(moments.length / MOST_TICKS);
  return moments.filter((_, at) => at % every === 0);
}

/**
 * @param {Row | undefined} before
 * @param {Row} after
 * @param {number} from
 * @param {number} span
 */
function pause(before, after, from, span) {
  if (!before) return null;
  const waited = startOf(after) - endOf(before);
  if (waited <= 0) return null;
  const line = placed(el("span", { class: "pause" }), (endOf(before) - from) / span, waited / span);
  return el("div", { class: "try" }, el("div", { class: "try-name muted" }, `the client waited ${seconds(waited)}`), el("div", { class: "track thin" }, line));
}

export function legend() {
  const kinds = [["wait", "waiting for the first byte"], ["stream", "receiving"], ["wait failed", "failed"], ["wait unmatched", "unmatched"]];
  return el("p", { class: "legend" }, ...kinds.map(([kind, text]) => el("span", {}, el("span", { class: `swatch ${kind}` }), text)));
}

/**
 * @param {Row} row
 * @param {Detail} detail
 */
function figures(row, detail) {
  const streamed = !row.stream || row.first === null || row.first === undefined ? 0 : (row.duration ?? 0) - row.first;
  const speed = streamed > 0 && row.output_tokens ? `${(row.output_tokens / streamed).toFixed(1)} tokens a second` : "";
  return facts([
    ["Started", `${seconds(row.started ?? 0)} after the beginning`],
    ["First byte", row.first === null || row.first === undefined ? "" : `after ${seconds(row.first)}`],
    ["Receiving", streamed > 0 ? [seconds(streamed), speed].filter(Boolean).join(", ") : ""],
    ["Took", seconds(row.duration ?? 0)],
    ["Really took", row.real_duration === null || row.real_duration === undefined ? "" : seconds(row.real_duration)],
    ["Pieces", row.chunks ? counted(row.chunks, "piece") : ""],
    ["Faults", (row.faults ?? []).join(", ")],
    ["Client was told to wait", seconds(detail.retry_after)],
    ["Client's timeout", timeouts(detail.timeout)],
  ]);
}

/** @param {Record<string, number | null> | null | undefined} given */
export function timeouts(given) {
  const told = Object.entries(given ?? {}).filter(([, value]) => value !== null);
  return told.map(([name, value]) => `${name} ${seconds(value)}`).join(", ");
}
