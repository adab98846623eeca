// The curves of a large answer without the answer: what most runs have in common is there once, as the steps of a sweep
// are, the times of a run are those of its other curves, and the rest lies close together.
import { isSame, isTime, share, timesOf } from "./shared_times.js";

const MANY = 64; // curves of an answer that is worth it
const KINDS = 8; // that are told apart of each column
const COMMON = new Set(["step", "step_first", "step_last", "count", "nan_count", "posinf_count", "neginf_count"]);

/** @typedef {{ curve: any, columns: Map<string, Float64Array> }} Answer */

export class SharedSteps {
  /** @type {Map<string, Float64Array[]>} */
  #known = new Map();

  /**
   * The same curves, with columns that are kept instead of those of the answer.
   * @param {Answer[]} answers
   */
  kept(answers) {
    if (answers.length < MANY) return answers;
    // Times lie apart from values: they are held by other cards when this one is gone.
    const values = new Close(),
      times = new Close();
    for (const { curve, columns } of answers)
      for (const [name, column] of columns) {
        const shared = COMMON.has(name)
          ? this.#common(name, column)
          : isTime(name)
            ? timesOf(name, curve.run, column)
            : null;
        if (shared) columns.set(name, shared);
        else if (isTime(name))
          times.add(column, (own) => {
            columns.set(name, own);
            share(name, curve.run, own);
          });
        else values.add(column, (own) => columns.set(name, own));
      }
    values.settle();
    times.settle();
    return answers;
  }

  /**
   * @param {string} name
   * @param {Float64Array} column
   */
  #common(name, column) {
    const known = this.#known.get(name) ?? [];
    this.#known.set(name, known);
    const found = known.find((other) => isSame(other, column));
    if (found) return found;
    // The oldest kind makes room.
    const own = column.slice();
    known.unshift(own);
    known.length = Math.min(known.length, KINDS);
    return own;
  }
}

// Columns that come to lie close together.
class Close {
  /** @type {[column: Float64Array, take: (own: Float64Array) => void][]} */
  #waiting = [];
  #size = 0;

  /** @param {Float64Array} column @param {(own: Float64Array) => void} take */
  add(column, take) {
    this.#waiting.push([column, take]);
    this.#size += column.length;
  }

  settle() {
    const all = new Float64Array(this.#size);
    let end = 0;
    for (const [column, take] of this.#waiting) {
      all.set(column, end);
      take(all.subarray(end, (end += column.length)));
    }
  }
}
