// A scatter matrix: each pair of columns in a cell, a dot for each run; a rectangle drawn in any cell brushes both.
import { SHADES, shade } from "../../charts/colour_maps.js";
import { css, isDark } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";
import { RunsCanvas } from "./runs_canvas.js";

/** @typedef {import("./data.js").Column} Column */
/** @typedef {{ x: number, y: number, width: number, height: number }} Box */
/** @typedef {{ column: number, row: number }} Cell */

const LEFT = 14,
  BOTTOM = 16,
  PAD = 6;

export class ScatterMatrix extends RunsCanvas {
  /**
   * @param {import("./brushes.js").Brushes} brushes
   * @param {import("./runs_canvas.js").Told} told
   * @param {import("../../core/scope.js").Scope} scope
   */
  constructor(brushes, told, scope) {
    super("scatter-matrix", brushes, told, scope);
    this.size = 0; // width, px
    this.cellWidth = 0;
    this.cellHeight = 0;
  }

  /**
   * @param {Column[]} columns
   * @param {number} count
   * @param {Uint8Array<ArrayBuffer>} within
   */
  show(columns, count, within) {
    this.take(columns, count, within);
    this.canvas.setAttribute("aria-label", `Scatter matrix of ${columns.map((column) => column.name).join(", ")}`);
    this.draw();
  }

  /** @override */
  draw() {
    this.size = this.element.clientWidth;
    const height = this.element.clientHeight;
    if (!this.size || !this.columns.length) return;
    const context = prepared(this.canvas, this.size, height);
    const n = this.columns.length;
    this.cellWidth = (this.size - LEFT) / n;
    this.cellHeight = (height - BOTTOM) / n;
    const metric = this.places[n - 1];
    const order = [];
    for (const inside of [0, 1]) for (let i = 0; i < this.count; i++) if (this.within[i] === inside) order.push(i);
    const colours = Array.from({ length: SHADES }, (_, at) => shade(at / (SHADES - 1), isDark()));
    const faint = css("--faint"),
      bad = css("--bad"); // asked once: each asking costs as much as a dot
    const dot = this.count > 400 ? 2 : this.count > 80 ? 3 : 4;
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        const box = this.box(column, row);
        context.fillStyle = css("--page");
        context.fillRect(box.x, box.y, box.width, box.height);
        if (row === column) this.spread(context, box, row);
        else {
          for (const i of order) {
            const x = this.places[column][i],
              y = this.places[row][i];
            if (Number.isNaN(x) || Number.isNaN(y)) continue;
            context.globalAlpha = this.within[i] ? 0.85 : 0.18;
            context.fillStyle = !this.within[i]
              ? faint
              : Number.isNaN(metric[i])
                ? bad
                : colours[Math.round(metric[i] * (SHADES - 1))];
            context.fillRect(
              box.x + PAD + x * (box.width - 2 * PAD) - dot / 2,
              box.y + box.height - PAD - y * (box.height - 2 * PAD) - dot / 2,
              dot,
              dot,
            );
          }
          context.globalAlpha = 1;
        }
        this.drawBrush(context, box, column, row);
      }
    }
    this.names(context, n, height);
    if (this.hovered >= 0) this.ring(context, n);
  }

  /**
   * @param {number} column
   * @param {number} row
   * @returns {Box}
   */
  box(column, row) {
    return {
      x: LEFT + column * this.cellWidth,
      y: row * this.cellHeight,
      width: this.cellWidth - 4,
      height: this.cellHeight - 4,
    };
  }

  // On the diagonal: how many runs stand where on the axis.
  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box} box
   * @param {number} k
   */
  spread(context, box, k) {
    const bins = 16,
      all = new Float32Array(bins),
      chosen = new Float32Array(bins);
    for (let i = 0; i < this.count; i++) {
      const place = this.places[k][i];
      if (Number.isNaN(place)) continue;
      const bin = Math.min(bins - 1, Math.floor(place * bins));
      all[bin] += 1;
      if (this.within[i]) chosen[bin] += 1;
    }
    const most = Math.max(1, ...all),
      wide = (box.width - 2 * PAD) / bins;
    for (const { counts, colour } of [
      { counts: all, colour: css("--line-strong") },
      { counts: chosen, colour: css("--accent") },
    ]) {
      context.fillStyle = colour;
      counts.forEach((count, bin) => {
        const tall = ((box.height - 2 * PAD) * count) / most;
        context.fillRect(box.x + PAD + bin * wide, box.y + box.height - PAD - tall, Math.max(1, wide - 1), tall);
      });
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Box} box
   * @param {number} column
   * @param {number} row
   */
  drawBrush(context, box, column, row) {
    if (row === column) return;
    const across = this.brushes.ranges.get(this.columns[column].name),
      up = this.brushes.ranges.get(this.columns[row].name);
    if (!across || !up) return;
    const x = (/** @type {number} */ place) => box.x + PAD + place * (box.width - 2 * PAD),
      y = (/** @type {number} */ place) => box.y + box.height - PAD - place * (box.height - 2 * PAD);
    context.strokeStyle = css("--accent");
    context.lineWidth = 1.5;
    context.strokeRect(x(across[0]), y(up[1]), x(across[1]) - x(across[0]), y(up[0]) - y(up[1]));
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} n
   * @param {number} height
   */
  names(context, n, height) {
    context.font = `11px ${css("--font")}`;
    context.fillStyle = css("--dim");
    context.textAlign = "center";
    /**
     * @param {string} text
     * @param {number} room
     */
    const fit = (text, room) => {
      const most = Math.max(4, Math.floor(room / 6));
      return text.length > most ? `…${text.slice(1 - most)}` : text;
    };
    for (let k = 0; k < n; k++) {
      context.fillText(fit(this.columns[k].name, this.cellWidth), LEFT + (k + 0.5) * this.cellWidth - 2, height - 3);
      context.save();
      context.translate(9, (k + 0.5) * this.cellHeight);
      context.rotate(-Math.PI / 2);
      context.fillText(fit(this.columns[k].name, this.cellHeight), 0, 0);
      context.restore();
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} n
   */
  ring(context, n) {
    context.strokeStyle = css("--text");
    context.lineWidth = 1.5;
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        const x = this.places[column][this.hovered],
          y = this.places[row][this.hovered];
        if (row === column || Number.isNaN(x) || Number.isNaN(y)) continue;
        const box = this.box(column, row);
        context.beginPath();
        context.arc(
          box.x + PAD + x * (box.width - 2 * PAD),
          box.y + box.height - PAD - y * (box.height - 2 * PAD),
          4,
          0,
          7,
        );
        context.stroke();
      }
    }
  }

  // The cell under the pointer, and where in it.
  /**
   * @param {MouseEvent} event
   * @returns {Cell | null}
   */
  cell(event) {
    const column = Math.floor((event.offsetX - LEFT) / this.cellWidth),
      row = Math.floor(event.offsetY / this.cellHeight);
    if (column < 0 || row < 0 || column >= this.columns.length || row >= this.columns.length) return null;
    return { column, row };
  }

  /**
   * @param {MouseEvent} event
   * @param {Cell} cell
   */
  places2(event, { column, row }) {
    const box = this.box(column, row),
      clamp = (/** @type {number} */ x) => Math.min(1, Math.max(0, x));
    return [
      clamp((event.offsetX - box.x - PAD) / (box.width - 2 * PAD)),
      clamp((box.y + box.height - PAD - event.offsetY) / (box.height - 2 * PAD)),
    ];
  }

  /**
   * @override
   * @param {PointerEvent} event
   */
  begin(event) {
    const cell = this.cell(event);
    if (!cell || cell.column === cell.row || event.button) return;
    const [x0, y0] = this.places2(event, cell);
    const names = [this.columns[cell.column].name, this.columns[cell.row].name];
    this.follow(event, (move, done) => {
      const [x1, y1] = this.places2(move, cell);
      const far = Math.abs(x1 - x0) + Math.abs(y1 - y0) > 0.04;
      if (!far && !done) return;
      this.brushes.set(names[0], far ? [x0, x1] : null);
      this.told.brush(names[1], far ? [y0, y1] : null, done);
    });
  }

  /**
   * @override
   * @param {MouseEvent} event
   */
  nearest(event) {
    const cell = this.cell(event);
    if (!cell || cell.column === cell.row) return -1;
    const [x, y] = this.places2(event, cell);
    let best = -1,
      least = 0.06;
    for (let i = 0; i < this.count; i++) {
      const far =
        Math.hypot(this.places[cell.column][i] - x, this.places[cell.row][i] - y) + (this.within[i] ? 0 : 0.02);
      if (far < least) {
        least = far;
        best = i;
      }
    }
    return best;
  }
}
