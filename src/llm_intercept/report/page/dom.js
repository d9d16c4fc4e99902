// Elements, and texts of others in them: shown as they are, obeyed never.
// Knows: the DOM. Must not know: reports.

/** What steers a reader's eye or a terminal and is not seen: controls, overrides of the direction, invisible letters. */
const STEERING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/**
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => void)>} Props
 */

/**
 * Make an element. Functions listen (`click`), everything else is an attribute; texts among the children are shown.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, props = {}, ...children) {
  return filled(document.createElement(tag), props, children);
}

/**
 * Make an element of a drawing.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, props = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

/**
 * @template {Element} E
 * @param {E} element
 * @param {Props} props
 * @param {Child[]} children
 * @returns {E}
 */
function filled(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, escaped(String(value)));
  }
  element.append(...children.filter(isChild).map((child) => (child instanceof Node ? child : shown(child))));
  return element;
}

/**
 * @param {Child} child
 * @returns {child is Node | string}
 */
function isChild(child) {
  return child !== null && child !== undefined && child !== false && child !== "";
}

/**
 * Show a text of others: what steers stands there as an escape, marked as one.
 * @param {string} text
 * @returns {Node}
 */
export function shown(text) {
  if (text.search(STEERING) < 0) return document.createTextNode(text);
  const fragment = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(STEERING)) {
    const mark = document.createElement("span");
    mark.className = "escape";
    mark.textContent = escapeOf(found[0]);
    fragment.append(text.slice(end, found.index), mark);
    end = found.index + found[0].length;
  }
  fragment.append(text.slice(end));
  return fragment;
}

/**
 * Write a text where only plain text can stand: an attribute, a title.
 * @param {string} text
 */
export function escaped(text) {
  return text.replace(STEERING, escapeOf);
}

/**
 * Write what steers in another way.
 * @param {string} text
 * @param {(code: number) => string} write
 */
export function withoutSteering(text, write) {
  return text.replace(STEERING, (letter) => write(letter.codePointAt(0) ?? 0));
}

/** @param {string} letter */
function escapeOf(letter) {
  const code = letter.codePointAt(0) ?? 0;
  if (code === 13) return "\\r";
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
}

/**
 * Show a URL of others: to be clicked only if it leads to the web, and telling it nothing.
 * @param {string} url
 * @param {string} [text]
 */
export function link(url, text) {
  const label = text && text !== url ? `${text} (${url})` : url;
  if (!/^https?:\/\/[^\s]+$/i.test(url) || escaped(url) !== url) return el("span", { class: "url" }, label);
  return el("a", { class: "url", href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, label);
}

/**
 * A part that is folded until somebody opens it; what is in it is made then.
 * @param {Child[]} summary
 * @param {() => Child[]} content
 * @param {{ open?: boolean, class?: string }} [how]
 */
export function fold(summary, content, how = {}) {
  const head = el("summary", {}, ...summary);
  const folded = el("details", { class: how.class ?? "fold" }, head);
  const fill = () => {
    if (folded.childElementCount === 1) folded.append(el("div", { class: "folded" }, ...content()));
  };
  folded.addEventListener("toggle", () => folded.open && fill());
  if (how.open) {
    fill();
    folded.open = true;
  }
  return folded;
}

/**
 * Open every fold in an element, with what is in it: for paper.
 * @param {Element} element
 */
export function unfold(element) {
  for (const one of element.querySelectorAll("details")) {
    one.open = true;
    one.dispatchEvent(new Event("toggle"));
  }
}

/**
 * A list of names and values, in two columns; what has no value is left out.
 * @param {[string, Child][]} pairs
 */
export function facts(pairs) {
  const told = pairs.filter(([, value]) => isChild(value));
  return el("dl", { class: "facts" }, ...told.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

/** @param {string} id */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no #${id}.`);
  return found;
}
