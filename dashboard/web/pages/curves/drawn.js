// What is drawn in a card, as numbers: for automation and tests.
import { dictionary } from "../../core/dictionary.js";
import { columnOf } from "../../charts/density_tip.js";
import { settings } from "./settings.js";

/** @typedef {import("../../ui/download.js").Card} Card */

// As drawn now in the card of a tag: for automation. Of each column the last step and value, and the finite extremes.
/** @param {Card | undefined} card */
export function drawn(card) {
  const found = dictionary();
  for (const { curve, name } of card?.lines() ?? []) {
    /** @param {Float64Array} column */
    const of = (column) => [...column.subarray(0, curve.length)];
    found[name] = {
      step: of(curve.x1),
      value: of(curve.last),
      min: of(curve.min),
      max: of(curve.max),
      points: curve.points,
    };
  }
  return found;
}

// The lines of a card, what they are made of and how they look: for automation.
/** @param {Card | undefined} card */
export function lines(card) {
  const { axis, smoothing } = settings();
  /**
   * @param {Float64Array} array
   * @param {number} n
   */
  const part = (array, n) => Array.from(array.subarray(0, n), (value) => (Number.isNaN(value) ? null : value));
  return (card?.chart ? card.lines() : []).map(
    (/** @type {any} */ { curve, name, label, colour, dash, faded = false, strong = false, band = false }) => {
      const [begin, , shift] = curve.ends(axis),
        n = curve.length;
      const x = Array.from(begin.subarray(0, n), (value) => value - shift);
      return {
        name,
        label,
        colour,
        dash,
        faded,
        strong,
        band,
        ranks: curve.ranks,
        x,
        step: part(curve.x1, n),
        mean: part(curve.mean, n),
        min: part(curve.min, n),
        max: part(curve.max, n),
        smooth: part(curve.smoothed(smoothing, axis, card?.chart.view?.x.full ?? 0), n),
      };
    },
  );
}

// The smallest and the largest value that a card's envelope reaches, by run: for automation.
/** @param {Card | undefined} card */
export function extremes(card) {
  const found = dictionary();
  for (const { curve, name } of card?.lines() ?? []) {
    let low = Infinity,
      high = -Infinity;
    for (let i = 0; i < curve.length; i++) {
      if (curve.min[i] < low) low = curve.min[i];
      if (curve.max[i] > high) high = curve.max[i];
    }
    found[name] = [low, high];
  }
  return found;
}

// What the density of a card says of each column of pixels, the weights of its pixels, and what is drawn above it; null
// where each line is drawn: for automation.
/** @param {Card | undefined} card */
export function density(card) {
  const view = card?.chart?.view;
  if (!view?.density) return null;
  const { density: found, above, layers } = view;
  return {
    columns: Array.from({ length: found.columns }, (_, c) => columnOf(view, found, c)),
    rows: found.rows,
    cells: Array.from(found.cells),
    above: above.map(({ name }) => name),
    layers: layers.map(({ text, isQuiet, lines: { length } }) => ({ text, isQuiet, lines: length })),
  };
}
