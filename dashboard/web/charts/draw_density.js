// A density drawn: a shade for each pixel that a line goes through, the median, the middle eight tenths, the extremes;
// of layers each in its colour.
import { css } from "./palette.js";
import { hexOf, shadesOf } from "./shades.js";

/**
 * @typedef {import("./record.js").Context} Context
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./density.js").Density} Density
 * @typedef {import("./crowd.js").Crowd} Crowd
 */

/**
 * @param {Context} context
 * @param {View} view
 * @param {Density} density
 * @param {Crowd} crowd
 */
export function drawDensity(context, view, density, crowd) {
  const { plot, ratio, layers } = view;
  const front = layers.filter(({ isQuiet }) => !isQuiet);
  context.setLineDash([]);
  context.lineJoin = "bevel";
  if (crowd === "density") {
    const shades = shadesOf(density, layers);
    if ("drawImage" in context) painted(context, view, density, shades);
    else filled(context, view, density, shades);
  } else {
    context.fillStyle = css("--accent");
    context.globalAlpha = 0.12;
    area(context, plot, density.top, density.bottom);
    for (const each of front.length ? front : [{ colour: null, density }]) {
      context.fillStyle = each.colour ?? css("--accent");
      context.globalAlpha = 0.28;
      area(context, plot, each.density.upper, each.density.lower);
    }
  }
  const hair = 1 / (ratio || 1);
  for (const edge of [density.top, density.bottom])
    outline(context, plot, edge, css("--dim"), Math.max(0.75, hair), 0.8);
  for (const each of front.length ? front : [{ colour: null, density }])
    quantiles(context, view, each.density, each.colour ?? css("--text"), crowd === "density");
}

/**
 * @param {Context} context
 * @param {View} view
 * @param {Density} density
 * @param {string} colour
 * @param {boolean} isOnShades
 */
function quantiles(context, { plot }, { upper, middle, lower }, colour, isOnShades) {
  for (const edge of [upper, lower]) {
    if (isOnShades) outline(context, plot, edge, css("--card"), 3, 0.8);
    outline(context, plot, edge, colour, 1, 0.75);
  }
  outline(context, plot, middle, css("--card"), 4, 0.85);
  outline(context, plot, middle, colour, 2, 1);
}

// As a picture of as many pixels as the plot has.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Density} density
 * @param {Int32Array} shades
 */
function painted(context, { plot }, { columns, rows }, shades) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const inside = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = inside.createImageData(columns, rows),
    { data } = image;
  for (let c = 0; c < columns; c++)
    for (let r = 0, at = c * rows; r < rows; r++, at++) {
      const shade = shades[at];
      if (!shade) continue;
      const to = 4 * (r * columns + c);
      data[to] = (shade >> 16) & 255;
      data[to + 1] = (shade >> 8) & 255;
      data[to + 2] = shade & 255;
      data[to + 3] = 255;
    }
  inside.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, plot.left, plot.top, columns, rows);
}

// As shapes, one for each colour: for files of lines.
/**
 * @param {Context} context
 * @param {View} view
 * @param {Density} density
 * @param {Int32Array} shades
 */
function filled(context, { plot }, { columns, rows }, shades) {
  /** @type {Map<number, [c: number, from: number, to: number][]>} */
  const shapes = new Map();
  for (let c = 0; c < columns; c++)
    for (let r = 0; r < rows; ) {
      const begin = r,
        shade = shades[c * rows + r];
      while (r < rows && shades[c * rows + r] === shade) r++;
      if (!shade) continue;
      const found = shapes.get(shade);
      if (found) found.push([c, begin, r]);
      else shapes.set(shade, [[c, begin, r]]);
    }
  for (const [shade, parts] of [...shapes].sort(([a], [b]) => a - b)) {
    context.fillStyle = hexOf(shade);
    context.beginPath();
    for (const [c, from, to] of parts) context.rect(plot.left + c, plot.top + from, 1, to - from);
    context.fill();
  }
}

// The stretches of columns that have lines.
/** @param {Float64Array} edge @returns {[from: number, to: number][]} */
function stretches(edge) {
  /** @type {[number, number][]} */
  const found = [];
  for (let c = 0; c < edge.length; c++) {
    if (Number.isNaN(edge[c])) continue;
    const begin = c;
    while (c < edge.length && !Number.isNaN(edge[c])) c++;
    found.push([begin, c]);
  }
  return found;
}

// From edge to edge of each stretch, by the middle of its columns.
/**
 * @param {Context} context
 * @param {import("./scale.js").Plot} plot
 * @param {Float64Array} edge
 * @param {string} colour
 * @param {number} width
 * @param {number} opacity
 */
function outline(context, plot, edge, colour, width, opacity) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.globalAlpha = opacity;
  context.beginPath();
  for (const [from, to] of stretches(edge)) {
    context.moveTo(plot.left + from, heightOf(plot, edge[from]));
    for (let c = from; c < to; c++) context.lineTo(plot.left + c + 0.5, heightOf(plot, edge[c]));
    context.lineTo(plot.left + to, heightOf(plot, edge[to - 1]));
  }
  context.stroke();
  context.globalAlpha = 1;
}

/**
 * @param {Context} context
 * @param {import("./scale.js").Plot} plot
 * @param {Float64Array} above
 * @param {Float64Array} below
 */
function area(context, plot, above, below) {
  context.beginPath();
  for (const [from, to] of stretches(above)) {
    context.moveTo(plot.left + from, heightOf(plot, above[from]));
    for (let c = from; c < to; c++) context.lineTo(plot.left + c + 0.5, heightOf(plot, above[c]));
    context.lineTo(plot.left + to, heightOf(plot, above[to - 1]));
    context.lineTo(plot.left + to, heightOf(plot, below[to - 1]));
    for (let c = to - 1; c >= from; c--) context.lineTo(plot.left + c + 0.5, heightOf(plot, below[c]));
    context.lineTo(plot.left + from, heightOf(plot, below[from]));
    context.closePath();
  }
  context.fill();
  context.globalAlpha = 1;
}

// What lies far beyond the plot is as far as can be drawn.
/**
 * @param {import("./scale.js").Plot} plot
 * @param {number} px
 */
const heightOf = (plot, px) => plot.top + Math.max(-1e5, Math.min(1e5, px));
