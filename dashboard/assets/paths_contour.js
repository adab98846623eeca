// Walks seen from above: contours of the surface, and on them where everyone went.
import * as ticks from "./ticks.js";
import { css, isDark } from "./palette.js";
import { prepared } from "./chart.js";
import { ramp } from "./paths_surface.js";

const PAD = { top: 12, right: 14, bottom: 26, left: 44 };
const LEVELS = 16;

export class Contour {
  constructor(canvas) {
    this.canvas = canvas;
    this.ground = document.createElement("canvas");
    this.drawn = "";
  }

  // walks: [{walk, colour, faint}], everyone at a step
  draw(surface, walks, step) {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    const box = { left: PAD.left, top: PAD.top, width: width - PAD.left - PAD.right, height: height - PAD.top - PAD.bottom };
    this.view = { surface, box };
    this.#ground(surface, box);
    context.drawImage(this.ground, box.left, box.top, box.width, box.height);
    this.#axes(context, surface, box);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    for (const [x, y] of surface.minima) star(context, ...this.#at(x, y));
    for (const each of walks) this.#trail(context, each, step);
    for (const each of walks) this.#head(context, each, step);
    context.restore();
  }

  #at(x, y) {
    const { surface, box } = this.view;
    return [box.left + surface.u(x) * box.width, box.top + (1 - surface.v(y)) * box.height];
  }

  // Heights as colours and lines: drawn once for a size and theme.
  #ground(surface, box) {
    const ratio = devicePixelRatio || 1, dark = isDark();
    const [w, h] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    const key = [w, h, dark].join();
    if (this.drawn === key && this.of === surface) return;
    this.drawn = key;
    this.of = surface;
    Object.assign(this.ground, { width: w, height: h });
    const context = this.ground.getContext("2d");
    const colours = Array.from({ length: 256 }, (_, i) => ramp(i / 255, dark));
    const [pw, ph] = [Math.ceil(w / 2), Math.ceil(h / 2)];
    const small = Object.assign(document.createElement("canvas"), { width: pw, height: ph });
    const image = new ImageData(pw, ph);
    for (let j = 0, k = 0; j < ph; j++) {
      for (let i = 0; i < pw; i++, k += 4) {
        const colour = colours[Math.round(255 * surface.at((i + 0.5) / pw, 1 - (j + 0.5) / ph))];
        image.data[k] = colour[0]; image.data[k + 1] = colour[1]; image.data[k + 2] = colour[2]; image.data[k + 3] = 255;
      }
    }
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, w, h);
    if (surface.isFlat) return;
    context.strokeStyle = dark ? "rgb(160 178 255 / 22%)" : "rgb(52 72 150 / 22%)";
    context.lineWidth = ratio;
    context.beginPath();
    for (let level = 1; level < LEVELS; level++) lines(context, surface, level / LEVELS, w, h);
    context.stroke();
  }

  #axes(context, surface, box) {
    context.font = `11px ${css("--font")}`;
    context.fillStyle = css("--dim");
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const { at, text } of ticks.linear(...surface.x, 6)) context.fillText(text, box.left + surface.u(at) * box.width, box.top + box.height + 7);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const { at, text } of ticks.linear(...surface.y, 6)) context.fillText(text, box.left - 8, box.top + (1 - surface.v(at)) * box.height);
  }

  #trail(context, { walk, colour, faint }, step) {
    const place = walk.place(step);
    if (!place) return;
    context.beginPath();
    for (let i = 0; i <= place.index; i++) context.lineTo(...this.#at(walk.x[i], walk.y[i]));
    context.lineTo(...this.#at(place.x, place.y));
    outline(context, colour, faint);
  }

  #head(context, { walk, colour, faint }, step) {
    const place = walk.place(step);
    if (place) head(context, ...this.#at(place.x, place.y), colour, faint);
  }

  // The place of a walk nearest to the pointer, if one is near.
  nearest(walks, step, px, py) {
    let best = null, distance = 14;
    for (const each of walks) {
      const last = each.walk.index(step);
      for (let i = 0; i <= last; i++) {
        const [x, y] = this.#at(each.walk.x[i], each.walk.y[i]);
        const away = Math.hypot(x - px, y - py);
        if (away < distance) { distance = away; best = { ...each, index: i }; }
      }
    }
    return best;
  }
}

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

function star(context, x, y) {
  context.strokeStyle = css("--text");
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [dx, dy] of [[5, 0], [0, 5]]) { context.moveTo(x - dx, y - dy); context.lineTo(x + dx, y + dy); }
  context.stroke();
}

// Where the surface crosses a level: marching squares over its grid, edges met where they are crossed.
function lines(context, { heights, rows, columns }, level, w, h) {
  const sx = w / (columns - 1), sy = h / (rows - 1);
  for (let r = 0; r < rows - 1; r++) {
    for (let c = 0; c < columns - 1; c++) {
      const i = r * columns + c;
      const corners = [heights[i], heights[i + 1], heights[i + columns + 1], heights[i + columns]];
      const at = [[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]];
      const crossings = [];
      for (let k = 0; k < 4; k++) {
        const a = corners[k], b = corners[(k + 1) % 4];
        if (a < level === b < level) continue;
        const part = (level - a) / (b - a), from = at[k], to = at[(k + 1) % 4];
        crossings.push([(from[0] + (to[0] - from[0]) * part) * sx, h - (from[1] + (to[1] - from[1]) * part) * sy]);
      }
      for (let k = 0; k + 1 < crossings.length; k += 2) { context.moveTo(...crossings[k]); context.lineTo(...crossings[k + 1]); }
    }
  }
}
