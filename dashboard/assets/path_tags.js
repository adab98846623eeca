// Which tags make a path: path/<name>/x and /y by step, perhaps /value, and the surface it walks on as a text.
export const isSurface = (tag) => /^path\/.+\/surface$/.test(tag);
export const isPath = (tag) => /^path\/.+\/[xy]$/.test(tag);
export const nameOf = (tag) => tag.slice(5, tag.lastIndexOf("/"));
