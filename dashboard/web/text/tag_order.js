// Which groups of tags come first: what is looked at first. Training, validation, then the rest by name.
const FIRST = ["train", "val", "valid", "validation", "eval", "test", ""];

// group: the first part of a tag's path, or "" for tags without one.
/** @param {string} group */
export const rankOf = (group) => (group === "machine" ? 100 : FIRST.includes(group) ? FIRST.indexOf(group) : 99);

/** @param {string} tag */
export const groupOf = (tag) => (tag.includes("/") ? tag.slice(0, tag.indexOf("/")) : "");
