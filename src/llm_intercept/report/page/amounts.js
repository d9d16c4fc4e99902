// Numbers as people read them: times, tokens, money, sizes.
// Knows: numbers. Must not know: what they count.

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const SMALL = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 2 });

/** @param {number | null | undefined} value in seconds */
export function seconds(value) {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0 s";
  if (value < 0.001) return `${trimmed(value * 1e6, 0)} µs`;
  if (value < 1) return `${trimmed(value * 1000, value < 0.01 ? 1 : 0)} ms`;
  if (value < 100) return `${trimmed(value, value < 10 ? 2 : 1)} s`;
  const minutes = Math.floor(value / 60);
  return minutes < 60 ? `${minutes} min${Math.round(value % 60) ? ` ${trimmed(value % 60, 0)} s` : ""}` : `${trimmed(value / 3600, 1)} h`;
}

/**
 * @param {number} value
 * @param {number} digits
 */
function trimmed(value, digits) {
  return String(Number(value.toFixed(digits)));
}

/** @param {number | null | undefined} value */
export function whole(value) {
  return value === null || value === undefined ? "" : WHOLE.format(value);
}

/**
 * @param {number} value
 * @param {string} noun
 */
export function counted(value, noun) {
  return `${whole(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** @param {number | null | undefined} value in US dollars */
export function money(value) {
  if (value === null || value === undefined) return "";
  return value < 0.01 ? `$${SMALL.format(value)}` : `$${value.toFixed(2)}`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1e6 ? `${trimmed(bytes / 1000, 1)} kB` : `${trimmed(bytes / 1e6, 1)} MB`;
}

/** @param {string | null | undefined} moment as ISO 8601 writes it */
export function moment(moment) {
  return moment ? moment.replace("T", " ").replace(/(\.\d+)?(\+00:00|Z)$/, " UTC") : "";
}
