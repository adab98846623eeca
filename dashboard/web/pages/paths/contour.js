// Walks seen from above: contours of the surface, and on them where everyone went.
import * as ticks from "../../charts/ticks.js";
import { css, isDark } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import * as format from "../../text/format.js";
import { head, hatch, lines, outline, star } from "./strokes.js";
import { ramp } from "./surface.js";

/** @typedef {import("./surface.js").Surface} Surface */
/** @typedef {import("./walk.js").Shown} Shown */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

const PAD = { top: 12, right: 14, bottom: 26, left: 44 };
const LABEL = 16; // room for the name of an axis
const BAR = { gap: 10, width: 10, room: 84 }; // the scale of heights, to the right, with room for 0.000753
const LEVELS = 16;
const HATCH = 7; // CSS pixels between the lines over what is not finite

export class Contour {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.ground = document.createElement("canvas");
    this.drawn = ""; // what the ground was drawn for
    /** @type {Surface | null} */
    this.of = null;
    /** @type {{ surface: Surface, box: Box } | null} */
    this.view = null; // once it was drawn
  }

  /**
   * @param {Surface} surface
   * @param {Shown[]} walks
   * @param {number} step that everyone is at
   */
  draw(surface, walks, step) {
    const width = this.canvas.clientWidth,
      height = this.canvas.clientHeight;
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    const [below, beside] = [0, 1].map((k) => (surface.labels[k] ? LABEL : 0));
    const left = PAD.left + beside,
      right = surface.isFlat ? PAD.right : BAR.room;
    const box = { left, top: PAD.top, width: width - left - right, height: height - PAD.top - PAD.bottom - below };
    if (box.width < 20 || box.height < 20) return;
    this.view = { surface, box };
    this.#ground(surface, box);
    context.drawImage(this.ground, box.left, box.top, box.width, box.height);
    this.#axes(context, surface, box);
    if (!surface.isFlat) this.#bar(context, surface, box);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    for (const [x, y] of surface.minima) star(context, ...this.#at(x, y));
    for (const each of walks) this.#trail(context, each, step);
    for (const each of walks) this.#head(context, each, step);
    context.restore();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  #at(x, y) {
    if (!this.view) return [0, 0];
    const { surface, box } = this.view;
    return [box.left + surface.u(x) * box.width, box.top + (1 - surface.v(y)) * box.height];
  }

  // Heights as colours and lines: drawn once for a size and theme.
  /**
   * @param {Surface} surface
   * @param {Box} box
   */
  #ground(surface, box) {
    const ratio = devicePixelRatio || 1,
      dark = isDark();
    const [w, h] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
    const key = [w, h, dark, surface.way].join();
    if (this.drawn === key && this.of === surface) return;
    this.drawn = key;
    this.of = surface;
    Object.assign(this.ground, { width: w, height: h });
    const context = this.ground.getContext("2d");
    if (!context) return;
    if (surface.hasHoles) hatch(context, w, h, HATCH * ratio);
    const colours = Array.from({ length: 256 }, (_, i) => ramp(i / 255, dark));
    const [pw, ph] = [Math.ceil(w / 2), Math.ceil(h / 2)];
    const small = Object.assign(document.createElement("canvas"), { width: pw, height: ph });
    const image = new ImageData(pw, ph);
    for (let j = 0, k = 0; j < ph; j++) {
      for (let i = 0; i < pw; i++, k += 4) {
        const u = (i + 0.5) / pw,
          v = 1 - (j + 0.5) / ph;
        if (surface.isHole(u, v)) continue;
        const colour = colours[Math.round(255 * surface.at(u, v))];
        image.data[k] = colour[0];
        image.data[k + 1] = colour[1];
        image.data[k + 2] = colour[2];
        image.data[k + 3] = 255;
      }
    }
    small.getContext("2d")?.putImageData(image, 0, 0);
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, w, h);
    if (surface.isFlat) return;
    context.strokeStyle = dark ? "rgb(160 178 255 / 22%)" : "rgb(52 72 150 / 22%)";
    context.lineWidth = ratio;
    context.beginPath();
    for (let level = 1; level < LEVELS; level++) lines(context, surface, level / LEVELS, w, h);
    context.stroke();
    if (surface.isWhole) return;
    // While it is computed: where it is known. The rest lies between.
    context.fillStyle = dark ? "rgb(255 255 255 / 45%)" : "rgb(20 30 80 / 45%)";
    const { rows, columns, known } = surface;
    for (let i = 0; i < known.length; i++)
      if (known[i])
        context.fillRect(
          ((i % columns) / (columns - 1)) * w - ratio,
          h - (Math.floor(i / columns) / (rows - 1)) * h - ratio,
          2 * ratio,
          2 * ratio,
        );
  }

  // Which colour is which height, as the logged numbers.
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Surface} surface
   * @param {Box} box
   */
  #bar(context, surface, box) {
    const dark = isDark(),
      left = box.left + box.width + BAR.gap;
    const shades = context.createLinearGradient(0, box.top + box.height, 0, box.top);
    for (let k = 0; k <= 16; k++)
      shades.addColorStop(
        k / 16,
        `rgb(${ramp(k / 16, dark)
          .map(Math.round)
          .join(" ")})`,
      );
    context.fillStyle = shades;
    context.fillRect(left, box.top, BAR.width, box.height);
    context.strokeStyle = css("--line");
    context.strokeRect(left + 0.5, box.top + 0.5, BAR.width - 1, box.height - 1);
    context.fillStyle = css("--dim");
    context.textAlign = "left";
    context.textBaseline = "middle";
    for (const t of [0, 0.25, 0.5, 0.75, 1])
      context.fillText(
        format.value(surface.valueAt(t), 3),
        left + BAR.width + 5,
        box.top + (1 - t) * (box.height - 10) + 5,
      );
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Surface} surface
   * @param {Box} box
   */
  #axes(context, surface, box) {
    context.font = `11px ${css("--font")}`;
    context.fillStyle = css("--dim");
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const { at, text } of ticks.linear(...surface.x, 6))
      context.fillText(text, box.left + surface.u(at) * box.width, box.top + box.height + 7);
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const { at, text } of ticks.linear(...surface.y, 6))
      context.fillText(text, box.left - 8, box.top + (1 - surface.v(at)) * box.height);
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    if (surface.labels[0])
      context.fillText(surface.labels[0], box.left + box.width / 2, box.top + box.height + PAD.bottom + 8, box.width);
    if (!surface.labels[1]) return;
    context.save();
    context.translate(12, box.top + box.height / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(surface.labels[1], 0, 0, box.height);
    context.restore();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Shown} shown
   * @param {number} step
   */
  #trail(context, { walk, colour, faint }, step) {
    const place = walk.place(step);
    if (!place) return;
    context.beginPath();
    for (let i = 0; i <= place.index; i++) context.lineTo(...this.#at(walk.x[i], walk.y[i]));
    context.lineTo(...this.#at(place.x, place.y));
    outline(context, colour, faint);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Shown} shown
   * @param {number} step
   */
  #head(context, { walk, colour, faint }, step) {
    const place = walk.place(step);
    if (place) head(context, ...this.#at(place.x, place.y), colour, faint);
  }

  // What the surface is at a place of the canvas: {x, y, value, known} of the nearest point of its grid; null outside.
  /**
   * @param {number} px
   * @param {number} py
   */
  under(px, py) {
    if (!this.view || this.view.surface.isFlat) return null;
    const { surface, box } = this.view;
    const u = (px - box.left) / box.width,
      v = 1 - (py - box.top) / box.height;
    if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1)) return null;
    const i = surface.index(u, v);
    /**
     * @param {number} k
     * @param {number} n
     * @param {import("./surface.js").Edges} edges
     */
    const part = (k, n, [low, high]) => low + ((high - low) * k) / (n - 1);
    return {
      x: part(i % surface.columns, surface.columns, surface.x),
      y: part(Math.floor(i / surface.columns), surface.rows, surface.y),
      value: surface.values[i],
      known: Boolean(surface.known[i]),
    };
  }

  // The place of a walk nearest to the pointer, if one is near.
  /**
   * @param {Shown[]} walks
   * @param {number} step
   * @param {number} px
   * @param {number} py
   */
  nearest(walks, step, px, py) {
    /** @type {(Shown & { index: number }) | null} */
    let best = null;
    let distance = 14;
    for (const each of walks) {
      const last = each.walk.index(step);
      for (let i = 0; i <= last; i++) {
        const [x, y] = this.#at(each.walk.x[i], each.walk.y[i]);
        const away = Math.hypot(x - px, y - py);
        if (away < distance) {
          distance = away;
          best = { ...each, index: i };
        }
      }
    }
    return best;
  }
}
