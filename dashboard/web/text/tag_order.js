// Which groups of tags come first: what is looked at first. Training, validation, then the rest by name; then what is
// logged of layers, batches and steps beside a user's own, as tracker/findings/inner_tags.py lists it; machines last.
const FIRST = ["train", "val", "valid", "validation", "eval", "test", ""];

const LAYERS = ["grad_norm", "weight_norm", "update_ratio", "act_norm", "dead", "saturated", "unused"];
const INNER = new Set([...LAYERS, "input", "output", "passes", "time"]);
const MACHINES = new Set(["machine", "system"]);

// group: the first part of a tag's path, or "" for tags without one.
/** @param {string} group */
export function rankOf(group) {
  if (FIRST.includes(group)) return FIRST.indexOf(group);
  return MACHINES.has(group) ? 101 : INNER.has(group) ? 100 : 99;
}

/** @param {string} tag */
export const groupOf = (tag) => (tag.includes("/") ? tag.slice(0, tag.indexOf("/")) : "");
