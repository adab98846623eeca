// Which tags make a path: path/<name>/x and /y by step, perhaps /value; as texts the surface it walks on, and a slice
// of one.
/** @param {string} tag */
export const isSurface = (tag) => /^path\/.+\/(surface|slice)$/.test(tag);
/** @param {string} tag */
export const isPath = (tag) => /^path\/.+\/[xy]$/.test(tag) || isSurface(tag);
/** @param {string} tag */
export const nameOf = (tag) => tag.slice(5, tag.lastIndexOf("/"));
