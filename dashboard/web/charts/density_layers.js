// The densities of a chart: of all of its lines, and of each layer that they are told apart in; kept from one time that
// it is drawn to the next, so that a new point of one line costs its own columns.
import { EDGE } from "./cover.js";
import { layersOf } from "./crowd.js";
import { Density } from "./density.js";

/**
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./crowd.js").Layer} Layer
 * @typedef {Layer & { density: Density }} Shown
 */

export class DensityLayers {
  constructor() {
    this.whole = new Density();
    /** @type {Map<string, Density>} */
    this.parts = new Map();
  }

  // Has them follow the lines of a view, which takes its layers from them.
  /** @param {View} view */
  follow(view) {
    for (const _ of this.counting(view));
  }

  // The same with pauses.
  /** @param {View} view @returns {Generator<void>} */
  *counting(view) {
    const layers = layersOf(view.lines);
    yield* counting(view, view.lines, this.whole);
    const keys = new Set(layers.map(({ key }) => key));
    for (const key of this.parts.keys()) if (!keys.has(key)) this.parts.delete(key);
    const shown = [];
    for (const layer of layers) {
      const density = this.parts.get(layer.key) ?? new Density();
      this.parts.set(layer.key, density);
      yield* counting(view, layer.lines, density);
      shown.push({ ...layer, density });
    }
    view.layers = shown;
  }
}

// Where a plot lies in pixels, for those who count in them.
/**
 * @param {Pick<View, "settings" | "plot" | "scale" | "y">} view
 * @returns {import("./cover.js").Place}
 */
export function placeOf({ settings: { axis, logx, logy }, plot, scale, y }) {
  const columns = Math.max(1, Math.round(plot.right - plot.left)),
    rows = Math.max(1, Math.round(plot.bottom - plot.top));
  /** @param {number} px @param {number} most */
  const within = (px, most) => (px < 0 && px > -EDGE ? 0 : px > most && px < most + EDGE ? most : px);
  return {
    ...{ axis, logx, logy, columns, rows },
    x: (/** @type {number} */ value) => within(scale.x(value) - plot.left, columns),
    y: (/** @type {number} */ value) => scale.y(value) - plot.top,
    floor: logy ? y.low : -Infinity,
    line: scale.line ? [...scale.line, plot.top] : null,
  };
}

/**
 * @param {View} view
 * @param {import("./line_set.js").Line[]} lines
 * @param {Density} density
 */
function counting(view, lines, density) {
  const { settings, plot, x, y } = view;
  const place = placeOf(view);
  const { kind, weight, isLog } = settings.smoothing;
  const look = [plot.left, plot.top, place.columns, place.rows, x.low, x.high, x.full, y.low, y.high];
  return density.counting(
    lines.map(({ curve }) => curve),
    place,
    { settings, full: x.full },
    [...look, settings.axis, settings.logx, settings.logy, kind, weight, isLog],
  );
}
