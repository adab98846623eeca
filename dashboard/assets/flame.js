// The flame chart: threads and streams over time on a canvas, at any zoom, with search, arrows and memory lines.
//
// A frame costs what it shows: of each row the first event in view is found by bisection, and events narrower than a
// pixel are drawn together up to the next that is not, so that a million of them take no longer than a thousand.
import * as ticks from "./ticks.js";
import { Colours } from "./flame_colour.js";
import { brief, bytes, time } from "./flame_model.js";
import { css } from "./palette.js";
import { prepared } from "./chart.js";
import { hideTip, showTip } from "./tooltip.js";

const ROW = 19;
const HEAD = 24; // the name of a track
const AXIS = 24;
const LINE = 56; // a memory line
const GAP = 10; // below a track
const SMALL = 1.5; // px: narrower events are drawn together
const CHUNK = 3; // px of narrow events in one colour
const LETTERS = 26; // px: wider ones say their name

export class FlameChart {
  // options: onSelect(event), onView([from, to])
  constructor(element, flame, options) {
    Object.assign(this, { element, flame, options, selected: -1, hovered: -1, scroll: 0, frame: 0, drag: null });
    this.view = [0, flame.end];
    this.colours = new Colours(flame);
    this.canvas = element.appendChild(document.createElement("canvas"));
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", "Flame chart: drag to move, w and s to zoom, a and d to move, arrows to walk from event to event");
    this.drawn = 0; // frames, for measuring
    this.#place();
    this.#listen();
    this.resize = new ResizeObserver(() => this.request());
    this.resize.observe(element);
  }

  // Where each memory line and track begins, in px from the top of the whole.
  #place() {
    let top = 6;
    this.places = [];
    for (const line of this.flame.lines) { this.places.push({ top, height: LINE, line }); top += LINE + GAP; }
    this.flame.head.tracks.forEach((track, index) => {
      const height = HEAD + track.rows.length * ROW;
      this.places.push({ top, height, track, index });
      track.top = top + HEAD;
      top += height + GAP;
    });
    this.tall = top;
  }

  get width() { return this.element.clientWidth; }
  get height() { return this.element.clientHeight; }
  get scale() { return this.width / (this.view[1] - this.view[0]); }

  request() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    const { width, height } = this;
    if (!width || !height) return;
    this.scroll = Math.max(0, Math.min(this.scroll, this.tall + AXIS - height));
    const context = prepared(this.canvas, width, height);
    this.theme = { text: css("--text"), faint: css("--faint"), grid: css("--grid"), line: css("--line"), strong: css("--line-strong"), accent: css("--accent"), page: css("--card"), hover: css("--hover"), font: css("--font") };
    context.font = `11px ${this.theme.font}`;
    context.textBaseline = "middle";
    this.#grid(context);
    context.save();
    context.beginPath();
    context.rect(0, AXIS, width, height - AXIS);
    context.clip();
    context.translate(0, AXIS - this.scroll);
    for (const place of this.places) {
      if (place.top + place.height < this.scroll || place.top > this.scroll + height - AXIS) continue;
      if (place.line) this.#line(context, place);
      else this.#track(context, place);
    }
    this.#arrows(context);
    context.restore();
    this.drawn++;
    this.options.onView?.(this.view);
  }

  #grid(context) {
    const { width, height, theme } = this;
    const [from, to] = this.view;
    const count = Math.max(2, Math.floor(width / 110));
    context.textAlign = "left";
    for (const step of this.flame.head.steps) {
      const x = (step[0] - from) * this.scale;
      if (x < 0 || x > width) continue;
      context.fillStyle = theme.strong;
      context.fillRect(Math.round(x), AXIS, 1, height);
    }
    for (const { at: mark } of ticks.linear(from, to, count)) {
      const at = mark || 0; // not −0
      const x = Math.round((at - from) * this.scale);
      context.fillStyle = theme.grid;
      context.fillRect(x, AXIS, 1, height);
      context.fillStyle = theme.faint;
      if (x + 50 < width) context.fillText(shortTime(at, to - from), x + 4, AXIS / 2);
    }
    context.fillStyle = theme.line;
    context.fillRect(0, AXIS - 1, width, 1);
  }

  #line(context, { top, line }) {
    const { theme, width } = this, [from, to] = this.view;
    const base = top + LINE, tall = (LINE - 18) / (line.peak || 1);
    const x = (t) => (t - from) * this.scale;
    let i = lowerBound(line.at, from) - 1;
    context.beginPath();
    context.moveTo(0, base);
    let value = i >= 0 ? line.value[i] : 0, at = 0;
    context.lineTo(0, base - value * tall);
    for (i = Math.max(0, i + 1); i < line.at.length && line.at[i] <= to; i++) {
      at = x(line.at[i]);
      context.lineTo(at, base - value * tall);
      value = line.value[i];
      context.lineTo(at, base - value * tall);
    }
    context.lineTo(width, base - value * tall);
    context.lineTo(width, base);
    context.closePath();
    context.fillStyle = context.strokeStyle = theme.accent;
    context.globalAlpha = 0.14;
    context.fill();
    context.globalAlpha = 1;
    context.lineWidth = 1;
    context.stroke();
    this.#label(context, line.name, `peak ${bytes(line.peak)}`, top + 8);
  }

  #label(context, name, about, y) {
    context.textAlign = "left";
    context.font = `500 11px ${this.theme.font}`;
    const wide = context.measureText(name).width;
    context.fillStyle = this.theme.text;
    context.fillText(name, 8, y);
    context.font = `11px ${this.theme.font}`;
    context.fillStyle = this.theme.faint;
    context.fillText(about, 16 + wide, y);
  }

  #track(context, { top, track }) {
    const where = [track.process !== track.name ? track.process : "", track.device === "gpu" && !/gpu/i.test(track.process) ? "GPU" : ""].filter(Boolean).join(" · ");
    context.fillStyle = this.theme.line;
    context.fillRect(0, top, this.width, 1);
    this.#label(context, track.name, where, top + HEAD / 2 + 1);
    for (let depth = 0; depth < track.rows.length; depth++) {
      const y = top + HEAD + depth * ROW;
      if (y + ROW < this.scroll || y > this.scroll + this.height) continue;
      this.#row(context, this.flame.rows[track.first + depth], y);
    }
  }

  #row(context, row, y) {
    const { flame, colours, theme, scale } = this, [from, to] = this.view;
    const { start, duration, matches } = flame;
    const tall = ROW - 2;
    let i = flame.firstAfter(row, from);
    while (i < row.high && start[i] < to) {
      const wide = duration[i] * scale, x = (start[i] - from) * scale;
      if (wide >= SMALL) {
        const left = Math.max(x, -2), right = Math.min(x + wide, this.width + 2);
        const dim = matches && !matches[i];
        context.fillStyle = dim ? theme.hover : colours.of(i);
        context.fillRect(left, y, Math.max(1, right - left - (wide > 3 ? 1 : 0)), tall);
        if (right - left > LETTERS) this.#words(context, i, left, right, y, dim);
        if (i === this.selected || i === this.hovered) {
          context.strokeStyle = i === this.selected ? theme.text : theme.strong;
          context.lineWidth = i === this.selected ? 2 : 1;
          context.strokeRect(left + 0.5, y + 0.5, Math.max(1, right - left - 2), tall - 1);
        }
        i++;
        continue;
      }
      // Together with those that follow without a gap that could be seen, a few pixels at a time, in the colour of
      // the longest of them; up to the next that is wide enough.
      const first = i, limit = x + CHUNK;
      let right = x + Math.max(wide, 1);
      for (;;) {
        const next = flame.lowerBound(i + 1, row.high, from + right / scale);
        // Within a pixel a wide one may begin: the last before its end.
        if (next - 1 > i && duration[next - 1] * scale >= SMALL) { i = next - 1; break; }
        i = next;
        if (next >= row.high || duration[next] * scale >= SMALL || right >= limit) break;
        const at = (start[next] - from) * scale;
        if (at > right + 1 || at > this.width) break;
        right = at + Math.max(duration[next] * scale, 1);
      }
      const found = matches && flame.anyMatch(first, i);
      const shown = found ? flame.firstMatch(first, i) : flame.longest(first, i);
      context.fillStyle = matches && !found ? theme.hover : colours.of(shown);
      context.fillRect(x, y, right - x, tall);
      if (first <= this.selected && this.selected < i) {
        context.fillStyle = theme.text;
        context.fillRect((start[this.selected] - from) * scale - 1, y - 1, 3, tall + 2);
      }
    }
  }

  #words(context, event, left, right, y, dim) {
    const room = right - Math.max(left, 0) - 8;
    const name = brief(this.flame.nameOf(event));
    const letters = Math.floor(room / 5.6);
    if (letters < 3) return;
    context.textAlign = "left";
    context.fillStyle = dim ? this.theme.faint : this.theme.text;
    context.fillText(name.length <= letters ? name : `${name.slice(0, letters - 1)}…`, Math.max(left, 0) + 4, y + (ROW - 2) / 2 + 0.5);
  }

  #arrows(context) {
    if (this.selected < 0) return;
    const { into, out } = this.links;
    const ends = [...into.map((other) => [other, this.selected]), ...out.map((other) => [this.selected, other])];
    context.strokeStyle = context.fillStyle = this.theme.text;
    context.lineWidth = 1.5;
    for (const [a, b] of ends) {
      const [ax, ay] = this.#spot(a), [bx, by] = this.#spot(b);
      if (Math.max(ax, bx) < 0 || Math.min(ax, bx) > this.width) continue;
      const bend = Math.max(24, Math.abs(bx - ax) / 3);
      context.beginPath();
      context.moveTo(ax, ay);
      context.bezierCurveTo(ax + bend, ay, bx - bend, by, bx - 1, by);
      context.stroke();
      context.beginPath();
      context.moveTo(bx + 1, by);
      context.lineTo(bx - 6, by - 4);
      context.lineTo(bx - 6, by + 4);
      context.fill();
    }
  }

  // Where an arrow begins or ends: at the event's beginning, in the middle of its row.
  #spot(event) {
    const row = this.flame.rowOf(event);
    return [(this.flame.start[event] - this.view[0]) * this.scale, this.flame.head.tracks[row.track].top + row.depth * ROW + (ROW - 2) / 2];
  }

  // The event at a point of the canvas; -1 where there is none.
  at(px, py) {
    const y = py - AXIS + this.scroll;
    const place = this.places.find((each) => each.track && y >= each.top + HEAD && y < each.top + each.height);
    if (!place || py < AXIS) return -1;
    const row = this.flame.rows[place.track.first + Math.floor((y - place.top - HEAD) / ROW)];
    if (!row) return -1;
    const t = this.view[0] + px / this.scale, slack = 1.5 / this.scale;
    const i = this.flame.firstAfter(row, t - slack);
    return i < row.high && this.flame.start[i] <= t + slack ? i : -1;
  }

  // --- moving -------------------------------------------------------------------------------------------------

  setView(from, to) {
    const least = Math.max(this.flame.end * 1e-7, 0.01), wide = Math.min(Math.max(to - from, least), this.flame.end * 1.04);
    const begin = Math.min(Math.max(from, -0.02 * this.flame.end), this.flame.end * 1.02 - wide);
    this.view = [begin, begin + wide];
    this.request();
  }

  zoom(factor, px = this.width / 2) {
    const at = this.view[0] + px / this.scale, wide = (this.view[1] - this.view[0]) * factor;
    this.setView(at - (px / this.width) * wide, at + (1 - px / this.width) * wide);
  }

  pan(dx, dy = 0) {
    this.scroll += dy;
    this.setView(this.view[0] + dx / this.scale, this.view[1] + dx / this.scale);
  }

  showAll() { this.setView(0, this.flame.end); }

  select(event, reveal = false) {
    this.selected = event;
    this.links = event < 0 ? { into: [], out: [] } : this.flame.flows(event);
    if (event >= 0 && reveal) this.reveal(event);
    this.options.onSelect(event);
    this.request();
  }

  // Brings an event into sight, as little as needed.
  reveal(event) {
    const { start, duration } = this.flame;
    const begin = start[event], end = begin + duration[event], wide = this.view[1] - this.view[0];
    if (duration[event] * this.scale < 3 || duration[event] > wide) this.setView(begin - duration[event] * 4 - 1e-3, end + duration[event] * 4 + 1e-3);
    else if (begin < this.view[0] || end > this.view[1]) this.setView((begin + end - wide) / 2, (begin + end + wide) / 2);
    const y = this.#spot(event)[1];
    if (y < this.scroll + ROW || y > this.scroll + this.height - AXIS - ROW) this.scroll = y - (this.height - AXIS) / 2;
  }

  #listen() {
    const { canvas } = this;
    const inside = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    canvas.addEventListener("wheel", (event) => {
      const [px] = inside(event);
      if (event.ctrlKey || event.metaKey) this.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.01), px);
      else {
        const before = this.scroll, limit = Math.max(0, this.tall + AXIS - this.height);
        this.pan(event.shiftKey ? event.deltaY : event.deltaX, event.shiftKey ? 0 : event.deltaY);
        this.scroll = Math.max(0, Math.min(this.scroll, limit));
        if (!event.shiftKey && !event.deltaX && this.scroll === before) return; // at its end: the page's turn
      }
      event.preventDefault();
      hideTip();
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [px, py] = inside(event);
      this.drag = { px, py, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const [px, py] = inside(event);
      if (this.drag) {
        if (Math.abs(px - this.drag.px) + Math.abs(py - this.drag.py) > 3) this.drag.moved = true;
        if (this.drag.moved) { this.pan(this.drag.px - px, this.drag.py - py); Object.assign(this.drag, { px, py }); hideTip(); }
        return;
      }
      const found = this.at(px, py);
      if (found !== this.hovered) { this.hovered = found; this.request(); }
      if (found < 0) hideTip();
      else showTip(event, this.#tip(found));
    });
    canvas.addEventListener("pointerup", (event) => {
      const moved = this.drag?.moved;
      this.drag = null;
      if (!moved) this.select(this.at(...inside(event)));
    });
    canvas.addEventListener("pointercancel", () => { this.drag = null; });
    canvas.addEventListener("pointerleave", () => { this.hovered = -1; hideTip(); this.request(); });
    canvas.addEventListener("dblclick", (event) => {
      const found = this.at(...inside(event));
      if (found < 0) this.showAll();
      else this.setView(this.flame.start[found] - this.flame.duration[found] * 0.05, this.flame.start[found] + this.flame.duration[found] * 1.05);
    });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const walk = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const act = {
      w: () => this.zoom(0.7), s: () => this.zoom(1 / 0.7), "+": () => this.zoom(0.7), "-": () => this.zoom(1 / 0.7),
      a: () => this.pan(-this.width / 8), d: () => this.pan(this.width / 8), 0: () => this.showAll(),
      f: () => this.selected >= 0 && this.setView(this.flame.start[this.selected] - this.flame.duration[this.selected] * 0.5, this.flame.start[this.selected] + this.flame.duration[this.selected] * 1.5),
      Escape: () => this.select(-1),
    }[event.key];
    if (walk) this.#walk(walk);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#step(event.key === "ArrowDown" ? 1 : -1);
    else if (act) act();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #walk(by) {
    if (this.selected < 0) { const row = this.flame.rows[0]; if (row) this.select(row.low, true); return; }
    const row = this.flame.rowOf(this.selected);
    this.select(Math.min(row.high - 1, Math.max(row.low, this.selected + by)), true);
  }

  // To the event this one lies in, or to the first that lies in it.
  #step(by) {
    if (this.selected < 0) return;
    const own = this.flame.rowOf(this.selected), place = this.flame.rows.indexOf(own) + by;
    const row = this.flame.rows[place];
    if (!row || row.track !== own.track) return;
    const next = this.flame.firstAfter(row, this.flame.start[this.selected] - 1e-6);
    if (next < row.high) this.select(next, true);
  }

  #tip(event) {
    const box = document.createElement("div");
    const line = (text, name) => Object.assign(box.appendChild(document.createElement("div")), { textContent: text, className: name });
    line(brief(this.flame.nameOf(event)), "flame-tip-name");
    const own = this.flame.own[event], whole = this.flame.duration[event];
    line(`${time(whole)}${own < whole * 0.995 ? ` · ${time(own)} of its own` : ""}`, "note");
    return box;
  }

  unmount() {
    this.resize.disconnect();
    cancelAnimationFrame(this.frame);
    hideTip();
  }
}

function lowerBound(values, t) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

// A time on the axis, with as many digits as its neighbours need.
function shortTime(us, range) {
  const [unit, name] = range >= 2e6 ? [1e6, "s"] : range >= 2e3 ? [1e3, "ms"] : [1, "µs"];
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(range / unit))));
  return `${(us / unit + 0).toLocaleString("en-US", { maximumFractionDigits: digits })} ${name}`;
}
