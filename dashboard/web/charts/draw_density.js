// A density drawn: a shade for each pixel that a line goes through, the median, the middle eight tenths, the extremes.
import { css } from "./palette.js";
import { between } from "./colour_maps.js";

/**
 * @typedef {import("./record.js").Context} Context
 * @typedef {import("./chart.js").View} View
 * @typedef {import("./density.js").Density} Density
 * @typedef {import("./crowd.js").Crowd} Crowd
 */

const SHADES = 48;
const EDGE = 1e-6; // pixels: what is at the edge of the plot is in it, however it was rounded
const LEAST = 0.32; // of the way from little to much: a single line is told from the ground

// How much of the way to the deepest shade a weight is: the root, since most pixels have few lines.
/**
 * @param {number} weight
 * @param {number} greatest
 */
const depth = (weight, greatest) => Math.ceil(SHADES * Math.sqrt(Math.min(1, weight / greatest)));

/** @param {number} step from 1 to SHADES */
const colour = (step) => between(LEAST + ((1 - LEAST) * (step - 1)) / (SHADES - 1));

// The shades from a single line to most lines, for a legend: a gradient of CSS.
export const gradient = () =>
  `linear-gradient(to right, ${[1, SHADES / 4, SHADES / 2, (3 * SHADES) / 4, SHADES]
    .map((step) => `rgb(${colour(step).join(" ")})`)
    .join(", ")})`;

// Has a density follow the lines of a view.
/**
 * @param {View} view
 * @param {Density} density
 */
export function follow({ lines, settings, plot, scale, x, y }, density) {
  const { axis, logx, logy, smoothing } = settings;
  const columns = Math.max(1, Math.round(plot.right - plot.left)),
    rows = Math.max(1, Math.round(plot.bottom - plot.top));
  /** @param {number} px @param {number} most */
  const within = (px, most) => (px < 0 && px > -EDGE ? 0 : px > most && px < most + EDGE ? most : px);
  const place = {
    ...{ axis, logx, logy, columns, rows },
    x: (/** @type {number} */ value) => within(scale.x(value) - plot.left, columns),
    y: (/** @type {number} */ value) => scale.y(value) - plot.top,
    floor: logy ? y.low : -Infinity,
  };
  const { kind, weight, isLog } = smoothing;
  const look = [plot.left, plot.top, columns, rows, x.low, x.high, x.full, y.low, y.high, axis, logx, logy];
  density.update(
    lines.map(({ curve }) => curve),
    place,
    { settings, full: x.full },
    [...look, kind, weight, isLog],
  );
}

/**
 * @param {Context} context
 * @param {View} view
 * @param {Density} density
 * @param {Crowd} crowd
 */
export function drawDensity(context, view, density, crowd) {
  const { plot, ratio } = view;
  context.setLineDash([]);
  context.lineJoin = "bevel";
  if (crowd === "density") {
    if ("drawImage" in context) painted(context, view, density);
    else filled(context, view, density);
  } else {
    context.fillStyle = css("--accent");
    context.globalAlpha = 0.12;
    area(context, plot, density.top, density.bottom);
    context.globalAlpha = 0.28;
    area(context, plot, density.upper, density.lower);
  }
  const hair = 1 / (ratio || 1);
  for (const edge of [density.top, density.bottom]) outline(context, plot, edge, "--dim", Math.max(0.75, hair), 0.8);
  for (const edge of [density.upper, density.lower]) {
    if (crowd === "density") outline(context, plot, edge, "--card", 3, 0.8);
    outline(context, plot, edge, "--text", 1, 0.75);
  }
  outline(context, plot, density.middle, "--card", 4, 0.85);
  outline(context, plot, density.middle, "--text", 2, 1);
}

// As a picture of as many pixels as the plot has.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Density} density
 */
function painted(context, { plot }, { columns, rows, cells, greatest }) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const inside = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = inside.createImageData(columns, rows),
    pixels = new Uint32Array(image.data.buffer);
  const colours = Uint32Array.from({ length: SHADES + 1 }, (_, step) => (step ? packed(colour(step)) : 0));
  for (let c = 0; c < columns; c++)
    for (let r = 0, at = c * rows; r < rows; r++, at++)
      if (cells[at]) pixels[r * columns + c] = colours[depth(cells[at], greatest)];
  inside.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, plot.left, plot.top, columns, rows);
}

// The bytes of a pixel as one number, in the order of this machine.
/** @param {number[]} parts */
const packed = ([red, green, blue]) => new Uint32Array(new Uint8Array([red, green, blue, 255]).buffer)[0];

// As shapes, one for each shade: for files of lines.
/**
 * @param {Context} context
 * @param {View} view
 * @param {Density} density
 */
function filled(context, { plot }, { columns, rows, cells, greatest }) {
  for (let step = 1; step <= SHADES; step++) {
    context.fillStyle = `#${colour(step)
      .map((part) => part.toString(16).padStart(2, "0"))
      .join("")}`;
    context.beginPath();
    let isThere = false;
    for (let c = 0; c < columns; c++)
      for (let r = 0; r < rows; r++) {
        const begin = r;
        while (r < rows && cells[c * rows + r] && depth(cells[c * rows + r], greatest) === step) r++;
        if (r === begin) continue;
        context.rect(plot.left + c, plot.top + begin, 1, r - begin);
        isThere = true;
      }
    if (isThere) context.fill();
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
 * @param {string} name of the colour
 * @param {number} width
 * @param {number} opacity
 */
function outline(context, plot, edge, name, width, opacity) {
  context.strokeStyle = css(name);
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
