// Which metrics the page of comparison shows: the one to begin with, and those in the table beside it.
import * as runs from "../../core/runs.js";

const OTHERS = 4; // metrics in the table beside the chosen one
const OUTCOME = /loss|acc|error|f1|auc|score|hparam/i;

// The metric to begin with: what runs are judged by, among the tags that at least half of the runs have that any has.
/**
 * @param {import("./data.js").Run[]} candidates
 * @param {string[]} tags
 */
export function usual(candidates, tags) {
  const count = (/** @type {string} */ tag) => candidates.filter((run) => run.has.has(tag)).length;
  const most = Math.max(...tags.map(count));
  return runs.headlines.find((tag) => count(tag) * 2 >= most) ?? tags[0];
}

// Further metrics that say what runs came to.
/**
 * @param {string[]} tags
 * @param {string} chosen
 */
export const others = (tags, chosen) => tags.filter((tag) => tag !== chosen && OUTCOME.test(tag)).slice(0, OTHERS);
