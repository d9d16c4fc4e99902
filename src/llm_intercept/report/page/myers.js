// What differs between two lists of texts, in the least steps (Myers 1986), within bounds.
// Knows: texts. Must not know: what they are of.

const MOST_STEPS = 600;

/** @typedef {{ kind: "same" | "gone" | "new", text: string, left: number, right: number }} Step */

/**
 * Compare two texts word by word.
 * @param {string} left
 * @param {string} right
 */
export function wordSteps(left, right) {
  return merged(steps(words(left), words(right)));
}

/** @param {string} text */
function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/**
 * Compare two lists: what both have at the ends is set aside; between, the shortest way, or all of one and all of the other.
 * @param {string[]} left
 * @param {string[]} right
 * @returns {Step[]}
 */
export function steps(left, right) {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head += 1;
  let tail = 0;
  const most = Math.min(left.length, right.length) - head;
  while (tail < most && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail += 1;
  const a = left.slice(head, left.length - tail);
  const b = right.slice(head, right.length - tail);
  const between = shortest(a, b).map((one) => ({ ...one, left: one.left + head, right: one.right + head }));
  const same = (/** @type {number} */ x, /** @type {number} */ y) => /** @type {Step} */ ({ kind: "same", text: left[x] ?? "", left: x, right: y });
  const before = left.slice(0, head).map((_, at) => same(at, at));
  const after = left.slice(left.length - tail).map((_, at) => same(left.length - tail + at, right.length - tail + at));
  return [...before, ...between, ...(tail ? after : [])];
}

/**
 * @param {string[]} a
 * @param {string[]} b
 * @returns {Step[]}
 */
function shortest(a, b) {
  const kept = frontier(a, b);
  return kept ? walkedBack(a, b, kept) : [...wholly(a, "gone"), ...wholly(b, "new")];
}

/**
 * @param {string[]} texts
 * @param {"gone" | "new"} kind
 * @returns {Step[]}
 */
function wholly(texts, kind) {
  return texts.map((text, at) => ({ kind, text, left: at, right: at }));
}

/**
 * How far each diagonal comes with so many steps, for each number of steps; nothing if there are too many.
 * @param {string[]} a
 * @param {string[]} b
 */
function frontier(a, b) {
  /** @type {Map<number, number>[]} */
  const kept = [];
  const far = new Map([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, MOST_STEPS); d += 1) {
    kept.push(new Map(far));
    for (let k = -d; k <= d; k += 2) {
      let x = goesDown(far, k, d) ? (far.get(k + 1) ?? 0) : (far.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      far.set(k, x);
      if (x >= a.length && x - k >= b.length) return kept;
    }
  }
  return null;
}

/**
 * @param {Map<number, number>} far
 * @param {number} k
 * @param {number} d
 */
function goesDown(far, k, d) {
  return k === -d || (k !== d && (far.get(k - 1) ?? -1) < (far.get(k + 1) ?? -1));
}

/**
 * @param {string[]} a
 * @param {string[]} b
 * @param {Map<number, number>[]} kept
 * @returns {Step[]}
 */
function walkedBack(a, b, kept) {
  /** @type {Step[]} */
  const found = [];
  let x = a.length;
  let y = b.length;
  for (let d = kept.length - 1; d >= 0; d -= 1) {
    const far = kept[d] ?? new Map();
    const k = x - y;
    const from = goesDown(far, k, d) ? k + 1 : k - 1;
    const startX = far.get(from) ?? 0;
    const startY = startX - from;
    while (x > startX && y > startY && x > 0 && y > 0) found.push({ kind: "same", text: a[--x] ?? "", left: x, right: --y });
    if (d === 0) break;
    if (x === startX) found.push({ kind: "new", text: b[--y] ?? "", left: x, right: y });
    else found.push({ kind: "gone", text: a[--x] ?? "", left: x, right: y });
  }
  return found.reverse();
}

/**
 * Blanks between two changes belong to both of them: a marked phrase is read more easily than marked words.
 * @param {Step[]} all
 * @returns {Step[]}
 */
function withBlanks(all) {
  const changed = (/** @type {Step | undefined} */ one) => one !== undefined && one.kind !== "same";
  return all.flatMap((one, at) => {
    const between = one.kind === "same" && !one.text.trim() && changed(all[at - 1]) && changed(all[at + 1]);
    return between ? [/** @type {Step} */ ({ ...one, kind: "gone" }), /** @type {Step} */ ({ ...one, kind: "new" })] : [one];
  });
}

/**
 * Join neighbours of one kind.
 * @param {Step[]} all
 * @returns {Step[]}
 */
function merged(all) {
  /** @type {Step[]} */
  const out = [];
  for (const one of withBlanks(all)) {
    const last = out.at(-1);
    if (last && last.kind === one.kind) last.text += one.text;
    else out.push({ ...one });
  }
  return out;
}
