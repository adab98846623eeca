// Which tags make a path: path/<name>/x and /y by step, perhaps /value; as texts the surface it walks on, and a slice of one.
export const isSurface = (tag) => /^path\/.+\/(surface|slice)$/.test(tag);
export const isPath = (tag) => /^path\/.+\/[xy]$/.test(tag) || isSurface(tag);
export const nameOf = (tag) => tag.slice(5, tag.lastIndexOf("/"));
