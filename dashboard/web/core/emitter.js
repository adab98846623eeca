// Who wants to be told of what: a module that has news holds one of these, and its on() gives what undoes it.

export class Emitter {
  /** @param {string[]} kinds what there is to be told of; to listen to anything else is a mistake */
  constructor(kinds) {
    /** @type {Map<string, Set<(...values: any[]) => void>>} */
    this.listeners = new Map(kinds.map((kind) => [kind, new Set()]));
  }

  /**
   * @param {string | string[]} kinds
   * @param {(...values: any[]) => void} listener
   * @returns {() => void} which ends it
   */
  on(kinds, listener) {
    const own = [kinds].flat().map((kind) => this.#of(kind));
    for (const listeners of own) listeners.add(listener);
    return () => own.forEach((listeners) => listeners.delete(listener));
  }

  /**
   * @param {string} kind
   * @param {...any} values
   */
  tell(kind, ...values) {
    for (const listener of this.#of(kind)) listener(...values);
  }

  /** @param {string} kind */
  #of(kind) {
    const listeners = this.listeners.get(kind);
    if (!listeners) throw new TypeError(`nobody tells of ${kind}; there are ${[...this.listeners.keys()].join(", ")}`);
    return listeners;
  }
}
