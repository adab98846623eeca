// The curves of a large answer without the answer: what most runs have in common is there once, as the steps of a sweep
// are, and the rest lies close together.

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
    const columns = answers.flatMap((each) => [...each.columns]).map(([name, column]) => this.#common(name, column));
    const size = columns.reduce((sum, { column, isOwn }) => sum + (isOwn ? column.length : 0), 0);
    const own = new Float64Array(size);
    let end = 0,
      next = 0;
    for (const each of answers)
      for (const name of each.columns.keys()) {
        const { column, isOwn } = columns[next++];
        if (isOwn) own.set(column, end);
        each.columns.set(name, isOwn ? own.subarray(end, (end += column.length)) : column);
      }
    return answers;
  }

  /**
   * @param {string} name
   * @param {Float64Array} column
   */
  #common(name, column) {
    if (!COMMON.has(name)) return { column, isOwn: true };
    const known = this.#known.get(name) ?? [];
    this.#known.set(name, known);
    const found = known.find((other) => isSame(other, column));
    if (found) return { column: found, isOwn: false };
    // The oldest kind makes room.
    const own = column.slice();
    known.unshift(own);
    known.length = Math.min(known.length, KINDS);
    return { column: own, isOwn: false };
  }
}

/** @param {Float64Array} a @param {Float64Array} b */
function isSame(a, b) {
  if (a.length !== b.length) return false;
  for (let i = a.length - 1; i >= 0; i--) if (!Object.is(a[i], b[i])) return false;
  return true;
}
