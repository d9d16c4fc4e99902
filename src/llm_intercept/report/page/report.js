// The report's data: what stands in the page, what is unpacked when it is asked for, what a live server adds.
// Knows: the document (report/document.py). Must not know: how anything looks.

/**
 * @typedef {{ name: string, note?: string }} Side
 * @typedef {{ number: number, text: string, where?: string, used?: number, optional?: boolean, test?: string }} Rule
 * @typedef {{ left?: number | null, right?: number | null, same?: boolean, what?: string[] }} Pair
 * @typedef {{ name: string, why: string }} Problem
 * @typedef {{
 *   n: number, side?: number, test?: string | null, name?: string | null, api?: string, model?: string, stream?: boolean,
 *   question?: string, answer?: string, source?: string, rule?: string | null, where?: string | null, status?: number,
 *   outcome?: string, failed?: boolean, attempt?: number, retry_of?: number | null, turn?: number,
 *   input_tokens?: number | null, output_tokens?: number | null, cost?: number | null, started?: number, real_started?: number | null,
 *   first?: number | null, duration?: number, real_duration?: number | null, chunks?: number | null, faults?: string[],
 *   url?: string, method?: string, recorded_at?: string | null, under_way?: boolean
 * }} Row
 * @typedef {{
 *   kind: string, text?: string, name?: string, arguments?: string, id?: string, is_error?: boolean, mime?: string,
 *   media?: string, data?: string, url?: string, title?: string, raw?: string
 * }} Part
 * @typedef {{ role: string, name?: string, parts?: Part[] }} Message
 * @typedef {{ name?: string, type?: string, description?: string, parameters?: unknown }} Tool
 * @typedef {{ condition: string, expected?: string, got?: string, hint?: string }} FailedCondition
 * @typedef {{ rule: string, where?: string, failed?: FailedCondition[], held?: number, reason?: string }} NearRule
 * @typedef {{ name: string, reason?: string, differences?: string[] }} NearTake
 * @typedef {{ text?: string, problem?: string, advice?: string, rules?: NearRule[], takes?: NearTake[] }} Unanswered
 * @typedef {{ parts?: Part[], finish_reason?: string | null }} Choice
 * @typedef {{ method?: string, url?: string, headers?: [string, string][], body?: string }} SentRequest
 * @typedef {{ status?: number, headers?: [string, string][], body?: string | null }} GivenResponse
 * @typedef {{ at?: number | null, text?: string }} Moment
 * @typedef {{
 *   n: number, messages?: Message[], known?: number, continues?: number | null, tools?: Tool[],
 *   params?: Record<string, unknown>,
 *   answer?: Choice & { more?: Choice[], usage?: Record<string, number> | null } | null,
 *   events?: Moment[] | null, request?: SentRequest, response?: GivenResponse | null,
 *   error?: string | null, unmatched?: Unanswered | null, retry_after?: number | null,
 *   timeout?: Record<string, number | null> | null, partial?: string | null
 * }} Detail
 * @typedef {{
 *   version: number, tool?: string, made_at?: string, title?: string, kind?: string, sides?: Side[], rows: Row[],
 *   per_chunk?: number, rules?: Rule[], pairs?: Pair[], problems?: Problem[]
 * }} Head
 * @typedef {{
 *   run?: string, after?: number, more?: boolean, rows?: Row[], details?: Detail[], rules?: Rule[], problems?: Problem[]
 * }} More
 */

const KEPT_CHUNKS = 12;
const PER_CHUNK = 50;

/** The rows at hand, and the details behind them. */
export class Report {
  /** @param {Head} head */
  constructor(head) {
    this.head = head;
    /** @type {Map<number, Row>} */
    this.byNumber = new Map(head.rows.map((row) => [row.n, row]));
    /** @type {Map<number, Promise<Detail[]>>} */
    this.chunks = new Map();
    /** @type {Map<number, Detail>} */
    this.added = new Map();
    /** Whether the server tells nothing, since it has not been given its token. */
    this.locked = false;
  }

  /** @returns {Row[]} */
  get rows() {
    return this.head.rows;
  }

  /**
   * @param {number | null | undefined} n
   * @returns {Row | undefined}
   */
  row(n) {
    return n === null || n === undefined ? undefined : this.byNumber.get(n);
  }

  /**
   * @param {number} n
   * @returns {Promise<Detail>}
   */
  async detail(n) {
    const added = this.added.get(n);
    if (added) return added;
    const all = await this.chunk(this.chunkOf(n));
    return all.find((one) => one.n === n) ?? { n };
  }

  /** @param {number} n */
  chunkOf(n) {
    return Math.floor(n / (this.head.per_chunk ?? PER_CHUNK));
  }

  /**
   * @param {number} k
   * @returns {Promise<Detail[]>}
   */
  chunk(k) {
    const kept = this.chunks.get(k) ?? unpacked(k);
    this.chunks.delete(k); // so that it stands last, as the one that was asked for last
    this.chunks.set(k, kept);
    if (this.chunks.size > KEPT_CHUNKS) this.chunks.delete(/** @type {number} */ (this.chunks.keys().next().value));
    return kept;
  }

  /**
   * Take in what a live server has told since; a call under way is told again and again, until it ends.
   * @param {More} more
   * @returns {boolean} whether there is anything new in it
   */
  add(more) {
    const news = (more.rows ?? []).filter((row) => JSON.stringify(row) !== JSON.stringify(this.byNumber.get(row.n)));
    for (const row of news) {
      const known = this.byNumber.get(row.n);
      if (known) this.rows[this.rows.indexOf(known)] = row;
      else this.rows.push(row);
      this.byNumber.set(row.n, row);
    }
    this.rows.sort((a, b) => a.n - b.n); // calls are told as they end
    const numbers = new Set(news.map((row) => row.n));
    for (const detail of more.details ?? []) if (numbers.has(detail.n)) this.added.set(detail.n, detail);
    Object.assign(this.head, pick(more));
    return news.length > 0;
  }

  /** Forget everything: the journal of a live server began anew. */
  clear() {
    this.rows.length = 0;
    this.byNumber.clear();
    this.added.clear();
  }
}

/** @param {More} more */
function pick({ rules, problems }) {
  return Object.fromEntries(Object.entries({ rules, problems }).filter(([, value]) => value !== undefined));
}

/** @returns {Head} */
export function readHead() {
  const head = JSON.parse(document.getElementById("report")?.textContent ?? "{}");
  if (head.version !== 1) throw new Error(`This page reads reports of version 1, and this is of version ${head.version}.`);
  return { rows: [], ...head }; // what is empty is left out of the JSON
}

/**
 * Unpack the details of some rows: base64, deflate, JSON.
 * @param {number} k
 * @returns {Promise<Detail[]>}
 */
async function unpacked(k) {
  const packed = document.getElementById(`details-${k}`)?.textContent;
  if (!packed) return [];
  const bytes = Uint8Array.from(atob(packed.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(stream).text());
}

/**
 * Search all details for a text, a chunk at a time, so that the page stays alive meanwhile.
 * @param {Report} report
 * @param {string} text
 * @param {AbortSignal} signal
 * @param {(found: Set<number>, done: number, of: number) => void} tell
 */
export async function searchDetails(report, text, signal, tell) {
  const wanted = escapedAsJson(text);
  const found = new Set(/** @type {number[]} */ ([]));
  const chunks = [...new Set(report.rows.filter((row) => !report.added.has(row.n)).map((row) => report.chunkOf(row.n)))];
  for (const [done, k] of chunks.entries()) {
    const details = await (report.chunks.get(k) ?? unpacked(k)); // not kept: a search passes over all of them
    if (signal.aborted) return;
    for (const one of details) if (holds(one, wanted)) found.add(one.n);
    tell(found, done + 1, chunks.length);
    await new Promise((resume) => setTimeout(resume));
    if (signal.aborted) return;
  }
  for (const one of report.added.values()) if (holds(one, wanted)) found.add(one.n);
  tell(found, chunks.length, chunks.length);
}

/** @param {string} text */
function escapedAsJson(text) {
  return JSON.stringify(text).slice(1, -1).toLowerCase();
}

/**
 * @param {Detail} detail
 * @param {string} wanted
 */
function holds(detail, wanted) {
  return JSON.stringify(detail).toLowerCase().includes(wanted);
}
