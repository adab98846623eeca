// A chart of curves on a canvas: lines, envelopes, what is not finite, axes, cursor and zoom.
//
// Canvas and not SVG: a hundred runs of a thousand points are drawn anew in a few milliseconds, live.
import * as format from "./format.js";
import * as ticks from "./ticks.js";
import { colour, css, dash } from "./palette.js";

const PAD = { top: 8, right: 10, bottom: 22 };
const RAIL = 10; // height of the rail of values that are not finite

export class Chart {
  // options: onZoom(range | null), onHover(x | null)
  constructor(element, options) {
    this.element = element;
    this.options = options;
    this.canvas = element.appendChild(document.createElement("canvas"));
    this.over = element.appendChild(document.createElement("canvas"));
    this.over.className = "over";
    this.over.tabIndex = 0;
    this.over.setAttribute("role", "img");
    this.view = null; // what was drawn last: scales and lines
    this.zoom = null; // [low, high] on the x axis, or null for all
    this.cursor = null;
    this.#listen();
  }

  get width() { return this.element.clientWidth; }
  get height() { return this.element.clientHeight; }

  // lines: [{curve, index, name, strong}]; settings: {axis, smooth, logy}
  draw(lines, settings) {
    const { width, height } = this;
    if (!width || !height) return;
    const context = prepared(this.canvas, width, height);
    const rail = lines.some(({ curve }) => hasNonFinite(curve)) ? RAIL : 0;
    const x = this.#domain(lines, settings);
    const y = range(lines, settings, x);
    const count = Math.max(2, Math.floor(height / 44));
    const yTicks = settings.logy ? ticks.logarithmic(y.low, y.high, count) : ticks.linear(y.low, y.high, count);
    context.font = `11px ${css("--font")}`;
    const left = Math.ceil(Math.max(26, ...yTicks.map(({ text }) => context.measureText(text).width + 12)));
    const plot = { left, right: width - PAD.right, top: PAD.top, bottom: height - PAD.bottom - rail };
    const scale = scales(plot, x, y, settings.logy);
    this.view = { lines, settings, plot, x, y, scale, rail, full: this.full };

    this.#axes(context, yTicks);
    context.save();
    context.beginPath();
    context.rect(plot.left - 1, plot.top - 2, plot.right - plot.left + 2, plot.bottom - plot.top + 4);
    context.clip();
    const quiet = lines.length > 1 && lines.some(({ strong }) => strong);
    for (const line of lines) if (!line.strong) this.#line(context, line, quiet ? 0.25 : 1);
    for (const line of lines) if (line.strong) this.#line(context, line, 1);
    context.restore();
    if (rail) this.#rail(context);
    this.drawOver();
  }

  #domain(lines, { axis }) {
    if (this.zoom) { this.full = this.zoom[1] - this.zoom[0]; return { low: this.zoom[0], high: this.zoom[1] }; }
    let low = Infinity, high = -Infinity;
    for (const { curve } of lines) {
      if (!curve.length) continue;
      const [begin, end, shift] = curve.ends(axis);
      low = Math.min(low, begin[0] - shift);
      high = Math.max(high, end[curve.length - 1] - shift);
    }
    this.full = Math.max(0, high - low); // what smoothing is measured by
    if (low > high) return { low: 0, high: 1 };
    if (low === high) return { low: low - 0.5, high: high + 0.5 };
    return { low, high };
  }

  #axes(context, yTicks) {
    const { plot, x, scale, settings, rail } = this.view;
    const grid = css("--grid"), text = css("--faint");
    context.lineWidth = 1;
    context.strokeStyle = grid;
    context.fillStyle = text;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const { at, text: label } of yTicks) {
      const y = Math.round(scale.y(at)) + 0.5;
      if (y < plot.top - 1 || y > plot.bottom + 1) continue;
      context.beginPath();
      context.moveTo(plot.left, y);
      context.lineTo(plot.right, y);
      context.stroke();
      context.fillText(label, plot.left - 6, y);
    }
    const wide = settings.axis === "step" ? 74 : 84;
    const count = Math.max(2, Math.floor((plot.right - plot.left) / wide));
    const make = { step: ticks.linear, relative: ticks.relative, time: ticks.clock }[settings.axis];
    context.textBaseline = "alphabetic";
    const baseline = plot.bottom + rail + 15;
    let free = -Infinity;
    for (const { at, text: label } of make(x.low, x.high, count)) {
      if (settings.axis === "step" && !Number.isInteger(at)) continue;
      const center = scale.x(at), half = context.measureText(label).width / 2;
      const middle = Math.min(Math.max(center, plot.left + half - 4), plot.right - half + 6);
      if (middle - half < free) continue;
      free = middle + half + 10;
      context.textAlign = "center";
      context.fillText(label, middle, baseline);
    }
    context.strokeStyle = css("--line-strong");
    context.beginPath();
    context.moveTo(plot.left, plot.bottom + rail + 0.5);
    context.lineTo(plot.right, plot.bottom + rail + 0.5);
    context.stroke();
  }

  #line(context, { curve, index }, opacity) {
    const { scale, settings, x } = this.view;
    const [begin, end, shift] = curve.ends(settings.axis);
    const n = curve.length;
    if (!n) return;
    let from = 0, to = n - 1;
    while (from < to && end[from + 1] - shift < x.low) from++;
    while (to > from && begin[to - 1] - shift > x.high) to--;
    context.strokeStyle = context.fillStyle = colour(index);
    context.setLineDash(dash(index));
    const smooth = settings.smooth > 0 && n > 2;
    const dense = curve.count[from] > 1 || curve.count[to] > 1 || curve.count[(from + to) >> 1] > 1;
    context.lineJoin = dense ? "bevel" : "round";

    if (dense) {
      // The envelope: no extreme of any point lies outside of it.
      context.globalAlpha = (0.16 / Math.sqrt(Math.min(12, this.view.lines.length))) * opacity;
      this.#band(context, curve, begin, end, shift, from, to);
    }
    // Behind the smoothed line the raw one is faint, and the fainter the more of them lie over each other.
    const faint = 0.28 / Math.sqrt(Math.min(12, this.view.lines.length));
    context.globalAlpha = (smooth ? faint : 1) * opacity;
    context.lineWidth = smooth ? 1 / (devicePixelRatio || 1) : 1.5;
    this.#raw(context, curve, begin, end, shift, from, to);
    if (smooth) {
      context.globalAlpha = opacity;
      context.lineWidth = 1.75;
      const values = curve.smoothed(settings.smooth, settings.axis, this.view.full);
      context.beginPath();
      let down = false;
      for (let i = from; i <= to; i++) {
        if (Number.isNaN(values[i]) || (settings.logy && values[i] <= 0)) { down = false; continue; }
        const px = scale.x((begin[i] + end[i]) / 2 - shift), py = scale.y(values[i]);
        if (down) context.lineTo(px, py);
        else { context.moveTo(px, py); down = true; }
      }
      context.stroke();
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  #band(context, curve, begin, end, shift, from, to) {
    const { scale, settings, y } = this.view;
    const floor = settings.logy ? y.low : -Infinity;
    let i = from;
    while (i <= to) {
      while (i <= to && Number.isNaN(curve.max[i])) i++;
      const first = i;
      while (i <= to && !Number.isNaN(curve.max[i])) i++;
      if (i === first) break;
      context.beginPath();
      for (let j = first; j < i; j++) {
        const py = scale.y(Math.max(floor, curve.max[j]));
        context.lineTo(scale.x(begin[j] - shift), py);
        context.lineTo(scale.x(end[j] - shift), py);
      }
      for (let j = i - 1; j >= first; j--) {
        const py = scale.y(Math.max(floor, curve.min[j]));
        context.lineTo(scale.x(end[j] - shift), py);
        context.lineTo(scale.x(begin[j] - shift), py);
      }
      context.closePath();
      context.fill();
    }
  }

  // The line through all points: within a column from its first by its extremes to its last, which on the screen is
  // the same pixels as every point of it.
  #raw(context, curve, begin, end, shift, from, to) {
    const { scale, settings, y } = this.view;
    const low = settings.logy ? y.low : -Infinity;
    const place = (v) => scale.y(v < low ? low : v);
    let down = false, alone = [];
    context.beginPath();
    for (let i = from; i <= to; i++) {
      if (Number.isNaN(curve.mean[i])) { down = false; continue; }
      const px = scale.x(begin[i] - shift);
      if (curve.count[i] === 1) {
        const py = place(curve.first[i]);
        if (down) context.lineTo(px, py);
        else {
          context.moveTo(px, py);
          if (i === to || Number.isNaN(curve.mean[i + 1])) alone.push([px, py]);
        }
      } else {
        const qx = scale.x(end[i] - shift), middle = (px + qx) / 2;
        const start = Number.isFinite(curve.first[i]) ? curve.first[i] : curve.mean[i];
        const stop = Number.isFinite(curve.last[i]) ? curve.last[i] : curve.mean[i];
        if (down) context.lineTo(px, place(start)); else context.moveTo(px, place(start));
        const rising = curve.minStep[i] <= curve.maxStep[i];
        context.lineTo(middle, place(rising ? curve.min[i] : curve.max[i]));
        context.lineTo(middle, place(rising ? curve.max[i] : curve.min[i]));
        context.lineTo(qx, place(stop));
      }
      down = true;
    }
    context.stroke();
    // A point between gaps, or the only one, has no line to be seen by.
    const opacity = context.globalAlpha;
    context.globalAlpha = 1;
    for (const [px, py] of alone) {
      context.beginPath();
      context.arc(px, py, 3, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = opacity;
  }

  #rail(context) {
    const { plot, scale, lines, settings, x } = this.view;
    const top = plot.bottom + 2, bottom = plot.bottom + RAIL - 1;
    context.fillStyle = css("--hover");
    context.fillRect(plot.left, top - 1, plot.right - plot.left, RAIL);
    context.strokeStyle = css("--bad");
    context.lineWidth = 1.5;
    context.beginPath();
    for (const { curve } of lines) {
      const [begin, end, shift] = curve.ends(settings.axis);
      for (let i = 0; i < curve.length; i++) {
        if (!curve.nan[i] && !curve.pinf[i] && !curve.ninf[i]) continue;
        const at = (begin[i] + end[i]) / 2 - shift;
        if (at < x.low || at > x.high) continue;
        const px = scale.x(at);
        if (curve.nan[i]) { context.moveTo(px, top + 1); context.lineTo(px, bottom - 1); }
        if (curve.pinf[i]) { context.moveTo(px - 3, bottom - 1); context.lineTo(px, top + 1); context.lineTo(px + 3, bottom - 1); }
        if (curve.ninf[i]) { context.moveTo(px - 3, top + 1); context.lineTo(px, bottom - 1); context.lineTo(px + 3, top + 1); }
      }
    }
    context.stroke();
  }

  // The cursor's line and dots, and the range being dragged: on a canvas of their own, so that moving the mouse
  // draws no curve again.
  drawOver() {
    const { width, height } = this;
    if (!width || !this.view) return;
    const context = prepared(this.over, width, height);
    const { plot, scale, lines, settings, x } = this.view;
    if (this.drag) {
      const [a, b] = [this.drag.from, this.drag.to].map((px) => Math.min(Math.max(px, plot.left), plot.right));
      context.fillStyle = css("--accent");
      context.globalAlpha = 0.12;
      context.fillRect(Math.min(a, b), plot.top, Math.abs(b - a), plot.bottom - plot.top + this.view.rail);
      context.globalAlpha = 1;
      return;
    }
    if (this.cursor === null || this.cursor < x.low || this.cursor > x.high) return;
    const px = Math.round(scale.x(this.cursor)) + 0.5;
    context.strokeStyle = css("--line-strong");
    context.beginPath();
    context.moveTo(px, plot.top);
    context.lineTo(px, plot.bottom + this.view.rail);
    context.stroke();
    for (const { value, at, index } of this.#under(this.cursor)) {
      if (!Number.isFinite(value)) continue;
      const py = scale.y(value);
      if (py < plot.top - 3 || py > plot.bottom + 3) continue;
      context.beginPath();
      context.arc(scale.x(at), py, 3.5, 0, 2 * Math.PI);
      context.fillStyle = colour(index);
      context.strokeStyle = css("--card");
      context.lineWidth = 1.5;
      context.fill();
      context.stroke();
    }
  }

  // What lies at x on each line, the greatest first.
  #under(x) {
    const { lines, settings } = this.view;
    const found = [];
    for (const { curve, index, name } of lines) {
      const i = curve.at(x, settings.axis);
      if (i < 0) continue;
      const [begin, end, shift] = curve.ends(settings.axis);
      // A line that ends long before the cursor has nothing to say there.
      if (Math.max(begin[i] - shift - x, x - (end[i] - shift)) > 0.05 * (this.view.x.high - this.view.x.low)) continue;
      const smooth = settings.smooth > 0 && curve.length > 2;
      const raw = curve.count[i] === 1 ? curve.first[i] : curve.mean[i];
      found.push({
        name, index, i, curve, raw, at: (begin[i] + end[i]) / 2 - shift,
        value: smooth ? curve.smoothed(settings.smooth, settings.axis, this.view.full)[i] : raw,
        smooth, count: curve.count[i], min: curve.min[i], max: curve.max[i], step: curve.x1[i], time: curve.w1[i],
      });
    }
    return found.sort((a, b) => (Number.isNaN(b.value) ? -Infinity : b.value) - (Number.isNaN(a.value) ? -Infinity : a.value));
  }

  setCursor(x) {
    if (this.cursor === x) return;
    this.cursor = x;
    this.drawOver();
  }

  setZoom(zoom) {
    this.zoom = zoom;
    this.options.onZoom(zoom);
  }

  #listen() {
    const over = this.over;
    const inside = (event) => {
      const box = over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    over.addEventListener("pointermove", (event) => {
      if (!this.view) return;
      const [px, py] = inside(event);
      if (this.drag) { this.drag.to = px; this.drawOver(); return; }
      const x = this.view.scale.invert(px);
      this.options.onHover(x);
      this.#tip(event, x, py);
    });
    over.addEventListener("pointerleave", () => { this.options.onHover(null); hideTip(); });
    over.addEventListener("pointerdown", (event) => {
      if (event.button || !this.view) return;
      const [px] = inside(event);
      this.drag = { from: px, to: px };
      over.setPointerCapture(event.pointerId);
      hideTip();
    });
    const end = () => {
      if (!this.drag) return;
      const { from, to } = this.drag;
      this.drag = null;
      if (Math.abs(to - from) > 4) {
        const { plot, scale } = this.view;
        const edges = [from, to].map((px) => scale.invert(Math.min(Math.max(px, plot.left), plot.right))).sort((a, b) => a - b);
        if (edges[1] > edges[0]) this.setZoom(edges);
      }
      this.drawOver();
    };
    over.addEventListener("pointerup", end);
    over.addEventListener("pointercancel", () => { this.drag = null; this.drawOver(); });
    over.addEventListener("dblclick", () => this.setZoom(null));
    over.addEventListener("keydown", (event) => this.#key(event));
    over.addEventListener("blur", () => { this.options.onHover(null); hideTip(); });
  }

  // The same without a mouse: arrows move the cursor, + and − zoom around it, 0 shows all.
  #key(event) {
    if (!this.view) return;
    const { x, plot, scale } = this.view;
    const at = this.cursor ?? (x.low + x.high) / 2;
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (move) {
      const next = Math.min(x.high, Math.max(x.low, at + (move * (x.high - x.low)) / 100));
      this.options.onHover(next);
      const box = this.over.getBoundingClientRect();
      this.#tip({ clientX: box.left + scale.x(next), clientY: box.top + (plot.top + plot.bottom) / 2 }, next, (plot.top + plot.bottom) / 2);
    } else if (event.key === "+" || event.key === "-") {
      const half = ((x.high - x.low) / 2) * (event.key === "+" ? 0.5 : 2);
      this.setZoom([at - half, at + half]);
    } else if (event.key === "0") this.setZoom(null);
    else return;
    event.preventDefault();
  }

  #tip(event, x, py) {
    const { scale, settings } = this.view;
    const found = this.#under(x);
    if (!found.length) return hideTip();
    let nearest = 0;
    found.forEach((each, i) => {
      if (Math.abs(scale.y(each.value) - py) < Math.abs(scale.y(found[nearest].value) - py)) nearest = i;
    });
    const shown = found.length <= 16 ? found : found.slice(Math.max(0, Math.min(nearest - 8, found.length - 16)), Math.max(16, Math.min(nearest + 8, found.length)));
    const table = document.createElement("table");
    const title = table.createCaption();
    const reference = found[nearest];
    title.textContent = `step ${format.step(reference.step)} · ${settings.axis === "relative" ? format.duration(reference.at) : new Date(reference.time * 1000).toLocaleTimeString()}`;
    for (const each of shown) {
      const row = table.insertRow();
      if (each === reference && found.length > 1) row.className = "nearest";
      const name = row.insertCell();
      const dot = name.appendChild(document.createElement("i"));
      dot.className = "dot";
      dot.style.background = colour(each.index);
      name.append(each.name);
      row.insertCell().textContent = format.value(each.value, 6);
      if (each.smooth) row.insertCell().append(note(each.count === 1 ? format.value(each.raw, 6) : ""));
      if (each.count > 1) row.insertCell().append(note(`${format.value(each.min)} to ${format.value(each.max)} · ${format.plural(each.count, "point")}`));
    }
    if (shown.length < found.length) {
      const row = table.insertRow();
      row.insertCell().append(note(`and ${found.length - shown.length} more`));
    }
    showTip(event, table);
  }
}

const note = (text) => Object.assign(document.createElement("span"), { className: "note", textContent: text });

const tip = document.getElementById("tip");

export function showTip(event, content) {
  tip.replaceChildren(content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const right = event.clientX + 16 + width > innerWidth - 8;
  tip.style.left = `${Math.max(8, right ? event.clientX - width - 16 : event.clientX + 16)}px`;
  tip.style.top = `${Math.max(8, Math.min(event.clientY + 12, innerHeight - height - 8))}px`;
}

export function hideTip() {
  tip.hidden = true;
}

export function prepared(canvas, width, height) {
  const ratio = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) { canvas.width = w; canvas.height = h; }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

const hasNonFinite = (curve) => {
  for (let i = 0; i < curve.length; i++) if (curve.nan[i] || curve.pinf[i] || curve.ninf[i]) return true;
  return false;
};

// The range of what is in view, with room; a constant line is in the middle.
function range(lines, settings, x) {
  let low = Infinity, high = -Infinity, positive = Infinity;
  for (const { curve } of lines) {
    const [begin, end, shift] = curve.ends(settings.axis);
    for (let i = 0; i < curve.length; i++) {
      if (end[i] - shift < x.low || begin[i] - shift > x.high) continue;
      if (curve.min[i] < low) low = curve.min[i];
      if (curve.max[i] > high) high = curve.max[i];
      if (curve.min[i] > 0 && curve.min[i] < positive) positive = curve.min[i];
      else if (curve.max[i] > 0 && curve.max[i] < positive) positive = curve.max[i];
    }
  }
  if (low > high) return { low: settings.logy ? 0.1 : 0, high: 1 };
  if (settings.logy) {
    if (positive === Infinity) return { low: 0.1, high: 1 };
    return positive === high ? { low: positive / 2, high: high * 2 } : { low: positive / 1.15, high: high * 1.15 };
  }
  if (low === high) {
    const margin = Math.abs(low) * 0.1 || 1;
    return { low: low - margin, high: high + margin };
  }
  const room = (high - low) * 0.06;
  // Curves that stay at one side of zero and come near it are shown with zero.
  return { low: low >= 0 && low < room * 4 ? Math.min(0, low) : low - room, high: high + room };
}

function scales(plot, x, y, logy) {
  const wide = (plot.right - plot.left) / (x.high - x.low);
  const map = logy ? Math.log : (v) => v;
  const [bottom, top] = [map(y.low), map(y.high)];
  const tall = (plot.bottom - plot.top) / (top - bottom);
  return {
    x: (v) => plot.left + (v - x.low) * wide,
    y: (v) => plot.bottom - (map(v) - bottom) * tall,
    invert: (px) => x.low + (px - plot.left) / wide,
  };
}
