// A list of any length, of which only what is in sight is made; one item of it is selected.
// Knows: the listbox of WAI-ARIA. Must not know: what the items are.
import { el } from "./dom.js";

const BEYOND = 8; // items above and below what is in sight
const FOR_PAPER = 1000;

/**
 * @template T
 */
export class List {
  /**
   * @param {{ label: string, lines: number, id: string, key: (item: T) => number, draw: (item: T) => Node[], select: (item: T) => void, enter: () => void }} how
   */
  constructor(how) {
    this.how = how;
    /** @type {T[]} */
    this.items = [];
    this.selected = -1;
    /** @type {Map<number, HTMLElement>} */
    this.made = new Map();
    this.space = el("div", { class: "list-space", role: "presentation" });
    this.node = el("div", { class: "list", id: how.id, role: "listbox", tabindex: 0, "aria-label": how.label }, this.space);
    this.node.addEventListener("scroll", () => this.draw(), { passive: true });
    this.node.addEventListener("click", (event) => this.clicked(event));
    new ResizeObserver(() => this.draw()).observe(this.node);
    this.height = 0;
    this.onPaper = false;
  }

  /**
   * @param {T[]} items
   * @param {number | null} key of the one that is selected
   */
  show(items, key) {
    const atEnd = this.node.scrollTop > 0 && this.node.scrollTop + this.node.clientHeight >= this.space.offsetHeight - 4;
    this.items = items;
    this.made.clear();
    this.space.replaceChildren();
    this.height ||= this.how.lines * parseFloat(getComputedStyle(document.documentElement).fontSize);
    this.space.style.height = `${items.length * this.height}px`;
    if (atEnd) this.node.scrollTop = this.space.offsetHeight;
    this.draw();
    this.mark(key);
  }

  /** @param {number | null} key */
  mark(key) {
    const index = key === null ? -1 : this.items.findIndex((item) => this.how.key(item) === key);
    this.made.get(this.selected)?.setAttribute("aria-selected", "false");
    this.selected = index;
    if (index >= 0) this.reveal(index);
    this.pointOut();
  }

  pointOut() {
    const made = this.made.get(this.selected);
    made?.setAttribute("aria-selected", "true");
    if (made) this.node.setAttribute("aria-activedescendant", made.id);
    else this.node.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  reveal(index) {
    const top = index * this.height;
    const { scrollTop, clientHeight } = this.node;
    if (top < scrollTop) this.node.scrollTop = top;
    else if (top + this.height > scrollTop + clientHeight) this.node.scrollTop = top + this.height - clientHeight;
    this.draw();
  }

  draw() {
    if (!this.height || this.onPaper) return;
    const first = Math.max(0, Math.floor(this.node.scrollTop / this.height) - BEYOND);
    const last = Math.min(this.items.length, Math.ceil((this.node.scrollTop + this.node.clientHeight) / this.height) + BEYOND);
    this.drawFrom(first, last);
    this.pointOut();
  }

  /**
   * @param {number} first
   * @param {number} last
   */
  drawFrom(first, last) {
    for (const [index, made] of this.made) {
      if (index >= first && index < last) continue;
      made.remove();
      this.made.delete(index);
    }
    const missing = [];
    for (let index = first; index < last; index += 1) if (!this.made.has(index)) missing.push(this.make(index));
    this.space.append(...missing);
  }

  /** @param {number} index */
  make(index) {
    const item = /** @type {T} */ (this.items[index]);
    const made = el(
      "div",
      { class: "item", role: "option", id: `${this.how.id}-${index}`, "aria-selected": "false", "aria-setsize": this.items.length, "aria-posinset": index + 1 },
      ...this.how.draw(item),
    );
    made.style.top = `${index * this.height}px`;
    made.dataset["index"] = String(index);
    this.made.set(index, made);
    return made;
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const made = event.target instanceof Element ? event.target.closest(".item") : null;
    if (made instanceof HTMLElement) this.choose(Number(made.dataset["index"]));
  }

  /**
   * Select the item there, or the nearest there is.
   * @param {number} index
   */
  choose(index) {
    const item = this.items[Math.max(0, Math.min(this.items.length - 1, index))];
    if (item !== undefined) this.how.select(item);
  }

  /**
   * Do what a key asks a list for; tell whether it asks for something.
   * @param {string} key
   */
  press(key) {
    const page = Math.max(1, Math.floor(this.node.clientHeight / this.height) - 1);
    const here = this.selected;
    /** @type {Record<string, number>} */
    const goals = { ArrowDown: here + 1, j: here + 1, ArrowUp: here - 1, k: here - 1, Home: 0, End: this.items.length - 1, PageDown: here + page, PageUp: here - page };
    const goal = goals[key];
    if (goal !== undefined) this.choose(goal);
    else if (key === "Enter") this.how.enter();
    return goal !== undefined || key === "Enter";
  }

  /** Make all there are, in their order, for paper; tell how many are left out. */
  makeForPaper() {
    this.onPaper = true; // where the list has another height, by which nothing is out of sight
    this.drawFrom(0, 0);
    this.drawFrom(0, Math.min(this.items.length, FOR_PAPER));
    return Math.max(0, this.items.length - FOR_PAPER);
  }

  leavePaper() {
    this.onPaper = false;
    this.draw();
  }
}
