// What news of a run says of a series: whether it has to be asked for again.

/**
 * @typedef {object} Change
 * @property {string} run
 * @property {string[]} what kinds of series, "marks", "runs", "line"
 * @property {Record<string, string[]>} [tags] by kind, of which series there is more
 */

/**
 * Whether a series may have changed: there is more of it, or of the run other segments count now.
 * @param {Change} change
 * @param {string} kind
 * @param {string} [tag] any of the kind without one
 */
export const touches = ({ what, tags }, kind, tag) =>
  what.includes("line") || (what.includes(kind) && (tag === undefined || !tags?.[kind] || tags[kind].includes(tag)));
