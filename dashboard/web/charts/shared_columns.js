// What every curve of single points shares: a count of one each, and nothing that is not finite; and what most curves
// have of what few have.

/** @type {Float64Array} */
export let ones = new Float64Array(0);
/** @type {Float64Array} */
export let zeros = new Float64Array(0);
/** @param {number} capacity */
export function shared(capacity) {
  if (ones.length < capacity) {
    ones = new Float64Array(capacity).fill(1);
    zeros = new Float64Array(capacity);
  }
}

/** @returns {Float64Array} */
export const empty = () => new Float64Array(0);

/** @type {readonly never[]} */
export const none = Object.freeze([]);
