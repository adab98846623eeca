// A whole chart drawn once: axes, lines, marks and the rail, on a canvas or on what records for a file.
import { RAIL, captionX, captionY, drawAxes, drawMarks, drawRail, textAt, xTicksOf, yTicksOf } from "./axes.js";
import { above, crowdOf } from "./crowd.js";
import { DensityLayers } from "./density_layers.js";
import { drawDensity } from "./draw_density.js";
import { drawLines } from "./draw_lines.js";
import { css } from "./palette.js";
import { domain, range, scales } from "./scale.js";
import { partsOf } from "./point_counts.js";

/**
 * @typedef {import("./scale.js").Zoom} Zoom
 * @typedef {import("./line_set.js").Line} Line
 * @typedef {import("./chart.js").Marks} Marks
 * @typedef {import("./chart.js").Settings} Settings
 * @typedef {import("./chart.js").View} View
 */

const PAD = { top: 8, right: 10, bottom: 22 };
const CAPTION = 16; // height of what an axis is called, where it is

/**
 * @param {Line[]} lines
 * @param {Settings} settings
 * @param {Zoom | null} zoom
 * @param {Zoom | null} zoomY
 * @returns {import("./growth.js").Ranges}
 */
export function rangesOf(lines, settings, zoom, zoomY) {
  const x = domain(lines, settings, zoom);
  return { x, y: range(lines, settings, x, zoomY, Boolean(zoom)) };
}

/**
 * @typedef {{
 *   width: number, height: number, lines: Line[], settings: Settings, marks?: Marks | null, zoom: Zoom | null,
 *   zoomY: Zoom | null, ratio: number, ranges?: import("./growth.js").Ranges, densities?: DensityLayers,
 * }} How densities: of the last time, which are gone on with
 */

// Draws on any context, a canvas's or one that records for SVG or LaTeX; gives the view that was drawn.
/**
 * @param {import("./record.js").Context} context
 * @param {How} how
 * @returns {View}
 */
export function drawChart(context, how) {
  const { densities = new DensityLayers() } = how;
  const view = viewOf(context, { ...how, densities });
  if (view.density) densities.follow(view);
  paint(context, view);
  return view;
}

// Where everything lies, and what many lines will be counted into.
/**
 * @param {import("./record.js").Context} context
 * @param {How} how
 * @returns {View}
 */
export function viewOf(
  context,
  {
    width,
    height,
    lines,
    settings,
    marks,
    zoom,
    zoomY,
    ratio,
    ranges = rangesOf(lines, settings, zoom, zoomY),
    densities = new DensityLayers(),
  },
) {
  const rail = lines.flatMap(partsOf).some(({ raw }) => raw.notFinite) ? RAIL : 0;
  const { x, y } = ranges;
  const yTicks = yTicksOf(y, height, settings);
  context.font = `11px ${css("--font")}`;
  const left = Math.ceil(Math.max(26, ...yTicks.map((mark) => context.measureText(textAt(yTicks, mark)).width + 12)));
  const xTicks = xTicksOf(x, width - PAD.right - left, settings);
  const plot = {
    left,
    right: width - PAD.right,
    top: PAD.top + (captionY(yTicks, settings) ? CAPTION : 0),
    bottom: height - PAD.bottom - rail - (captionX(xTicks, settings) ? CAPTION : 0),
  };
  const crowd = crowdOf(lines, settings);
  return {
    lines,
    settings,
    plot,
    x,
    y,
    scale: scales(plot, x, y, settings),
    rail,
    ratio,
    marks,
    quiet: css("--dim"),
    placed: [],
    ticks: [xTicks, yTicks],
    crowd,
    density: crowd ? densities.whole : null,
    layers: [],
    above: crowd ? above(lines, settings) : lines,
  };
}

// A view whose lines are counted, where they are many.
/**
 * @param {import("./record.js").Context} context
 * @param {View} view
 */
export function paint(context, view) {
  const { plot, marks, rail, ticks, crowd, density } = view;
  context.font = `11px ${css("--font")}`;
  drawAxes(context, view, ...ticks);
  context.save();
  context.beginPath();
  context.rect(plot.left - 1, plot.top - 2, plot.right - plot.left + 2, plot.bottom - plot.top + 4);
  context.clip();
  if (crowd && density) drawDensity(context, view, density, crowd);
  drawLines(context, { ...view, lines: view.above });
  context.restore();
  if (marks) view.placed = drawMarks(context, { ...view, lines: view.above });
  if (rail) drawRail(context, view);
}
