// The strip: a row a rank, a column of steps after the other, colours for values. Under the pointer and by the keyboard
// a cell is told; a drag picks steps.
import * as format from "../../text/format.js";
import { css } from "../../charts/palette.js";
import { ramp } from "../../charts/colour_maps.js";
import { prepared } from "../../charts/chart.js";
import { linear } from "../../charts/ticks.js";
import { hideTip, showTip } from "../../charts/tooltip.js";
import { node } from "../../ui/dom.js";
import { pixels, rankName } from "./grid.js";

/** @typedef {import("./grid.js").Grid} Grid */
/**
 * @typedef {{
 *   grid: Grid, values: Float64Array, middle: Float64Array, order: number[], range: [number, number],
 *   chosen: number | null,
 * }} Shown chosen: a row
 */

const LEFT = 56,
  RIGHT = 8,
  TOP = 6,
  BOTTOM = 22,
  SHADES = 256,
  DRAGGED = 4;
/** @type {Record<string, [number, number]>} */
const KEYS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  PageUp: [0, -20],
  PageDown: [0, 20],
};

/** The colours from little to much, as pixels: a byte each of red, green and blue. */
export function shades() {
  const stops = ramp().map((text) => [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16)));
  return Uint32Array.from({ length: SHADES }, (_, i) => {
    const at = (i / (SHADES - 1)) * (stops.length - 1),
      k = Math.min(stops.length - 2, Math.floor(at));
    const [r, g, b] = stops[k].map((from, j) => Math.round(from + (at - k) * (stops[k + 1][j] - from)));
    return 0xff000000 | (b << 16) | (g << 8) | r;
  });
}

export class Strip {
  /**
   * @param {import("../../core/scope.js").Scope} scope
   * @param {{ onZoom: (window: [number, number] | null) => void, onChoose: (row: number | null) => void }} acts
   */
  constructor(scope, { onZoom, onChoose }) {
    this.acts = { onZoom, onChoose };
    /** @type {Shown | null} */
    this.shown = null;
    /** @type {[at: number, column: number] | null} */
    this.cursor = null; // a place in the order, and a column
    /** @type {number | null} */
    this.from = null;
    this.took = 0; // ms that the last picture took
    this.picture = document.createElement("canvas");
    this.canvas = node("canvas");
    this.over = node("canvas", {
      class: "over",
      tabindex: 0,
      role: "slider",
      "aria-label": "Cell of ranks and steps",
      "aria-valuenow": 0,
    });
    this.element = node("div", { class: "ranks-strip" }, this.canvas, this.over);
    this.over.addEventListener("pointerdown", (event) => {
      this.over.setPointerCapture(event.pointerId);
      this.from = event.offsetX;
    });
    this.over.addEventListener("pointermove", (event) => this.#moved(event));
    this.over.addEventListener("pointerup", (event) => this.#released(event));
    this.over.addEventListener("pointerleave", () => this.#point(null));
    this.over.addEventListener("dblclick", () => onZoom(null));
    this.over.addEventListener("keydown", (event) => this.#keyed(event));
    this.over.addEventListener("blur", () => this.#point(null));
    scope.observer(new ResizeObserver(() => this.draw())).observe(this.element);
    scope.onLeave(hideTip);
  }

  get box() {
    const { clientWidth: width, clientHeight: height } = this.element;
    return { width, height, left: LEFT, right: width - RIGHT, top: TOP, bottom: height - BOTTOM };
  }

  /** @param {Shown} shown */
  show(shown) {
    this.shown = shown;
    this.draw();
  }

  draw() {
    const { shown, box } = this;
    if (!shown || box.right - box.left < 20 || box.bottom - box.top < 10) return;
    const began = performance.now();
    const { grid, order, range } = shown;
    const ratio = devicePixelRatio || 1;
    const wide = Math.min(grid.columns, Math.round((box.right - box.left) * ratio)),
      tall = Math.min(order.length, Math.round((box.bottom - box.top) * ratio));
    const cells = pixels(grid, shown.values, shown.middle, order, wide, tall);
    const image = new ImageData(wide, tall),
      colours = new Uint32Array(image.data.buffer),
      known = shades();
    const scale = (SHADES - 1) / (range[1] - range[0]);
    for (let i = 0; i < cells.length; i++)
      if (cells[i] === cells[i])
        colours[i] = known[Math.max(0, Math.min(SHADES - 1, Math.round((cells[i] - range[0]) * scale)))];
    this.picture.width = wide;
    this.picture.height = tall;
    /** @type {CanvasRenderingContext2D} */ (this.picture.getContext("2d")).putImageData(image, 0, 0);
    const context = prepared(this.canvas, box.width, box.height);
    context.imageSmoothingEnabled = false;
    context.fillStyle = css("--grid");
    context.fillRect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    context.drawImage(this.picture, box.left, box.top, box.right - box.left, box.bottom - box.top);
    this.#axes(context, shown, box);
    this.took = performance.now() - began;
    this.#mark();
  }

  /**
   * @param {import("../../charts/record.js").Context} context
   * @param {Shown} shown
   * @param {Strip["box"]} box
   */
  #axes(context, { grid, order }, box) {
    context.font = `11px ${css("--font")}`;
    context.fillStyle = css("--faint");
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    const last = grid.first + grid.width * grid.columns;
    for (const { at, text } of linear(grid.first, last, Math.max(2, Math.floor(box.width / 110)), true)) {
      const px = box.left + ((at - grid.first) / (last - grid.first)) * (box.right - box.left);
      if (px <= box.right - 12) context.fillText(text, Math.max(px, box.left + 8), box.height - 6);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    const size = (box.bottom - box.top) / order.length;
    const every = Math.max(1, Math.ceil(16 / size));
    const nice = every === 1 ? 1 : ([2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => each >= every) ?? every);
    for (let at = 0; at < order.length; at += nice)
      context.fillText(
        String(grid.ranks[order[at]].rank ?? "–"),
        box.left - 6,
        Math.max(box.top + 6, box.top + (at + 0.5) * size),
      );
  }

  // The cell under the pointer, the row that is chosen, the steps that are dragged over.
  /** @param {[number, number] | null} [drag] */
  #mark(drag = null) {
    const { shown, box, cursor } = this;
    const context = prepared(this.over, box.width, box.height);
    if (!shown) return;
    const { grid, order } = shown;
    const tall = (box.bottom - box.top) / order.length,
      wide = (box.right - box.left) / grid.columns;
    context.strokeStyle = css("--text");
    const outline = (/** @type {number} */ at, /** @type {number} */ width) => {
      context.lineWidth = width;
      const height = tall < 6 ? 9 : tall; // around it: a line through a row of a pixel would hide it
      context.strokeRect(box.left, box.top + (at + 0.5) * tall - height / 2, box.right - box.left, height);
    };
    if (shown.chosen !== null) {
      const at = order.indexOf(shown.chosen);
      if (at >= 0) outline(at, 1.5);
    }
    if (drag) {
      context.fillStyle = css("--accent");
      context.globalAlpha = 0.2;
      context.fillRect(Math.min(...drag), box.top, Math.abs(drag[1] - drag[0]), box.bottom - box.top);
      context.globalAlpha = 1;
    } else if (cursor) {
      outline(cursor[0], 1);
      const px = box.left + (cursor[1] + 0.5) * wide;
      context.beginPath();
      context.moveTo(px, box.top);
      context.lineTo(px, box.bottom);
      context.globalAlpha = 0.5;
      context.stroke();
      context.globalAlpha = 1;
    }
  }

  /** @param {{ offsetX: number, offsetY: number }} event @returns {[number, number] | null} */
  #cell({ offsetX, offsetY }) {
    const { shown, box } = this;
    if (!shown || offsetX < box.left || offsetX >= box.right || offsetY < box.top || offsetY >= box.bottom) return null;
    const { grid, order } = shown;
    return [
      Math.floor(((offsetY - box.top) / (box.bottom - box.top)) * order.length),
      Math.floor(((offsetX - box.left) / (box.right - box.left)) * grid.columns),
    ];
  }

  /**
   * @param {[number, number] | null} cell
   * @param {{ clientX: number, clientY: number }} [pointer]
   */
  #point(cell, pointer) {
    this.cursor = cell;
    this.#mark();
    if (!cell || !this.shown) return hideTip();
    const { words, table } = told(this.shown, cell);
    this.over.setAttribute("aria-valuetext", words);
    if (pointer) showTip(pointer, table);
  }

  /** @param {PointerEvent} event */
  #moved(event) {
    if (this.from !== null && Math.abs(event.offsetX - this.from) > DRAGGED) {
      hideTip();
      this.cursor = null;
      this.#mark([this.from, event.offsetX]);
    } else this.#point(this.#cell(event), event);
  }

  /** @param {PointerEvent} event */
  #released(event) {
    const { from, shown, box } = this;
    this.from = null;
    if (from === null || !shown) return;
    const { grid } = shown;
    if (Math.abs(event.offsetX - from) > DRAGGED) {
      const [low, high] = [from, event.offsetX]
        .map((px) => Math.max(0, Math.min(0.999999, (px - box.left) / (box.right - box.left))))
        .sort((a, b) => a - b)
        .map((share) => grid.first + Math.floor(share * grid.columns) * grid.width);
      this.#mark();
      this.acts.onZoom([low, high + grid.width - 1]);
      return;
    }
    const cell = this.#cell(event);
    if (!cell || event.detail > 1) return;
    const row = shown.order[cell[0]];
    this.acts.onChoose(row === shown.chosen ? null : row);
  }

  /** @param {KeyboardEvent} event */
  #keyed(event) {
    const { shown, box } = this;
    if (!shown || event.metaKey || event.ctrlKey || event.altKey) return;
    const by = KEYS[event.key],
      { grid, order } = shown;
    const [at, column] = this.cursor ?? [0, grid.columns - 1];
    if (event.key === "Enter" && this.cursor) this.acts.onChoose(order[at] === shown.chosen ? null : order[at]);
    else if (event.key === "Escape" && shown.chosen !== null) this.acts.onChoose(null);
    else if (by) {
      const next = /** @type {[number, number]} */ ([
        Math.max(0, Math.min(order.length - 1, at + by[1])),
        Math.max(0, Math.min(grid.columns - 1, column + by[0])),
      ]);
      const { left, top } = this.over.getBoundingClientRect();
      this.#point(this.cursor ? next : [at, column], {
        clientX: left + box.left + ((next[1] + 0.5) / grid.columns) * (box.right - box.left),
        clientY: top + box.top + ((next[0] + 0.5) / order.length) * (box.bottom - box.top),
      });
    } else return;
    event.preventDefault();
  }
}

/**
 * A cell in words, and as the table beside the pointer.
 * @param {Shown} shown
 * @param {[number, number]} cell
 */
function told({ grid, order, middle }, [at, column]) {
  const row = order[at],
    rank = grid.ranks[row],
    i = row * grid.columns + column;
  const first = grid.first + column * grid.width;
  const steps =
    grid.width === 1
      ? `step ${format.step(first)}`
      : `steps ${format.step(first)} – ${format.step(first + grid.width - 1)}`;
  const value = grid.mean[i];
  /** @type {[string, string][]} */
  const lines = [];
  if (Number.isNaN(value)) lines.push(["", "nothing logged"]);
  else {
    lines.push([grid.isSingle ? "value" : "mean", format.value(value, 6)]);
    if (!grid.isSingle)
      lines.push(["min to max", `${format.value(grid.min[i], 5)} to ${format.value(grid.max[i], 5)}`]);
    lines.push(["median of ranks", format.value(middle[column], 5)]);
    if (middle[column] > 0) lines.push(["", `${format.value(value / middle[column], 3)} times the median`]);
  }
  const caption = `${rankName(rank)} · ${steps}`;
  return {
    words: `${caption}, ${lines.map((line) => line.join(" ")).join(", ")}`,
    table: node(
      "table",
      {},
      node("caption", { text: `${caption} · ${rank.host}` }),
      node(
        "tbody",
        {},
        ...lines.map(([name, text]) => node("tr", {}, node("td", { text: name }), node("td", { text }))),
      ),
    ),
  };
}
