// How a flame chart looks: grid, memory lines, tracks and their rows, arrows.
//
// A frame costs what it shows: of each row the first event in view is found by bisection, and events narrower than a
// pixel are drawn together up to the next that is not, so that a million of them take no longer than a thousand.
import * as ticks from "../../charts/ticks.js";
import { Colours } from "./flame_colour.js";
import { brief } from "./flame_model.js";
import { bytes } from "../../text/units.js";
import { css } from "../../charts/palette.js";

/** @typedef {import("./flame_model.js").Flame} Flame */
/** @typedef {import("./flame_model.js").Line} Line */
/** @typedef {import("./flame_model.js").Row} Row */
/** @typedef {import("./flame_model.js").Track} Track */
/**
 * Where a memory line or a track is, in px from the top of the whole.
 * @typedef {{ top: number, height: number, line?: Line, track?: Track, index?: number }} Place
 */
/**
 * What is seen of the chart.
 * @typedef {object} Seen
 * @property {number} width px
 * @property {number} height
 * @property {[from: number, to: number]} view µs
 * @property {number} scale px for a µs
 * @property {number} scroll px
 * @property {number} selected the event; -1 for none
 * @property {number} hovered
 * @property {import("./flame_model.js").Links} links of the selected one
 */
/**
 * @typedef {object} Chart
 * @property {Flame} flame
 * @property {Place[]} places
 * @property {(event: number) => [number, number]} spot where an event begins
 */

export const ROW = 19;
export const HEAD = 24; // the name of a track
export const AXIS = 24;
export const LINE = 56; // a memory line
export const GAP = 10; // below a track
const SMALL = 1.5; // px: narrower events are drawn together
const CHUNK = 3; // px of narrow events in one colour
const LETTERS = 26; // px: wider ones say their name

export class FlamePicture {
  /** @param {Chart} chart */
  constructor(chart) {
    this.chart = chart;
    /** @type {Seen} */
    this.seen = {
      width: 0,
      height: 0,
      view: [0, 1],
      scale: 1,
      scroll: 0,
      selected: -1,
      hovered: -1,
      links: { into: [], out: [] },
    };
    this.theme = themeOf();
    this.flame = chart.flame;
    this.colours = new Colours(chart.flame);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Seen} seen
   */
  draw(context, seen) {
    this.seen = seen;
    const { width, height, scroll } = seen;
    this.theme = themeOf();
    context.font = `11px ${this.theme.font}`;
    context.textBaseline = "middle";
    this.#grid(context);
    context.save();
    context.beginPath();
    context.rect(0, AXIS, width, height - AXIS);
    context.clip();
    context.translate(0, AXIS - scroll);
    for (const place of this.chart.places) {
      const { top, line, track } = place;
      if (top + place.height < scroll || top > scroll + height - AXIS) continue;
      if (line) this.#line(context, top, line);
      else if (track) this.#track(context, top, track);
    }
    this.#arrows(context);
    context.restore();
  }

  /** @param {CanvasRenderingContext2D} context */
  #grid(context) {
    const { theme } = this;
    const { width, height, scale, view } = this.seen;
    const [from, to] = view;
    const count = Math.max(2, Math.floor(width / 110));
    context.textAlign = "left";
    for (const step of this.flame.head.steps) {
      const x = (step[0] - from) * scale;
      if (x < 0 || x > width) continue;
      context.fillStyle = theme.strong;
      context.fillRect(Math.round(x), AXIS, 1, height);
    }
    for (const { at: mark } of ticks.linear(from, to, count)) {
      const at = mark || 0; // not −0
      const x = Math.round((at - from) * scale);
      context.fillStyle = theme.grid;
      context.fillRect(x, AXIS, 1, height);
      context.fillStyle = theme.faint;
      if (x + 50 < width) context.fillText(shortTime(at, to - from), x + 4, AXIS / 2);
    }
    context.fillStyle = theme.line;
    context.fillRect(0, AXIS - 1, width, 1);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} top
   * @param {Line} line
   */
  #line(context, top, line) {
    const { theme } = this;
    const { width, scale, view } = this.seen;
    const [from, to] = view;
    const base = top + LINE,
      tall = (LINE - 18) / (line.peak || 1);
    const x = (/** @type {number} */ t) => (t - from) * scale;
    let i = lowerBound(line.at, from) - 1;
    context.beginPath();
    context.moveTo(0, base);
    let value = i >= 0 ? line.value[i] : 0,
      at = 0;
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

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {string} name
   * @param {string} about
   * @param {number} y
   */
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

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} top
   * @param {Track} track
   */
  #track(context, top, track) {
    const { width, height, scroll } = this.seen;
    const where = [
      track.process !== track.name ? track.process : "",
      track.device === "gpu" && !/gpu/i.test(track.process) ? "GPU" : "",
    ]
      .filter(Boolean)
      .join(" · ");
    context.fillStyle = this.theme.line;
    context.fillRect(0, top, width, 1);
    this.#label(context, track.name, where, top + HEAD / 2 + 1);
    for (let depth = 0; depth < track.rows.length; depth++) {
      const y = top + HEAD + depth * ROW;
      if (y + ROW < scroll || y > scroll + height) continue;
      this.#row(context, this.flame.rows[(track.first ?? 0) + depth], y);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Row} row
   * @param {number} y
   */
  #row(context, row, y) {
    const { flame, colours, theme } = this;
    const { width, scale, selected, hovered, view } = this.seen;
    const [from, to] = view;
    const { start, duration, matches } = flame;
    const tall = ROW - 2;
    let i = flame.firstAfter(row, from);
    while (i < row.high && start[i] < to) {
      const wide = duration[i] * scale,
        x = (start[i] - from) * scale;
      if (wide >= SMALL) {
        const left = Math.max(x, -2),
          right = Math.min(x + wide, width + 2);
        const dim = Boolean(matches && !matches[i]);
        context.fillStyle = dim ? theme.hover : colours.of(i);
        context.fillRect(left, y, Math.max(1, right - left - (wide > 3 ? 1 : 0)), tall);
        if (right - left > LETTERS) this.#words(context, i, left, right, y, dim);
        if (i === selected || i === hovered) {
          context.strokeStyle = i === selected ? theme.text : theme.strong;
          context.lineWidth = i === selected ? 2 : 1;
          context.strokeRect(left + 0.5, y + 0.5, Math.max(1, right - left - 2), tall - 1);
        }
        i++;
        continue;
      }
      // Together with those that follow without a gap that could be seen, a few pixels at a time, in the colour of
      // the longest of them; up to the next that is wide enough.
      const first = i,
        limit = x + CHUNK;
      let right = x + Math.max(wide, 1);
      for (;;) {
        const next = flame.lowerBound(i + 1, row.high, from + right / scale);
        // Within a pixel a wide one may begin: the last before its end.
        if (next - 1 > i && duration[next - 1] * scale >= SMALL) {
          i = next - 1;
          break;
        }
        i = next;
        if (next >= row.high || duration[next] * scale >= SMALL || right >= limit) break;
        const at = (start[next] - from) * scale;
        if (at > right + 1 || at > width) break;
        right = at + Math.max(duration[next] * scale, 1);
      }
      const found = matches && flame.anyMatch(first, i);
      const shown = found ? flame.firstMatch(first, i) : flame.longest(first, i);
      context.fillStyle = matches && !found ? theme.hover : colours.of(shown);
      context.fillRect(x, y, right - x, tall);
      if (first <= selected && selected < i) {
        context.fillStyle = theme.text;
        context.fillRect((start[selected] - from) * scale - 1, y - 1, 3, tall + 2);
      }
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {number} event
   * @param {number} left
   * @param {number} right
   * @param {number} y
   * @param {boolean} dim
   */
  #words(context, event, left, right, y, dim) {
    const room = right - Math.max(left, 0) - 8;
    const name = brief(this.flame.nameOf(event));
    const letters = Math.floor(room / 5.6);
    if (letters < 3) return;
    context.textAlign = "left";
    context.fillStyle = dim ? this.theme.faint : this.theme.text;
    context.fillText(
      name.length <= letters ? name : `${name.slice(0, letters - 1)}…`,
      Math.max(left, 0) + 4,
      y + (ROW - 2) / 2 + 0.5,
    );
  }

  /** @param {CanvasRenderingContext2D} context */
  #arrows(context) {
    const { selected, links, width } = this.seen;
    if (selected < 0) return;
    const ends = [
      ...links.into.map((from) => ({ from, to: selected })),
      ...links.out.map((to) => ({ from: selected, to })),
    ];
    context.strokeStyle = context.fillStyle = this.theme.text;
    context.lineWidth = 1.5;
    for (const { from, to } of ends) {
      const [ax, ay] = this.chart.spot(from),
        [bx, by] = this.chart.spot(to);
      if (Math.max(ax, bx) < 0 || Math.min(ax, bx) > width) continue;
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
}

const themeOf = () => ({
  text: css("--text"),
  faint: css("--faint"),
  grid: css("--grid"),
  line: css("--line"),
  strong: css("--line-strong"),
  accent: css("--accent"),
  page: css("--card"),
  hover: css("--hover"),
  font: css("--font"),
});

/**
 * @param {ArrayLike<number>} values
 * @param {number} t
 */
function lowerBound(values, t) {
  let low = 0,
    high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

// A time on the axis, with as many digits as its neighbours need.
/**
 * @param {number} us
 * @param {number} range
 */
function shortTime(us, range) {
  const unit = range >= 2e6 ? 1e6 : range >= 2e3 ? 1e3 : 1;
  const name = range >= 2e6 ? "s" : range >= 2e3 ? "ms" : "µs";
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(range / unit))));
  return `${(us / unit + 0).toLocaleString("en-US", { maximumFractionDigits: digits })} ${name}`;
}
