// Tables of the source that words from outside look into: an address may ask for "constructor", and finds nothing.

/**
 * The entries without the names that every object has.
 * @template T
 * @param {Record<string, T>} entries
 * @returns {Readonly<Record<string, T>>}
 */
export const lookup = (entries) => Object.freeze(Object.assign(Object.create(null), entries));
