// Which lines of a chart go through a box that was drawn on it.
import { Cover } from "./cover.js";
import { placeOf } from "./density_layers.js";

/**
 * Those that have a part of what is drawn of them in the box: of its columns of pixels, as a density counts them.
 * @param {import("./chart.js").View} view
 * @param {import("./input.js").Box} box in CSS pixels of the chart
 * @returns {import("./line_set.js").Line[]}
 */
export function through(view, { x: [left, right], y: [top, bottom] }) {
  const { lines, settings, plot } = view,
    { smoothing, axis } = settings;
  const place = placeOf(view);
  const from = Math.min(place.columns - 1, Math.max(0, Math.floor(left - plot.left))),
    to = Math.min(place.columns, Math.max(from + 1, Math.ceil(right - plot.left)));
  const [above, below] = [top - plot.top, bottom - plot.top];
  const cover = new Cover(to - from);
  return lines.filter(({ curve, band }) => {
    if (!curve.length) return false;
    const isSmooth = smoothing.weight > 0 && curve.length > 2 && !band;
    cover.take(curve, isSmooth ? curve.smoothed(smoothing, axis, view.x.full) : null, place, from, to);
    for (let i = 0; i < to - from; i++) if (cover.low[i] <= below && cover.high[i] >= above) return true;
    return false;
  });
}
