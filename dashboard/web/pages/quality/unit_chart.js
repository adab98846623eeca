// A small chart of the unit square: lines and points between 0 and 1 on both axes.
import { css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";

const LEFT = 42,
  BOTTOM = 30,
  TOP = 8,
  RIGHT = 10;

/**
 * @typedef {object} Line
 * @property {ArrayLike<number>} xs
 * @property {ArrayLike<number>} ys
 * @property {string} colour
 * @property {number} at the point that is marked; -1 for none
 * @property {ArrayLike<number>} [sizes] radius of each point; none for a line
 */
/**
 * @typedef {object} Options
 * @property {"diagonal" | null} [hint]
 * @property {((line: number, point: number) => void) | null} [onPick] where the pointer is pressed or dragged
 */

export class UnitChart {
  /**
   * @param {string} title
   * @param {string} x
   * @param {string} y
   * @param {Options} options
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(title, x, y, { hint = null, onPick = null }, scope) {
    this.x = x;
    this.y = y;
    this.hint = hint;
    this.onPick = onPick;
    /** @type {Line[]} */
    this.lines = [];
    this.element = Object.assign(document.createElement("figure"), { className: "unit-chart" });
    const caption = this.element.appendChild(document.createElement("figcaption"));
    caption.textContent = title;
    this.said = caption.appendChild(document.createElement("span"));
    this.canvas = this.element.appendChild(document.createElement("canvas"));
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", title);
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.canvas);
    if (!onPick) return;
    this.canvas.classList.add("is-picked");
    for (const kind of /** @type {const} */ (["pointerdown", "pointermove"]))
      this.canvas.addEventListener(kind, (event) => {
        if (event.buttons & 1) this.pick(event);
      });
  }

  /**
   * @param {Line[]} lines
   * @param {string} [said]
   */
  show(lines, said = "") {
    this.lines = lines;
    this.said.textContent = said;
    this.draw();
  }

  /** @param {PointerEvent} event */
  pick(event) {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const x = (event.offsetX - LEFT) / (width - LEFT - RIGHT),
      y = (height - BOTTOM - event.offsetY) / (height - TOP - BOTTOM);
    let line = -1,
      point = -1,
      least = Infinity;
    this.lines.forEach(({ xs, ys }, k) => {
      for (let i = 0; i < xs.length; i++) {
        const far = Math.hypot(xs[i] - x, ys[i] - y);
        if (far < least) [least, line, point] = [far, k, i];
      }
    });
    if (line >= 0) this.onPick?.(line, point);
  }

  draw() {
    const width = this.canvas.clientWidth,
      height = this.canvas.clientHeight;
    if (!width) return;
    const context = prepared(this.canvas, width, height);
    const px = (/** @type {number} */ v) => LEFT + v * (width - LEFT - RIGHT),
      py = (/** @type {number} */ v) => height - BOTTOM - v * (height - TOP - BOTTOM);
    context.font = `11px ${css("--font")}`;
    context.fillStyle = css("--dim");
    context.strokeStyle = css("--grid");
    context.lineWidth = 1;
    context.beginPath();
    for (const mark of [0, 0.25, 0.5, 0.75, 1]) {
      context.moveTo(px(0), py(mark));
      context.lineTo(px(1), py(mark));
      context.moveTo(px(mark), py(0));
      context.lineTo(px(mark), py(1));
    }
    context.stroke();
    context.textAlign = "right";
    for (const mark of [0, 0.5, 1]) context.fillText(String(mark), LEFT - 5, py(mark) + 4);
    context.textAlign = "center";
    for (const mark of [0, 0.5, 1]) context.fillText(String(mark), px(mark), height - BOTTOM + 13);
    context.fillText(this.x, (LEFT + width - RIGHT) / 2, height - 4);
    context.save();
    context.translate(10, (TOP + height - BOTTOM) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(this.y, 0, 0);
    context.restore();
    if (this.hint === "diagonal") {
      context.setLineDash([4, 4]);
      context.strokeStyle = css("--faint");
      context.beginPath();
      context.moveTo(px(0), py(0));
      context.lineTo(px(1), py(1));
      context.stroke();
      context.setLineDash([]);
    }
    for (const { xs, ys, colour, at, sizes } of this.lines) {
      context.strokeStyle = colour;
      context.fillStyle = colour;
      context.lineWidth = 1.75;
      context.lineJoin = "round";
      context.beginPath();
      for (let i = 0; i < xs.length; i++)
        if (!Number.isNaN(xs[i]) && !Number.isNaN(ys[i])) context.lineTo(px(xs[i]), py(ys[i]));
      context.stroke();
      for (let i = 0; sizes && i < xs.length; i++) dot(context, px(xs[i]), py(ys[i]), sizes[i]);
      if (at >= 0 && !Number.isNaN(xs[at]) && !Number.isNaN(ys[at])) {
        context.fillStyle = css("--card");
        dot(context, px(xs[at]), py(ys[at]), 6.5);
        context.fillStyle = colour;
        dot(context, px(xs[at]), py(ys[at]), 4.5);
      }
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {number} size
 */
function dot(context, x, y, size) {
  if (!(size > 0) || Number.isNaN(x) || Number.isNaN(y)) return;
  context.beginPath();
  context.arc(x, y, size, 0, 7);
  context.fill();
}
