// Strokes of the pictures of paths: trails and where they end, minima, contours, and what is not finite.
import { css } from "../../charts/palette.js";

/** @typedef {import("./surface.js").Surface} Surface */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} colour
 * @param {boolean} faint
 */
export function outline(context, colour, faint) {
  context.lineJoin = context.lineCap = "round";
  context.globalAlpha = faint ? 0.15 : 0.75;
  context.strokeStyle = css("--card");
  context.lineWidth = 4.5;
  context.stroke();
  context.globalAlpha = faint ? 0.3 : 1;
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.stroke();
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {string} colour
 * @param {boolean} faint
 */
export function head(context, x, y, colour, faint) {
  context.globalAlpha = faint ? 0.3 : 1;
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = css("--card");
  context.lineWidth = 2;
  context.stroke();
  context.globalAlpha = 1;
}

// Under what is not finite.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} w
 * @param {number} h
 * @param {number} gap
 */
export function hatch(context, w, h, gap) {
  context.fillStyle = css("--hover");
  context.fillRect(0, 0, w, h);
  context.strokeStyle = css("--bad");
  context.globalAlpha = 0.55;
  context.lineWidth = gap / 7;
  context.beginPath();
  const lines = Math.ceil((w + h) / gap);
  for (let i = 0; i < lines; i++) {
    context.moveTo(i * gap - h, h);
    context.lineTo(i * gap, 0);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 */
export function star(context, x, y) {
  context.strokeStyle = css("--text");
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [dx, dy] of [
    [5, 0],
    [0, 5],
  ]) {
    context.moveTo(x - dx, y - dy);
    context.lineTo(x + dx, y + dy);
  }
  context.stroke();
}

// Where the surface crosses a level: marching squares over its grid, edges met where they are crossed; no holes.
/**
 * @param {CanvasRenderingContext2D} context
 * @param {Surface} surface
 * @param {number} level
 * @param {number} w
 * @param {number} h
 */
export function lines(context, { heights, rows, columns }, level, w, h) {
  const sx = w / (columns - 1),
    sy = h / (rows - 1);
  for (let r = 0; r < rows - 1; r++) {
    for (let c = 0; c < columns - 1; c++) {
      const i = r * columns + c;
      const corners = [heights[i], heights[i + 1], heights[i + columns + 1], heights[i + columns]];
      if (corners.some(Number.isNaN)) continue; // beside a hole no line is known
      const at = [
        [c, r],
        [c + 1, r],
        [c + 1, r + 1],
        [c, r + 1],
      ];
      /** @type {[number, number][]} */
      const crossings = [];
      for (let k = 0; k < 4; k++) {
        const a = corners[k],
          b = corners[(k + 1) % 4];
        if (a < level === b < level) continue;
        const part = (level - a) / (b - a),
          from = at[k],
          to = at[(k + 1) % 4];
        crossings.push([(from[0] + (to[0] - from[0]) * part) * sx, h - (from[1] + (to[1] - from[1]) * part) * sy]);
      }
      for (let k = 0; k + 1 < crossings.length; k += 2) {
        context.moveTo(...crossings[k]);
        context.lineTo(...crossings[k + 1]);
      }
    }
  }
}
