// Blocks of text: prose, code, JSON with its indents and colours; what is very long is cut until asked for.
// Knows: JSON's tokens. Must not know: whose text it is.
import { el, shown } from "./dom.js";
import { counted } from "./amounts.js";

const SHOWN_AT_FIRST = 20_000;
const COLOURED = 40_000;
const LONGEST_JSON = 1_000_000; // beyond, a browser may run out of its stack
const DEEPEST = 40; // indents; a text of brackets alone would grow by their square
const JSON_TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+|"/g;

/**
 * A text as it is, with its line ends.
 * @param {string} text
 * @param {string} [kind] the class: `prose` or `code`
 */
export function block(text, kind = "prose") {
  const box = el("div", { class: kind, dir: "auto" }, text.slice(0, SHOWN_AT_FIRST));
  const left = text.length - SHOWN_AT_FIRST;
  if (left <= 0) return box;
  const more = el("button", { class: "more", type: "button" }, `Show ${counted(left, "more character")}`);
  more.addEventListener("click", () => {
    more.remove();
    box.append(shown(text.slice(SHOWN_AT_FIRST)));
  });
  return el("div", {}, box, more);
}

/**
 * JSON text with its indents; what is none stands as it is.
 * @param {string} text
 */
export function jsonBlock(text) {
  if (!isJson(text)) return block(text, "code");
  if (text.length > COLOURED) return block(indented(text), "code");
  const box = el("div", { class: "code json", dir: "ltr" });
  for (const piece of coloured(indented(text))) box.append(typeof piece === "string" ? shown(piece) : piece);
  return box;
}

/** @param {string} text */
export function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a text is an object or a list: what a model was asked to give as data.
 * @param {string} text
 */
export function isStructure(text) {
  return /^\s*[{[]/.test(text) && isJson(text);
}

/**
 * Indent JSON token by token: numbers and escapes stay as they were written, which `JSON.parse` would lose.
 * @param {string} text
 */
export function indented(text) {
  if (text.length > LONGEST_JSON) return text;
  let out = "";
  let depth = 0;
  let before = "";
  const line = () => `\n${"  ".repeat(Math.min(depth, DEEPEST))}`;
  for (const [token] of text.matchAll(JSON_TOKEN)) {
    const opens = token === "{" || token === "[";
    const closes = token === "}" || token === "]";
    if (closes) depth -= 1;
    if (closes ? before !== "{" && before !== "[" : before === "{" || before === "[") out += line();
    out += token === ":" ? ": " : token;
    if (opens) depth += 1;
    if (token === ",") out += line();
    before = token;
  }
  return out;
}

/** @param {string} text */
function* coloured(text) {
  for (const [token, string, colon, word] of text.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(: )?|([\w.+-]+)|[^"\w.+-]+/g)) {
    if (string) {
      yield el("span", { class: colon ? "key" : "string" }, string);
      if (colon) yield colon;
    } else yield word ? el("span", { class: "literal" }, word) : token;
  }
}

/**
 * A value that has been read already, as JSON.
 * @param {unknown} value
 */
export function valueBlock(value) {
  return jsonBlock(JSON.stringify(value));
}

/** @param {string} text */
export function firstLine(text) {
  const line = text.trimStart().split("\n", 1)[0] ?? "";
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
