// What keys do, and the help that says it.
// Knows: keys. Must not know: what is shown.
import { el } from "./dom.js";

const KEYS = [
  ["↓ ↑ or j k", "next and previous call"],
  ["Home End PageUp PageDown", "far through the list"],
  ["Enter", "into the call"],
  ["Escape", "back to the list; in the search: clear it"],
  ["/", "search"],
  ["1 … 5", "the call's views: conversation, timeline, …"],
  ["+ − 0, Shift + ← →", "zoom and move the timeline"],
  ["?", "this help"],
];

/** @type {HTMLDialogElement | null} */
let help = null;

export function showHelp() {
  help ??= made();
  if (!help.open) help.showModal();
}

function made() {
  const rows = KEYS.map(([keys, text]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, keys)), el("td", {}, text)));
  const close = el("button", { type: "button", click: () => dialog.close() }, "Close");
  const dialog = el("dialog", { "aria-label": "Keys" }, el("h2", {}, "Keys"), el("table", { class: "keys" }, el("tbody", {}, ...rows)), close);
  document.body.append(dialog);
  return dialog;
}

/**
 * Listen to keys that no field takes for itself.
 * @param {(key: string, event: KeyboardEvent) => boolean} press tells whether it did something
 */
export function listenToKeys(press) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || help?.open) return;
    if (isTaken(event)) return;
    if (press(event.key, event)) event.preventDefault();
  });
}

/** @param {KeyboardEvent} event */
function isTaken({ target, key }) {
  if (!(target instanceof HTMLElement) || key === "Escape") return false;
  if (target.matches("input, textarea, select")) return true;
  if (key === "Enter" || key === " ") return target.matches("button, a, summary, [role=tab]");
  const scrolls = ["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"].includes(key);
  return scrolls && target.closest("#details, .page, [role=tablist]") !== null;
}
