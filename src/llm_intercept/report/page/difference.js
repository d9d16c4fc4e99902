// Two calls side by side: what differs in what was asked and answered, word by word.
// Knows: details, steps from one text to another. Must not know: how pairs were found.
import { el, fold, shown } from "./dom.js";
import { counted } from "./amounts.js";
import { indented, isJson } from "./blocks.js";
import { steps, wordSteps } from "./myers.js";
import { nameOf, placeOf, sideName, statusMark } from "./calls.js";
/** @import { Detail, Pair, Part, Report, Row } from "./report.js" */
/** @import { Step } from "./myers.js" */

/** @typedef {{ pair: Pair, index: number }} Numbered */
/** @typedef {{ label: string, text: string }} Told */

const LONGEST = 200_000;

/**
 * @param {Report} report
 * @returns {(item: Numbered) => Node[]}
 */
export function pairItem(report) {
  return ({ pair, index }) => {
    const row = report.row(pair.left) ?? report.row(pair.right);
    const what = (pair.what ?? []).join(", ") || row?.model || "";
    return [
      el("span", { class: "number" }, nameOf(index)),
      verdict(pair),
      el("span", { class: "line said" }, el("span", { class: "question" }, row && (row.question || placeOf(row))), row?.answer && el("span", { class: "answer" }, row.answer)),
      el("span", { class: "line small" }, el("span", { class: "test" }, what)),
    ];
  };
}

/** @type {Record<string, string>} */
const SAID = { alike: "alike", differs: "differs", left: "only left", right: "only right" };

/** @param {Pair} pair */
export function kindOf(pair) {
  if (pair.left === null || pair.left === undefined) return "right";
  if (pair.right === null || pair.right === undefined) return "left";
  return pair.same ? "alike" : "differs";
}

/** @param {Pair} pair */
function verdict(pair) {
  return el("span", { class: `verdict ${kindOf(pair)}` }, SAID[kindOf(pair)] ?? "");
}

/**
 * @param {Report} report
 * @param {Pair} pair
 * @param {(n: number) => void} open
 * @returns {Promise<Node[]>}
 */
export async function differenceView(report, pair, open) {
  const rows = [report.row(pair.left), report.row(pair.right)];
  const [left, right] = await Promise.all(rows.map((row) => (row ? report.detail(row.n) : null)));
  const heads = rows.map((row, at) => sideHead(report, row, at, open));
  const grid = el("div", { class: "sides" }, ...heads, ...messages(left ?? null, right ?? null), ...values(left ?? null, right ?? null));
  const what = (pair.what ?? []).map((one) => el("span", { class: "tag" }, one));
  return [el("p", { class: "tags" }, verdict(pair), ...what), grid];
}

/**
 * @param {Report} report
 * @param {Row | undefined} row
 * @param {number} side
 * @param {(n: number) => void} open
 */
function sideHead(report, row, side, open) {
  const name = sideName(report, side) || (side ? "right" : "left");
  if (!row) return el("h3", { class: "side-head" }, name, el("span", { class: "muted" }, " has no such call"));
  const button = el("button", { type: "button", class: "link", click: () => open(row.n) }, nameOf(row.n));
  return el("h3", { class: "side-head" }, name, " ", button, " ", statusMark(row));
}

/**
 * The messages and the answer; those that are alike are folded.
 * @param {Detail | null} left
 * @param {Detail | null} right
 * @returns {Node[]}
 */
function messages(left, right) {
  const [a, b] = [told(left), told(right)];
  const all = steps(a.map(keyOf), b.map(keyOf));
  /** @type {Node[]} */
  const out = [];
  /** @type {Told[]} */
  let alike = [];
  const close = () => {
    if (alike.length) out.push(alikeFold(alike));
    alike = [];
  };
  for (const group of grouped(all)) {
    if (group.same !== null) alike.push(/** @type {Told} */ (a[group.same]));
    else {
      close();
      const most = Math.max(group.gone.length, group.came.length);
      for (let at = 0; at < most; at += 1) out.push(...cells(a[group.gone[at] ?? -1], b[group.came[at] ?? -1]));
    }
  }
  close();
  return out;
}

/** @param {Told} one */
function keyOf(one) {
  return `${one.label}\n${one.text}`;
}

/**
 * Put what went and what came between two same ones together.
 * @param {Step[]} all
 */
function* grouped(all) {
  let gone = /** @type {number[]} */ ([]);
  let came = /** @type {number[]} */ ([]);
  for (const one of all) {
    if (one.kind === "gone") gone.push(one.left);
    else if (one.kind === "new") came.push(one.right);
    else {
      if (gone.length || came.length) yield { same: null, gone, came };
      [gone, came] = [[], []];
      yield { same: one.left, gone, came };
    }
  }
  if (gone.length || came.length) yield { same: null, gone, came };
}

/** @param {Told[]} alike */
function alikeFold(alike) {
  const folded = fold([`${counted(alike.length, "message")} alike`], () => alike.map((one) => el("div", {}, el("h4", {}, one.label), el("div", { class: "prose" }, one.text))));
  return el("div", { class: "both" }, folded);
}

/**
 * @param {Detail | null} detail
 * @returns {Told[]}
 */
function told(detail) {
  if (!detail) return [];
  const asked = (detail.messages ?? []).flatMap((one) => (one.parts ?? []).map((part) => ({ label: one.role, text: textOf(part) })));
  const choices = [detail.answer, ...(detail.answer?.more ?? [])];
  const answered = choices.flatMap((one) => one?.parts ?? []).map((part) => ({ label: "answer", text: textOf(part) }));
  const failed = detail.error ? [{ label: "error", text: detail.error }] : [];
  return [...asked, ...answered, ...failed];
}

/** @param {Part} part */
function textOf(part) {
  const text = part.text ?? "";
  switch (part.kind) {
    case "tool_call":
      return `${part.name ?? ""} ${pretty(part.arguments ?? "")}`;
    case "tool_result":
      return `result ${part.name ?? ""}\n${pretty(text)}`;
    case "media":
      return `${part.media ?? "file"} ${part.mime ?? ""} ${part.url ?? ""} ${part.data ? `${part.data.length} characters of base64` : ""}`;
    case "text":
      return pretty(text);
    default:
      return `${part.kind} ${text || part.url || part.raw || ""}`;
  }
}

/** @param {string} text */
function pretty(text) {
  return text.length < LONGEST && /^\s*[{[]/.test(text) && isJson(text) ? indented(text) : text;
}

/**
 * Parameters, tools, usage, status: those that are on one side, or differ.
 * @param {Detail | null} left
 * @param {Detail | null} right
 * @returns {Node[]}
 */
function values(left, right) {
  if (!left || !right) return [];
  const [a, b] = [valuesOf(left), valuesOf(right)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => a[name] !== b[name]);
  return names.flatMap((name) => cells(side(name, a[name]), side(name, b[name])));
}

/**
 * @param {string} label
 * @param {string | undefined} text
 */
function side(label, text) {
  return text === undefined ? undefined : { label, text };
}

/**
 * @param {Detail} detail
 * @returns {Record<string, string>}
 */
function valuesOf(detail) {
  const params = Object.entries(detail.params ?? {}).map(([name, value]) => [name, indented(JSON.stringify(value))]);
  const tools = (detail.tools ?? []).map((one) => [`tool ${one.name}`, indented(JSON.stringify(one))]);
  const usage = Object.entries(detail.answer?.usage ?? {}).map(([name, value]) => [`usage ${name}`, JSON.stringify(value)]);
  const rest = [["finished with", detail.answer?.finish_reason ?? ""], ["status", String(detail.response?.status ?? "")], ["url", detail.request?.url ?? ""]];
  return Object.fromEntries([...params, ...tools, ...rest, ...usage]);
}

/**
 * @param {Told | undefined} left
 * @param {Told | undefined} right
 * @returns {Node[]}
 */
function cells(left, right) {
  const marked = left && right && left.text.length + right.text.length < LONGEST ? wordSteps(left.text, right.text) : null;
  return [cell(left, marked, "gone"), cell(right, marked, "new")];
}

/**
 * @param {Told | undefined} one
 * @param {Step[] | null} marked
 * @param {"gone" | "new"} kind
 */
function cell(one, marked, kind) {
  if (!one) return el("div", { class: "cell none" });
  const tag = kind === "gone" ? "del" : "ins";
  const words = marked
    ? marked.filter((step) => step.kind === "same" || step.kind === kind).map((step) => (step.kind === "same" ? shown(step.text) : el(tag, {}, step.text)))
    : [el(tag, {}, one.text)];
  return el("div", { class: "cell" }, el("h4", {}, one.label), el("div", { class: "prose", dir: "auto" }, ...words));
}
