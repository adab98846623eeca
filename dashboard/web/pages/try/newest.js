// One question at a time: while it is under way, only the newest of those that come is kept, and asked next.

/**
 * @template Q, A
 * @typedef {{
 *   ask(question: Q): Promise<A>, answered(answer: A, question: Q): void, failed(error: Error, question: Q): void,
 * }} How
 */

/** @template Q, A */
export class Newest {
  /** @param {How<Q, A>} how */
  constructor(how) {
    this.how = how;
    this.isAsking = false;
    this.isOver = false;
    /** @type {{ question: Q } | null} */
    this.waiting = null;
  }

  /** Whether anything is asked or waits to be. */
  get isBusy() {
    return this.isAsking || this.waiting !== null;
  }

  /** @param {Q} question takes the place of one that waits */
  put(question) {
    this.waiting = { question };
    if (!this.isAsking) this.#next();
  }

  /** What waits is not asked any more, and an answer that comes yet is for nobody. */
  end() {
    this.isOver = true;
    this.waiting = null;
  }

  async #next() {
    while (this.waiting && !this.isOver) {
      const { question } = this.waiting;
      this.waiting = null;
      this.isAsking = true;
      try {
        const answer = await this.how.ask(question);
        if (!this.isOver) this.how.answered(answer, question);
      } catch (error) {
        if (!this.isOver) this.how.failed(/** @type {Error} */ (error), question);
      }
      this.isAsking = false;
    }
  }
}
