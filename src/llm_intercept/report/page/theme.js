// Light, dark, or as the system has it: a button that is remembered.
// Knows: one attribute of the page. Must not know: colours.
import { el } from "./dom.js";

const KEPT = "llm-intercept theme";
const NEXT = new Map([["auto", "light"], ["light", "dark"], ["dark", "auto"]]);

export function themeButton() {
  let theme = recalled();
  const button = el("button", { type: "button" });
  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
    button.textContent = `Theme: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = NEXT.get(theme) ?? "auto";
    remember(theme);
    apply();
  });
  apply();
  return button;
}

function recalled() {
  try {
    const kept = localStorage.getItem(KEPT) ?? "auto";
    return NEXT.has(kept) ? kept : "auto";
  } catch {
    return "auto"; // a browser may keep nothing for a file
  }
}

/** @param {string} theme */
function remember(theme) {
  try {
    localStorage.setItem(KEPT, theme);
  } catch {
    // as above
  }
}
