// Which tags the server sends the points of: all that some part of the page watches, told in one message.
//
// Several parts of a page (cards, a table, a minimap) say what they watch, each as often as it likes. The server is
// told the union, and only when that has changed: at once where nothing was told for a while, else when EVERY is over.
const EVERY = 50; // ms from one message to the next, at the least: a page that is scrolled tells 20 times a second

export class Watches {
  /** @param {number} [every] ms from one message to the next, at the least */
  constructor(every = EVERY) {
    this.every = every;
    /** @type {Map<object, Iterable<string>>} */
    this.byOwner = new Map();
    /** @type {(tags: string[]) => void} */
    this.send = () => {};
    this.told = "[]"; // what the server knows, as JSON
    this.next = 0; // when the next message may be
    this.isWaiting = false;
  }

  /**
   * What one part watches from now on, in the place of what it watched.
   * @param {object} owner
   * @param {Iterable<string>} tags
   */
  set(owner, tags) {
    this.byOwner.set(owner, [...tags]);
    this.changed();
  }

  /** @param {object} owner */
  delete(owner) {
    if (this.byOwner.delete(owner)) this.changed();
  }

  /** Every tag that somebody watches, once, sorted. */
  union() {
    const all = new Set();
    for (const tags of this.byOwner.values()) for (const tag of tags) all.add(tag);
    return [...all].sort();
  }

  changed() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    const wait = this.next - performance.now();
    // A microtask, since a page that is left and one that is entered change it several times in one turn.
    if (wait > 0) setTimeout(() => this.tell(), wait);
    else queueMicrotask(() => this.tell());
  }

  tell() {
    this.isWaiting = false;
    const tags = this.union(),
      text = JSON.stringify(tags);
    if (text === this.told) return;
    this.told = text;
    this.next = performance.now() + this.every;
    this.send(tags);
  }
}

/** Those of this page; core/live.js sends them. */
export const watches = new Watches();
