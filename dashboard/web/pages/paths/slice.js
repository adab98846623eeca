// Losses along a line through the weights, the lines of several runs in one picture.
import * as format from "../../text/format.js";
import * as ticks from "../../charts/ticks.js";
import { css } from "../../charts/palette.js";
import { prepared } from "../../charts/chart.js";

const PAD = { top: 12, right: 16, bottom: 42, left: 56 };
const REACH = 24; // CSS pixels from the pointer to a point that it means

/** @typedef {{ run: string, slice: import("./surface.js").Slice, colour: string, faint: boolean }} Shown */
/** @typedef {{ run: string, colour: string, x: number, y: number, place: number, value: number }} Spot on the canvas */

export class SliceChart {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** @type {Spot[]} */
    this.places = [];
  }

  /**
   * @param {Shown[]} slices
   * @param {string} way "log" for a logarithmic axis
   */
  draw(slices, way) {
    const width = this.canvas.clientWidth,
      height = this.canvas.clientHeight;
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    const box = {
      left: PAD.left,
      top: PAD.top,
      width: width - PAD.left - PAD.right,
      height: height - PAD.top - PAD.bottom,
    };
    this.places = [];
    const finite = slices.flatMap(({ slice }) => slice.values.filter(Number.isFinite));
    const isLog = way === "log" && finite.every((value) => value > 0) && finite.length > 0;
    /** @param {number} value */
    const mapped = (value) => (isLog ? Math.log10(value) : value);
    let low = Infinity,
      high = -Infinity;
    for (const value of finite) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (!(low <= high)) [low, high] = [0, 1];
    if (low === high) [low, high] = isLog ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
    /** @type {[number, number]} */
    const xs = [Math.min(...slices.map(({ slice }) => slice.x[0])), Math.max(...slices.map(({ slice }) => slice.x[1]))];
    const room = 0.06 * (mapped(high) - mapped(low)),
      [bottom, top] = [mapped(low) - room, mapped(high) + room];
    /** @param {number} x */
    const px = (x) => box.left + ((x - xs[0]) / (xs[1] - xs[0])) * box.width;
    /** @param {number} value */
    const py = (value) => box.top + (1 - (mapped(value) - bottom) / (top - bottom)) * box.height;

    context.font = `11px ${css("--font")}`;
    context.strokeStyle = css("--grid");
    context.fillStyle = css("--dim");
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const { at, text } of isLog ? ticks.logarithmic(10 ** bottom, 10 ** top, 6) : ticks.linear(bottom, top, 6)) {
      const y = Math.round(py(at)) + 0.5;
      context.beginPath();
      context.moveTo(box.left, y);
      context.lineTo(box.left + box.width, y);
      context.stroke();
      context.fillText(text, box.left - 8, y);
    }
    context.textAlign = "center";
    context.textBaseline = "top";
    for (const { at, text } of ticks.linear(...xs, 8)) context.fillText(text, px(at), box.top + box.height + 6);
    const label = slices.find(({ slice }) => slice.labels[0])?.slice.labels[0];
    if (label) context.fillText(label, box.left + box.width / 2, box.top + box.height + 24, box.width);
    if (xs[0] < 0 && xs[1] > 0) {
      // where the weights themselves are
      context.strokeStyle = css("--line-strong");
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(Math.round(px(0)) + 0.5, box.top);
      context.lineTo(Math.round(px(0)) + 0.5, box.top + box.height);
      context.stroke();
      context.setLineDash([]);
    }
    for (const { run, slice, colour, faint } of slices) {
      const n = slice.values.length,
        at = (/** @type {number} */ i) => slice.x[0] + ((slice.x[1] - slice.x[0]) * i) / (n - 1);
      context.globalAlpha = faint ? 0.25 : 1;
      context.strokeStyle = colour;
      context.lineWidth = 1.75;
      context.lineJoin = "round";
      context.beginPath();
      let length = 0;
      /** @type {[number, number]} */
      let last = [0, 0];
      /** @type {[number, number][]} */
      const alone = []; // a point between two gaps is a dot: a line would not show it
      const end = () => {
        if (length === 1) alone.push(last);
        length = 0;
      };
      for (let i = 0; i < n; i++) {
        if (!slice.known[i]) continue; // bridged: it is not known yet
        if (!Number.isFinite(slice.values[i])) {
          end();
          continue;
        }
        const [x, y] = [px(at(i)), py(slice.values[i])];
        this.places.push({ run, colour, x, y, place: at(i), value: slice.values[i] });
        if (length) context.lineTo(x, y);
        else context.moveTo(x, y);
        length += 1;
        last = [x, y];
      }
      end();
      context.stroke();
      context.fillStyle = colour;
      for (const [x, y] of alone) {
        context.beginPath();
        context.arc(x, y, 1.75, 0, 2 * Math.PI);
        context.fill();
      }
      context.fillStyle = css("--bad");
      for (let i = 0; i < n; i++)
        if (slice.known[i] && !Number.isFinite(slice.values[i])) {
          context.fillRect(px(at(i)) - 1, box.top, 2, 7);
          this.places.push({ run, colour, x: px(at(i)), y: box.top + 3, place: at(i), value: slice.values[i] });
        }
      context.globalAlpha = 1;
    }
  }

  // The point nearest to the pointer, as a tooltip's table; null when none is near.
  /**
   * @param {number} px
   * @param {number} py
   */
  under(px, py) {
    /** @type {Spot | null} */
    let best = null;
    let least = REACH;
    for (const each of this.places) {
      const far = Math.hypot(each.x - px, (each.y - py) / 2); // along the line rather than across
      if (far < least) {
        least = far;
        best = each;
      }
    }
    if (!best) return null;
    const table = document.createElement("table");
    table.createCaption().textContent = best.run;
    for (const { name, value } of [
      { name: "at", value: best.place },
      { name: "loss", value: best.value },
    ]) {
      const row = table.insertRow();
      row.insertCell().textContent = name;
      row.insertCell().textContent = format.value(value, 6);
    }
    return table;
  }
}
