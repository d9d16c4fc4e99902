// All calls in time: those that are under way at once stand in lanes below each other.
// Knows: rows. Must not know: details.
import { el, shown, svg } from "./dom.js";
import { counted, seconds } from "./amounts.js";
import { nameOf, sideName, state } from "./calls.js";
import { legend, ticks } from "./timeline.js";
/** @import { Report, Row } from "./report.js" */

const LANE = 16;
const TOP = 22;
const CLOSEST = 1e-4; // seconds that fill the width, when looked at as near as can be

/** The lanes, which can be zoomed and moved. */
export class Lanes {
  /**
   * @param {Report} report
   * @param {(n: number) => void} select
   */
  constructor(report, select) {
    this.report = report;
    this.select = select;
    /** @type {{ row: Row, lane: number }[]} */
    this.bars = [];
    /** @type {string[]} */
    this.names = [];
    this.count = 0;
    this.real = false;
    this.dragged = 0; // pixels since the button went down: after some, letting go is no click
    /** @type {Row[]} */
    this.rows = [];
    this.whole = [0, 1];
    this.from = 0;
    this.to = 1;
    this.drawing = svg("svg", { role: "img" });
    this.scroller = el("div", { class: "lanes-scroll", tabindex: 0, role: "region", "aria-label": "Timeline of the calls" }, this.drawing);
    this.said = el("span", { class: "muted" });
    this.clock = el("button", { type: "button", click: () => this.turnClock() }, "Simulated time");
    this.node = el("div", { class: "lanes", id: "lanes" }, this.controls(), this.scroller, legend());
    this.listen();
  }

  controls() {
    const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ click) => el("button", { type: "button", "aria-label": label || null, title: label, click }, text);
    return el(
      "div",
      { class: "lanes-controls" },
      button("−", "Zoom out", () => this.zoom(2)),
      button("+", "Zoom in", () => this.zoom(0.5)),
      button("Show all", "", () => this.fit()),
      button("←", "Earlier", () => this.move(-0.25)),
      button("→", "Later", () => this.move(0.25)),
      this.clock,
      this.said,
    );
  }

  /** Look at the calls in the other time: what the program was told took long may have taken none. */
  turnClock() {
    this.real = !this.real;
    this.clock.textContent = this.real ? "Real time" : "Simulated time";
    this.show(this.rows, this.selected ?? null);
  }

  /** @param {Row} row */
  start(row) {
    return (this.real ? row.real_started : row.started) ?? 0;
  }

  /** @param {Row} row */
  long(row) {
    return (this.real ? row.real_duration : row.duration) ?? 0;
  }

  listen() {
    this.drawing.addEventListener("click", (event) => {
      const row = this.dragged > 3 ? undefined : this.under(event);
      if (row) this.select(row.n);
    });
    this.drawing.addEventListener("pointerdown", () => {
      this.dragged = 0;
    });
    this.drawing.addEventListener("pointermove", (event) => this.hover(event));
    this.drawing.addEventListener("pointerleave", () => this.tell());
    this.scroller.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.draw()).observe(this.scroller);
  }

  /**
   * The call that is drawn where the pointer is, or the nearest one in that lane.
   * @param {MouseEvent} event
   */
  under(event) {
    const box = this.drawing.getBoundingClientRect();
    const lane = Math.floor((event.clientY - box.top - TOP) / LANE);
    const at = this.from + ((event.clientX - box.left) / box.width) * (this.to - this.from);
    const near = (3 / box.width) * (this.to - this.from);
    const away = (/** @type {Row} */ row) => Math.max(this.start(row) - at, at - this.start(row) - this.long(row), 0);
    const rows = this.bars.filter((one) => one.lane === lane && away(one.row) <= near).map((one) => one.row);
    return rows.sort((a, b) => away(a) - away(b))[0];
  }

  /** @param {MouseEvent} event */
  hover(event) {
    if (event.buttons === 1) return this.drag(event);
    const row = this.under(event);
    this.drawing.classList.toggle("pointing", Boolean(row));
    if (row) this.said.replaceChildren(shown(`${nameOf(row.n)} ${row.model ?? ""}, ${seconds(row.duration ?? 0)}: ${row.question ?? ""}`.slice(0, 120)));
    else this.tell();
  }

  /** @param {MouseEvent} event */
  drag(event) {
    this.dragged += Math.abs(event.movementX);
    this.look(this.from - (event.movementX / this.scroller.clientWidth) * (this.to - this.from), this.to - this.from);
  }

  tell() {
    const timed = this.bars.length === 0 || this.bars.some(({ row }) => this.long(row) > 0);
    const label = timed ? this.inWords() : "No times are known of these calls";
    this.drawing.setAttribute("aria-label", label);
    this.drawing.toggleAttribute("hidden", !timed);
    this.said.textContent = this.to - this.from < this.full() ? `${label}; in sight: ${seconds(this.to - this.from)}` : label;
  }

  inWords() {
    return `${counted(this.bars.length, "call")} in ${counted(this.count - this.names.filter(Boolean).length, "lane")}, ${seconds(this.full())}`;
  }

  /** @param {WheelEvent} event */
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return; // the wheel alone scrolls the lanes
    event.preventDefault();
    const box = this.scroller.getBoundingClientRect();
    if (event.shiftKey) this.move(Math.sign(event.deltaY || event.deltaX) * 0.1);
    else this.zoom(event.deltaY > 0 ? 1.25 : 0.8, (event.clientX - box.left) / box.width);
  }

  /**
   * @param {string} key
   * @param {boolean} shifted
   */
  press(key, shifted) {
    if (key === "+" || key === "=") this.zoom(0.5);
    else if (key === "-" || key === "−") this.zoom(2);
    else if (key === "0") this.fit();
    else if (shifted && key === "ArrowLeft") this.move(-0.25);
    else if (shifted && key === "ArrowRight") this.move(0.25);
    else return false;
    return true;
  }

  /**
   * @param {Row[]} rows
   * @param {number | null} selected
   */
  show(rows, selected) {
    const before = String(this.whole);
    this.selected = selected;
    this.rows = rows;
    this.clock.hidden = !rows.some((row) => row.real_started);
    this.lay(rows);
    if (String(this.whole) !== before) [this.from, this.to] = /** @type {[number, number]} */ (this.whole);
    this.draw();
  }

  /**
   * Give each call the first lane that is free when it begins; each side has lanes of its own.
   * @param {Row[]} rows
   */
  lay(rows) {
    this.bars = [];
    this.names = [];
    this.count = 0;
    const sides = new Set(rows.map((row) => row.side ?? 0));
    for (const side of [...sides].sort()) {
      const own = rows.filter((row) => (row.side ?? 0) === side).sort((a, b) => this.start(a) - this.start(b) || a.n - b.n);
      if (sides.size > 1) this.names[this.count++] = sideName(this.report, side); // in a row of its own
      this.count += this.layOne(own, this.count);
    }
    const starts = rows.map((row) => this.start(row));
    const ends = rows.map((row) => this.start(row) + this.long(row));
    const first = starts.reduce((a, b) => Math.min(a, b), Infinity);
    const last = ends.reduce((a, b) => Math.max(a, b), -Infinity);
    this.whole = rows.length ? [first, Math.max(last, first + CLOSEST)] : [0, 1];
  }

  /**
   * @param {Row[]} rows
   * @param {number} above
   */
  layOne(rows, above) {
    /** @type {number[]} */
    const free = [];
    for (const row of rows) {
      const start = this.start(row);
      const found = free.findIndex((end) => end <= start);
      const lane = found < 0 ? free.length : found;
      free[lane] = start + Math.max(this.long(row), 1e-9);
      this.bars.push({ row, lane: above + lane });
    }
    return Math.max(1, free.length);
  }

  /**
   * @param {number} factor
   * @param {number} [at] the part of the width that stays where it is
   */
  zoom(factor, at = 0.5) {
    const span = Math.max(CLOSEST, Math.min((this.to - this.from) * factor, this.full()));
    const fixed = this.from + (this.to - this.from) * at;
    this.look(fixed - span * at, span);
  }

  /** @param {number} part of what is in sight */
  move(part) {
    const span = this.to - this.from;
    this.look(this.from + span * part, span);
  }

  fit() {
    this.look(-Infinity, this.full());
  }

  full() {
    return (this.whole[1] ?? 1) - (this.whole[0] ?? 0);
  }

  /**
   * @param {number} from
   * @param {number} span
   */
  look(from, span) {
    const first = this.whole[0] ?? 0;
    this.from = Math.max(first, Math.min(from, first + this.full() - span));
    this.to = this.from + span;
    this.draw();
  }

  draw() {
    const width = this.scroller.clientWidth;
    if (!width) return;
    const height = TOP + this.count * LANE + 8;
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.drawing.setAttribute("width", String(width));
    this.drawing.setAttribute("height", String(height));
    this.tell();
    this.drawing.replaceChildren(...this.scale(width, height), ...this.drawn(width), ...this.named());
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  scale(width, height) {
    const x = (/** @type {number} */ at) => ((at - this.from) / (this.to - this.from)) * width;
    const first = this.whole[0] ?? 0;
    const marks = ticks(this.from - first, this.to - first, Math.max(2, width / 110)).map((at) => at + first);
    return marks.flatMap((at) => [
      svg("line", { class: "grid", x1: x(at), x2: x(at), y1: 0, y2: height }),
      svg("text", { class: "tick", x: x(at) + 3, y: 12 }, seconds(at - first)),
    ]);
  }

  /** The names of the sides; most rows have none. */
  named() {
    return [...this.names.entries()].flatMap(([lane, name]) => (name ? [svg("text", { class: "side", x: 4, y: TOP + lane * LANE + 11 }, name)] : []));
  }

  /**
   * A path for all bars of a kind in a lane, and a ring around the call that is selected.
   * @param {number} width
   */
  drawn(width) {
    const scale = width / (this.to - this.from);
    /** @type {Map<string, string[]>} */
    const paths = new Map();
    const rings = [];
    const ends = new Map(/** @type {[number, string][]} */ ([]));
    const retries = [];
    for (const { row, lane } of this.bars) {
      const left = (this.start(row) - this.from) * scale;
      const long = Math.max(this.long(row) * scale, 1.5);
      const middle = TOP + lane * LANE + LANE / 2;
      const before = ends.get(row.retry_of ?? -1);
      if (before) retries.push(`${before}L${left.toFixed(1)} ${middle}`);
      ends.set(row.n, `M${(left + long).toFixed(1)} ${middle}`);
      if (left + long < 0 || left > width) continue;
      this.addBar(paths, row, lane, left, long);
      if (row.n === this.selected) rings.push(svg("rect", { class: "ring", x: left - 2, y: TOP + lane * LANE, width: long + 4, height: LANE }));
    }
    return [...[...paths].map(([kind, parts]) => svg("path", { class: kind.replace(/^\d+ /, ""), d: parts.join("") })), svg("path", { class: "retry", d: retries.join("") }), ...rings];
  }

  /**
   * @param {Map<string, string[]>} paths
   * @param {Row} row
   * @param {number} lane
   * @param {number} left
   * @param {number} long
   */
  addBar(paths, row, lane, left, long) {
    const part = row.duration && row.first !== null && row.first !== undefined ? Math.min(1, row.first / row.duration) : 1;
    const add = (/** @type {string} */ kind, /** @type {number} */ x, /** @type {number} */ w) => {
      const key = `${lane} ${kind} ${state(row)}`;
      const parts = paths.get(key) ?? [];
      parts.push(`M${x.toFixed(1)} ${TOP + lane * LANE + 2}h${w.toFixed(1)}v${LANE - 4}h${(-w).toFixed(1)}z`);
      paths.set(key, parts);
    };
    if (part > 0) add("wait", left, long * part);
    if (part < 1) add("stream", left + long * part, long * (1 - part));
  }
}
