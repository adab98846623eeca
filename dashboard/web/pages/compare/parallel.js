// Parallel coordinates: an axis for each setting and the metric at the right end, a line for each run.
import * as format from "../../text/format.js";
import * as ticks from "../../charts/ticks.js";
import { SHADES, shade } from "../../charts/colour_maps.js";
import { css, isDark } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { RunsCanvas } from "./runs_canvas.js";

/** @typedef {import("./data.js").Column} Column */

const TOP = 44,
  BOTTOM = 14;
const RAIL = 22; // below the axes, for runs without a value
const SIDE = 64,
  GRAB = 16,
  MIN_GAP = 84;
/**
 * @param {string} text
 * @param {number} most
 */
const cut = (text, most) => (text.length > most ? `…${text.slice(1 - most)}` : text);

export class Parallel extends RunsCanvas {
  /**
   * @param {import("./brushes.js").Brushes} brushes
   * @param {import("./runs_canvas.js").Told} told
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(brushes, told, scope) {
    super("parallel", brushes, told, scope);
    this.width = 0;
    this.height = 0;
    this.bottom = BOTTOM;
    /** @type {{ canvas: HTMLCanvasElement, key: string, places: Float32Array[] } | null} */
    this.hinted = null;
    this.under = document.createElement("canvas");
    this.canvas.before(this.under);
    this.canvas.className = "over";
    this.canvas.tabIndex = 0;
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.drag) this.canvas.style.cursor = this.axisAt(event.offsetX) >= 0 ? "ns-resize" : "default";
    });
  }

  /**
   * @param {Column[]} columns
   * @param {number} count
   * @param {Uint8Array<ArrayBuffer>} within
   */
  show(columns, count, within) {
    this.take(columns, count, within);
    this.canvas.setAttribute(
      "aria-label",
      `Parallel coordinates of ${format.plural(count, "run")}: ${columns.map((column) => column.name).join(", ")}`,
    );
    this.bottom = BOTTOM + (this.places.some((places) => places.some(Number.isNaN)) ? RAIL : 0);
    this.element.style.setProperty("--least", `${2 * SIDE + MIN_GAP * Math.max(0, columns.length - 1)}px`);
    this.draw();
  }

  /** @param {number} k */
  x(k) {
    return this.columns.length > 1 ? SIDE + (k * (this.width - 2 * SIDE)) / (this.columns.length - 1) : this.width / 2;
  }

  /** @param {number} place */
  y(place) {
    return Number.isNaN(place)
      ? this.height - 12
      : this.height - this.bottom - place * (this.height - TOP - this.bottom);
  }

  /** @param {number} y */
  place(y) {
    return Math.min(1, Math.max(0, (this.height - this.bottom - y) / (this.height - TOP - this.bottom)));
  }

  /** @override */
  draw() {
    const { element } = this;
    if (!element.clientWidth || !element.clientHeight) return; // on no page now
    this.width = Math.max(element.clientWidth, parseFloat(element.style.getPropertyValue("--least")) || 0);
    this.height = element.clientHeight;
    if (!this.columns.length) return;
    const context = prepared(this.under, this.width, this.height);
    this.drawLines(context);
    this.drawAxes(context);
    this.drawOver();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} i
   */
  trace(context, i) {
    for (let k = 0; k < this.columns.length; k++) {
      const x = this.x(k),
        y = this.y(this.places[k][i]);
      if (k) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
  }

  /** @param {CanvasRenderingContext2D} context */
  drawLines(context) {
    const metric = this.places[this.places.length - 1];
    /** @type {number[][]} */
    const groups = Array.from({ length: SHADES + 1 }, () => []);
    let inside = 0;
    for (let i = 0; i < this.count; i++) {
      if (!this.within[i]) continue;
      inside += 1;
      groups[Number.isNaN(metric[i]) ? SHADES : Math.round(metric[i] * (SHADES - 1))].push(i);
    }
    if (inside < this.count) context.drawImage(this.hint(), 0, 0, this.width, this.height);
    context.lineJoin = "round";
    context.globalAlpha = inside > 300 ? 0.45 : inside > 60 ? 0.65 : 0.9;
    context.lineWidth = inside > 100 ? 1 : 1.5;
    groups.forEach((group, at) => {
      if (!group.length) return;
      context.strokeStyle = at === SHADES ? css("--bad") : shade(at / (SHADES - 1), isDark());
      context.beginPath();
      for (const i of group) this.trace(context, i);
      context.stroke();
    });
    context.globalAlpha = 1;
  }

  // All lines, faint: unchosen runs stay as a hint of where they are. Drawn once, for a brush needs it at every move.
  hint() {
    const key = `${this.width} ${this.height} ${devicePixelRatio} ${isDark()}`;
    if (this.hinted?.places === this.places && this.hinted.key === key) return this.hinted.canvas;
    const canvas = document.createElement("canvas");
    const context = prepared(canvas, this.width, this.height);
    context.globalAlpha = Math.min(0.5, Math.max(0.06, 12 / this.count));
    context.strokeStyle = css("--faint");
    context.beginPath();
    for (let i = 0; i < this.count; i++) this.trace(context, i);
    context.stroke();
    this.hinted = { canvas, key, places: this.places };
    return canvas;
  }

  /** @param {CanvasRenderingContext2D} context */
  drawAxes(context) {
    context.font = `11px ${css("--font")}`;
    const ground = css("--card");
    this.columns.forEach((column, k) => {
      const x = this.x(k);
      context.strokeStyle = css("--line-strong");
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.round(x) + 0.5, this.y(1));
      context.lineTo(Math.round(x) + 0.5, this.y(0));
      context.stroke();
      const gap = this.columns.length > 1 ? (this.width - 2 * SIDE) / (this.columns.length - 1) : this.width;
      const room = Math.max(6, Math.floor((gap - 8) / 6.2));
      const last = k === this.columns.length - 1;
      context.fillStyle = column.isMetric ? css("--accent-text") : css("--text");
      context.font = `500 11.5px ${css("--font")}`;
      context.textAlign = "center";
      const name = cut(column.name, last ? Math.max(room, 20) : room);
      const half = context.measureText(name).width / 2;
      context.fillText(name, Math.max(half, Math.min(this.width - half, x)), 16);
      context.font = `11px ${css("--font")}`;
      context.textAlign = last ? "left" : "right";
      for (const { at, text } of this.marks(column)) {
        const y = this.y(at) + 3.5,
          side = x + (last ? 7 : -7),
          said = cut(text, last ? 9 : Math.min(14, room));
        // On the card's colour: labels stand in front of lines and are read, the point of 0.2 too.
        const wide = context.measureText(said).width + 4;
        context.fillStyle = ground;
        context.fillRect(last ? side - 2 : side + 2 - wide, y - 10, wide, 13);
        context.fillStyle = css("--dim");
        context.fillText(said, side, y);
      }
      if (this.places[k].some(Number.isNaN)) {
        context.textAlign = "center";
        context.fillStyle = css("--faint");
        context.fillText(column.isMetric ? "NaN, ∞" : "none", x, this.height - 1);
      }
    });
  }

  /**
   * @param {Column} column
   * @returns {{ at: number, text: string }[]}
   */
  marks(column) {
    if (!column.isNumeric) {
      const every = Math.ceil(column.words.length / Math.max(2, Math.floor((this.height - TOP - this.bottom) / 16)));
      return column.words
        .map((text, i) => ({ at: column.words.length > 1 ? i / (column.words.length - 1) : 0.5, text }))
        .filter((_, i) => i % every === 0);
    }
    // Where a setting takes a few values only, these are what is read.
    if (column.few) return column.few.map((value) => ({ at: column.scaled(value), text: format.value(value, 4) }));
    const made = column.isLog
      ? ticks.logarithmic(column.low, column.high, 5)
      : ticks.linear(column.low, column.high, 5);
    return made.map((/** @type {{ at: number, text: string }} */ { at, text }) => ({ at: column.scaled(at), text }));
  }

  /** @override */
  drawOver() {
    if (!this.width) return;
    const context = prepared(this.canvas, this.width, this.height);
    this.columns.forEach((column, k) => {
      const range = this.brushes.ranges.get(column.name);
      if (!range) return;
      const [low, high] = [this.y(range[0]), this.y(range[1])];
      context.fillStyle = css("--accent");
      context.globalAlpha = 0.22;
      context.fillRect(this.x(k) - 8, high - 1, 16, Math.max(2, low - high + 2));
      context.globalAlpha = 1;
      context.fillRect(this.x(k) - 8, high - 1, 16, 2);
      context.fillRect(this.x(k) - 8, low - 1, 16, 2);
    });
    if (this.hovered < 0 || this.hovered >= this.count) return;
    for (const { colour, width } of [
      { colour: css("--card"), width: 5 },
      { colour: css("--text"), width: 2.25 },
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      this.trace(context, this.hovered);
      context.stroke();
    }
  }

  /** @param {number} x */
  axisAt(x) {
    let best = -1;
    for (let k = 0; k < this.columns.length; k++)
      if (Math.abs(this.x(k) - x) < GRAB && (best < 0 || Math.abs(this.x(k) - x) < Math.abs(this.x(best) - x)))
        best = k;
    return best;
  }

  /**
   * @override
   * @param {PointerEvent} event
   */
  begin(event) {
    const k = this.axisAt(event.offsetX);
    if (k < 0 || event.button) return;
    const { name } = this.columns[k];
    const from = this.place(event.offsetY);
    this.follow(event, (move, done) => {
      const to = this.place(move.offsetY);
      // A click on an axis takes its brush away; half the way between two words still takes both words.
      const range = Math.abs(to - from) * (this.height - TOP - this.bottom) < 4 ? null : [from, to];
      if (range || done) this.told.brush(name, range, done);
    });
  }

  // The run whose line is nearest, within 8 pixels; of those that are chosen first.
  /**
   * @override
   * @param {MouseEvent} event
   */
  nearest({ offsetX: x, offsetY: y }) {
    let k = 0;
    while (k < this.columns.length - 2 && this.x(k + 1) < x) k++;
    if (this.columns.length < 2) return -1;
    const share = (x - this.x(k)) / (this.x(k + 1) - this.x(k));
    let best = -1,
      least = 8;
    for (let i = 0; i < this.count; i++) {
      const at = (1 - share) * this.y(this.places[k][i]) + share * this.y(this.places[k + 1][i]);
      const far = Math.abs(at - y) + (this.within[i] ? 0 : 4);
      if (far < least) {
        least = far;
        best = i;
      }
    }
    return best;
  }
}
