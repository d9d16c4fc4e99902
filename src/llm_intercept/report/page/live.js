// A server that is asked again and again for what happened since.
// Knows: `report?after=N` and its token. Must not know: how calls are shown.
import { el } from "./dom.js";
/** @import { More, Report } from "./report.js" */

const EVERY = 1000; // ms
const SOON = 50; // ms, while there is more
const LATER = 5000; // ms, while the server does not answer
const TOKEN = "llm-intercept token";

/** Asks, and says in its node how that goes. */
export class Live {
  /**
   * @param {Report} report
   * @param {() => void} changed
   */
  constructor(report, changed) {
    this.report = report;
    this.changed = changed;
    this.after = 0;
    this.run = "";
    this.token = givenToken();
    this.paused = false;
    this.behind = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.said = el("span", { role: "status" }, "live");
    this.button = el("button", { type: "button", click: () => this.pause() }, "Pause");
    this.form = this.tokenForm();
    this.node = el("div", { class: "live" }, this.said, this.button, this.form);
  }

  start() {
    const next = (/** @type {number} */ wait) => {
      this.timer = setTimeout(() => this.start(), wait);
    };
    this.ask().then(next, reportError);
  }

  pause() {
    this.paused = !this.paused;
    this.button.textContent = this.paused ? "Go on" : "Pause";
    this.say(this.paused ? "paused" : "live");
  }

  /** @param {string} text */
  say(text) {
    if (this.said.textContent !== text) this.said.textContent = text;
  }

  /** @returns {Promise<number>} how long to wait, in ms */
  async ask() {
    if (this.paused || !this.form.hidden) return EVERY;
    const headers = this.token ? { authorization: `Bearer ${this.token}` } : undefined;
    let answer;
    try {
      answer = await fetch(`report?after=${this.after}`, { headers, cache: "no-store" });
    } catch {
      this.say("the server does not answer");
      return LATER;
    }
    if (answer.status === 401) this.askForToken();
    else if (!answer.ok) this.say(`the server answers ${answer.status}`);
    else this.take(await answer.json());
    if (!answer.ok) return LATER;
    return this.behind ? SOON : EVERY;
  }

  /** @param {More} more */
  take(more) {
    this.say("live");
    this.lock(false);
    const { run = "", after = 0 } = more;
    this.behind = Boolean(more.more); // a server tells only some at once
    if (this.run && run !== this.run) this.forget();
    else {
      this.after = after;
      if (this.report.add(more) || !this.run) this.changed();
    }
    this.run = run;
  }

  /** The server began anew: so do we. */
  forget() {
    this.report.clear();
    this.after = 0;
    this.changed();
  }

  askForToken() {
    this.say(this.token ? "this is not the server's token" : "the server asks for its token");
    this.form.hidden = false;
    this.lock(true);
  }

  /** @param {boolean} locked */
  lock(locked) {
    if (this.report.locked === locked) return;
    this.report.locked = locked;
    this.changed();
  }

  tokenForm() {
    const field = el("input", { type: "password", "aria-label": "Token", placeholder: "Token", autocomplete: "off" });
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.token = field.value;
      keepToken(field.value);
      form.hidden = true;
      this.say("live");
      clearTimeout(this.timer);
      this.start();
    };
    const form = el("form", { hidden: true, submit }, field, el("button", { type: "submit" }, "Use"));
    return form;
  }
}

/** The token of the address, which is taken out of it, or the one that was used before in this tab. */
function givenToken() {
  const address = new URL(location.href);
  const given = address.searchParams.get("token");
  if (given === null) return sessionStorage.getItem(TOKEN) ?? "";
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
  keepToken(given);
  return given;
}

/** @param {string} token */
function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}
