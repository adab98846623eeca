// Which settings are axes beside the metric: the most important, the most important last.

const MAX_AXES = 16; // settings on the parallel coordinates, the most important first

/** @typedef {import("./data.js").Column} Column */

/**
 * @param {Column[]} settings that differ
 * @param {import("./importance.js").Share[]} ranked settings by importance
 * @param {number} count of runs
 * @param {Column} goal the metric, which is the last axis
 */
export function axesOf(settings, ranked, count, goal) {
  const rank = new Map(ranked.map((each, i) => [each.name, i]));
  // What few runs have been given says little of the others, however important there.
  const isRare = (/** @type {Column} */ column) => Number(column.missing * 2 > count);
  const order = [...settings].sort(
    (a, b) => isRare(a) - isRare(b) || (rank.get(a.name) ?? 99) - (rank.get(b.name) ?? 99) || a.missing - b.missing,
  );
  return [...order.slice(0, MAX_AXES).reverse(), goal];
}
