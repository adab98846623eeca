// Which cards out of sight keep their curves, so that they are there at once when they are scrolled to.

const CARDS = 40; // at the most
const CURVES = 50_000; // of all of them: of a hundred points each they take 50 MB

/** @typedef {{ sight: boolean, lastSeen: number, chart: unknown, curves: { size: number } | null }} Kept a card */

/**
 * Those that let go of them: all but the latest seen.
 * @template {Kept} C
 * @param {Iterable<C>} cards
 * @returns {C[]}
 */
export function tooMany(cards) {
  const idle = [...cards].filter((card) => !card.sight && card.chart).sort((a, b) => b.lastSeen - a.lastSeen);
  let curves = 0;
  return idle.filter((card, i) => {
    curves += card.curves?.size ?? 0;
    return i >= CARDS || curves > CURVES;
  });
}
