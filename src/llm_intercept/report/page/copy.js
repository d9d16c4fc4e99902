// A button that copies a text.
// Knows: the clipboard. Must not know: what the text is.
import { el } from "./dom.js";

/**
 * A button that puts a text where it can be pasted from, as it is, where the browser lets a page do that.
 * @param {string} text
 * @param {string} [label]
 */
export function copyButton(text, label = "Copy") {
  const button = el("button", { type: "button", class: "copy", hidden: !navigator.clipboard }, label);
  button.addEventListener("click", () => {
    const tell = (/** @type {string} */ said) => () => {
      button.textContent = said;
    };
    navigator.clipboard.writeText(text).then(tell("Copied"), tell("The browser does not let this page copy"));
  });
  return button;
}
