// A drawing context that remembers instead of painting: the same drawing becomes SVG or LaTeX (PGF).
import { cut } from "./clip.js";
import { pgf } from "./pgf.js";
import { svg } from "./svg.js";

/**
 * @typedef {CanvasRenderingContext2D | Record} Context what a chart is drawn on
 * @typedef {import("./clip.js").Step} Step
 * @typedef {{
 *   strokeStyle: string, fillStyle: string, lineWidth: number, globalAlpha: number, font: string,
 *   textAlign: CanvasTextAlign, textBaseline: CanvasTextBaseline, lineJoin: CanvasLineJoin, dash: number[],
 *   box: [x: number, y: number, width: number, height: number] | null, dx: number, dy: number,
 * }} State box: what it is clipped to; dx, dy: how far it is moved
 * @typedef {State & { act: "stroke" | "fill", path: Step[] }} Shape
 * @typedef {State & { act: "text", text: string, x: number, y: number }} Label
 * @typedef {Shape | Label} Mark
 */

const measuring = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

export class Record {
  constructor() {
    /** @type {Mark[]} */
    this.marks = [];
    /** @type {State[]} */
    this.saved = [];
    /** @type {Step[]} */
    this.path = [];
    this.strokeStyle = "#000";
    this.fillStyle = "#000";
    this.lineWidth = 1;
    this.globalAlpha = 1;
    this.font = "11px sans-serif";
    /** @type {CanvasTextAlign} */
    this.textAlign = "left";
    /** @type {CanvasTextBaseline} */
    this.textBaseline = "alphabetic";
    /** @type {CanvasLineJoin} */
    this.lineJoin = "round";
    /** @type {number[]} */
    this.dash = [];
    /** @type {State["box"]} */
    this.box = null;
    this.dx = 0;
    this.dy = 0;
  }

  /** @returns {State} */
  #state() {
    const { strokeStyle, fillStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, lineJoin } = this;
    const { dash, box, dx, dy } = this;
    return {
      ...{ strokeStyle, fillStyle, lineWidth, globalAlpha, font, textAlign, textBaseline, lineJoin },
      ...{ dash, box, dx, dy },
    };
  }

  save() {
    this.saved.push(this.#state());
  }
  restore() {
    Object.assign(this, this.saved.pop());
  }
  /**
   * @param {number} x
   * @param {number} y
   */
  translate(x, y) {
    this.dx += x;
    this.dy += y;
  }
  /** @param {number[]} dash */
  setLineDash(dash) {
    this.dash = dash;
  }
  /** @param {string} text */
  measureText(text) {
    measuring.font = this.font;
    return measuring.measureText(text);
  }
  beginPath() {
    this.path = [];
  }
  /**
   * @param {number} x
   * @param {number} y
   */
  moveTo(x, y) {
    this.path.push(["M", x + this.dx, y + this.dy]);
  }
  /**
   * @param {number} x
   * @param {number} y
   */
  lineTo(x, y) {
    this.path.push([this.path.length ? "L" : "M", x + this.dx, y + this.dy]);
  }
  closePath() {
    this.path.push(["Z"]);
  }
  // A whole circle: charts have no other arcs.
  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   * @param {...number} _angles
   */
  arc(x, y, radius, ..._angles) {
    this.path.push(["O", x + this.dx, y + this.dy, radius]);
  }
  /**
   * @param {number} left
   * @param {number} top
   * @param {number} w
   * @param {number} h
   */
  rect(left, top, w, h) {
    const [x, y] = [left + this.dx, top + this.dy];
    this.path.push(["M", x, y], ["L", x + w, y], ["L", x + w, y + h], ["L", x, y + h], ["Z"]);
  }
  // To a rectangle: charts clip to nothing else.
  clip() {
    const [from, , to] = this.path;
    if (from?.[0] === "M" && to?.[0] === "L") this.box = [from[1], from[2], to[1] - from[1], to[2] - from[2]];
  }
  stroke() {
    this.#mark("stroke");
  }
  fill() {
    this.#mark("fill");
  }
  /**
   * @param {number} x
   * @param {number} y
   * @param {number} w
   * @param {number} h
   */
  fillRect(x, y, w, h) {
    this.beginPath();
    this.rect(x, y, w, h);
    this.fill();
    this.beginPath();
  }
  /**
   * @param {string} text
   * @param {number} x
   * @param {number} y
   */
  fillText(text, x, y) {
    this.marks.push({ ...this.#state(), act: "text", text, x: x + this.dx, y: y + this.dy });
  }
  /** @param {"stroke" | "fill"} act */
  #mark(act) {
    const path = this.box ? cut(this.path, this.box, act === "fill") : [...this.path];
    if (path.length) this.marks.push({ ...this.#state(), act, path });
  }
  // part: what names in it begin with, where several pictures are in one file.
  /**
   * @param {number} width
   * @param {number} height
   * @param {string} background
   * @param {string} [part]
   */
  svg(width, height, background, part = "") {
    return svg(this.marks, width, height, background, part);
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  pgf(width, height) {
    return pgf(this.marks, width, height);
  }
}
