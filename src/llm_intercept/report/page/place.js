// Where the reader is: the part of the address after `#`, so that it can be sent to somebody.
// Knows: the address. Must not know: what is shown there.

/** The page, the call that is selected, how it is looked at, and what the list is narrowed to. */
export class Place {
  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.read();
    addEventListener("hashchange", () => {
      this.read();
      changed();
    });
  }

  read() {
    this.values = new URLSearchParams(location.hash.slice(1));
  }

  /** @param {string} name */
  get(name) {
    return this.values?.get(name) ?? "";
  }

  /** @param {string} name */
  number(name) {
    const text = this.get(name);
    return /^\d+$/.test(text) ? Number(text) : null;
  }

  /**
   * Change some of it; what is empty is left out.
   * @param {Record<string, string | number | null>} changes
   * @param {{ keep?: boolean }} [how] whether the way back leads to where the reader was
   */
  set(changes, how = {}) {
    const values = new URLSearchParams(this.values);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === "") values.delete(name);
      else values.set(name, String(value));
    }
    if (values.toString() === this.values?.toString()) return;
    const address = `#${values}`;
    if (how.keep) history.pushState(null, "", address);
    else history.replaceState(null, "", address);
    this.values = values;
    this.changed();
  }
}
